"""Seals and checks the chains of the change log (`app.security.change_chain`) in the database.

Statements are Core on purpose: whoever seals and checks serves every company.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import ColumnElement, Connection, Engine, bindparam, func, literal, select, update

from app.kernel.db import db, read_only
from app.kernel.dialect import upsert
from app.kernel.errors import N_, PlanningError
from app.kernel.period import utc_now
from app.security.append_only import SEALING
from app.security.chain_witness import read_witness, write_witness
from app.security.change_chain import (
    GENESIS,
    HASHED,
    NO_COMPANY,
    Head,
    Problem,
    is_signed,
    link_hash,
    problems_of,
    signature,
)
from app.security.models import ChangeChain, ChangeLog

log = logging.getLogger(__name__)

LOG: Any = ChangeLog.__table__
CHAIN: Any = ChangeChain.__table__
ROWS_PER_LOT = 2_000
"""Sealed in one transaction: SQLite's writers wait 0.1 s for it."""


class ChainBroken(PlanningError):
    """A chain is not what this portal wrote; sealing on would cover that up."""

    msgid = N_(
        "The change log was changed from outside the portal, or the secret key was"
        " (company %(company)s). See `flask portal audit verify`."
    )


@dataclass(frozen=True, slots=True)
class Check:
    """What a check of one chain found."""

    company_id: int
    links: int
    head: Head | None
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_intact(self) -> bool:
        return not self.problems


def of_chain(company_id: int) -> ColumnElement[bool]:
    """Rows of the log that belong to a chain."""
    condition: ColumnElement[bool] = (
        LOG.c.company_id.is_(None) if company_id == NO_COMPANY else LOG.c.company_id == company_id
    )
    return condition


def seal_changes(app: Flask) -> int:
    """Make links of all rows that are none yet; how many.

    A chain whose head was tampered with is left alone and reported; the others go on.
    """
    secret, folder = app.config["SECRET_KEY"], Path(app.config["PORTAL_DATA_DIR"])
    sealed = 0
    with app.app_context():
        for company_id in _unsealed(db.engine):
            try:
                while count := seal_lot(db.engine, company_id, secret, folder):
                    sealed += count
            except ChainBroken as broken:
                log.warning("%s", broken)
        if sealed:
            write_witness(folder, secret, _heads(db.engine))
    return sealed


def seal_by_the_clock(app: Flask) -> None:
    """The job of every minute."""
    seal_changes(app)


def _unsealed(engine: Engine) -> list[int]:
    owner = func.coalesce(LOG.c.company_id, NO_COMPANY)
    with read_only(), engine.connect() as connection:
        query = select(owner).where(LOG.c.sequence.is_(None)).distinct()
        return sorted(connection.execute(query).scalars())


def _heads(engine: Engine) -> list[Head]:
    with read_only(), engine.connect() as connection:
        return [_head(row) for row in connection.execute(select(CHAIN))]


def _head(row: Any) -> Head:
    return Head(row.company_id, row.sequence, row.hash or GENESIS, row.sealed_at, row.signature)


def seal_lot(engine: Engine, company_id: int, secret: str, folder: Path) -> int:
    """Seal the next rows of a chain in a transaction; how many. Errors: `ChainBroken`."""
    with engine.begin() as connection:
        head = _locked_head(connection, company_id)
        known = read_witness(folder, secret).get(company_id)
        if not is_signed(secret, head) or (known and head.sequence < known[0]):
            raise ChainBroken(company=company_id)
        query = (
            select(*(LOG.c[name] for name in HASHED))
            .where(LOG.c.sequence.is_(None), of_chain(company_id))
            .order_by(LOG.c.id)
            .limit(ROWS_PER_LOT)
        )
        rows = connection.execute(query).mappings().all()
        if not rows:
            return 0
        links, previous = [], head.hash
        for sequence, row in enumerate(rows, head.sequence + 1):
            current = link_hash(previous, sequence, dict(row))
            links.append({"row": row["id"], "number": sequence, "before": previous, "own": current})
            previous = current
        connection.execute(
            update(LOG)
            .where(LOG.c.id == bindparam("row"))
            .values(
                sequence=bindparam("number"),
                previous_hash=bindparam("before"),
                hash=bindparam("own"),
            )
            .execution_options(**{SEALING: True}),
            links,
        )
        _write_head(connection, secret, Head(company_id, links[-1]["number"], previous, utc_now()))
        return len(links)


