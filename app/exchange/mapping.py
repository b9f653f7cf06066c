"""The column mapping of a batch: checked, remembered, and turned into parsers.

mapping: field → {"column": header} | {"constant": text}, either with {"default": text}.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.exchange.cell_parsers import parser_for
from app.exchange.cells import DATE_FORMATS, Cell, Parser, Stored, clean, month_of_date_parser
from app.exchange.row_errors import CellFault, message
from app.exchange.sheet_types import Sheet, SheetColumn
from app.kernel.db import db
from app.kernel.errors import N_, ImportRejected
from app.kernel.spelling import search_words
from app.models import ImportMapping

FieldMapping = Mapping[str, Mapping[str, str]]

OPTIONS: Mapping[str, tuple[Any, ...]] = {
    "date_format": DATE_FORMATS,
    "on_repeat": ("reject", "last"),
    "empty_cells": ("keep", "clear"),
    "create_missing": (False, True),
}
"""Option → its values, the default first. `on_repeat`'s default is the sheet's.

`empty_cells`: what an empty cell of a mapped column does to an existing row's optional field.
"""

UNKNOWN_FIELD = N_("The sheet has no field “%(name)s”.")
UNKNOWN_HEADER = N_("The file has no column “%(header)s” for “%(label)s”. Choose another column.")
NO_KEY = N_("Choose a column for “%(label)s”: it tells the rows apart.")
BOTH_WAYS = N_("“%(label)s” and “%(other)s” fill the same fields. Map one of them.")
BAD_CONSTANT = N_("The constant for “%(label)s” cannot be used: %(reason)s")
BAD_OPTION = N_("“%(value)s” is not a value of the option %(name)s.")


@dataclass(frozen=True, slots=True)
class FieldSource:
    """Where one staging column comes from: a position in the row or a constant."""

    stored: str
    column: SheetColumn
    parse: Parser
    position: int | None
    constant: Stored = None


def default_options(sheet: Sheet) -> dict[str, Any]:
    options = {name: values[0] for name, values in OPTIONS.items()}
    options["on_repeat"] = sheet.repeats
    return options


def checked_options(sheet: Sheet, given: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults with the given values. Errors: `ImportRejected` for unknown names or values."""
    options = default_options(sheet)
    for name, value in given.items():
        if name not in OPTIONS or value not in OPTIONS[name]:
            raise ImportRejected(BAD_OPTION, name=name, value=value)
        options[name] = value
    if not sheet.creates:
        options["create_missing"] = False
    return options


def sources_of(
    sheet: Sheet, mapping: FieldMapping, options: Mapping[str, Any], headers: Sequence[str]
) -> list[FieldSource]:
    """One source per staging column that the mapping fills. Errors: `ImportRejected`."""
    _refuse_impossible(sheet, mapping, headers)
    date_format = options["date_format"]
    sources = []
    for column in sheet.columns:
        if column.field not in mapping:
            continue
        rule = mapping[column.field]
        position = headers.index(rule["column"]) if "column" in rule else None
        for stored in column.stored:
            parse = parser_for(sheet, column, stored, date_format)
            constant = _constant(sheet, column, parse, rule.get("constant"))
            default = _constant(sheet, column, parse, rule.get("default"))
            if position is not None:
                parse = _with_default(
                    parse, default, is_key=column.field in sheet.key, column=column
                )
            sources.append(FieldSource(stored, column, parse, position, constant))
            if stored == "name" and sheet.spelled:
                sources.append(_spelled(sources[-1]))
            if stored == "order_date" and "month" in sheet.workings:
                month = month_of_date_parser(date_format)
                constant = _constant(sheet, column, month, rule.get("constant"))
                if position is not None:
                    month = _with_default(
                        month,
                        _constant(sheet, column, month, rule.get("default")),
                        is_key=True,
                        column=column,
                    )
                sources.append(FieldSource("month", column, month, position, constant))
    return sources


