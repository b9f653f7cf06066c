"""The chain of the change log: every edit, deletion, swap and cut is found; writers never wait."""

import datetime as dt
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, text, update

from app.kernel.db import db, read_only
from app.kernel.period import utc_now
from app.models import ChangeLog, Customer, VisitMode
from app.organisation.setup import run_setup
from app.security import chain_witness
from app.security.append_only import AppendOnly
from app.security.change_chain import GENESIS, Head, link_hash, problems_of, signature
from app.security.change_seal import check_chains, seal_changes, sign_heads
from tests.conftest import AppFactory, built_app
from tests.security.visitor import Visitor
from tests.security.world import signed_in

LOG = ChangeLog.__table__
ROWS = 12
CUT = "DELETE FROM change_log WHERE company_id = 7 AND sequence > 10"
HEAD_PUT_BACK = (
    "UPDATE change_chain SET sequence = 10, hash = (SELECT hash FROM change_log"
    " WHERE company_id = 7 AND sequence = 10) WHERE company_id = 7"
)
EDIT = (
    'UPDATE change_log SET changes = \'{"remark": [null, "y"]}\''
    " WHERE company_id = 7 AND sequence = 5"
)


def entry(number: int, company_id: int | None) -> dict[str, object]:
    return {
        "company_id": company_id,
        "at": utc_now(),
        "user_id": 1,
        "user_name": "李",
        "source": "form",
        "entity": "Customer",
        "record_id": number,
        "record_label": f"客户 {number}",
        "action": "CHANGED",
        "changes": {"remark": [None, f"x{number}"]},
    }


def write(app: Flask, first: int, count: int, company_id: int | None) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(LOG), [entry(first + n, company_id) for n in range(count)])


def run_sql(app: Flask, *statements: str) -> None:
    """What somebody with the database's password does."""
    with app.app_context(), db.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def sealed(app: Flask) -> Flask:
    """Chains of two companies and of none, sealed."""
    for company_id in (7, 8, None):
        write(app, 0, ROWS, company_id)
    assert seal_changes(app) >= 3 * ROWS
    return app


def wrong(app: Flask) -> dict[int, list[str]]:
    return {
        check.company_id: [problem.text for problem in check.problems]
        for check in check_chains(app)
        if check.problems
    }


SWAP_PLACES = (
    "UPDATE change_log SET sequence = -1 WHERE company_id = 7 AND sequence = 4",
    "UPDATE change_log SET sequence = 4 WHERE company_id = 7 AND sequence = 5",
    "UPDATE change_log SET sequence = 5 WHERE company_id = 7 AND sequence = -1",
)
MANIPULATIONS = {
    "a value": ("UPDATE change_log SET user_name = 'x' WHERE company_id = 7 AND sequence = 5",),
    "the values": (EDIT,),
    "the time": ("UPDATE change_log SET at = '2020-01-01' WHERE company_id = 7 AND sequence = 5",),
    "the first row": ("DELETE FROM change_log WHERE company_id = 7 AND sequence = 1",),
    "a row in between": ("DELETE FROM change_log WHERE company_id = 7 AND sequence = 5",),
    "unsealed": ("UPDATE change_log SET sequence = NULL WHERE company_id = 7 AND sequence = 5",),
    "places swapped": SWAP_PLACES,
    "to another company": (
        "UPDATE change_log SET company_id = 9 WHERE company_id = 7 AND sequence = 5",
    ),
    "the end": (CUT,),
    "the end and the head": (CUT, HEAD_PUT_BACK),
    "the head": ("DELETE FROM change_chain WHERE company_id = 7",),
    "a head begun anew": (
        "UPDATE change_chain SET sequence = 0, hash = '', signature = '' WHERE company_id = 7",
    ),
    "the whole chain": (
        "DELETE FROM change_log WHERE company_id = 7",
        "DELETE FROM change_chain WHERE company_id = 7",
    ),
    "a row of no company": ("DELETE FROM change_log WHERE company_id IS NULL AND sequence = 5",),
}


