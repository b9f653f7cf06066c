"""What outdates a generated result: every cause, through the session or a real import."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.analysis import brand_targets
from app.analysis.changed_inputs import months_of_order_days, months_reading
from app.analysis.rules.targets import MonthRange, TargetDraft
from app.analysis.step_02_customer_state import compute_effect, generate
from app.exchange import importer
from app.kernel.actor import Actor, acting_as
from app.kernel.db import db
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.calendar import load_official_calendar, reload_year, restore_day, set_day
from app.master.key_brands import take_snapshot
from app.master.parameters import ensure_first_version, save_parameters
from app.master.rules_parameters import DEFAULTS
from app.models import (
    AbilityItem,
    BrandTarget,
    BusinessType,
    CalendarDay,
    Customer,
    CustomerStatus,
    FocusProduct,
    OperatingState,
    ProblemType,
    Product,
    SalesSource,
    ServiceStrategy,
    StaleReason,
    StateRun,
    StateStatus,
    Territory,
)
from app.security.statement_guard import BY_HAND
from tests.analysis import world as w
from tests.analysis.shops import STATE, run, score_all, shop, states
from tests.exchange.conftest import write_csv

pytestmark = pytest.mark.sql

ACTOR = Actor(1, "Alice", "form")
COMPANY = Scope(1)


@pytest.fixture
def session(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Six shops in territory 1 and one in territory 2, all generated for M."""
    monkeypatch.setattr(Month, "current", classmethod(lambda _cls: w.M))
    with app.app_context(), acting_as(ACTOR):
        connection = db.session.connection()
        world = w.World()
        world.customers = [*(w.customer(n) for n in range(1, 7)), w.customer(7, 2)]
        shop(connection, world)
        w.moves(
            connection,
            [(row["id"], row["territory_id"], row["open_date"], None) for row in world.customers],
        )
        ensure_first_version(db.session(), 1)
        compute_effect(connection, COMPANY, w.M, w.computation())
        score_all(connection, scope=COMPANY)
        generate(connection, COMPANY, w.M, w.computation())
        db.session.commit()
        yield db.session()
        db.session.rollback()


Importing = Callable[[str, Sequence[Sequence[Any]]], None]


@pytest.fixture
def imported(session: Session, tmp_path: Path) -> Importing:
    def run_import(sheet: str, rows: Sequence[Sequence[Any]]) -> None:
        path = write_csv(tmp_path / f"{sheet}.csv", rows)
        batch = importer.create_batch(1, sheet, path, path.name, ACTOR, SalesSource.FILE)
        session.commit()
        importer.check(batch.id)
        importer.commit(batch.id)

    return run_import


def outdated(session: Session) -> tuple[set[int], dict[int, StaleReason]]:
    """The customers whose result is out of date, and territory → reason."""
    connection = session.connection()
    rows = states(connection)
    table = StateRun.__table__
    runs = connection.execute(select(table).where(table.c.status == StateStatus.STALE)).all()
    assert all(row.stale_since is not None for row in runs)
    return (
        {number for number, row in rows.items() if row.status is StateStatus.STALE},
        {row.territory_id: row.stale_reason for row in runs},
    )


NOTHING: tuple[set[int], dict[int, StaleReason]] = (set(), {})
ALL = set(range(1, 8))


@pytest.mark.pure
def test_which_results_read_a_month():
    october = Month(2026, 10)
    assert months_reading([october], 3) == {
        Month(2026, 11), Month(2026, 12), Month(2027, 1), Month(2027, 2), Month(2027, 11),
    }  # fmt: skip
    assert Month(2026, 12) in months_reading([october], 0)


SALES = ["客户编码", "商品编码", "订货日期", "订单号", "销量", "金额"]


@pytest.mark.parametrize(
    ("day", "is_read"),
    [
        (w.K.first_day, True),
        (w.K.shift(-3).last_day, True),
        (w.K.shift(-12).first_day, True),
        (w.K.shift(-4).last_day, False),
        (w.K.shift(-13).last_day, False),
        (w.M.first_day, False),
    ],
)
def test_imported_sales(session: Session, imported: Importing, day: dt.date, is_read: bool):
    line = ["000001", "P001", day.isoformat(), "S1", "5", "300.5"]
    imported("sales_lines", [SALES, line])
    expected = (ALL, {1: StaleReason.DATA, 2: StaleReason.DATA}) if is_read else NOTHING
    assert outdated(session) == expected


def test_the_same_sales_again_change_nothing(session: Session, imported: Importing):
    rows = [SALES, ["000001", "P001", w.K.first_day.isoformat(), "S1", "5", "300.5"]]
    imported("sales_lines", rows)
    connection = session.connection()
    generate(connection, COMPANY, w.M, w.computation())
    session.commit()
    imported("sales_lines", rows)
    assert outdated(session) == NOTHING


