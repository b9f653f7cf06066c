"""Cells in every spelling people and systems use; no text makes a parser fail otherwise."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.exchange import cells
from app.exchange.row_errors import MESSAGES, CellFault

pytestmark = pytest.mark.pure

money = cells.scaled_parser(2, -(10**14), 10**14)
whole = cells.scaled_parser(0, -(10**9), 10**9)
tar = cells.scaled_parser(1, 0, 200)
code = cells.code_parser(20)
any_date = cells.date_parser("auto")
scale = cells.choice_parser({"大": "LARGE", "large": "LARGE", "小": "SMALL"}, "大, 小")


@pytest.mark.parametrize(
    ("parse", "cell", "stored"),
    [
        (money, "1,234.50", 123450),
        (money, "１２３４．５", 123450),
        (money, " ¥ 12 ", 1200),
        (money, "12元", 1200),
        (money, "(12.30)", -1230),
        (money, "−5", -500),
        (money, 59.699999999999996, 5970),
        (money, 19.9, 1990),
        (money, "1e2", 10000),
        (money, "", None),
        (money, None, None),
        (money, "\u00a0", None),
        (whole, 12.0, 12),
        (whole, "12.00", 12),
        (whole, "-3", -3),
        (tar, "10.5", 105),
        (tar, 8, 80),
        (code, 440100000001.0, "440100000001"),
        (code, "４４０１\u00a0", "4401"),
        (code, "007", "007"),
        (code, "\u200bA1\ufeff", "A1"),
        (any_date, "2026-11-24", "2026-11-24"),
        (any_date, "2026/1/2", "2026-01-02"),
        (any_date, "2026.1.2", "2026-01-02"),
        (any_date, "2026年1月2日", "2026-01-02"),
        (any_date, "20260102", "2026-01-02"),
        (any_date, 20260102, "2026-01-02"),
        (any_date, "2026-01-02 08:30:00", "2026-01-02"),
        (any_date, "2026-01-02T08:30:00+08:00", "2026-01-02"),
        (any_date, 46024, "2026-01-02"),
        (any_date, 46024.75, "2026-01-02"),
        (any_date, "46024", "2026-01-02"),
        (any_date, "31/12/2025", "2025-12-31"),
        (any_date, "12/31/2025", "2025-12-31"),
        (any_date, "02/02/2025", "2025-02-02"),
        (any_date, "２０２６－０１－０２", "2026-01-02"),
        (cells.date_parser("mdy"), "09/04/2018", "2018-09-04"),
        (cells.date_parser("dmy"), "09/04/2018", "2018-04-09"),
        (cells.month_parser("auto"), "2026年3月", 202603),
        (cells.month_parser("auto"), 202603.0, 202603),
        (cells.month_parser("auto"), "2026-03-15", 202603),
        (cells.month_parser("auto"), 46024, 202601),
        (cells.weekday, "星期三", 3),
        (cells.weekday, "周日", 7),
        (cells.weekday, "Fri", 5),
        (cells.weekday, 2.0, 2),
        (cells.boolean, "是", True),
        (cells.boolean, "TRUE", True),
        (cells.boolean, 0.0, False),
        (cells.boolean, "√", True),
        (scale, " Ｌａｒｇｅ ", "LARGE"),
        (cells.location_parser("longitude"), "POINT (-93.57 41.6)", -93.57),
        (cells.location_parser("latitude"), "113.26，23.13", 23.13),
        (cells.name_parser("last_name", 64), "张伟", "张"),
        (cells.name_parser("first_name", 64), "张伟", "伟"),
        (cells.name_parser("last_name", 64), "Mary Ann Lee", "Lee"),
        (cells.text_parser(10), " a\u3000 b ", "a b"),
    ],
)
def test_spellings(parse: cells.Parser, cell: Any, stored: Any):
    assert parse(cell) == stored


@pytest.mark.parametrize(
    ("parse", "cell", "reason"),
    [
        (money, "1.234", "TOO_MANY_DECIMALS"),
        (money, "1,5", "NOT_A_NUMBER"),
        (money, "abc", "NOT_A_NUMBER"),
        (money, float("inf"), "NOT_A_NUMBER"),
        (money, float("nan"), "NOT_A_NUMBER"),
        (money, "1e300", "TOO_BIG"),
        (money, 10.0**15, "TOO_BIG"),
        (whole, "1.5", "NOT_AN_INTEGER"),
        (tar, "20.1", "TOO_BIG"),
        (tar, "-0.1", "TOO_SMALL"),
        (code, 1.2345678901234567e17, "LOST_DIGITS"),
        (code, "x" * 21, "TOO_LONG"),
        (code, "a\x07b", "UNREADABLE"),
        (code, "a\ud800", "UNREADABLE"),
        (any_date, "03/04/2025", "AMBIGUOUS_DATE"),
        (any_date, "2025-02-30", "NOT_A_DATE"),
        (any_date, "yesterday", "NOT_A_DATE"),
        (any_date, "1899-12-31", "DATE_OUT_OF_RANGE"),
        (any_date, 5, "DATE_OUT_OF_RANGE"),
        (any_date, -1, "NOT_A_DATE"),
        (any_date, 1e12, "NOT_A_DATE"),
        (any_date, float("nan"), "NOT_A_DATE"),
        (cells.month_parser("auto"), "2026-13", "NOT_A_MONTH"),
        (cells.month_parser("auto"), "1949-05", "DATE_OUT_OF_RANGE"),
        (cells.weekday, "8", "NOT_A_WEEKDAY"),
        (cells.boolean, "maybe", "NOT_A_BOOLEAN"),
        (scale, "huge", "UNKNOWN_CHOICE"),
        (cells.location_parser("longitude"), "POINT (999 1)", "NOT_A_LOCATION"),
        (cells.location_parser("longitude"), "here", "NOT_A_LOCATION"),
        (cells.location_parser("longitude"), "POINT (nan inf)", "NOT_A_LOCATION"),
    ],
)
def test_faults_name_their_reason(parse: cells.Parser, cell: Any, reason: str):
    with pytest.raises(CellFault) as fault:
        parse(cell)
    assert fault.value.code == reason
    assert reason in MESSAGES


EVERY_PARSER = [
    money, whole, tar, code, any_date, scale, cells.weekday, cells.boolean,
    cells.text_parser(5), cells.month_parser("auto"), cells.month_of_date_parser("dmy"),
    cells.degrees_parser(-180, 180), cells.location_parser("latitude"),
    cells.name_parser("first_name", 3), cells.date_parser("mdy"),
]  # fmt: skip


@given(cell=st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.none()))
def test_any_cell_is_read_or_has_a_reason(cell: Any):
    reasons = set()
    for parse in EVERY_PARSER:
        try:
            parse(cell)
        except CellFault as fault:
            reasons.add(fault.code)
    assert reasons <= set(MESSAGES)


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_money_survives_every_way_of_writing(fen: int):
    yuan = Decimal(fen) / 100
    assert money(f"{yuan:.2f}") == money(f"{yuan:,.2f}") == money(float(yuan)) == fen


@given(st.dates(min_value=dt.date(1950, 1, 1), max_value=dt.date(2100, 12, 31)))
def test_dates_survive_every_way_of_writing(day: dt.date):
    serial = (day - cells.EXCEL_EPOCH).days
    for cell in (day.isoformat(), f"{day:%Y/%m/%d}", f"{day:%Y%m%d}", serial, float(serial)):
        assert any_date(cell) == day.isoformat()
    assert cells.date_parser("mdy")(f"{day:%m/%d/%Y}") == day.isoformat()
    assert cells.date_parser("dmy")(f"{day:%d/%m/%Y}") == day.isoformat()
