"""§2.2 step 10 for pages: a week's arrangement, what its days hold, what is missing before it.

A record is found through the session, so within the row scope; the statements then get its own
territory as their scope. The caller commits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.errors import N_, GateClosed, PlanningError, StaleVersion
from app.kernel.period import Month, seven_days, utc_now
from app.kernel.scope import Scope
from app.master.calendar import calendar_overrides
from app.master.rules_calendar import is_workday
from app.models import (
    ItemSource,
    ServicePlan,
    Territory,
    VisitMode,
    VisitStatus,
    WeekArrangement,
    WeekArrangementDay,
)
from app.plan.rules.strategies import details_of
from app.plan.rules.visit_content import ContentGap
from app.plan.statements.visit_content import content_rows
from app.plan.step_10_week_arrangement import line_rows, visit_counts

LONGEST_FOCUS, LONGEST_LINE, LONGEST_NOTE = 1000, 200, 500
LINES_PROPOSED = 2
DAYS_OF_A_WEEK = 7


class WeekOverlaps(PlanningError):
    """Weeks of one territory do not overlap."""

    msgid = N_("This week overlaps with the arrangement that starts on %(day)s.")


class WeekNotReady(GateClosed):
    """§2.2-10: after the approval of the strategies, for days with planned visits."""

    msgid = N_(
        "The week cannot be arranged yet: it needs approved service strategies and planned visits. "
        "What is missing is listed below with the way to it."
    )


@dataclass(frozen=True, slots=True)
class Task:
    """An unfinished strategy of a visit."""

    code: str
    name: str
    name_en: str | None
    content: str
    source: ItemSource

    @property
    def details(self) -> str:
        """The text without the strategy's name, with which generated texts begin."""
        return details_of(self.content, self.name)


@dataclass(slots=True)
class WeekVisit:
    """A planned visit; `gap` tells why it has no content."""

    customer_id: int
    code: str
    name: str
    sequence: int | None
    mode: VisitMode | None
    status: VisitStatus
    gap: ContentGap | None
    tasks: list[Task] = field(default_factory=list)

    @property
    def is_left_out(self) -> bool:
        return self.gap is not None and self.gap.leaves_out


@dataclass(slots=True)
class WeekDay:
    """A day: `visits` in route order with content, `left_out` with reasons.

    `proposed_lines`: the lines most of its visits lie on.
    """

    date: dt.date
    is_workday: bool
    line: str = ""
    note: str = ""
    proposed_lines: list[str] = field(default_factory=list)
    visits: list[WeekVisit] = field(default_factory=list)
    left_out: list[WeekVisit] = field(default_factory=list)

    @property
    def planned(self) -> int:
        return len(self.visits) + len(self.left_out)


@dataclass(frozen=True, slots=True)
class WeekGate:
    """What has to be there first (§2.2-10). `plans`: month → the service plan or None;
    `empty_days`: workdays without a planned visit; `without_mode`: customers left out for that.
    """

    plans: Mapping[Month, ServicePlan | None]
    unapproved: tuple[Month, ...]
    visits: int
    empty_days: tuple[dt.date, ...]
    without_mode: int

    @property
    def is_open(self) -> bool:
        """Whether the week can be arranged: a plan approved and visits planned."""
        return bool(self.visits) and len(self.unapproved) < len(self.plans)


def arrangement_of(session: Session, territory_id: int, start: dt.date) -> WeekArrangement | None:
    found: WeekArrangement | None = session.scalar(
        select(WeekArrangement).where(
            WeekArrangement.territory_id == territory_id, WeekArrangement.start_date == start
        )
    )
    return found


def week_days(
    session: Session, territory: Territory, start: dt.date, record: WeekArrangement | None
) -> list[WeekDay]:
    """The seven days with their visits and content."""
    dates = seven_days(start)
    overrides = calendar_overrides(session, territory.company_id, dates[0], dates[-1])
    days = {day: WeekDay(day, is_workday(day, overrides)) for day in dates}
    scope = Scope(territory.company_id, (territory.id,))
    connection = session.connection()
    visits: dict[tuple[dt.date, int], WeekVisit] = {}
    for row in connection.execute(content_rows(scope, dates)):
        visit = visits.get((row.date, row.customer_id))
        if visit is None:
            gap = ContentGap[row.reason] if row.reason else None
            visit = WeekVisit(
                row.customer_id,
                row.customer_code,
                row.customer_name,
                row.sequence,
                row.visit_mode,
                row.visit_status,
                gap,
            )
            visits[row.date, row.customer_id] = visit
            place = days[row.date]
            (place.left_out if visit.is_left_out else place.visits).append(visit)
        if row.item_id is not None:
            visit.tasks.append(
                Task(
                    row.strategy_code,
                    row.strategy_name,
                    row.strategy_name_en,
                    row.content,
                    row.source,
                )
            )
    for row in connection.execute(line_rows(scope, dates)):
        if len(days[row.date].proposed_lines) < LINES_PROPOSED:
            days[row.date].proposed_lines.append(row.line)
    for entry in record.days if record is not None else ():
        if entry.date in days:
            days[entry.date].line, days[entry.date].note = entry.line or "", entry.note or ""
    return list(days.values())