@pytest.mark.sql
def test_every_manipulation_is_found(sealed: Flask):
    assert wrong(sealed) == {}
    found = {}
    for name, statements in MANIPULATIONS.items():
        with sealed.app_context(), db.engine.connect() as connection:
            kept = {
                table: connection.execute(text(f"SELECT * FROM {table}")).mappings().all()  # noqa: S608
                for table in ("change_log", "change_chain")
            }
        witness = Path(sealed.config["PORTAL_DATA_DIR"], chain_witness.FILE)
        known = witness.read_bytes()
        run_sql(sealed, *statements)
        # The sealer does not cover it up, whatever is written afterwards.
        write(sealed, 100, 3, 7)
        found[name] = wrong(sealed)
        put_back(sealed, kept)
        witness.write_bytes(known)
    assert [name for name, faults in found.items() if not faults] == []
    assert set(found.pop("a row of no company")) == {0}
    assert all(7 in faults and 8 not in faults and 0 not in faults for faults in found.values())
    assert wrong(sealed) == {}


def put_back(app: Flask, kept: dict[str, list]) -> None:
    with app.app_context(), db.engine.begin() as connection:
        for table, rows in kept.items():
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
            target = db.metadata.tables[table]
            values = [dict(row) for row in rows]
            for row in values:
                for name in ("at", "sealed_at", "checked_at"):
                    if isinstance(row.get(name), str):
                        row[name] = dt.datetime.fromisoformat(row[name])
                if isinstance(row.get("changes"), str):
                    row["changes"] = json.loads(row["changes"])
            if values:
                connection.execute(insert(target), values)


def test_an_older_signed_state_is_found(sealed: Flask):
    with sealed.app_context(), db.engine.connect() as connection:
        head = connection.execute(
            text(
                "SELECT sequence, hash, sealed_at, signature FROM change_chain WHERE company_id = 7"
            )
        ).one()
    write(sealed, 50, 5, 7)
    seal_changes(sealed)
    run_sql(sealed, CUT.replace("10", str(head.sequence)))
    with sealed.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE change_chain SET sequence = :sequence, hash = :hash,"
                " sealed_at = :sealed_at, signature = :signature WHERE company_id = 7"
            ),
            dict(head._mapping),
        )
    assert "an older state" in " ".join(wrong(sealed)[7])
    chain_witness.forget_witness(Path(sealed.config["PORTAL_DATA_DIR"]))
    assert wrong(sealed) == {}


def test_a_new_portal_in_the_same_folder_begins_anew(sealed: Flask, tmp_path: Path):
    folder = Path(sealed.config["PORTAL_DATA_DIR"])
    assert chain_witness.read_witness(folder, sealed.config["SECRET_KEY"])
    with built_app(f"sqlite:///{tmp_path}/new.db", PORTAL_DATA_DIR=folder) as new:
        run_setup(new)
        write(new, 0, 2, 7)
        assert wrong(new) == {}


def test_rules_name_the_link():
    head = Head(7, 0, GENESIS, None)
    links, previous = [], GENESIS
    for number in range(1, 6):
        row = {**entry(number, 7), "id": number, "reason": None}
        own = link_hash(previous, number, row)
        links.append({**row, "sequence": number, "previous_hash": previous, "hash": own})
        previous = own
    head = Head(7, 5, previous, utc_now())
    head = Head(7, 5, previous, head.sealed_at, signature("key", head))
    assert list(problems_of(links, head, "key")) == []
    assert [p.sequence for p in problems_of(links, head, "other")] == [5]
    assert [p.sequence for p in problems_of([*links[:2], *links[3:]], head, "key")] == [4]
    assert [p.text for p in problems_of(links[:3], head, "key")] == [
        "links 4 to 5 were cut off the end"
    ]
    edited = [*links[:2], {**links[2], "user_name": "z"}, *links[3:]]
    assert [p.sequence for p in problems_of(edited, head, "key")] == [3]


