"""The step board of the demo company says what the pages of the steps say, on both databases."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.analysis import brand_targets, direct_needs, state_overview
from app.analysis.newer_data import changes_since
from app.analysis.territory_analyses import BRAND, MARKET, analysis_of
from app.analysis.work_area import WorkArea
from app.evaluation import week_summaries
from app.execution import task_marks, visit_days
from app.improvement import month_summaries
from app.kernel.db import db, read_only
from app.kernel.period import Month, local_today, utc_now, work_weeks
from app.kernel.scope import Scope
from app.models import (
    AnalysisStatus,
    BatchState,
    BrandTarget,
    Company,
    Customer,
    CustomerStatus,
    FocusProduct,
    ImportBatch,
    MonthPlan,
    MonthPlanStatus,
    StateStatus,
    Territory,
    VisitPlan,
    VisitStatus,
)
from app.plan import month_plan_figures, plan_overview, week_arrangements
from app.security.row_scope import UNRESTRICTED, scoped_to
from app.workflow.board import Board, Cell, step_board
from app.workflow.rules_board import StepState
from tests.conftest import AppFactory

pytestmark = pytest.mark.sql

TODAY = local_today()
MONTH = Month.of(TODAY)
MONTHS = (MONTH.previous, MONTH, MONTH.next)
MOST_STATEMENTS = 7
BLOCKED = StepState.NOT_READY


@pytest.fixture
def demo(app_factory: AppFactory, demo_url: str) -> Flask:
    return app_factory(demo_url)


@contextmanager
def reading(demo: Flask) -> Iterator[tuple[Session, list[Territory]]]:
    with demo.app_context(), scoped_to(UNRESTRICTED), read_only():
        session = db.session()
        yield session, list(session.scalars(select(Territory).order_by(Territory.code)))


def board_of(session: Session, territory: Territory, month: Month) -> dict[int, Cell]:
    board = step_board(session, Scope.of(territory.company_id, [territory.id]), month, TODAY)
    assert [place.id for place in board.places] == [territory.id]
    return {cell.step.number: cell for cell in board.row(board.places[0])}


def test_the_board_agrees_with_every_page(demo: Flask):
    with reading(demo) as (session, territories):
        seen = set()
        for month in MONTHS:
            # A month that has not begun is the same everywhere.
            for territory in territories[:1] if month > MONTH else territories:
                cells = board_of(session, territory, month)
                area = WorkArea(month, (territory,), territory)
                for check in CHECKS:
                    check(session, area, cells)
                seen |= {cell.state for cell in cells.values()}
        assert set(StepState) - {StepState.STALE} <= seen


def test_newer_sales_outdate_what_their_pages_say_is_outdated(demo: Flask):
    with demo.app_context(), scoped_to(UNRESTRICTED):
        company_id = db.session.scalar(select(Company.id).where(Company.code == "YUNHE"))
        db.session.add(
            ImportBatch(
                company_id=company_id,
                sheet="sales_lines",
                file_name="newer.csv",
                file_sha256="",
                stored_as="",
                state=BatchState.COMMITTED,
                committed_at=utc_now(),
                rows_new=1,
            )
        )
        db.session.commit()
    with reading(demo) as (session, territories):
        stale = set()
        for territory in territories:
            cells = board_of(session, territory, MONTH)
            for check in (states, analyses, plans, summaries):
                check(session, WorkArea(MONTH, (territory,), territory), cells)
            stale |= {number for number, cell in cells.items() if cell.state is StepState.STALE}
        assert {2, 5, 6} <= stale
        assert 7 not in stale


def counts(cell: Cell) -> tuple[int, int]:
    return cell.done, cell.total


def needs(session: Session, area: WorkArea, cells: dict[int, Cell]) -> None:
    (page,) = direct_needs.progress(session, area)
    assert counts(cells[1]) == (page.confirmed, page.customers)


def states(session: Session, area: WorkArea, cells: dict[int, Cell]) -> None:
    (page,) = state_overview.progress_by_territory(session, area)
    cell = cells[2]
    if page.run is None:
        assert counts(cell) == (0, page.active)
    else:
        assert counts(cell) == (page.new + page.scored, page.computed)
    is_newer = not page.is_generated and state_overview.has_newer_sales(session, [page])
    assert (cell.state is StepState.STALE) == (page.status is StateStatus.STALE or is_newer)
    assert (cell.state is StepState.DONE) == (page.status is StateStatus.GENERATED)


def targets(session: Session, area: WorkArea, cells: dict[int, Cell]) -> None:
    place, month = area.shown[0], area.month
    watched = set(
        session.scalars(
            select(FocusProduct.product_id).where(
                FocusProduct.department_id == place.department_id,
                FocusProduct.from_month <= month,
                FocusProduct.to_month >= month,
            )
        )
    )
    rows = session.scalars(
        select(BrandTarget).where(
            BrandTarget.territory_id == place.id,
            BrandTarget.from_month <= month,
            BrandTarget.to_month >= month,
        )
    ).all()
    sizes = brand_targets.list_sizes(session, [row.id for row in rows])
    assert counts(cells[3]) == (len(watched & {row.product_id for row in rows}), len(watched))
    assert (cells[3].state is BLOCKED) == (not watched)
    assert counts(cells[4]) == (len(sizes), len(rows))
    assert (cells[4].state is BLOCKED) == (not rows)


def analyses(session: Session, area: WorkArea, cells: dict[int, Cell]) -> None:
    place, month = area.shown[0], area.month
    plan = session.scalar(
        select(MonthPlan).where(MonthPlan.territory_id == place.id, MonthPlan.month == month)
    )
    for steps, number in ((BRAND, 5), (MARKET, 6)):
        analysis = analysis_of(session, steps, place.id, month.previous)
        state = cells[number].state
        if analysis is None:
            assert state is StepState.READY
            continue
        is_completed = analysis.status is AnalysisStatus.COMPLETED
        is_used = is_completed and plan is not None and plan.status is not MonthPlanStatus.DRAFT
        if changes_since(session, steps, analysis) and not is_used:
            assert state is StepState.STALE
        else:
            assert state is (StepState.DONE if is_completed else StepState.IN_PROGRESS)
        assert cells[number].done == is_completed


RECORD_STATES = {
    "SUBMITTED": {StepState.SUBMITTED},
    "APPROVED": {StepState.APPROVED},
    "RESULT_SUBMITTED": {StepState.APPROVED},
    "RESULT_APPROVED": {StepState.APPROVED},
    "DRAFT": {StepState.IN_PROGRESS, StepState.RETURNED, StepState.STALE, BLOCKED},
}


def plans(session: Session, area: WorkArea, cells: dict[int, Cell]) -> None:
    (service,) = plan_overview.plan_figures(session, area)
    (monthly,) = month_plan_figures.plan_figures(session, area)
    for number, page, is_open in (
        (7, service.plan, service.is_state_ready),
        (8, monthly.plan, monthly.is_open),
    ):
        state = cells[number].state
        if page is None:
            assert state is (StepState.READY if is_open else BLOCKED)
        elif page.status.name == "SUBMITTED" and getattr(page, "is_outdated", False):
            assert state is StepState.STALE
        else:
            assert state in RECORD_STATES[page.status.name]
            assert (state is BLOCKED) == (page.status.name == "DRAFT" and not is_open)
            if page.status.name == "DRAFT" and is_open:
                assert (state is StepState.RETURNED) == (page.return_reason is not None)


def visits(session: Session, area: WorkArea, cells: dict[int, Cell]) -> None:
    place = area.shown[0]
    rows = session.scalars(
        select(VisitPlan).where(
            VisitPlan.territory_id == place.id,
            VisitPlan.month == area.month,
            VisitPlan.status != VisitStatus.CANCELLED,
        )
    ).all()
    valid = set(
        session.scalars(
            select(Customer.id).where(
                Customer.territory_id == place.id, Customer.status == CustomerStatus.ACTIVE
            )
        )
    )
    due = [row for row in rows if row.date <= TODAY]
    waiting = [row.date for row in due if row.status is VisitStatus.PLANNED]
    assert counts(cells[9]) == (len({row.customer_id for row in rows} & valid), len(valid))
    assert counts(cells[11]) == (len(due) - len(waiting), len(due))
    weeks = work_weeks(area.month)
    days = visit_days.territory_days(session, area, weeks[0].monday, weeks[-1].sunday)
    recorded = sum(day.done + day.missed for day in days if day.date <= TODAY)
    assert counts(cells[11]) == (recorded, sum(day.planned for day in days if day.date <= TODAY))
    is_late = any(day < TODAY for day in waiting)
    if cells[11].state is not BLOCKED:
        assert cells[11].is_overdue == is_late
        assert cells[11].link.values.get("day") == (min(waiting).isoformat() if is_late else None)


def weeks(session: Session, area: WorkArea, cells: dict[int, Cell]) -> None:
    """Step 10 is not ready when its page refuses every week of the month."""
    place, open_weeks, arranged = area.shown[0], 0, 0
    for week in work_weeks(area.month):
        record = week_arrangements.arrangement_of(session, place.id, week.monday)
        days = week_arrangements.week_days(session, place, week.monday, record)
        open_weeks += week_arrangements.gate_of(session, place, days).is_open
        arranged += record is not None
    cell = cells[10]
    assert counts(cell)[0] == arranged
    assert (cell.state is BLOCKED) == (not open_weeks and arranged < cell.total)
    assert (cells[11].state is BLOCKED) == (
        not open_weeks and cells[11].state is not StepState.DONE
    )


def marks(session: Session, area: WorkArea, cells: dict[int, Cell]) -> None:
    found = task_marks.progress_of(session, area)
    cell = cells[12]
    if not found or found[0].status.name in ("DRAFT", "SUBMITTED"):
        assert cell.state is BLOCKED
        return
    (page,) = found
    assert counts(cell) == (page.done + page.explained, page.planned)
    wanted = {"RESULT_SUBMITTED": StepState.SUBMITTED, "RESULT_APPROVED": StepState.APPROVED}
    if page.status.name in wanted:
        assert cell.state is wanted[page.status.name]


def summaries(session: Session, area: WorkArea, cells: dict[int, Cell]) -> None:
    place = area.shown[0]
    starts, found = week_summaries.month_overview(session, [place.id], area.month)
    past = [start for start in starts if start + dt.timedelta(6) < TODAY]
    rows = {start: found[place.id, start].summary for start in starts if (place.id, start) in found}
    sent = [start for start in past if start in rows and rows[start].status.name == "SUBMITTED"]
    assert counts(cells[13]) == (len(sent), len(past))
    drafts = [row for row in rows.values() if row.status.name == "DRAFT"]
    is_returned = any(row.return_reason for row in drafts)
    assert (cells[13].state is StepState.RETURNED) == is_returned
    is_newer = any(week_summaries.is_outdated(session, row) for row in drafts)
    assert (cells[13].state is StepState.STALE) == (is_newer and not is_returned)
    summary = month_summaries.summary_of(session, place.id, area.month)
    is_sent = summary is not None and summary.status.name == "SUBMITTED"
    assert (cells[14].state is StepState.DONE) == is_sent


CHECKS = (needs, states, targets, analyses, plans, visits, weeks, marks, summaries)


def watched(session: Session) -> list[str]:
    statements: list[str] = []
    event.listen(
        session.get_bind(),
        "before_cursor_execute",
        lambda _c, _cursor, text, *_rest: statements.append(text),
    )
    return statements


def test_a_company_s_board_adds_up_and_stays_within_its_scope(demo: Flask):
    with reading(demo) as (session, territories):
        company_id = session.scalar(select(Company.id).where(Company.code == "YUNHE"))
        own = [territory for territory in territories if territory.company_id == company_id]
        statements = watched(session)
        board = step_board(session, Scope(company_id), MONTH, TODAY)
        assert 0 < len(statements) <= MOST_STATEMENTS
        assert [place.id for place in board.places] == [territory.id for territory in own]
        for territory in own:
            alone = board_of(session, territory, MONTH)
            assert {cell.step.number: cell for cell in board.row(_place(board, territory))} == alone
        for number, together in board.sums.items():
            cells = [board.cells[territory.id, number] for territory in own]
            assert counts(together) == tuple(map(sum, zip(*map(counts, cells), strict=True)))
            assert together.is_finished == all(cell.is_finished for cell in cells)
            assert together.overdue == sum(cell.is_overdue for cell in cells)
            assert together.places == len(own)
        assert board.next_step is not None
        assert sum(stage.done for stage in board.stages) == board.done
        none = step_board(session, Scope(company_id, ()), MONTH, TODAY)
        assert (none.places, none.sums, none.next_step) == ([], {}, None)


def _place(board: Board, territory: Territory):
    return next(place for place in board.places if place.id == territory.id)
