"""What the step board reads: seven statements for all territories and steps of a work month.

Needs and marks are counted by the statements of their own steps' pages, the rest by
`statements.board_counts` and `statements.board_records`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.analysis.newer_data import newest_inputs
from app.analysis.rules.newer_inputs import Inputs, Made, changes
from app.analysis.step_01_direct_needs import progress_rows
from app.execution.step_12_task_marks import mark_progress
from app.kernel.period import Month, work_weeks
from app.kernel.scope import Scope
from app.master.calendar import calendar_overrides
from app.workflow.rules_board_facts import (
    AnalysisRecord,
    BoardPeriod,
    FlowRecord,
    StateRecord,
    TerritoryRecords,
)
from app.workflow.rules_due import arranged, calendar_span, week_start
from app.workflow.statements import board_records as kinds
from app.workflow.statements.board_counts import place_rows, visit_rows
from app.workflow.statements.board_records import record_rows


@dataclass(frozen=True, slots=True)
class BoardData:
    """`records`: by territory; `batch_id`: the newest sales import; `overrides`: work calendar."""

    period: BoardPeriod
    overrides: Mapping[dt.date, bool]
    batch_id: int | None
    places: Sequence[Any]
    records: Mapping[int, TerritoryRecords]


def read_board(session: Session, scope: Scope, month: Month, today: dt.date) -> BoardData:
    """Everything about the territories in scope."""
    connection = session.connection()
    overrides = calendar_overrides(session, scope.company_id, *calendar_span(month))
    weeks = tuple(work_weeks(month))
    period = BoardPeriod(
        month,
        today,
        weeks,
        {week: week_start(week, overrides) for week in arranged(month, overrides)},
    )
    newest = newest_inputs(connection, scope.company_id, month.previous)
    places = connection.execute(place_rows(scope, month)).all()
    found = {
        row.id: TerritoryRecords(
            watched=row.watched,
            targeted=row.targeted,
            targets=row.targets,
            listed=row.listed,
            next_first_visit=row.next_first_visit,
        )
        for row in places
    }
    if found:
        _read_needs(connection, scope, month, found)
        _read_visits(connection, scope, period, found)
        _read_marks(connection, scope, month, found)
        _read_records(connection, scope, period, newest, found)
    return BoardData(period, overrides, newest.batch_id, places, found)


Found = Mapping[int, TerritoryRecords]


def _read_needs(connection: Connection, scope: Scope, month: Month, found: Found) -> None:
    for row in connection.execute(progress_rows(scope, month)):
        if place := found.get(row.territory_id):
            place.customers, place.confirmed = row.customers, row.confirmed


def _read_visits(connection: Connection, scope: Scope, period: BoardPeriod, found: Found) -> None:
    for row in connection.execute(visit_rows(scope, period.month, period.weeks, period.today)):
        if place := found.get(row.territory_id):
            place.planned_customers = row.customers
            place.visits_due, place.visits_recorded = row.due, row.recorded
            place.visits_open_since, place.first_visit = row.open_since, row.first_visit
            place.week_visits = [row._mapping[f"week_{i}"] for i in range(len(period.weeks))]


def _read_marks(connection: Connection, scope: Scope, month: Month, found: Found) -> None:
    for row in connection.execute(mark_progress(scope, month)):
        if place := found.get(row.territory_id):
            place.items, place.items_marked = row.planned, row.done + row.explained


def _read_records(
    connection: Connection, scope: Scope, period: BoardPeriod, newest: Inputs, found: Found
) -> None:
    month = period.month
    first, last = period.weeks[0].monday, period.weeks[-1].sunday
    around = {Month.of(first), Month.of(last)}
    for row in connection.execute(record_rows(scope, month, around, first, last)):
        if place := found.get(row.territory_id):
            _add_record(place, row, newest)


def _add_record(place: TerritoryRecords, row: Any, newest: Inputs) -> None:
    match row.kind:
        case kinds.STATE:
            place.state = StateRecord(
                row.status,
                row.customers,
                row.new_customers,
                row.scored_customers,
                row.batch_id,
                row.made_at,
            )
        case kinds.SERVICE_PLAN:
            place.service_plans[row.month] = _flow_record(row)
        case kinds.MONTH_PLAN:
            place.month_plan = _flow_record(row)
        case kinds.BRAND_ANALYSIS:
            place.brand = _analysis(row, newest, has_calendar=False)
        case kinds.MARKET_ANALYSIS:
            place.market = _analysis(row, newest, has_calendar=True)
        case kinds.WEEK_ARRANGEMENT:
            place.arranged.append(row.day)
        case kinds.WEEK_SUMMARY:
            place.week_summaries.append(_flow_record(row))
        case kinds.MONTH_SUMMARY:
            place.month_summary = _flow_record(row)


def _flow_record(row: Any) -> FlowRecord:
    return FlowRecord(
        row.status,
        bool(row.is_returned),
        bool(row.is_outdated),
        row.made_at,
        row.batch_id,
        row.day,
    )


def _analysis(row: Any, newest: Inputs, *, has_calendar: bool) -> AnalysisRecord:
    made = Made(row.batch_id, row.parameter_version, row.made_at, row.inputs_at)
    return AnalysisRecord(row.status, changes(made, newest, has_calendar=has_calendar))