CUSTOMERS = ["客户编码", "客户名称", "片区编码", "业态", "备注"]


def test_imported_customers(session: Session, imported: Importing):
    imported("customers", [CUSTOMERS, ["000002", "Another name", "T1", "", "a remark"]])
    assert outdated(session) == NOTHING
    imported("customers", [CUSTOMERS, ["000002", "Shop 2", "T1", "SUPERMARKET", ""]])
    assert outdated(session) == ({2}, {1: StaleReason.CUSTOMER})


def test_an_imported_move_concerns_both_territories(session: Session, imported: Importing):
    imported("customers", [CUSTOMERS, ["000002", "Shop 2", "T2", "", ""]])
    assert outdated(session) == ({2}, {1: StaleReason.CUSTOMER, 2: StaleReason.CUSTOMER})


def test_imported_prices(session: Session, imported: Importing):
    head = ["商品编码", "商品名称", "零售价"]
    imported("products", [head, ["P001", "Another name", "120"]])
    assert outdated(session) == NOTHING
    imported("products", [head, ["P001", "Another name", "121"]])
    assert outdated(session) == (ALL, {1: StaleReason.SETTINGS, 2: StaleReason.SETTINGS})


@pytest.mark.parametrize(
    "change",
    [
        {"status": CustomerStatus.SUSPENDED},
        {"business_type": BusinessType.SUPERMARKET},
        {"open_date": dt.date(2021, 1, 1)},
        {"order_weekday": 4},
    ],
)
def test_an_edited_customer(session: Session, change: dict[str, Any]):
    customer = session.get_one(Customer, 3)
    customer.remark = "nothing that counts"
    session.flush()
    assert outdated(session) == NOTHING
    for name, value in change.items():
        setattr(customer, name, value)
    session.flush()
    assert outdated(session) == ({3}, {1: StaleReason.CUSTOMER})


def test_a_moved_customer(session: Session):
    customer = session.get_one(Customer, 3)
    customer.territory_id = 2
    session.flush()
    assert outdated(session) == ({3}, {1: StaleReason.CUSTOMER, 2: StaleReason.CUSTOMER})


def test_parameters(session: Session):
    save_parameters(session, 1, 1, {**DEFAULTS, "visit_capacity_urban": 31}, "not read by step 2")
    assert outdated(session) == NOTHING
    changed = {**DEFAULTS, "visit_capacity_urban": 31, "band_effect_good": 75}
    save_parameters(session, 1, 2, changed, "stricter")
    assert outdated(session) == (ALL, {1: StaleReason.SETTINGS, 2: StaleReason.SETTINGS})


def first(session: Session, model: Any) -> Any:
    return session.scalars(select(model).where(model.company_id == 1).order_by(model.id)).first()


def strategies_emptied(session: Session, model: Any) -> None:
    for entry in session.scalars(select(model).where(model.company_id == 1)):
        if entry.strategies:
            entry.strategies = []
            return
    pytest.fail("no entry with strategies")


CATALOGUES: dict[str, Callable[[Session], None]] = {
    "matrix": lambda s: setattr(first(s, OperatingState), "is_problem", True),
    "strategies of a state": lambda s: strategies_emptied(s, OperatingState),
    "weight": lambda s: setattr(first(s, AbilityItem), "weight", 11),
    "problem type": lambda s: setattr(first(s, ProblemType), "is_active", False),
    "strategies of a problem": lambda s: strategies_emptied(s, ProblemType),
    "strategy": lambda s: setattr(first(s, ServiceStrategy), "is_active", False),
    "price": lambda s: setattr(first(s, Product), "retail_fen", 13_000),
}


@pytest.mark.parametrize("change", CATALOGUES.values(), ids=CATALOGUES)
def test_catalogues(session: Session, change: Callable[[Session], None]):
    first(session, OperatingState).name = "another word for it"
    session.flush()
    assert outdated(session) == NOTHING
    change(session)
    session.flush()
    assert outdated(session) == (ALL, {1: StaleReason.SETTINGS, 2: StaleReason.SETTINGS})


def test_key_brands_of_the_analysed_month(session: Session):
    connection = session.connection()
    connection.execute(update(Product.__table__).values(is_key=True))
    take_snapshot(connection, 1, w.M)
    assert outdated(session) == NOTHING
    take_snapshot(connection, 1, w.K)
    assert outdated(session)[1] == {1: StaleReason.SETTINGS, 2: StaleReason.SETTINGS}
    generate(connection, COMPANY, w.M, w.computation())
    take_snapshot(connection, 1, w.K)
    assert outdated(session) == NOTHING


def day_in(month: Month, weekday: int) -> dt.date:
    return next(day for day in month.days() if day.isoweekday() == weekday)