def _spelled(name: FieldSource) -> FieldSource:
    """The search words of what a source reads; nothing where the cell is empty."""

    def words(value: Stored) -> Stored:
        return None if value is None else search_words(str(value))

    return FieldSource(
        "search_words",
        name.column,
        lambda cell: words(name.parse(cell)),
        name.position,
        words(name.constant),
    )


def _refuse_impossible(sheet: Sheet, mapping: FieldMapping, headers: Sequence[str]) -> None:
    columns = sheet.by_field
    filled: dict[str, SheetColumn] = {}
    for field, rule in mapping.items():
        if field not in columns:
            raise ImportRejected(UNKNOWN_FIELD, name=field)
        column = columns[field]
        label = str(sheet.column_label(column))
        header = rule.get("column")
        if header is not None and header not in headers:
            raise ImportRejected(UNKNOWN_HEADER, field=field, header=header, label=label)
        for stored in column.stored:
            if stored in filled:
                other = str(sheet.column_label(filled[stored]))
                raise ImportRejected(BOTH_WAYS, field=field, label=label, other=other)
            filled[stored] = column
    for field in sheet.key:
        if field not in mapping and columns[field].default is None:
            label = str(sheet.column_label(columns[field]))
            raise ImportRejected(NO_KEY, field=field, label=label)


def _constant(sheet: Sheet, column: SheetColumn, parse: Parser, text: str | None) -> Stored:
    if text is None:
        return None
    try:
        return parse(text)
    except CellFault as fault:
        reason = message(fault.code, text, fault.detail)
        label = str(sheet.column_label(column))
        raise ImportRejected(BAD_CONSTANT, field=column.field, label=label, reason=reason) from None


def _with_default(parse: Parser, default: Stored, *, is_key: bool, column: SheetColumn) -> Parser:
    """The parser, with what an empty cell means: the default, or a fault for a key."""
    if default is None and is_key:
        default = column.default
    if default is None and not is_key:
        return parse

    def parse_or_default(cell: Cell) -> Stored:
        value = parse(cell)
        if value is not None:
            return value
        if default is None:
            raise CellFault("EMPTY")
        return default

    return parse_or_default


def missing_fields(sheet: Sheet, mapped: Collection[str]) -> tuple[str, ...]:
    """Fields a new row needs that have neither column nor constant nor another way."""
    return tuple(
        column.field for column in sheet.columns if column.required and column.field not in mapped
    )


def remembered(
    company_id: int, sheet: Sheet, headers: Sequence[str], name: str | None = None
) -> ImportMapping | None:
    """The mapping called `name`, else the latest one whose columns are all in the file."""
    query = select(ImportMapping).where(
        ImportMapping.company_id == company_id, ImportMapping.sheet == sheet.key_name
    )
    if name is not None:
        return db.session.scalar(query.where(ImportMapping.name == name))
    present = set(headers)
    some_header = next(iter(headers), "")
    candidates = [
        stored
        for stored in db.session.scalars(query)
        if all(rule.get("column", some_header) in present for rule in stored.mapping.values())
        and set(stored.mapping) <= set(sheet.by_field)
    ]
    return max(candidates, key=lambda stored: (stored.updated_at, stored.id), default=None)


def remember(
    company_id: int, sheet: Sheet, name: str, mapping: FieldMapping, options: Mapping[str, Any]
) -> None:
    """Store or replace the mapping of that name; the caller commits."""
    stored = remembered(company_id, sheet, (), name)
    if stored is None:
        stored = ImportMapping(company_id=company_id, sheet=sheet.key_name, name=name)
        db.session.add(stored)
    stored.mapping = {field: dict(rule) for field, rule in mapping.items()}
    stored.options = dict(options)


def shown(cell: Cell) -> str:
    """A cell as a sample shows it, whatever it holds."""
    try:
        return clean(cell)
    except CellFault:
        return "�"
