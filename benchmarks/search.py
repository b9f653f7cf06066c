"""Customers found by what people type: the index of search words, and looking through the table.

The portal answers as the top bar asks it, under the scope of an administrator and of a market
manager; the rivals answer the same questions as far as they can. How many customers fit must be
equal where all can tell. Questions are asked in turn, the figure is the median of processor time:
SQLite works inside the process, so that is what a question costs on a machine with nothing else to do.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.work import Case, Work

ROUNDS = 7
MOST = 200
TRIGRAM = 3
CODE = "PROVINCE"
PASSWORD = "Visit-plan-135"  # noqa: S105 -- the made-up company's public one

QUESTIONS = {
    "part of a name, common": "惠民",
    "part of a name, rare": "新世纪名烟",
    "in no name": "龘龘",
    "code, whole": "{code}",
    "end of a phone": "{phone}",
}
OWN_QUESTIONS = {"initials, common": "hmbl", "initials, none": "zzqq", "pinyin": "xinshijimingyan"}
"""The rivals know no initials."""
PEOPLE = ("administrator", "market manager")


def prepare(case: Case) -> None:
    """A company with 300 customers in each territory, and no sales."""
    from app import create_app
    from app.demo.build import DEMO, demo_accounts
    from app.demo.bulk_company import build_bulk_company
    from app.demo.plan import BulkCompany, Dates
    from app.kernel.actor import acting_as
    from app.kernel.db import db
    from app.kernel.period import local_today
    from app.organisation.setup import run_setup

    os.environ["PORTAL_DATABASE_URL"] = f"sqlite:///{case.folder / 'customers.db'}"
    app = create_app()
    run_setup(app)
    territories = case.amount // 300
    spec = BulkCompany(CODE, max(territories // 20, 1), territories, case.amount, 300, 0, 4, 0)
    with app.app_context(), acting_as(DEMO):
        build_bulk_company(db.session, spec, Dates(local_today()), demo_accounts(app.config))
        db.session.commit()


def opened(case: Case) -> Any:
    """The portal over a copy of the company."""
    target = case.scratch / "portal.db"
    shutil.copyfile(case.folder / "customers.db", target)
    os.environ["PORTAL_DATABASE_URL"] = f"sqlite:///{target}"
    from app import create_app

    return create_app()


def asked(questions: dict[str, str]) -> dict[str, str]:
    """The questions with a code and the end of a phone that one customer has; in app context."""
    from sqlalchemy import select

    from app.kernel.db import db
    from app.models import Customer

    columns = select(Customer.code, Customer.phone).order_by(Customer.id)
    code, phone = db.session.execute(columns.offset(MOST).limit(1)).one()
    return {
        name: text.format(code=code, phone=(phone or "")[-8:]) for name, text in questions.items()
    }


def scopes() -> dict[str, Any]:
    """Person → row scope, as the request would resolve it; in app context."""
    from sqlalchemy import select

    from app.kernel.db import db
    from app.models import Company, Department, Territory
    from app.security.row_scope import RowScope

    company = db.session.scalars(select(Company.id)).one()
    managed = (
        select(Territory.id)
        .join(Department, Department.id == Territory.department_id)
        .where(Department.manager_id.is_not(None))
    )
    places = tuple(db.session.scalars(managed.order_by(Territory.id)))
    return dict(zip(PEOPLE, (RowScope(company, None), RowScope(company, places)), strict=True))


Find = Callable[[Any, str], int]
"""(session, question) → how many customers fit, at most `MOST` + 1."""


def work(case: Case, find: Find, own: dict[str, str]) -> Work:
    """All questions of both people in turn; medians by person and question."""
    app = opened(case)
    counts: dict[str, int] = {}
    with app.app_context():
        from app.kernel.db import read_only

        with read_only():
            questions, people = asked(QUESTIONS | own), scopes()

    def run() -> dict[str, float]:
        from app.kernel.db import db, read_only
        from app.security.row_scope import scoped_to

        times: dict[str, list[float]] = {}
        with app.app_context(), read_only():
            for _round in range(ROUNDS):
                for person, scope in people.items():
                    for name, text in questions.items():
                        key = f"{person}: {name}"
                        with scoped_to(scope):
                            started = time.process_time()
                            counts[key] = find(db.session(), text)
                            times.setdefault(key, []).append(time.process_time() - started)
        return {key: statistics.median(values) for key, values in times.items()}

    compared = [f"{person}: {name}" for person in PEOPLE for name in QUESTIONS]
    return Work(run, lambda: {key: min(counts[key], MOST + 1) for key in compared})


def portal(case: Case) -> Work:
    """The best eight, ranked, with what the panel shows of them."""
    from app.kernel.spelling import asked_words
    from app.master.customer_search import find_customers

    def find(session: Any, text: str) -> int:
        found = find_customers(session, asked_words(text), 8)
        return MOST + 1 if found.count is None else found.count

    return work(case, find, OWN_QUESTIONS)


def contains(case: Case) -> Work:
    """The usual filter: `ilike` on name, code and phone, without an order."""

    def find(session: Any, text: str) -> int:
        from sqlalchemy import or_, select

        from app.models import Customer

        columns = (Customer.name, Customer.code, Customer.phone)
        fits = or_(*(column.ilike(f"%{text}%") for column in columns))
        return len(session.execute(select(Customer.id).where(fits).limit(MOST + 1)).all())

    return work(case, find, {})


def trigrams(case: Case) -> Work:
    """SQLite's own index of three characters each, joined to the customers in scope.

    It cannot look up shorter questions; those go through the table.
    """
    import sqlite3

    def find(session: Any, text: str) -> int:
        from sqlalchemy import column, or_, select, table
        from sqlalchemy import text as sql

        from app.models import Customer

        fits = or_(*(c.like(f"%{text}%") for c in (Customer.name, Customer.code, Customer.phone)))
        if len(text) >= TRIGRAM:
            found = table("found", column("rowid"))
            match = sql("found MATCH :text").bindparams(text=f'"{text}"')
            fits = Customer.id.in_(select(found.c.rowid).where(match))
        return len(session.execute(select(Customer.id).where(fits).limit(MOST + 1)).all())

    made = work(case, find, {})
    connection = sqlite3.connect(case.scratch / "portal.db")
    connection.execute(
        "CREATE VIRTUAL TABLE found USING fts5(name, code, phone, tokenize='trigram', detail=full)"
    )
    before = connection.execute("PRAGMA page_count").fetchone()[0]
    started = time.process_time()
    connection.execute(
        "INSERT INTO found(rowid, name, code, phone) SELECT id, name, code, phone FROM customer"
    )
    connection.commit()
    pages = connection.execute("PRAGMA page_count").fetchone()[0] - before
    made.facts = {"index MB": pages * 4096 / 1e6, "index made in s": time.process_time() - started}
    connection.close()
    return made


def page(case: Case) -> Work:
    """The panel as the browser gets it: log-in, session, scope, groups, template."""
    app = opened(case)
    with app.app_context():
        from app.kernel.db import read_only

        with read_only():
            questions = asked(QUESTIONS | OWN_QUESTIONS)
    clients = {}
    for person, account in zip(PEOPLE, ("admin", "market"), strict=True):
        client = clients[person] = app.test_client()
        shown = client.get("/login/").get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)
        form = {"username": f"{CODE.lower()}.{account}", "password": PASSWORD}
        client.post("/login/", data=form | ({"csrf_token": token[1]} if token else {}))
        client.get("/search/panel?q=x")

    def run() -> dict[str, float]:
        times: dict[str, list[float]] = {}
        for _round in range(ROUNDS):
            for person, client in clients.items():
                for name, text in questions.items():
                    started = time.process_time()
                    answer = client.get("/search/panel", query_string={"q": text})
                    seconds = time.process_time() - started
                    if answer.status_code != 200:
                        raise SystemExit(f"{person}: {text} answered {answer.status_code}")
                    times.setdefault(f"{person}: {name}", []).append(seconds)
        return {key: statistics.median(values) for key, values in times.items()}

    return Work(run)
