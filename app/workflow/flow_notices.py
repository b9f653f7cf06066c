"""Who hears of a transition: those who decide when something is submitted, those who wait when it
was decided.

`NEWS` is the rule; the recipients are found by one statement. A submission that was withdrawn or
decided on is no longer news to anybody.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, select, union
from sqlalchemy.orm import Session

from app.jobs.job_notices import administrators_of
from app.kernel.errors import N_
from app.kernel.period import local_today
from app.models import (
    AssignmentKind,
    Department,
    FlowEvent,
    NoticeKind,
    PortalUser,
    Territory,
    TerritoryAssignment,
)
from app.notices.inbox import settle
from app.notices.publish import publish
from app.organisation.assignments import held_on
from app.security.access import holders_of
from app.workflow.machine import (
    APPROVE,
    APPROVE_RESULT,
    RECORDS,
    RETURN,
    RETURN_RESULT,
    SUBMIT,
    SUBMIT_RESULT,
    WITHDRAW,
    WITHDRAW_RESULT,
)

_territory, _department = Territory.__table__, Department.__table__
_user, _held = PortalUser.__table__, TerritoryAssignment.__table__


class Audience(enum.Enum):
    """DECIDERS: market managers of the territory who may decide on it. AUTHORS: who submitted the
    record, and who holds its territory today.
    """

    DECIDERS = "deciders"
    AUTHORS = "authors"


NEWS: Mapping[str, tuple[NoticeKind, Audience]] = {
    SUBMIT: (NoticeKind.PLAN_SUBMITTED, Audience.DECIDERS),
    SUBMIT_RESULT: (NoticeKind.PLAN_SUBMITTED, Audience.DECIDERS),
    RETURN: (NoticeKind.RECORD_RETURNED, Audience.AUTHORS),
    RETURN_RESULT: (NoticeKind.RECORD_RETURNED, Audience.AUTHORS),
    APPROVE: (NoticeKind.RECORD_APPROVED, Audience.AUTHORS),
    APPROVE_RESULT: (NoticeKind.RECORD_APPROVED, Audience.AUTHORS),
}
"""Action → kind of notice and who gets it; nobody hears of what they did themselves."""

SETTLES: frozenset[str] = frozenset(
    {WITHDRAW, WITHDRAW_RESULT, RETURN, RETURN_RESULT, APPROVE, APPROVE_RESULT}
)
"""Actions after which a submission waits no longer."""

RESULT_LABEL = N_("Result of the strategies")

_DESK: Mapping[tuple[str, bool], str] = {
    ("ServicePlan", False): "plan",
    ("ServicePlan", True): "result",
    ("MonthPlan", False): "month",
    ("WeekSummary", False): "week",
    ("MonthSummary", False): "summary",
}
"""Kind of record and whether its result is meant → subject of the approval desk."""

_PAGES: Mapping[str, str] = {
    "ServicePlan": "ServicePlanView.list",
    "MonthPlan": "MonthPlanView.list",
    "WeekSummary": "WeekSummaryView.index",
    "MonthSummary": "MonthSummaryView.index",
}
RESULT_PAGE = "TaskMarkView.list"


def tell(session: Session, record: Any, event: FlowEvent) -> None:
    """Publish what the event means to others. The caller commits."""
    kind, is_result = event.record, event.action.endswith("_result")
    waiting = f"decide:{kind}:{record.id}:{'result' if is_result else 'content'}:"
    if event.action in SETTLES:
        settle(session, _deciders(event), waiting)
    if event.action not in NEWS:
        return
    notice, audience = NEWS[event.action]
    people, key = _deciders(event), f"{waiting}{event.id}"
    endpoint, place = "ApprovalView.index", {"record": f"{_DESK[kind, is_result]}-{record.id}"}
    if audience is Audience.AUTHORS:
        people, key = _authors(record, event), f"flow:{event.id}"
        endpoint, place = _page(record, event, is_result=is_result)
    found = set(session.connection().scalars(people))
    if audience is Audience.DECIDERS and not found:
        # A department without a head must not leave a plan unseen.
        found = set(administrators_of(session, event.company_id))
    publish(
        session,
        notice,
        found - {event.user_id},
        company_id=event.company_id,
        key=key,
        values={
            "record": RESULT_LABEL if is_result else RECORDS[kind].label,
            "territory": record.territory.name,
            "period": _period(record),
            "who": event.user_name,
            "reason": record.return_reason or "",
        },
        endpoint=endpoint,
        endpoint_values=place,
        at=event.at,
    )


def _page(record: Any, event: FlowEvent, *, is_result: bool) -> tuple[str, dict[str, Any]]:
    place: dict[str, Any] = {"q_territory": record.territory_id}
    if event.record == "WeekSummary":
        place["start"] = record.start_date.isoformat()
    elif event.record == "MonthSummary":
        place["month"] = record.month.key
    else:
        place["work_month"] = record.month.key
    return RESULT_PAGE if is_result else _PAGES[event.record], place


def _period(record: Any) -> str:
    return record.start_date.isoformat() if hasattr(record, "start_date") else record.month.key


def _holds_today(user_id: Any, territory_id: int) -> Iterator[ColumnElement[bool]]:
    yield _held.c.territory_id == territory_id
    yield from held_on(local_today())
    if user_id is not None:
        yield _held.c.user_id == user_id


def _deciders(event: FlowEvent) -> Select[Any]:
    """Who heads the department, may decide, and does not hold the territory as primary."""
    own = select(_held.c.id).where(
        *_holds_today(_department.c.manager_id, event.territory_id),
        _held.c.kind == AssignmentKind.PRIMARY,
    )
    return (
        select(_department.c.manager_id)
        .join(_territory, _territory.c.department_id == _department.c.id)
        .where(
            _territory.c.id == event.territory_id,
            _department.c.manager_id.in_(holders_of("can_approve", event.record)),
            ~own.exists(),
        )
    )


def _authors(record: Any, event: FlowEvent) -> Any:
    is_result = event.action.endswith("_result")
    author = record.result_submitted_by if is_result else record.submitted_by
    return union(
        select(_held.c.user_id).where(*_holds_today(None, event.territory_id)),
        select(_user.c.id).where(_user.c.id == author),
    )
