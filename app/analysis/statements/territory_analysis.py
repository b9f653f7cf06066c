"""§2.2 steps 5 and 6 — what the brand and the market analysis of a territory have in common:
drafts and their judged lines, judging, completing, reopening, newer data.

`header` and `line` are the tables of the analysis; the key columns of a line are those of its
primary key after company and analysis.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    cast,
    exists,
    literal,
    or_,
    select,
    update,
)

from app.analysis.rules.computation import Computation
from app.analysis.rules.judgement import NO_TARGET, UNDETERMINED, needs_reason
from app.analysis.statements.judgement import kept_judgement
from app.kernel.columns import MonthType
from app.kernel.dialect import upsert
from app.kernel.errors import N_, InvalidTransition, OutOfScope, PlanningError
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import AnalysisStatus, Judgement, Territory

TERRITORY = Territory.__table__
LINE_FIGURES = ("actual_num", "actual_den", "target", "system_status")


class AnalysisCompleted(InvalidTransition):
    """A completed analysis is reopened before it is changed."""

    msgid = N_("The analysis is completed. Reopen it first.")


class PlanSubmitted(InvalidTransition):
    """The month plan that uses the analysis was submitted."""

    msgid = N_("The month plan was submitted; the analysis can no longer be reopened.")


def write_drafts(
    connection: Connection, header: Table, scope: Scope, computation: Computation
) -> None:
    """A draft for every territory in scope; figures of completed ones stay what they are."""
    now = literal(computation.now)
    person = literal(computation.user_id, header.c.computed_by.type)
    columns: dict[str, Any] = {
        "company_id": TERRITORY.c.company_id,
        "territory_id": TERRITORY.c.id,
        "month": literal(computation.month, MonthType()),
        "status": cast(AnalysisStatus.DRAFT.name, header.c.status.type),
        "parameter_version": literal(computation.parameters.number),
        "data_batch_id": literal(computation.data_batch_id, header.c.data_batch_id.type),
        "computed_at": now,
        "computed_by": person,
        "version": literal(1),
        "created_at": now,
        "created_by": person,
        "updated_at": now,
        "updated_by": person,
    }
    fresh = ("parameter_version", "data_batch_id", "computed_at", "computed_by", "updated_at")
    is_draft = header.c.status == AnalysisStatus.DRAFT

    def kept(new: Any) -> Mapping[str, Any]:
        return {
            **{name: header.c[name] for name in columns if name not in fresh},
            **{name: case((is_draft, new[name]), else_=header.c[name]) for name in fresh},
            "version": case((is_draft, header.c.version + 1), else_=header.c.version),
        }

    rows = select(*columns.values()).where(TERRITORY.c.company_id == scope.company_id)
    if scope.territory_ids is not None:
        rows = rows.where(TERRITORY.c.id.in_(scope.territory_ids))
    upsert(
        connection,
        header,
        ("company_id", "territory_id", "month"),
        list(columns),
        rows,
        values=kept,
    )


def drafts(header: Table, scope: Scope, month: Month) -> ColumnElement[bool]:
    """The open analyses of the month in scope."""
    return and_(
        scope.rows(header), header.c.month == month, header.c.status == AnalysisStatus.DRAFT
    )


def write_lines(
    connection: Connection,
    header: Table,
    line: Table,
    scope: Scope,
    month: Month,
    rows: Select[Any],
    keys: Collection[str],
) -> None:
    """Put computed rows into the open analyses: (company_id, territory_id, *keys, actual_num,
    actual_den, target, status, formula_version). A person's judgement stays.
    """
    new = rows.subquery("computed")
    status = cast(new.c.status, line.c.system_status.type)
    columns = {
        "company_id": header.c.company_id,
        "analysis_id": header.c.id,
        **{key: cast(new.c[key], line.c[key].type) for key in keys},
        "actual_num": new.c.actual_num,
        "actual_den": new.c.actual_den,
        "target": new.c.target,
        "system_status": status,
        "final_status": status,
        "formula_version": new.c.formula_version,
    }
    upsert(
        connection,
        line,
        ("company_id", "analysis_id", *keys),
        list(columns),
        select(*columns.values())
        .join(
            new,
            and_(
                new.c.company_id == header.c.company_id,
                new.c.territory_id == header.c.territory_id,
            ),
        )
        .where(drafts(header, scope, month)),
        values=lambda excluded: kept_judgement(line, excluded),
    )


def difference_rows(
    header: Table, line: Table, scope: Scope, month: Month, rows: Select[Any], keys: Collection[str]
) -> Select[Any]:
    """Lines whose figures would change if computed now: (analysis_id, territory_id, status of the
    analysis, *keys, old_… and new_… of actual_num, actual_den, target, system_status).

    For a completed analysis this is the difference to show before it is reopened.
    """
    new = rows.subquery("computed")
    values = {name: new.c["status" if name == "system_status" else name] for name in LINE_FIGURES}
    return (
        select(
            header.c.id.label("analysis_id"),
            header.c.territory_id,
            header.c.status.label("analysis_status"),
            *(line.c[key] for key in keys),
            *(line.c[name].label(f"old_{name}") for name in LINE_FIGURES),
            *(value.label(f"new_{name}") for name, value in values.items()),
        )
        .join(
            line,
            and_(line.c.company_id == header.c.company_id, line.c.analysis_id == header.c.id),
        )
        .join(
            new,
            and_(
                new.c.company_id == header.c.company_id,
                new.c.territory_id == header.c.territory_id,
                *(new.c[key] == line.c[key] for key in keys),
            ),
        )
        .where(
            scope.rows(header),
            header.c.month == month,
            or_(*(line.c[name].is_distinct_from(value) for name, value in values.items())),
        )
    )


def judge_line(
    connection: Connection,
    header: Table,
    line: Table,
    scope: Scope,
    analysis_id: int,
    key: Mapping[str, Any],
    final_status: Judgement,
    reason: str | None,
    reason_id: int | None,
) -> None:
    """Set a line's final status. Errors: `OutOfScope`, `AnalysisCompleted`, `PlanningError`
    without a reason for judging otherwise than the system.
    """
    found = connection.execute(
        select(header.c.status, line.c.system_status)
        .join(
            line,
            and_(line.c.company_id == header.c.company_id, line.c.analysis_id == header.c.id),
        )
        .where(
            scope.rows(header),
            header.c.id == analysis_id,
            *(line.c[name] == value for name, value in key.items()),
        )
    ).one_or_none()
    if found is None:
        raise OutOfScope
    if found.status is not AnalysisStatus.DRAFT:
        raise AnalysisCompleted
    reason = (reason or "").strip() or None
    if needs_reason(found.system_status.name, final_status.name) and reason is None:
        raise PlanningError(
            N_("Say why the judgement differs from the system's."), field="override_reason"
        )
    connection.execute(
        update(line)
        .where(
            scope.company(line),
            line.c.analysis_id == analysis_id,
            *(line.c[name] == value for name, value in key.items()),
        )
        .values(
            final_status=final_status,
            override_reason=reason if final_status is not found.system_status else None,
            reason_id=reason_id,
        )
    )


def complete(
    connection: Connection, header: Table, scope: Scope, analysis_id: int, computation: Computation
) -> None:
    """草稿→已完成. Errors: `OutOfScope`, `InvalidTransition` when it is completed already."""
    _change_status(
        connection,
        header,
        scope,
        analysis_id,
        {
            "status": AnalysisStatus.COMPLETED,
            "completed_at": computation.now,
            "completed_by": computation.user_id,
        },
        AnalysisStatus.DRAFT,
    )


def reopen(
    connection: Connection,
    header: Table,
    scope: Scope,
    analysis_id: int,
    *,
    is_plan_submitted: bool,
) -> None:
    """已完成→草稿, until the month plan was submitted (step 8 tells). Errors: `OutOfScope`,
    `PlanSubmitted`, `InvalidTransition` when it is open already.
    """
    if is_plan_submitted:
        raise PlanSubmitted
    _change_status(
        connection,
        header,
        scope,
        analysis_id,
        {"status": AnalysisStatus.DRAFT, "completed_at": None, "completed_by": None},
        AnalysisStatus.COMPLETED,
    )


def _change_status(
    connection: Connection,
    header: Table,
    scope: Scope,
    analysis_id: int,
    values: Mapping[str, Any],
    present: AnalysisStatus,
) -> None:
    own = and_(scope.rows(header), header.c.id == analysis_id)
    changed = connection.execute(
        update(header)
        .where(own, header.c.status == present)
        .values(**values, version=header.c.version + 1)
    ).rowcount
    if not changed:
        is_there = connection.execute(select(exists().where(own))).scalar_one()
        raise InvalidTransition if is_there else OutOfScope


def is_judged(line: Table) -> ColumnElement[bool]:
    """Lines that say something: with a target and a defined figure."""
    return line.c.system_status.not_in([Judgement[NO_TARGET], Judgement[UNDETERMINED]])
