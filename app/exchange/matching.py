"""Compares staged rows with the database: references, repeats, then new, changed or unchanged.

One statement per result, all set-based, the same at the check and again inside the commit.
Outcomes: NEW, CHANGED, UNCHANGED, REJECTED, and REPEATED for rows that a later row replaces.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    cast,
    delete,
    false,
    func,
    literal,
    null,
    or_,
    select,
    update,
)

from app.exchange.comparison import (
    CHANGED,
    NEW,
    REJECTED,
    REPEATED,
    UNCHANGED,
    Comparison,
    code_text,
)
from app.exchange.mapping import missing_fields
from app.exchange.sheet_hooks import HOOKS
from app.exchange.sheet_types import SheetColumn
from app.exchange.stage_tables import IMPORT_ERRORS

FOUND_BY_STATEMENTS = (
    "UNKNOWN_REFERENCE", "REPEATED", "REPEATED_LATER", "MISSING_COLUMN", "EMPTY_NEW",
    "NOT_A_LEAF", "PARENT_HAS_PRODUCTS", "CYCLE", "PARENT_REJECTED", "CONFIRMED", "EDITED",
    "LATE", "NOT_OFFERED", "USERNAME_TAKEN", "EMAIL_TAKEN", "PERIOD",
)  # fmt: skip
"""Reasons that `compare` finds itself, and finds anew when it is repeated."""

Counts = dict[str, int]


def compare(run: Comparison) -> Counts:
    """Set every staged row's references, target and outcome; returns outcome → rows."""
    hooks = HOOKS[run.sheet.key_name]
    _forget(run)
    resolve(run)
    if hooks.prepare:
        hooks.prepare(run)
    _reject_unknown_references(run)
    _mark_repeats(run)
    if hooks.checks:
        hooks.checks(run)
    _classify(run)
    found = _reject_incomplete(run)
    if hooks.late_checks:
        found += hooks.late_checks(run)
    if found:
        run.mark_rejected()
    return counts(run)


def counts(run: Comparison) -> Counts:
    stage = run.stage.c
    rows = run.connection.execute(
        select(stage.outcome, func.count()).where(run.of_batch()).group_by(stage.outcome)
    )
    return {row[0]: row[1] for row in rows}


def _forget(run: Comparison) -> None:
    run.connection.execute(
        delete(IMPORT_ERRORS).where(
            IMPORT_ERRORS.c.company_id == run.company_id,
            IMPORT_ERRORS.c.batch_id == run.batch_id,
            IMPORT_ERRORS.c.code.in_(FOUND_BY_STATEMENTS),
        )
    )


def resolve(run: Comparison) -> None:
    """Find the rows that references mean, and start every outcome afresh."""
    values: dict[str, Any] = {"outcome": "", "target_id": null()}
    for column in run.sheet.columns:
        if column.reference is not None and column.field in run.mapped:
            values[f"{column.field}_id"] = _referred(run, column)
    run.connection.execute(update(run.stage).where(run.of_batch()).values(values))


def _referred(run: Comparison, column: SheetColumn) -> ColumnElement[Any]:
    reference = column.reference
    assert reference is not None
    stage, text = run.stage.c, run.stage.c[column.field]
    table = reference.model.__table__.alias()
    by_code = (
        select(table.c.id)
        .where(table.c.company_id == stage.company_id, table.c.code == text)
        .scalar_subquery()
    )
    if reference.many:
        return by_code
    named = reference.model.__table__.alias()
    by_name = (
        select(func.min(named.c.id))
        .where(named.c.company_id == stage.company_id, named.c.name == text)
        .having(func.count() == 1)
        .scalar_subquery()
    )
    return func.coalesce(by_code, by_name)


def _reject_unknown_references(run: Comparison) -> None:
    may_create = HOOKS[run.sheet.key_name].creates(run)
    for column in run.sheet.columns:
        if column.reference is None or column.field not in run.mapped or column.field in may_create:
            continue
        text, found = run.stage.c[column.field], run.stage.c[f"{column.field}_id"]
        unknown = and_(text.is_not(None), found.is_(None))
        run.add_errors(column.field, "UNKNOWN_REFERENCE", unknown, code_text(text))


def _mark_repeats(run: Comparison) -> None:
    """Rows whose key stands in the file more than once: rejected all, or replaced by the last."""
    stage = run.stage.c
    keys = [run.staged_key(name) for name in run.sheet.key]
    are_given = [key.is_not(None) for key in keys]
    some = (
        select(literal(1))
        .select_from(run.stage)
        .where(run.of_batch(), *are_given)
        .group_by(*keys)
        .having(func.count() > 1)
        .limit(1)
    )
    if run.connection.scalar(some) is None:
        return
    inside = (
        select(
            stage.row_no,
            *(
                function.over(partition_by=keys).label(name)
                for name, function in (
                    ("first_row", func.min(stage.row_no)),
                    ("last_row", func.max(stage.row_no)),
                )
            ),
        )
        .where(run.of_batch(), *are_given)
        .subquery()
    )
    repeated = inside.c.first_row != inside.c.last_row
    if run.options["on_repeat"] == "last":
        replaced = select(inside.c.row_no).where(inside.c.row_no != inside.c.last_row)
        run.connection.execute(
            update(run.stage)
            .where(run.of_batch(), stage.row_no.in_(replaced))
            .values(outcome=REPEATED)
        )
        return
    is_first = inside.c.row_no == inside.c.first_row
    run.insert_errors(
        select(
            literal(run.company_id),
            literal(run.batch_id),
            inside.c.row_no,
            literal(run.sheet.key[-1] if len(run.sheet.key) == 1 else ""),
            case((is_first, "REPEATED_LATER"), else_="REPEATED"),
            literal(""),
            cast(case((is_first, inside.c.last_row), else_=inside.c.first_row), String),
        ).where(repeated)
    )


def _classify(run: Comparison) -> None:
    """New, changed or unchanged by one look at the target row."""
    stage, target = run.stage.c, run.target_alias()
    differences = [
        value.is_distinct_from(target.c[name]) for name, value in run.changes(target).items()
    ]
    changed = or_(*differences) if differences else false()
    judged = select(case((changed, CHANGED), else_=UNCHANGED))
    values: dict[str, Any] = {
        "outcome": case(
            (stage.outcome == REPEATED, REPEATED),
            (or_(stage.readable.is_(False), run.has_errors()), REJECTED),
            else_=func.coalesce(
                judged.select_from(target).where(run.same_key(target)).scalar_subquery(), NEW
            ),
        )
    }
    if "id" in target.c:
        values["target_id"] = select(target.c.id).where(run.same_key(target)).scalar_subquery()
    run.connection.execute(update(run.stage).where(run.of_batch()).values(values))


def _reject_incomplete(run: Comparison) -> int:
    """New rows that lack what a new row needs."""
    stage = run.stage.c
    is_new = stage.outcome == NEW
    found = 0
    unmapped = missing_fields(run.sheet, run.mapped)
    if unmapped:
        found += run.add_errors("", "MISSING_COLUMN", is_new, detail=", ".join(unmapped))
    for column in run.sheet.columns:
        if column.required and column.field in run.mapped and column.field not in run.sheet.key:
            empty = stage[column.stored[0]].is_(None)
            found += run.add_errors(column.field, "EMPTY_NEW", and_(is_new, empty))
    return found
