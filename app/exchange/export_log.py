"""Exports of personal data stand in the change log: who, which list, how many rows, which filters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from app.kernel.actor import current_actor
from app.kernel.list_columns import mapped_column
from app.models import ChangeAction, ChangeLog, ExportFile
from app.security.change_log import entity_name
from app.security.personal_data import may_see, personal, without_numbers


def personal_columns(model: type[Any], names: Iterable[str]) -> dict[str, list[str]]:
    """Which of a workbook's columns hold personal data, as the present person gets them.

    "in_full" and "masked" → names like "Customer.phone"; a kind without columns is left out.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        column = mapped_column(model, name)
        declared = personal(column)
        if column is None or declared is None:
            continue
        entity = next(
            entity_name(mapper.class_)
            for mapper in model.registry.mappers
            if mapper.local_table is column.table
        )
        kind = "in_full" if may_see(declared) else "masked"
        found.setdefault(kind, []).append(f"{entity}.{column.name}")
    return found


def log_personal(session: Session, record: ExportFile, columns: dict[str, list[str]]) -> None:
    """Log an export that holds personal data; `record` is in the session. The caller commits."""
    if not columns:
        return
    session.flush()
    actor = current_actor()
    told = {
        "rows_written": record.rows_written,
        "filter_text": without_numbers(record.filter_text or ""),
        **columns,
    }
    session.add(
        ChangeLog(
            company_id=record.company_id,
            user_id=actor.user_id,
            user_name=actor.name,
            source=actor.source,
            reason=actor.reason,
            entity=ExportFile.__name__,
            record_id=record.id,
            record_label=record.title,
            action=ChangeAction.EXPORTED,
            changes={name: [None, value] for name, value in told.items() if value != ""},
        )
    )