@pytest.mark.sql
def test_ten_writers_and_two_sealers(app: Flask):
    failures: list[BaseException] = []
    writing = threading.Event()
    writing.set()

    def guarded(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except BaseException as failure:  # noqa: BLE001 -- told by the test's thread
                failures.append(failure)

        return run

    def writer(number: int) -> Callable[[], None]:
        def work() -> None:
            for turn in range(10):
                write(app, number * 1000 + turn * 10, 5, 7 if number % 2 else 8)

        return guarded(work)

    @guarded
    def sealer() -> None:
        while writing.is_set():
            seal_changes(app)

    writers = [threading.Thread(target=writer(number), daemon=True) for number in range(10)]
    sealers = [threading.Thread(target=sealer, daemon=True) for _ in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in writers:
        thread.join(100)
    writing.clear()
    for thread in sealers:
        thread.join(60)
    assert not any(thread.is_alive() for thread in (*writers, *sealers))
    assert failures == []
    assert wrong(app) == {}
    with app.app_context(), read_only(), db.engine.connect() as connection:
        rows = connection.execute(
            select(func.count(), func.count(LOG.c.sequence), func.max(LOG.c.sequence)).where(
                LOG.c.company_id == 7
            )
        ).one()
    assert tuple(rows) == (250, 250, 250)


def test_nothing_of_the_portal_changes_a_row(sealed: Flask):
    with sealed.app_context():
        for statement in (
            update(ChangeLog).values(user_name="x"),
            delete(ChangeLog),
            update(LOG).values(user_name="x"),
            LOG.delete(),
        ):
            with pytest.raises(AppendOnly):
                db.session.execute(statement)
            with pytest.raises(AppendOnly):
                db.session.connection().execute(statement)
            db.session.rollback()
        for change in ("changed", "removed"):
            row = db.session.scalars(select(ChangeLog).limit(1)).one()
            if change == "removed":
                db.session.delete(row)
            else:
                row.user_name = "x"
            with pytest.raises(AppendOnly):
                db.session.flush()
            db.session.rollback()
    assert wrong(sealed) == {}


def test_commands_and_a_new_key(sealed: Flask, app_factory: AppFactory):
    runner = sealed.test_cli_runner()
    intact = runner.invoke(args=["portal", "audit", "verify"])
    assert (intact.exit_code, "is intact" in intact.output) == (0, True), intact.output
    other = app_factory(sealed.config["SQLALCHEMY_DATABASE_URI"], SECRET_KEY="k" * 40)
    refused = other.test_cli_runner().invoke(args=["portal", "audit", "verify"])
    assert refused.exit_code == 1
    assert "PORTAL_SECRET_KEY" in refused.output
    assert sign_heads(other)
    assert wrong(other) == {}
    run_sql(other, MANIPULATIONS["a value"][0])
    broken = other.test_cli_runner().invoke(args=["portal", "audit", "sign"])
    assert (broken.exit_code, "Nothing was signed" in broken.output) == (1, True)


@pytest.mark.web
def test_the_page_tells_of_the_chain(portal: Flask):
    with signed_in(portal, "customer_a1", "POST"):
        customer = db.session.scalars(select(Customer)).first()
        customer.visit_mode = VisitMode.PHONE
        db.session.commit()
        company_id = customer.company_id
    visitor = Visitor(portal, "admin_a")
    assert "fa-link" in visitor.get("/change-log/list/").text
    assert wrong(portal) == {}
    page = visitor.get("/change-log/list/").text
    assert "chain-state tone-ok" in page
    run_sql(
        portal,
        f"UPDATE change_log SET user_name = 'x' WHERE company_id = {company_id} AND sequence = 1",  # noqa: S608
    )
    assert list(wrong(portal)) == [company_id]
    assert "chain-state tone-bad" in visitor.get("/change-log/list/").text
    run_sql(portal, f"DELETE FROM change_chain WHERE company_id = {company_id}")  # noqa: S608
    assert list(wrong(portal)) == [company_id]
    assert "chain-state tone-bad" in visitor.get("/change-log/list/").text
    assert "chain-state tone-bad" not in Visitor(portal, "admin_b").get("/change-log/list/").text