def _locked_head(connection: Connection, company_id: int) -> Head:
    """The head of the chain, made if missing; nobody else seals until the transaction ends."""
    query = select(CHAIN).where(CHAIN.c.company_id == company_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        make_head(connection, company_id)
        row = connection.execute(query).one()
    head = _head(row)
    if head.sequence == 0 and connection.scalar(
        select(func.count()).where(LOG.c.sequence.is_not(None), of_chain(company_id))
    ):
        raise ChainBroken(company=company_id)
    return head


def make_head(connection: Connection, company_id: int) -> None:
    """A head without links, unless there is one."""
    upsert(connection, CHAIN, ["company_id"], ["company_id"], select(literal(company_id)))


def _write_head(connection: Connection, secret: str, head: Head) -> None:
    connection.execute(
        update(CHAIN)
        .where(CHAIN.c.company_id == head.company_id)
        .values(
            sequence=head.sequence,
            hash=head.hash,
            sealed_at=head.sealed_at,
            signature=signature(secret, head),
        )
    )


@contextmanager
def _one_moment(engine: Engine) -> Iterator[Connection]:
    """A connection that reads everything as of one moment."""
    with read_only(), engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield connection


def check_chains(app: Flask) -> list[Check]:
    """Seal what is new, then read every chain from its first link, and note the result."""
    seal_changes(app)
    secret, folder = app.config["SECRET_KEY"], Path(app.config["PORTAL_DATA_DIR"])
    with app.app_context():
        known = read_witness(folder, secret)
        with _one_moment(db.engine) as connection:
            checks = [
                _check(connection, company_id, secret, known.get(company_id))
                for company_id in sorted({*_chains(connection), *known})
            ]
        with db.engine.begin() as connection:
            for check in checks:
                _note(connection, check)
    return checks


def _chains(connection: Connection) -> set[int]:
    owner = func.coalesce(LOG.c.company_id, NO_COMPANY)
    links = select(owner).where(LOG.c.sequence.is_not(None)).distinct()
    return {
        *connection.execute(select(CHAIN.c.company_id)).scalars(),
        *connection.execute(links).scalars(),
    }


def _check(
    connection: Connection, company_id: int, secret: str, known: tuple[int, str] | None
) -> Check:
    row = connection.execute(select(CHAIN).where(CHAIN.c.company_id == company_id)).one_or_none()
    head = None if row is None else _head(row)
    query = (
        select(
            LOG.c.sequence,
            LOG.c.previous_hash,
            LOG.c.hash,
            *(LOG.c[name] for name in HASHED),
        )
        .where(of_chain(company_id), LOG.c.sequence.is_not(None))
        .order_by(LOG.c.sequence)
        .execution_options(yield_per=2_000)
    )
    links = 0

    def counted() -> Iterator[Any]:
        nonlocal links
        for link in connection.execute(query).mappings():
            links += 1
            yield link

    problems = list(problems_of(counted(), head, secret, known))
    return Check(company_id, links, head, problems)


def _note(connection: Connection, check: Check) -> None:
    """Keep the result with the head, for the page of the log; also where the head is missing."""
    make_head(connection, check.company_id)
    connection.execute(
        update(CHAIN)
        .where(CHAIN.c.company_id == check.company_id)
        .values(
            checked_at=utc_now(),
            checked_sequence=check.links,
            broken_at=min((problem.sequence for problem in check.problems), default=None),
        )
    )


def check_at_night(app: Flask) -> None:
    """The nightly job; a broken chain fails it, so that somebody hears of it."""
    broken = [check for check in check_chains(app) if not check.is_intact]
    if broken:
        raise ChainBroken(company=", ".join(str(check.company_id) for check in broken))


def sign_heads(app: Flask) -> list[int]:
    """Sign every head with the present key, after the key was changed; the chains signed.

    Only a chain with no fault but the signature is signed. Errors: `ChainBroken`.
    """
    secret, folder = app.config["SECRET_KEY"], Path(app.config["PORTAL_DATA_DIR"])
    with app.app_context():
        with db.engine.begin() as connection:
            heads = [_head(row) for row in connection.execute(select(CHAIN).with_for_update())]
            for head in heads:
                if head.sequence == 0:
                    continue
                _write_head(connection, secret, head)
                if _check(connection, head.company_id, secret, None).problems:
                    raise ChainBroken(company=head.company_id)
        write_witness(folder, secret, heads)
    return [head.company_id for head in heads]


def describe_json(checks: list[Check]) -> str:
    """The checks for another program, one JSON document."""
    return json.dumps(
        [
            {
                "company_id": check.company_id,
                "links": check.links,
                "hash": check.head.hash if check.head else None,
                "problems": [problem.text for problem in check.problems],
            }
            for check in checks
        ]
    )
