"""Cells → stored values. Pure functions; a fault names its reason (`row_errors.MESSAGES`).

A cell is a text (csv, and text cells of xlsx), a number, or None. Dates of xlsx arrive as ISO
texts, booleans as TRUE and FALSE. Stored: dates as ISO texts, months as ``yyyymm``, code lists as
member names, money in fen. Full-width digits, thousands separators, currency signs and every
kind of blank are understood. Chinese words here are words of files, not text of the portal.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal

from app.exchange.row_errors import CellFault
from app.kernel.period import Month
from app.kernel.quantity import round_half_up
from app.kernel.texts import STARS

Cell = str | int | float | None
Stored = str | int | float | bool | None
Parser = Callable[[Cell], Stored]

FIRST_DATE, LAST_DATE = dt.date(1950, 1, 1), dt.date(2100, 12, 31)
EXCEL_EPOCH = dt.date(1899, 12, 30)
LARGEST_EXACT_FLOAT = 10**15
DATE_FORMATS = ("auto", "ymd", "mdy", "dmy")

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u3000]+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?", re.IGNORECASE)
_YMD = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_XXY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_TIME = re.compile(
    r"[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AP]M)?(?:Z|[+-]\d{2}:?\d{2})?$", re.IGNORECASE
)
_POINT = re.compile(r"POINT ?\( ?(\S+) (\S+) ?\)", re.IGNORECASE)
_PAIR = re.compile(r"([+-]?[\d.]+) ?[,;， ] ?([+-]?[\d.]+)")

YES = frozenset({"是", "y", "yes", "true", "t", "1", "√", "对", "有"})
NO = frozenset({"否", "n", "no", "false", "f", "0", "×", "x", "错", "无"})
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS: Mapping[str, int] = {
    **{str(number): number for number in range(1, 8)},
    **{
        prefix + sign: number
        for prefix in ("周", "星期", "礼拜", "")
        for number, sign in enumerate("一二三四五六日", 1)
    },
    **{prefix + "天": 7 for prefix in ("周", "星期", "礼拜")},
    **{name: number for number, name in enumerate(_DAY_NAMES, 1)},
    **{name[:3]: number for number, name in enumerate(_DAY_NAMES, 1)},
}


def clean(cell: Cell) -> str:
    """The cell as text: trimmed, blanks folded, invisible characters gone, numbers unpadded.

    Faults: UNREADABLE for control characters and broken surrogates.
    """
    if cell is None:
        return ""
    if isinstance(cell, float):
        if not math.isfinite(cell):
            raise CellFault("UNREADABLE")
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e16 else repr(cell)
    if isinstance(cell, int):
        return str(cell)
    text = cell.strip()
    if text.isalnum() and text.isascii():
        return text
    text = _BLANKS.sub(" ", _INVISIBLE.sub("", text).replace("\r\n", "\n")).strip()
    if _CONTROL.search(text) or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise CellFault("UNREADABLE")
    return text


def plain(cell: Cell) -> str:
    """`clean`, and full-width letters, digits and signs as their ordinary forms."""
    text = clean(cell)
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def text_parser(longest: int) -> Parser:
    def parse(cell: Cell) -> Stored:
        text = clean(cell)
        if longest and len(text) > longest:
            raise CellFault("TOO_LONG", longest)
        return text or None

    return parse


def code_parser(longest: int) -> Parser:
    """Codes stored as numbers become digits again; faults when the number has lost some."""

    def parse(cell: Cell) -> Stored:
        if isinstance(cell, str) and cell.isalnum() and cell.isascii():
            text = cell  # most codes, most of them new: no need to clean what is clean
        elif isinstance(cell, float) and abs(cell) >= LARGEST_EXACT_FLOAT:
            raise CellFault("LOST_DIGITS")
        else:
            text = plain(cell)
        if STARS in text:
            raise CellFault("MASKED")  # from an export of somebody who sees no more
        if longest and len(text) > longest:
            raise CellFault("TOO_LONG", longest)
        return text or None

    return parse


def decimal_of(cell: Cell) -> Decimal | None:
    """A finite number, or None for an empty cell. Faults: NOT_A_NUMBER."""
    if isinstance(cell, int):
        return Decimal(cell)
    if isinstance(cell, float):
        if not math.isfinite(cell):
            raise CellFault("NOT_A_NUMBER")
        # Formulas leave 59.699999999999996 behind: fifteen digits are all a spreadsheet shows.
        return Decimal(f"{cell:.15g}")
    text = plain(cell).replace("−", "-")
    if not text:
        return None
    negative = text.startswith("(") and text.endswith(")")
    if negative:
        text = text[1:-1]
    text = text.replace(" ", "").strip("¥$元").strip()
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if not _NUMBER.fullmatch(text):
        raise CellFault("NOT_A_NUMBER")
    return -Decimal(text) if negative else Decimal(text)


def scaled_parser(places: int, least: int | None, most: int | None) -> Parser:
    """A number with at most `places` decimals as an integer of 10^-places; bounds are stored units."""

    def parse(cell: Cell) -> Stored:
        number = decimal_of(cell)
        if number is None:
            return None
        if abs(number) >= LARGEST_EXACT_FLOAT:
            raise CellFault("TOO_BIG", LARGEST_EXACT_FLOAT)
        scaled = number.scaleb(places)
        if scaled != scaled.to_integral_value():
            if places:
                raise CellFault("TOO_MANY_DECIMALS", places)
            raise CellFault("NOT_AN_INTEGER")
        value = int(scaled)
        if least is not None and value < least:
            raise CellFault("TOO_SMALL", Decimal(least).scaleb(-places))
        if most is not None and value > most:
            raise CellFault("TOO_BIG", Decimal(most).scaleb(-places))
        return value

    return parse


def degrees_parser(least: int | None, most: int | None) -> Parser:
    def parse(cell: Cell) -> Stored:
        number = decimal_of(cell)
        return None if number is None else _degrees(number, least or -180, most or 180)

    return parse


def _degrees(number: Decimal, least: int, most: int) -> float:
    if number < least:
        raise CellFault("TOO_SMALL", least)
    if number > most:
        raise CellFault("TOO_BIG", most)
    return float(round_half_up(number, 6))


def location_parser(part: str) -> Parser:
    """One coordinate of ``POINT (lon lat)`` or ``lon, lat``."""

    def parse(cell: Cell) -> Stored:
        text = plain(cell)
        if not text:
            return None
        match = _POINT.fullmatch(text) or _PAIR.fullmatch(text)
        if match is None:
            raise CellFault("NOT_A_LOCATION")
        try:
            longitude = _degrees(Decimal(match[1]), -180, 180)
            latitude = _degrees(Decimal(match[2]), -90, 90)
        except (ArithmeticError, CellFault):
            raise CellFault("NOT_A_LOCATION") from None
        return longitude if part == "longitude" else latitude

    return parse


def date_of(cell: Cell, date_format: str = "auto") -> dt.date | None:
    """A date from text or serial number. Faults: NOT_A_DATE, AMBIGUOUS_DATE, DATE_OUT_OF_RANGE."""
    if isinstance(cell, int | float):
        if not math.isfinite(cell):
            raise CellFault("NOT_A_DATE")
        if 19_000_101 <= cell <= 21_001_231 and cell == int(cell):
            return _date_of_text(str(int(cell)), date_format)
        if not 1 <= cell < 110_000:
            raise CellFault("NOT_A_DATE")
        return _in_range(EXCEL_EPOCH + dt.timedelta(days=int(cell)))
    text = plain(cell)
    return _date_of_text(text, date_format) if text else None


def _date_of_text(text: str, date_format: str) -> dt.date:
    text = _TIME.sub("", text).replace(" ", "")
    if text.isdigit() and len(text) == 5:
        return _in_range(EXCEL_EPOCH + dt.timedelta(days=int(text)))
    if match := _YMD.fullmatch(text) or _COMPACT.fullmatch(text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    match = _XXY.fullmatch(text)
    if match is None:
        raise CellFault("NOT_A_DATE")
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    if date_format in ("auto", "ymd") and first <= 12 and second <= 12 and first != second:
        raise CellFault("AMBIGUOUS_DATE")
    if date_format == "dmy" or (date_format != "mdy" and first > 12):
        first, second = second, first
    return _date(year, first, second)


def _date(year: int, month: int, day: int) -> dt.date:
    try:
        return _in_range(dt.date(year, month, day))
    except CellFault:
        raise
    except ValueError:
        raise CellFault("NOT_A_DATE") from None


def _in_range(day: dt.date) -> dt.date:
    if not FIRST_DATE <= day <= LAST_DATE:
        raise CellFault("DATE_OUT_OF_RANGE", f"{FIRST_DATE} – {LAST_DATE}")
    return day


def date_parser(date_format: str) -> Parser:
    def parse(cell: Cell) -> Stored:
        day = date_of(cell, date_format)
        return None if day is None else day.isoformat()

    return parse


def month_of_date_parser(date_format: str) -> Parser:
    """The month ``yyyymm`` of a date cell."""

    def parse(cell: Cell) -> Stored:
        day = date_of(cell, date_format)
        return None if day is None else day.year * 100 + day.month

    return parse


def month_parser(date_format: str) -> Parser:
    """A month, or the month of a date."""

    def parse(cell: Cell) -> Stored:
        text = plain(cell)
        if not text:
            return None
        try:
            month = Month.parse(text)
        except ValueError:
            try:
                day = date_of(cell, date_format)
            except CellFault:
                raise CellFault("NOT_A_MONTH") from None
            assert day is not None
            return day.year * 100 + day.month
        if not FIRST_DATE.year <= month.year <= LAST_DATE.year:
            raise CellFault("DATE_OUT_OF_RANGE", f"{FIRST_DATE.year} – {LAST_DATE.year}")
        return month.number

    return parse


def word(text: str) -> str:
    """A word of a code list as compared: ordinary forms, no blanks, no case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def choice_parser(words: Mapping[str, str], shown: str) -> Parser:
    """`words`: normalised word → stored member name; `shown`: the list named in the fault."""

    def parse(cell: Cell) -> Stored:
        text = plain(cell)
        if not text:
            return None
        member = words.get(word(text))
        if member is None:
            raise CellFault("UNKNOWN_CHOICE", shown)
        return member

    return parse


def boolean(cell: Cell) -> Stored:
    text = word(plain(cell))
    if not text:
        return None
    if text in YES:
        return True
    if text in NO:
        return False
    raise CellFault("NOT_A_BOOLEAN")


def weekday(cell: Cell) -> Stored:
    text = word(plain(cell))
    if not text:
        return None
    number = WEEKDAYS.get(text)
    if number is None:
        raise CellFault("NOT_A_WEEKDAY")
    return number


def name_parser(part: str, longest: int) -> Parser:
    """Family or given name: Chinese names start with the family name, Latin ones end with it."""

    def parse(cell: Cell) -> Stored:
        text = clean(cell)
        if not text:
            return None
        if " " in text:
            given, family = text.rsplit(" ", 1)
        elif text.isascii():
            given, family = "", text
        else:
            family, given = text[0], text[1:]
        chosen = family if part == "last_name" else given
        if len(chosen) > longest:
            raise CellFault("TOO_LONG", longest)
        return chosen

    return parse