TUESDAY, SATURDAY = 2, 6
BY_CALENDAR = (ALL, {1: StaleReason.SETTINGS, 2: StaleReason.SETTINGS})


@pytest.mark.pure
def test_which_months_a_calendar_day_concerns():
    september, october, november = Month(2026, 9), Month(2026, 10), Month(2026, 11)
    holidays = {dt.date(2026, 10, day): False for day in range(1, 8)}
    assert months_of_order_days([dt.date(2026, 10, 14)], holidays) == {october}
    # Wednesday 30 September: an order day on it would land on 8 October.
    assert months_of_order_days([dt.date(2026, 9, 30)], holidays) == {september, october}
    # Friday 30 October: the next workday is Monday 2 November.
    assert months_of_order_days([dt.date(2026, 10, 30)], {}) == {october, november}
    assert months_of_order_days([], {}) == set()


@pytest.mark.parametrize(
    ("month", "weekday", "is_workday", "expected"),
    [
        (w.K, TUESDAY, False, BY_CALENDAR),
        (w.K, SATURDAY, True, BY_CALENDAR),
        (w.K, TUESDAY, True, NOTHING),  # named only
        (w.M, TUESDAY, False, NOTHING),
        (w.K.previous, TUESDAY, False, NOTHING),
    ],
)
def test_the_work_calendar(
    session: Session, month: Month, weekday: int, is_workday: bool, expected: Any
):
    day = day_in(month, weekday)
    set_day(session, 1, day, is_workday=is_workday, name="by hand")
    assert outdated(session) == expected


def test_the_work_calendar_corrected_restored_and_loaded(session: Session):
    day = dt.date(2026, 10, 13)  # a Tuesday without any official entry
    set_day(session, 1, day, is_workday=False, name="storm")
    regenerated(session)
    set_day(session, 1, day, is_workday=False, name="great storm")
    assert outdated(session) == NOTHING
    restore_day(session, 1, day)
    assert outdated(session) == BY_CALENDAR
    regenerated(session)
    # An order day of the end of September lands in K when the days after it are days off.
    set_day(session, 1, w.K.first_day - dt.timedelta(1), is_workday=False, name="storm")
    assert outdated(session) == BY_CALENDAR
    regenerated(session)
    set_day(session, 2, day, is_workday=False, name="of another company")
    assert outdated(session) == NOTHING
    reload_year(session, 1, w.K.year)  # National Day
    assert outdated(session) == BY_CALENDAR
    regenerated(session)
    session.execute(delete(CalendarDay.__table__), execution_options={BY_HAND: True})
    load_official_calendar(session, 1, w.M.first_day)
    assert outdated(session) == BY_CALENDAR


def test_earlier_months_are_history(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Month, "current", classmethod(lambda _cls: w.M.next))
    first(session, AbilityItem).weight = 11
    session.get_one(Customer, 3).status = CustomerStatus.SUSPENDED
    session.flush()
    assert outdated(session) == NOTHING


def test_a_result_that_is_not_generated_has_nothing_to_lose(session: Session):
    table = StateRun.__table__
    session.connection().execute(update(table).values(status=StateStatus.EVALUATED))
    session.connection().execute(update(STATE).values(status=StateStatus.EVALUATED))
    first(session, AbilityItem).weight = 11
    session.flush()
    assert run(session.connection()).status is StateStatus.EVALUATED


def regenerated(session: Session) -> None:
    generate(session.connection(), COMPANY, w.M, w.computation())
    session.flush()


def test_watched_products_and_targets(session: Session):
    entry = FocusProduct(
        company_id=1, department_id=1, product_id=1, from_month=w.K.shift(-2), to_month=w.K
    )
    session.add(entry)
    session.flush()
    one = (set(range(1, 7)), {1: StaleReason.WATCHED})
    both = (ALL, {1: StaleReason.WATCHED, 2: StaleReason.WATCHED})
    assert outdated(session) == both
    regenerated(session)
    # The month after K is analysed later.
    later = FocusProduct(company_id=1, department_id=1, product_id=2, from_month=w.M, to_month=w.M)
    session.add(later)
    session.flush()
    assert outdated(session) == NOTHING
    territory = session.get_one(Territory, 1)
    draft = TargetDraft(1, MonthRange(w.K, w.K), 5_000, None, None, None)
    brand_targets.add(session, territory, [draft])
    assert outdated(session) == one
    regenerated(session)
    target = session.scalars(select(BrandTarget)).one()
    brand_targets.save_list(session, target, [1, 2], brand_targets.CustomerFilter())
    assert outdated(session) == one
    regenerated(session)
    brand_targets.remove(session, target)
    assert outdated(session) == one
    regenerated(session)
    session.get_one(FocusProduct, entry.id).to_month = w.K.previous
    session.flush()
    assert outdated(session) == both
