"""Writes a compared batch: insert what is new, log and update what changed. The caller commits.

Set-based: one INSERT … SELECT, sorted by the target's key, and one UPDATE … FROM.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    and_,
    func,
    insert,
    literal,
    select,
    update,
)

from app.exchange.comparison import CHANGED, NEW, Comparison
from app.exchange.import_log import log_changes, log_new_rows
from app.exchange.sheet_hooks import HOOKS
from app.kernel.dialect import refresh_statistics
from app.models import Company, Customer

CUSTOMER = Customer.__table__
MANY_ROWS = 2_000
"""From here on PostgreSQL's planner is told about the new rows at once."""


def lock_company(run: Comparison) -> None:
    """One import per company at a time writes; a second one waits here. SQLite: it waits anyway."""
    run.connection.execute(
        select(Company.__table__.c.id)
        .where(Company.__table__.c.id == run.company_id)
        .with_for_update(key_share=True)
    )


def write(run: Comparison, outcomes: dict[str, int]) -> None:
    """`outcomes` as `compare` returned them in this transaction."""
    hooks = HOOKS[run.sheet.key_name]
    run = replace(run, writes=outcomes.get(NEW, 0) + outcomes.get(CHANGED, 0))
    if not outcomes.get(NEW) and not outcomes.get(CHANGED):
        return
    if hooks.before_write:
        hooks.before_write(run)
    if outcomes.get(NEW):
        _insert(run)
    if hooks.after_insert:
        hooks.after_insert(run)
    if outcomes.get(NEW) and run.sheet.logged and "batch_id" not in run.target.c:
        log_new_rows(run)
    if outcomes.get(CHANGED):
        if run.sheet.logged:
            log_changes(run)
        _update(run)
    if hooks.after_write:
        hooks.after_write(run)
    if run.writes >= MANY_ROWS:
        refresh_statistics(run.connection, run.target)


def _insert(run: Comparison) -> None:
    values = new_row(run)
    query: Select[Any] = select(*(value.label(name) for name, value in values.items()))
    query = query.select_from(_source(run)).where(run.of_batch(NEW))
    query = query.order_by(*_sorted_by(run))
    run.connection.execute(
        insert(run.target).from_select(list(values), query, include_defaults=False)
    )


def _source(run: Comparison) -> FromClause:
    """The staging table, with the customer where a sheet inherits from it."""
    if not run.sheet.inherits:
        return run.stage
    stage = run.stage.c
    return run.stage.join(
        CUSTOMER,
        and_(CUSTOMER.c.company_id == stage.company_id, CUSTOMER.c.id == stage.customer_id),
    )


def _sorted_by(run: Comparison) -> list[ColumnElement[Any]]:
    """Rows go in by the primary key where it is natural, else in the order of the file."""
    if "id" in run.target.c:
        return [run.stage.c.row_no]
    return [run.staged_key(name) for name in run.sheet.key]


def new_row(run: Comparison) -> dict[str, ColumnElement[Any]]:
    """Model column → expression for every column that a new row sets."""
    stage, target = run.stage.c, run.target.c
    values: dict[str, ColumnElement[Any]] = {"company_id": stage.company_id}
    for column in run.sheet.columns:
        staged = column.parts or ((f"{column.field}_id" if column.reference else column.field),)
        for name in staged:
            model = name if column.parts else column.target
            if model not in target:
                continue
            given = stage[name] if column.field in {*run.mapped, *run.sheet.key} else None
            fallback = _fallback(run, column.field, column.default, target[model])
            if given is not None and fallback is not None:
                values[model] = func.coalesce(given, fallback, type_=target[model].type)
            elif (chosen := fallback if given is None else given) is not None:
                values.setdefault(model, chosen)
    if run.sheet.spelled:
        values["search_words"] = stage.search_words
    values |= _defaults(run, values)
    hook = HOOKS[run.sheet.key_name].new_values
    return {**values, **hook(run)} if hook else values


def _fallback(
    run: Comparison, name: str, default: Any, model_column: ColumnElement[Any]
) -> ColumnElement[Any] | None:
    if name in run.sheet.inherits:
        inherited: ColumnElement[Any] = CUSTOMER.c[run.sheet.inherits[name]]
        return inherited
    return None if default is None else literal(default, model_column.type)


def _defaults(run: Comparison, values: dict[str, Any]) -> dict[str, ColumnElement[Any]]:
    """Book-keeping, the batch, and the model's own plain defaults."""
    table: Table = run.target
    found: dict[str, ColumnElement[Any]] = {}
    fixed = {
        "created_at": run.now,
        "updated_at": run.now,
        "created_by": run.user_id,
        "updated_by": run.user_id,
        "batch_id": run.batch_id,
    }
    for column in table.c:
        if column.name in values:
            continue
        if column.name in fixed:
            found[column.name] = literal(fixed[column.name], column.type)
        elif column.default is not None and column.default.is_scalar:
            found[column.name] = literal(column.default.arg, column.type)  # type: ignore[attr-defined]
    return found


def _update(run: Comparison) -> None:
    stage, target = run.stage.c, run.target
    values: dict[str, Any] = run.changes(target)
    if run.sheet.spelled and "name" in run.mapped:
        # Not one of the changes: nobody compares or logs it.
        values["search_words"] = func.coalesce(stage.search_words, target.c.search_words)
    kept = {
        "updated_at": run.now,
        "updated_by": run.user_id,
        "changed_on": run.now,
        "changed_by_fk": run.user_id,
        "batch_id": run.batch_id,
    }
    values |= {name: value for name, value in kept.items() if name in target.c}
    if "version" in target.c:
        values["version"] = target.c.version + 1
    same = run.same_key(target)
    if "id" in target.c:
        same = and_(target.c.company_id == stage.company_id, target.c.id == stage.target_id)
    run.connection.execute(
        update(target)
        .where(same, target.c.company_id == run.company_id, run.of_batch(CHANGED))
        .values(values)
    )
