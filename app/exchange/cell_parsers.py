"""From a sheet's column to the parser of its cells, with the words of both languages."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import force_locale, gettext

from app.exchange import cells
from app.exchange.cells import Parser
from app.exchange.row_errors import LONGEST_VALUE
from app.exchange.sheet_types import CellType, Sheet, SheetColumn
from app.kernel.labels import LabelledEnum

LOCALES = ("zh", "en")


def translations(msgid: str) -> tuple[str, ...]:
    """A msgid in every language of the portal: files carry any of them."""
    words = []
    for locale in LOCALES:
        with force_locale(locale):
            words.append(gettext(msgid))
    return tuple(words)


def choice_words(members: type[LabelledEnum]) -> dict[str, str]:
    """Every word that means a member: name, official code, label in both languages, aliases.

    Official words win over translations, so that a label can never shadow another's code.
    """
    words: dict[str, str] = {}
    for member in members:
        for text in (member.name, str(member.value), *member.aliases):
            words.setdefault(cells.word(text), member.name)
    for member in members:
        for text in (member.msgid, *translations(member.msgid)):
            words.setdefault(cells.word(text), member.name)
    return words


def choice_list(members: type[LabelledEnum]) -> str:
    """The official codes, as a fault names them."""
    return ", ".join(str(member.value) for member in members)[:LONGEST_VALUE]


def parser_for(sheet: Sheet, column: SheetColumn, stored: str, date_format: str) -> Parser:
    """The parser that fills the staging column `stored` from a cell of `column`."""
    length = sheet.length_of(column)
    if column.type is CellType.CHOICE:
        members = sheet.choices_of(column)
        assert members is not None
        return cells.choice_parser(choice_words(members), choice_list(members))
    parsers: Mapping[CellType, Parser] = {
        CellType.TEXT: cells.text_parser(length),
        CellType.CODE: cells.code_parser(length),
        CellType.REFERENCE: cells.code_parser(length),
        CellType.INTEGER: cells.scaled_parser(0, column.least, column.most),
        CellType.MONEY: cells.scaled_parser(2, column.least, column.most),
        CellType.TENTHS: cells.scaled_parser(1, column.least, column.most),
        CellType.DEGREES: cells.degrees_parser(column.least, column.most),
        CellType.DATE: cells.date_parser(date_format),
        CellType.MONTH: cells.month_parser(date_format),
        CellType.BOOLEAN: cells.boolean,
        CellType.WEEKDAY: cells.weekday,
        CellType.LOCATION: cells.location_parser(stored),
        CellType.PERSON_NAME: cells.name_parser(stored, length),
    }
    return parsers[column.type]
