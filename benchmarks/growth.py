"""The portal alone at 1, 3 and 10 times the data: what grows, and how fast.

The analysis may grow as the customers do, a list page not at all.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from benchmarks import customer_list
from benchmarks.monthly_analysis import Statements, analysed_database
from benchmarks.work import Case, Work

FACTORS = (1, 3, 10)
CUSTOMERS_PER_TERRITORY = 300


def prepare(case: Case) -> None:
    for factor in FACTORS:
        plain = case.scratch / f"{factor}.db"
        build(plain, case.amount * factor)
        analysed_database(plain, case.folder / f"{factor}.db")


def build(path: Path, customers: int) -> None:
    """A city company of so many customers."""
    from app import create_app
    from app.demo.build import demo_accounts
    from app.demo.bulk_company import build_bulk_company
    from app.demo.plan import SIZES, BulkCompany, Dates
    from app.kernel.actor import Actor, acting_as
    from app.kernel.db import db
    from app.kernel.period import local_today
    from app.organisation.setup import run_setup
    from config import load_settings

    city = SIZES["city"][0]
    assert isinstance(city, BulkCompany)
    territories = max(1, customers // CUSTOMERS_PER_TERRITORY)
    spec = replace(
        city, customers=customers, territories=territories, departments=-(-territories // 10)
    )
    app = create_app(load_settings({**os.environ, "PORTAL_DATABASE_URL": f"sqlite:///{path}"}))
    run_setup(app)
    with app.app_context():
        with acting_as(Actor(None, "benchmark", "command")):
            build_bulk_company(db.session(), spec, Dates(local_today()), demo_accounts(app.config))
            db.session.commit()
        db.engine.dispose()


def _copied(case: Case, factor: int) -> Path:
    target = case.scratch / "portal.db"
    shutil.copyfile(case.folder / f"{factor}.db", target)
    return target


def _analysis(case: Case, factor: int) -> Work:
    calculation = Statements(_copied(case, factor))
    return Work(calculation.run, facts=calculation.described())


def analysis_1(case: Case) -> Work:
    return _analysis(case, 1)


def analysis_3(case: Case) -> Work:
    return _analysis(case, 3)


def analysis_10(case: Case) -> Work:
    return _analysis(case, 10)


def _list_page(case: Case, factor: int) -> Work:
    database, customers = _copied(case, factor), case.amount * factor
    work = customer_list.portal_pages(database, "city.admin", customers)
    return replace(work, answer=dict)  # other customers, other pages


def list_1(case: Case) -> Work:
    return _list_page(case, 1)


def list_3(case: Case) -> Work:
    return _list_page(case, 3)


def list_10(case: Case) -> Work:
    return _list_page(case, 10)
