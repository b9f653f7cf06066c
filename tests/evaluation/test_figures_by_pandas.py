"""Every figure of steps 13 and 14 on the demo company, computed again with pandas from the rows.

Written from the manual and the formulas, not from the statements: it reads whole tables and
merges and groups them in memory.
"""

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from flask import Flask
from sqlalchemy import Connection, select

from app.evaluation.rules import WeekSums, indicator_of, status_of, week_figures
from app.evaluation.step_13_week_summary import month_targets, week_sums
from app.evaluation.week_summaries import period_in
from app.improvement.step_14_month_summary import figure_rows
from app.kernel.db import db, read_only
from app.kernel.period import Month, WorkWeek, local_today, work_weeks
from app.kernel.scope import Scope
from app.master.rules_parameters import Parameters
from app.models import Company, WeekIndicator

pytestmark = pytest.mark.web

MONTHS = [Month.current().shift(-n) for n in (2, 1, 0)]
FREQUENCIES = {
    "WEEKLY": "VISITS_WEEKLY",
    "SEMIMONTHLY": "VISITS_SEMIMONTHLY",
    "MONTHLY": "VISITS_MONTHLY",
}


class Tables:
    """Whole tables of a company as data frames, as they are stored."""

    def __init__(self, connection: Connection, company_id: int) -> None:
        self.connection, self.company_id = connection, company_id

    def __call__(self, name: str) -> pd.DataFrame:
        query = f"SELECT * FROM {name} WHERE company_id = {self.company_id}"  # noqa: S608
        raw = self.connection.connection.driver_connection.execute(query)
        columns = [column[0] for column in raw.description]
        return pd.DataFrame(raw.fetchall(), columns=columns)


@pytest.fixture
def company(demo: Flask) -> Iterator[tuple[int, Tables]]:
    with demo.app_context(), read_only():
        key = db.session.scalar(select(Company.id).where(Company.code == "YUNHE"))
        yield key, Tables(db.session.connection(), key)


def week_by_pandas(
    lines: pd.DataFrame, first: dt.date, last: dt.date, before: tuple[dt.date, dt.date]
) -> dict[int, WeekSums]:
    now = lines[lines["order_date"].between(first.isoformat(), last.isoformat())]
    ago = lines[lines["order_date"].between(before[0].isoformat(), before[1].isoformat())]
    sums = pd.DataFrame(
        {
            "sticks": now.groupby("territory_id")["sticks"].sum(),
            "amount_fen": now.groupby("territory_id")["amount_fen"].sum(),
            "key_sticks": now[now["is_key"]].groupby("territory_id")["sticks"].sum(),
            "key_last_year_sticks": ago[ago["is_key"]].groupby("territory_id")["sticks"].sum(),
        }
    )
    rows = sums.fillna(0).astype("int64").to_dict("index")
    return {int(place): WeekSums(**row) for place, row in rows.items()}


def judged(code: str, sums: WeekSums, target: int | None, share: Fraction) -> str:
    """The status by the formulas with fractions: 5 % of the target, 5 points for the growth."""
    value = {
        "VOLUME": Fraction(sums.sticks, 200),
        "UNIT_VALUE": Fraction(sums.amount_fen * 2, sums.sticks) if sums.sticks else None,
        "KEY_GROWTH": Fraction(
            100 * (sums.key_sticks - sums.key_last_year_sticks), sums.key_last_year_sticks
        )
        if sums.key_last_year_sticks > 0
        else None,
    }[code]
    if target is None:
        return "NO_TARGET"
    if value is None or (code == "VOLUME" and not share):
        return "UNDETERMINED"
    aim = Fraction(target, 100) * (share if code == "VOLUME" else 1)
    if code == "KEY_GROWTH":
        return "ABNORMAL" if aim - value >= 5 else "NORMAL"
    return "ABNORMAL" if aim - value >= aim / 20 else "NORMAL"


def test_every_figure_of_every_week(company: tuple[int, Tables]):
    key, tables = company
    lines = tables("sales_line").merge(
        tables("product")[["id", "sticks_per_carton"]], left_on="product_id", right_on="id"
    )
    lines["sticks"] = lines["delivered_cartons"] * lines["sticks_per_carton"]
    snapshots, targets = tables("key_product_snapshot"), tables("market_target")
    today, compared = local_today(), 0
    for week in (week for month in MONTHS for week in work_weeks(month)):
        if week.monday > today:
            continue
        month, sunday = week.month, week.sunday
        keys = snapshots[snapshots["month"] == month.number]["product_id"]
        lines["is_key"] = lines["product_id"].isin(keys)
        last = min(today, sunday, month.last_day)
        year = month.shift(-12)
        same_day = year.first_day + dt.timedelta(days=min(last.day, year.last_day.day) - 1)
        if last < month.first_day:
            same_day = year.first_day - dt.timedelta(days=1)
        expected = week_by_pandas(lines, month.first_day, last, (year.first_day, same_day))
        period = period_in(db.session(), key, week.monday, today)
        assert (period.month, period.as_of) == (WorkWeek.of(week.monday).month, last)
        connection = db.session.connection()
        found = {
            row.territory_id: WeekSums(*row[1:])
            for row in connection.execute(week_sums(Scope(key), period))
        }
        assert {place: sums for place, sums in found.items() if sums != WeekSums()} == {
            place: sums for place, sums in expected.items() if sums != WeekSums()
        }, week
        aims = targets[targets["month"] == month.number].set_index(["territory_id", "indicator"])
        stored = {
            (row.territory_id, row.indicator.name): row.value
            for row in connection.execute(month_targets(Scope(key), period))
        }
        share = Fraction(period.elapsed, period.total)
        for place, sums in expected.items():
            for code in (member.name for member in WeekIndicator):
                aim = aims["value"].get((place, code))
                target = None if aim is None else int(aim)
                assert stored.get((place, code)) == target
                figure = week_figures(sums)[code]
                assert indicator_of(code).code == code
                status = status_of(code, figure, target, period, Parameters())
                assert status == judged(code, sums, target, share), (week, place, code)
                compared += 1
    assert compared > 50


