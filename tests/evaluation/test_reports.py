"""The week and month reports, opened again: figures as numbers, sheets, charts, no formula."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from app.exchange.report_workbook import Figure, ReportWorkbook
from app.kernel.db import db
from app.kernel.period import Month
from app.models import (
    MonthSummary,
    MonthSummaryFigure,
    SummaryFigure,
    WeekIndicator,
    WeekSummary,
    WeekSummaryLine,
)
from tests.analysis.demo_visitors import DemoVisitor

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
LAST = Month.current().previous
FORMULA = '=HYPERLINK("http://example.invalid","x")'


def opened(content: bytes) -> tuple[Any, list[str]]:
    """(workbook, names of its charts)."""
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    charts = [name for name in names if name.startswith("xl/charts/chart")]
    return load_workbook(io.BytesIO(content)), charts


def cells(sheet: Any) -> dict[str, list[Any]]:
    """First cell of each row → the others."""
    return {
        str(row[0].value): list(row[1:]) for row in sheet.iter_rows() if row[0].value is not None
    }


@pytest.mark.pure
def test_texts_stay_texts_and_numbers_are_numbers(app: Any):
    with app.test_request_context():
        report = ReportWorkbook("R & D: [x]/?*")
        page = report.page("a" * 40 + "[]", FORMULA, (20, 20))
        page.facts([("Fact", FORMULA)])
        area = page.table(
            [("Name", "text"), ("Value", "money")], [[FORMULA, Figure(0.25, "percent")]]
        )
        page.text("=1+1", FORMULA)
        page.chart("line", "=2", area.column(0), [(area.head(1), area.column(1))], "0")
        report.page("a" * 40 + "[]", "twice", (10,))
        book, charts = opened(report.close())
    assert charts == ["xl/charts/chart1.xml"]
    assert len({name.casefold() for name in book.sheetnames}) == 2
    assert all(len(name) <= 31 for name in book.sheetnames)
    sheet = book.worksheets[0]
    for row in sheet.iter_rows():
        assert all(cell.data_type != "f" for cell in row)
    number = next(c for row in sheet.iter_rows() for c in row if c.value == 0.25)
    assert number.number_format == "0.0%"
    assert sheet.page_setup.paperSize == 9
    assert sheet.oddFooter.center.text
    assert "R && D" in str(sheet.oddHeader.left.text) or "R & D" in str(sheet.oddHeader.left.text)


@pytest.mark.web
def test_a_week_of_a_territory(visitor: Visitors, stored: Stored, demo: Any, territory: Any):
    place = territory("YH-A1")
    key, start = stored(
        select(WeekSummary.id, WeekSummary.start_date)
        .where(WeekSummary.territory_id == place)
        .order_by(WeekSummary.start_date.desc())
        .limit(1)
    )[0]
    with demo.app_context(), db.engine.begin() as connection:
        table = WeekSummary.__table__
        connection.execute(update(table).where(table.c.id == key).values(effect_text=FORMULA))
    answer = visitor("customer").post(f"/week-summaries/report?start={start.isoformat()}", {})
    assert answer.status_code == 200
    book, charts = opened(answer.data)
    assert charts == ["xl/charts/chart1.xml"]
    assert len(book.sheetnames) == 2
    rows = cells(book.worksheets[0])
    num, den, target = stored(
        select(
            WeekSummaryLine.actual_num, WeekSummaryLine.actual_den, WeekSummaryLine.target
        ).where(
            WeekSummaryLine.summary_id == key, WeekSummaryLine.indicator == WeekIndicator.VOLUME
        )
    )[0]
    volume = rows[str(WeekIndicator.VOLUME.label)]
    assert volume[1].value == pytest.approx(num / den)
    assert volume[2].value == pytest.approx(target / 100)
    assert rows[str(WeekIndicator.KEY_GROWTH.label)][1].number_format == "0.0%"
    assert FORMULA in rows
    assert all(c.data_type != "f" for row in book.worksheets[0].iter_rows() for c in row)


@pytest.mark.web
def test_a_departments_weeks_add_up(visitor: Visitors, stored: Stored, territory: Any):
    boss = visitor("market")
    with boss.client.session_transaction() as session:
        session["month"] = LAST.key
    book, charts = opened(boss.post("/week-summaries/report", {}).data)
    places = [territory("YH-A1"), territory("YH-A2")]
    starts = stored(
        select(WeekSummary.start_date)
        .where(WeekSummary.month == LAST, WeekSummary.territory_id.in_(places))
        .distinct()
        .order_by(WeekSummary.start_date)
    )
    assert len(book.sheetnames) == len(charts) == len(starts) > 0
    sums = stored(
        select(WeekSummaryLine.actual_num, WeekSummaryLine.actual_den)
        .join(WeekSummary, WeekSummary.id == WeekSummaryLine.summary_id)
        .where(
            WeekSummary.territory_id.in_(places),
            WeekSummary.start_date == starts[-1][0],
            WeekSummaryLine.indicator == WeekIndicator.UNIT_VALUE,
        )
    )
    total = cells(book.worksheets[-1])["Total"]
    assert total[5].value == pytest.approx(sum(n for n, _d in sums) / sum(d for _n, d in sums))


@pytest.mark.web
def test_a_month_of_a_territory(visitor: Visitors, stored: Stored, territory: Any):
    answer = visitor("customer").post(f"/month-summaries/report?month={LAST.key}", {})
    book, charts = opened(answer.data)
    assert len(charts) == 2
    rows = cells(book.worksheets[0])
    num, den = stored(
        select(MonthSummaryFigure.numerator, MonthSummaryFigure.denominator)
        .join(MonthSummary, MonthSummary.id == MonthSummaryFigure.summary_id)
        .where(
            MonthSummary.territory_id == territory("YH-A1"),
            MonthSummary.month == LAST,
            MonthSummaryFigure.figure == SummaryFigure.TASKS_DONE,
        )
    )[0]
    row = rows[str(SummaryFigure.TASKS_DONE.label)]
    assert [cell.value for cell in row[:3]] == [pytest.approx(num / den), num, den]
    assert row[0].number_format == "0.0%"


@pytest.mark.web
def test_a_departments_month_adds_up(visitor: Visitors, stored: Stored, territory: Any):
    book, charts = opened(
        visitor("market").post(f"/month-summaries/report?month={LAST.key}", {}).data
    )
    assert len(charts) == 1
    assert len(book.sheetnames) == 3
    pairs = stored(
        select(MonthSummaryFigure.numerator, MonthSummaryFigure.denominator)
        .join(MonthSummary, MonthSummary.id == MonthSummaryFigure.summary_id)
        .where(
            MonthSummary.territory_id.in_([territory("YH-A1"), territory("YH-A2")]),
            MonthSummary.month == LAST,
            MonthSummaryFigure.figure == SummaryFigure.VISITS_ALL,
        )
    )
    total = cells(book.worksheets[0])["Total"]
    assert total[4].value == pytest.approx(sum(n for n, _d in pairs) / sum(d for _n, d in pairs))


@pytest.mark.web
def test_who_gets_reports(visitor: Visitors, territory: Any):
    place = territory("YH-A1")
    for url in ("/week-summaries/report", f"/month-summaries/report?month={LAST.key}"):
        joint = "&" if "?" in url else "?"
        assert visitor("brand").post(url, {}).status_code == 403
        assert visitor("customer3").post(f"{url}{joint}q_territory={place}", {}).status_code in {
            200,
            404,
        }
        assert visitor("customer").get(url).status_code == 405
    assert visitor("customer").post("/month-summaries/report?month=2001-01", {}).status_code == 404
