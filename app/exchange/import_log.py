"""The change log of an import, written in its transaction.

Changed records of logged entities: one row each, with old and new values. Created records: the
row's own batch says where it came from; where a table has no batch, each creation is logged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import FromClause, and_, insert, select

from app.exchange.comparison import CHANGED, NEW, Comparison
from app.kernel.actor import current_actor
from app.models import ChangeAction, ChangeLog
from app.security.change_log import entity_name, plain

LOG = ChangeLog.__table__
ROWS_PER_PAGE = 5_000


def log_changes(run: Comparison) -> None:
    """Call it before the rows are updated: it reads old values from them, locking each row."""
    target = run.target_alias()
    values = run.changes(target)
    names = list(values)
    for page in _pages(run, target, CHANGED, run.stage.c.target_id == target.c.id, values):
        rows = []
        for row in page:
            changes = {
                name: [plain(old, name), plain(new, name)]
                for position, name in enumerate(names)
                if (old := row[3 + 2 * position]) != (new := row[4 + 2 * position])
            }
            if changes:
                rows.append(_log_row(run, row.id, row.label, ChangeAction.CHANGED, changes))
        if rows:
            run.connection.execute(insert(LOG), rows)


def log_new_rows(run: Comparison) -> None:
    """One entry per inserted row, with the values that the file brought."""
    target = run.target_alias()
    values = {name: target.c[name] for name in _shown_columns(run) if name in target.c}
    for page in _pages(run, target, NEW, run.same_key(target), values):
        rows = [
            _log_row(
                run,
                row.id,
                row.label,
                ChangeAction.CREATED,
                {
                    name: [None, plain(row[3 + 2 * position], name)]
                    for position, name in enumerate(values)
                    if row[3 + 2 * position] is not None
                },
            )
            for row in page
        ]
        if rows:
            run.connection.execute(insert(LOG), rows)


def log_created(run: Comparison, entity: str, rows: Sequence[Any]) -> None:
    """Entries for records that an import created on the side: rows with id, label and code."""
    run.connection.execute(
        insert(LOG),
        [
            {
                **_log_row(
                    run, row.id, row.label, ChangeAction.CREATED, {"code": [None, row.code]}
                ),
                "entity": entity,
            }
            for row in rows
        ],
    )


def _shown_columns(run: Comparison) -> list[str]:
    names = []
    for column in run.sheet.columns:
        names += list(column.parts) or [column.target]
    return names


def _pages(
    run: Comparison, target: FromClause, outcome: str, join: Any, values: dict[str, Any]
) -> Iterator[Sequence[Any]]:
    """Pages of (row_no, id, label, old, new, old, new …), locked for the update to come."""
    stage = run.stage.c
    pairs = [
        expression
        for position, (name, value) in enumerate(values.items())
        for expression in (
            target.c[name].label(f"old_{position}"),
            value.label(f"new_{position}"),
        )
    ]
    query = (
        select(stage.row_no, target.c.id, _label(run, target).label("label"), *pairs)
        .join_from(run.stage, target, and_(target.c.company_id == stage.company_id, join))
        .where(run.of_batch(outcome))
        .order_by(stage.row_no)
        .limit(ROWS_PER_PAGE)
        .with_for_update(of=target)
    )
    last = 0
    while rows := run.connection.execute(query.where(stage.row_no > last)).all():
        yield rows
        last = rows[-1].row_no


def _label(run: Comparison, target: FromClause) -> Any:
    """What the record calls itself, as its model's text does."""
    stage = run.stage.c
    match run.sheet.key_name:
        case "customers" | "products":
            return target.c.code.concat(" ").concat(target.c.name)
        case "category_products":
            return stage.node.concat(" · ").concat(stage.product)
        case "users":
            return target.c.last_name.concat(target.c.first_name)
        case _:
            return target.c.name


def _log_row(
    run: Comparison,
    record_id: int,
    label: str | None,
    action: ChangeAction,
    changes: dict[str, Any],
) -> dict[str, Any]:
    actor = current_actor()
    return {
        "company_id": run.company_id,
        "at": run.now,
        "user_id": actor.user_id,
        "user_name": actor.name,
        "source": "import",
        "reason": f"#{run.batch_id}",
        "entity": entity_name(run.sheet.model),
        "record_id": record_id,
        "record_label": (label or "")[:200],
        "action": action,
        "changes": changes,
    }