def visits_by_pandas(tables: Tables, month: Month) -> dict[tuple[int, str], tuple[int, Any]]:
    visits = tables("visit_plan")
    visits = visits[(visits["month"] == month.number) & (visits["status"] != "CANCELLED")]
    plans = tables("month_plan")
    plans = plans[(plans["month"] == month.number) & (plans["status"] == "APPROVED")]
    planned = tables("planned_frequency").merge(
        plans[["id", "territory_id"]], left_on="plan_id", right_on="id"
    )[["territory_id", "customer_id", "frequency"]]
    customers = tables("customer")[["id", "visit_frequency"]]
    rows = visits[["territory_id", "customer_id", "status"]].merge(
        customers, left_on="customer_id", right_on="id"
    )
    rows = rows.merge(planned, on=["territory_id", "customer_id"], how="left")
    rows["frequency"] = rows["frequency"].fillna(rows["visit_frequency"])
    rows["done"] = rows["status"] == "DONE"
    found: dict[tuple[int, str], tuple[int, Any]] = {}
    for (place, frequency), group in rows.groupby(["territory_id", "frequency"]):
        found[int(place), FREQUENCIES[frequency]] = (int(group["done"].sum()), len(group))
    for place, group in rows.groupby("territory_id"):
        found[int(place), "VISITS_ALL"] = (int(group["done"].sum()), len(group))
    return found


def tasks_by_pandas(tables: Tables, month: Month) -> dict[tuple[int, str], tuple[int, Any]]:
    items = tables("strategy_item")
    items = items[(items["month"] == month.number) & (items["is_removed"] == 0)]
    found: dict[tuple[int, str], tuple[int, Any]] = {}
    for place, group in items.groupby("territory_id"):
        planned = group[group["mark"] != "TEMPORARY"]
        if len(planned):
            done = int((planned["mark"] == "DONE").sum())
            found[int(place), "TASKS_DONE"] = (done, len(planned))
        found[int(place), "TEMPORARY_TASKS"] = (len(group) - len(planned), None)
    return found


def judgements_by_pandas(tables: Tables, month: Month) -> dict[tuple[int, str], tuple[int, Any]]:
    judged_names = ["NORMAL", "ABNORMAL"]
    found: dict[tuple[int, str], tuple[int, Any]] = {}
    kept = []
    for name, figure in (("brand", "BRAND_ABNORMAL"), ("market", "MARKET_ABNORMAL")):
        headers = tables(f"{name}_analysis")[["id", "territory_id", "month"]]
        lines = tables(f"{name}_analysis_line").merge(headers, left_on="analysis_id", right_on="id")
        own = lines[(lines["month"] == month.number) & lines["final_status"].isin(judged_names)]
        for place, group in own.groupby("territory_id"):
            abnormal = int((group["final_status"] == "ABNORMAL").sum())
            found[int(place), figure] = (abnormal, len(group))
        kept.append(
            lines[
                (lines["month"] == month.previous.number)
                & lines["system_status"].isin(judged_names)
            ][["territory_id", "system_status", "final_status"]]
        )
    for place, group in pd.concat(kept).groupby("territory_id"):
        same = int((group["system_status"] == group["final_status"]).sum())
        found[int(place), "JUDGEMENTS_KEPT"] = (same, len(group))
    return found


def keys_by_pandas(tables: Tables, month: Month) -> dict[tuple[int, str], tuple[int, Any]]:
    plans = tables("month_plan")
    plans = plans[plans["month"] == month.number][["id", "territory_id"]]
    keys = tables("key_customer").merge(plans, left_on="plan_id", right_on="id")
    keys = keys[(keys["origin"] == "AUTOMATIC") | (keys["is_removed"] == 0)]
    return {
        (int(place), "KEY_CUSTOMERS_KEPT"): (
            int(((group["origin"] == "AUTOMATIC") & (group["is_removed"] == 0)).sum()),
            len(group),
        )
        for place, group in keys.groupby("territory_id")
    }


@pytest.mark.parametrize("month", MONTHS, ids=str)
def test_every_figure_of_the_month(company: tuple[int, Tables], month: Month):
    key, tables = company
    rows = db.session.connection().execute(figure_rows(Scope(key), month))
    found = {(row.territory_id, row.figure): (row.numerator, row.denominator) for row in rows}
    expected = {
        **visits_by_pandas(tables, month),
        **tasks_by_pandas(tables, month),
        **judgements_by_pandas(tables, month),
        **keys_by_pandas(tables, month),
    }
    assert found == expected
    if month == MONTHS[1]:
        assert {figure for _place, figure in found} >= {*FREQUENCIES.values(), "TASKS_DONE"}