def gate_of(session: Session, territory: Territory, days: Sequence[WeekDay]) -> WeekGate:
    """What the week still needs before it can be arranged."""
    months = sorted({Month.of(day.date) for day in days})
    found = {
        plan.month: plan
        for plan in session.scalars(
            select(ServicePlan).where(
                ServicePlan.territory_id == territory.id, ServicePlan.month.in_(months)
            )
        )
    }
    plans = {month: found.get(month) for month in months}
    unapproved = tuple(
        month
        for month, plan in plans.items()
        if plan is None or plan.status.name in {"DRAFT", "SUBMITTED"}
    )
    return WeekGate(
        plans,
        unapproved,
        sum(day.planned for day in days),
        tuple(day.date for day in days if day.is_workday and not day.planned),
        sum(visit.gap is ContentGap.NO_VISIT_MODE for day in days for visit in day.left_out),
    )


def save(
    session: Session,
    territory: Territory,
    start: dt.date,
    version: int | None,
    market_focus: str,
    brand_focus: str,
    lines: Mapping[dt.date, tuple[str, str]],
) -> WeekArrangement:
    """Write the focus and the line and remark of each day; `version` None = a new arrangement.

    Errors: `WeekNotReady`, `WeekOverlaps`, `StaleVersion` when somebody saved the week meanwhile.
    """
    record = arrangement_of(session, territory.id, start)
    if not gate_of(session, territory, week_days(session, territory, start, record)).is_open:
        raise WeekNotReady
    if record is None:
        if version is not None:
            raise StaleVersion
        _refuse_overlap(session, territory.id, start)
        record = WeekArrangement(
            company_id=territory.company_id,
            territory_id=territory.id,
            start_date=start,
            end_date=start + dt.timedelta(days=DAYS_OF_A_WEEK - 1),
        )
        session.add(record)
    elif version != record.version:
        raise StaleVersion
    record.market_focus = market_focus.strip()[:LONGEST_FOCUS] or None
    record.brand_focus = brand_focus.strip()[:LONGEST_FOCUS] or None
    record.updated_at = utc_now()  # counts as a change even when only days were changed
    session.flush()
    present = {entry.date: entry for entry in record.days}
    for day in seven_days(start):
        line, note = lines.get(day, ("", ""))
        line, note = line.strip()[:LONGEST_LINE], note.strip()[:LONGEST_NOTE]
        entry = present.get(day)
        if entry is None and (line or note):
            entry = WeekArrangementDay(company_id=record.company_id, date=day)
            record.days.append(entry)
        if entry is not None:
            entry.line, entry.note = line or None, note or None
    session.flush()
    return record


def _refuse_overlap(session: Session, territory_id: int, start: dt.date) -> None:
    reach = dt.timedelta(days=DAYS_OF_A_WEEK)
    near = session.scalar(
        select(WeekArrangement.start_date)
        .where(
            WeekArrangement.territory_id == territory_id,
            WeekArrangement.start_date > start - reach,
            WeekArrangement.start_date < start + reach,
        )
        .limit(1)
    )
    if near is not None:
        raise WeekOverlaps(field="start", day=near.isoformat())


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """A territory's week in the overview."""

    record: WeekArrangement | None
    visits: int
    without_mode: int


def overview(
    session: Session, scope: Scope, territory_ids: Collection[int], starts: Sequence[dt.date]
) -> dict[tuple[int, dt.date], WeekFigures]:
    """(territory, Monday) → arrangement and planned visits of the week."""
    if not starts:
        return {}
    first, last = starts[0], starts[-1] + dt.timedelta(days=DAYS_OF_A_WEEK - 1)
    records = {
        (record.territory_id, start): record
        for record in session.scalars(
            select(WeekArrangement).where(
                WeekArrangement.territory_id.in_(territory_ids),
                WeekArrangement.start_date.between(first, last),
            )
        )
        for start in starts
        if start <= record.start_date < start + dt.timedelta(days=DAYS_OF_A_WEEK)
    }
    visits: dict[tuple[int, dt.date], list[int]] = {}
    for row in session.connection().execute(visit_counts(scope, first, last)):
        monday = row.date - dt.timedelta(days=row.date.weekday())
        sums = visits.setdefault((row.territory_id, monday), [0, 0])
        sums[0] += row.visits
        sums[1] += row.without_mode
    return {
        (place, start): WeekFigures(
            records.get((place, start)), *visits.get((place, start), (0, 0))
        )
        for place in territory_ids
        for start in starts
    }
