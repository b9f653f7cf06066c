"""What the importer's statements have in common: one batch of one sheet, and its expressions.

Every statement joins and filters on the company; see docs/import.md for the order they run in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from app.exchange.sheet_types import OnUpdate, Sheet, SheetColumn
from app.exchange.stage_tables import IMPORT_ERRORS, STAGE_TABLES
from app.kernel.period import local_today, utc_now

NEW, CHANGED, UNCHANGED, REJECTED = "NEW", "CHANGED", "UNCHANGED", "REJECTED"
REPEATED = "REPEATED"
"""An earlier row of a key that stands in the file again, when the last one counts."""


@dataclass(frozen=True)
class Comparison:
    """`mapped`: the fields the file fills. `today` and `now` are fixed for the whole run.

    `writes`: how many rows will be written, once that is known.
    """

    connection: Connection
    sheet: Sheet
    company_id: int
    batch_id: int
    mapped: frozenset[str]
    options: Mapping[str, Any]
    user_id: int | None = None
    today: dt.date = field(default_factory=local_today)
    now: dt.datetime = field(default_factory=utc_now)
    writes: int = 0

    @property
    def stage(self) -> Table:
        return STAGE_TABLES[self.sheet.key_name]

    @property
    def target(self) -> Table:
        table: Table = self.sheet.model.__table__
        return table

    def of_batch(self, *outcomes: str) -> ColumnElement[bool]:
        """Rows of this batch, with one of the outcomes if any are named."""
        stage = self.stage.c
        condition = and_(stage.company_id == self.company_id, stage.batch_id == self.batch_id)
        return and_(condition, stage.outcome.in_(outcomes)) if outcomes else condition

    def staged_key(self, name: str) -> ColumnElement[Any]:
        """The staging column that holds a key field: the id for references."""
        column = self.sheet.by_field[name]
        return self.stage.c[f"{name}_id" if column.reference else name]

    def same_key(self, target: FromClause) -> ColumnElement[bool]:
        """The target row that a staged row names."""
        stage = self.stage.c
        conditions = [target.c.company_id == stage.company_id]
        if "questionnaire_id" in self.sheet.workings:
            conditions.append(target.c.questionnaire_id == stage.questionnaire_id)
        for name in self.sheet.key:
            model_column = self.sheet.model_column(self.sheet.by_field[name])
            if model_column is not None:
                conditions.append(target.c[model_column.name] == self.staged_key(name))
        return and_(*conditions)

    def updated_columns(self) -> list[tuple[SheetColumn, str, str]]:
        """(sheet column, staging column, model column) of all that an update may write."""
        found = []
        for column in self.sheet.columns:
            if (
                column.field not in self.mapped
                or column.field in self.sheet.key
                or column.on_update is OnUpdate.KEEP
            ):
                continue
            if column.parts:
                names = [(part, part) for part in column.parts]
            elif column.reference is not None:
                names = [(f"{column.field}_id", column.target)]
            else:
                names = [(column.field, column.target)]
            found += [(column, staged, model) for staged, model in names if model in self.target.c]
        return found

    def updated_value(
        self, column: SheetColumn, staged: str, model: str, target: FromClause
    ) -> Any:
        """What the target's column will hold after the import, as an expression."""
        old, new = target.c[model], self.stage.c[staged]
        if column.on_update is OnUpdate.FILL:
            return func.coalesce(old, new, type_=old.type)
        if self.options["empty_cells"] == "clear" and self.target.c[model].nullable:
            return new
        return func.coalesce(new, old, type_=old.type)

    def changes(self, target: FromClause) -> dict[str, Any]:
        """Model column → expression of its value after the import, hooks included."""
        from app.exchange.sheet_hooks import HOOKS

        values = {
            model: self.updated_value(column, staged, model, target)
            for column, staged, model in self.updated_columns()
        }
        hook = HOOKS[self.sheet.key_name].changed_values
        return {**values, **hook(self, target, values)} if hook else values

    def add_errors(
        self,
        name: str,
        code: str,
        condition: ColumnElement[bool],
        value: Any = "",
        detail: Any = "",
    ) -> int:
        """Reject the staged rows that meet `condition`; returns how many."""
        stage = self.stage.c
        rows: Select[Any] = select(
            stage.company_id,
            stage.batch_id,
            stage.row_no,
            literal(name),
            literal(code),
            value if isinstance(value, ColumnElement) else literal(value),
            detail if isinstance(detail, ColumnElement) else literal(detail),
        ).where(self.of_batch(), condition)
        return self.insert_errors(rows)

    def insert_errors(self, rows: Select[Any]) -> int:
        """Add error rows that a statement selects in the order of the table's columns."""
        names = [column.name for column in IMPORT_ERRORS.c]
        result = self.connection.execute(
            insert(IMPORT_ERRORS).from_select(names, rows, include_defaults=False),
            execution_options={"preserve_rowcount": True},
        )
        return max(0, result.rowcount)

    def has_errors(self) -> ColumnElement[bool]:
        """Whether a staged row has a reason to be rejected."""
        stage = self.stage.c
        return exists().where(
            IMPORT_ERRORS.c.company_id == stage.company_id,
            IMPORT_ERRORS.c.batch_id == stage.batch_id,
            IMPORT_ERRORS.c.row_no == stage.row_no,
        )

    def mark_rejected(self) -> None:
        """Rows that were to be written and have got a reason since are not."""
        self.connection.execute(
            update(self.stage)
            .where(self.of_batch(NEW, CHANGED), self.has_errors())
            .values(outcome=REJECTED)
        )

    def target_alias(self) -> FromClause:
        return self.target.alias("target")


def code_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """A staged text as shown in an error."""
    return func.coalesce(func.substr(column, 1, 200), "")
