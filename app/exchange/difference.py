"""What a checked import would do, row by row, in the words of the person who looks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.exchange.comparison import CHANGED, NEW, REJECTED, Comparison
from app.exchange.mapping import checked_options
from app.exchange.row_errors import MESSAGES, message
from app.exchange.sheet_types import CellType, Sheet, SheetColumn
from app.exchange.sheets import SHEETS
from app.exchange.stage_tables import IMPORT_ERRORS
from app.kernel.db import db
from app.kernel.labels import LabelledEnum
from app.kernel.period import Month
from app.kernel.quantity import fen_to_yuan
from app.models import ImportBatch
from app.security.personal_data import shown

ROWS_NAMED = 10
MOST_PAGE_SIZE = 500


@dataclass(frozen=True, slots=True)
class CellError:
    """One reason for a rejection; `field` "" = the whole row. `message` is translated."""

    field: str
    label: str
    message: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class CellChange:
    """A field's present and coming value, as shown."""

    field: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One row of the file after the check. `row_no` counts as the spreadsheet does, from 1.

    `key`: label → text of the natural key; `changes`: for new rows old is empty.
    """

    row_no: int
    outcome: str
    key: dict[str, str]
    changes: tuple[CellChange, ...] = ()
    errors: tuple[CellError, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """All rows rejected for one reason: field, an example of the message, count, first rows."""

    field: str
    label: str
    message: str
    count: int
    first_rows: tuple[int, ...] = ()


def difference_rows(
    batch: ImportBatch, outcome: str, page: int = 1, page_size: int = 50
) -> list[DifferenceRow]:
    """A page of the rows with an outcome, in the order of the file."""
    sheet = SHEETS[batch.sheet]
    run = Comparison(
        db.session.connection(),
        sheet,
        batch.company_id,
        batch.id,
        frozenset(batch.mapping),
        checked_options(sheet, batch.options),
    )
    size = max(1, min(page_size, MOST_PAGE_SIZE))
    offset = (max(1, page) - 1) * size
    stage, target = run.stage, run.target_alias()
    changes = run.changes(target) if outcome == CHANGED else {}
    pairs = [
        expression
        for position, (name, value) in enumerate(changes.items())
        for expression in (
            target.c[name].label(f"old_{position}"),
            value.label(f"new_{position}"),
        )
    ]
    query = select(*stage.c, *pairs)
    if pairs:
        query = query.join_from(stage, target, run.same_key(target))
    rows = run.connection.execute(
        query.where(run.of_batch(outcome)).order_by(stage.c.row_no).limit(size).offset(offset)
    ).all()
    errors = _errors(run, [row.row_no for row in rows]) if outcome == REJECTED else {}
    return [
        DifferenceRow(
            row.row_no,
            outcome,
            {
                str(sheet.column_label(sheet.by_field[name])): _shown(
                    sheet.by_field[name], row._mapping[name]
                )
                for name in sheet.key
            },
            _changed(run, row, list(changes)) if changes else _given(run, row, outcome),
            tuple(errors.get(row.row_no, ())),
        )
        for row in rows
    ]


def _given(run: Comparison, row: Any, outcome: str) -> tuple[CellChange, ...]:
    """The values a new row brings."""
    if outcome != NEW:
        return ()
    return tuple(
        CellChange(column.field, str(run.sheet.column_label(column)), "", text)
        for column in run.sheet.columns
        if column.field not in run.sheet.key
        and (text := " ".join(_shown(column, row._mapping[name]) for name in column.stored))
    )


def _changed(run: Comparison, row: Any, names: list[str]) -> tuple[CellChange, ...]:
    """Old and new of every field that differs; references by the text of the file."""
    by_model = {model: (column, staged) for column, staged, model in run.updated_columns()}
    values = row._mapping
    found = []
    for position, name in enumerate(names):
        old, new = values[f"old_{position}"], values[f"new_{position}"]
        if old == new and not (name in by_model and _will_be_created(by_model[name][0], values)):
            continue
        if name not in by_model:
            label = str(run.target.c[name].info.get("label", name))
            found.append(CellChange(name, label, _plain(old), _plain(new)))
            continue
        column = by_model[name][0]
        label = str(run.sheet.column_label(column))
        if column.reference is not None:
            old_text = _name_of(run, column, old)
            found.append(CellChange(column.field, label, old_text, values[column.field] or ""))
        else:
            held = shown(run.sheet.model, name, old)
            found.append(CellChange(column.field, label, _shown(column, held), _shown(column, new)))
    return tuple(found)


def _will_be_created(column: SheetColumn, values: Any) -> bool:
    return (
        column.reference is not None
        and values[column.field] is not None
        and values[f"{column.field}_id"] is None
    )


def _name_of(run: Comparison, column: SheetColumn, record_id: int | None) -> str:
    assert column.reference is not None
    if record_id is None:
        return ""
    table = column.reference.model.__table__
    row = run.connection.execute(
        select(table.c.code, table.c.name).where(
            table.c.id == record_id, table.c.company_id == run.company_id
        )
    ).first()
    return f"{row.code} {row.name}" if row else ""


def _shown(column: SheetColumn, value: Any) -> str:
    """A stored value as people write it."""
    if value is None:
        return ""
    if column.type is CellType.MONEY:
        return f"{fen_to_yuan(value):,.2f}"
    if column.type is CellType.TENTHS:
        return f"{value / 10:.1f}"
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, LabelledEnum):
        return str(value.label)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Month):
        return value.key
    return str(value)


def _errors(run: Comparison, row_numbers: list[int]) -> dict[int, list[CellError]]:
    table = IMPORT_ERRORS.c
    found: dict[int, list[CellError]] = defaultdict(list)
    for row in run.connection.execute(
        select(IMPORT_ERRORS)
        .where(
            table.company_id == run.company_id,
            table.batch_id == run.batch_id,
            table.row_no.in_(row_numbers),
        )
        .order_by(table.row_no, table.field)
    ):
        found[row.row_no].append(cell_error(run.sheet, row))
    return found


def cell_error(sheet: Sheet, row: Any) -> CellError:
    """A row of the error table in words."""
    columns = sheet.by_field
    label = str(sheet.column_label(columns[row.field])) if row.field in columns else ""
    detail = row.detail
    if row.code == "MISSING_COLUMN":
        names = detail.split(", ")
        detail = ", ".join(str(sheet.column_label(columns[name])) for name in names)
    elif row.code == "UNKNOWN_CHOICE":
        detail = ", ".join(
            str(choice.label) for choice in sheet.choices_of(columns[row.field]) or ()
        )
    return CellError(row.field, label, message(row.code, row.value, detail), row.value)


def error_groups(batch: ImportBatch) -> list[ErrorGroup]:
    """Why rows were rejected: one entry per field and reason, most frequent first."""
    sheet, table = SHEETS[batch.sheet], IMPORT_ERRORS.c
    connection = db.session.connection()
    of_batch = (table.company_id == batch.company_id, table.batch_id == batch.id)
    number = func.count().label("number")
    groups = connection.execute(
        select(table.field, table.code, number)
        .where(*of_batch)
        .group_by(table.field, table.code)
        .order_by(number.desc(), table.field, table.code)
    ).all()
    found = []
    for group in groups:
        first = connection.execute(
            select(IMPORT_ERRORS)
            .where(*of_batch, table.field == group.field, table.code == group.code)
            .order_by(table.row_no)
            .limit(ROWS_NAMED)
        ).all()
        example = cell_error(sheet, first[0])
        assert group.code in MESSAGES
        rows = tuple(row.row_no for row in first)
        found.append(ErrorGroup(group.field, example.label, example.message, group.number, rows))
    return found
