"""Which cards a person's home page has: read for the roles held, nothing more."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from flask import g
from sqlalchemy.orm import Session

from app.home import desk_rows as rows
from app.home import master_counts as counts
from app.home.anomalies import Anomaly, anomalies, problem_customers
from app.home.brands import BrandAnomaly, KeyChange, brand_anomalies, key_changes
from app.home.department import (
    PlaceRow,
    Question,
    department_figures,
    place_rows,
    questions,
)
from app.home.desk import Desk, read_desk, statement_scope
from app.home.key_figures import KeyFigure, month_figures
from app.home.master_work import import_work, product_work, territory_work
from app.home.month_work import (
    approval_work,
    customer_work,
    follow_up_work,
    next_step,
    overdue_steps,
    step_work,
    visit_work,
)
from app.home.readiness import Readiness, readiness
from app.home.whole_month import organisation_figures, whole_month_figures
from app.home.work import ToDo, Work, in_order
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.portal_context import can
from app.security.identity import has_role
from app.security.permissions import RoleName
from app.workflow.approvals import Subject, decidable
from app.workflow.board import Board, Cell, step_board
from app.workflow.flow_bar import person_of

STATEMENTS_KEPT = 256
ANALYSES = (5, 6)
"""The steps that judge figures."""


@dataclass
class Cards:
    """What the template shows; an empty card is not shown."""

    work: list[Work] = field(default_factory=list)
    figures: list[KeyFigure] = field(default_factory=list)
    board: Board | None = None
    is_overview: bool = False
    desk: Desk | None = None
    next_step: Cell | None = None
    anomalies: list[Anomaly] = field(default_factory=list)
    problems: list[Anomaly] = field(default_factory=list)
    places: list[PlaceRow] = field(default_factory=list)
    overdue: list[tuple[str, Any]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    brands: list[BrandAnomaly] | None = None
    key_changes: list[KeyChange] | None = None
    readiness: Readiness | None = None
    imports: list[Any] = field(default_factory=list)
    tasks: list[Any] = field(default_factory=list)
    failed_runs: list[Any] | None = None
    has_data: bool = True

    @property
    def is_analysed(self) -> bool:
        """Whether the analyses the month acts on are completed in every territory."""
        sums = self.board.sums if self.board is not None else {}
        return all(number in sums and sums[number].is_finished for number in ANALYSES)


def cards(session: Session, month: Month, today: dt.date) -> Cards:
    """The page of the person of the request."""
    found, work = Cards(), []
    scope = statement_scope(g.row_scope)
    works_on_places = scope is not None and scope.territory_ids not in (None, ())
    if scope is not None and works_on_places:
        _month_cards(session, found, scope, month, today)
        assert found.desk is not None
        work += _month_work(found.desk)
    if has_role(RoleName.BRAND_MANAGER) or has_role(RoleName.ADMINISTRATOR):
        work += _product_cards(session, found, month)
    if has_role(RoleName.ADMINISTRATOR):
        work += _company_cards(session, found, scope, month, today)
    elif scope is not None and has_role(RoleName.MARKET_MANAGER):
        found.readiness = readiness(session, scope, month, today)
    if found.desk is None and not has_role(RoleName.BRAND_MANAGER):
        found.has_data = found.has_data and has_role(RoleName.ADMINISTRATOR)
    found.work = in_order(work, today)
    return found


def _month_cards(
    session: Session, found: Cards, scope: Scope, month: Month, today: dt.date
) -> None:
    """Board, figures, calendar and anomalies of the territories in scope."""
    board = step_board(session, scope, month, today)
    is_overview = has_role(RoleName.MARKET_MANAGER)
    statement = _statement(
        scope,
        month,
        today,
        g.row_scope.user_id,
        decidable(person_of(g.user)) if is_overview else None,
    )
    desk = read_desk(session, scope, month, today, statement, board)
    found.desk, found.board, found.is_overview = desk, board, is_overview
    found.anomalies = anomalies(desk)
    found.problems = problem_customers(desk)
    if is_overview:
        found.figures = department_figures(desk)
        found.places = place_rows(desk)
        found.questions = questions(desk)
        found.overdue = overdue_steps(board, desk.territory_names)
    else:
        found.figures = month_figures(desk)
        found.next_step = next_step(desk)


@lru_cache(maxsize=STATEMENTS_KEPT)
def _statement(
    scope: Scope,
    month: Month,
    today: dt.date,
    user_id: int | None,
    to_decide: tuple[Subject, ...] | None,
) -> Any:
    """What a person's month is read with. `to_decide`: None = not somebody who oversees others.

    Kept, because putting together so large a statement takes longer than running it.
    """
    subjects = [
        rows.work_days(scope, month),
        rows.visit_days(scope, month),
        rows.volume_targets(scope, month),
        rows.parameters(scope),
        rows.abnormal_brands(scope, month.previous),
        rows.abnormal_indicators(scope, month.previous),
        rows.problem_customers(scope, month),
        rows.follow_up_counts(scope, user_id, today),
        rows.customer_counts(scope),
    ]
    if to_decide is not None:
        subjects += [rows.sales_months(scope, month), *rows.waiting(scope, to_decide)]
        if month <= Month.of(today):
            subjects.append(rows.not_visited(scope, month, today))
    else:
        subjects += [
            rows.sales_days(scope, month),
            rows.key_customers(scope, month),
            *rows.returned_records(scope, month),
        ]
    return rows.together(subjects)


def _month_work(desk: Desk) -> list[ToDo]:
    if has_role(RoleName.MARKET_MANAGER):
        return [*approval_work(desk), *follow_up_work(desk), *customer_work(desk)]
    return [*step_work(desk), *visit_work(desk), *follow_up_work(desk), *customer_work(desk)]


def _product_cards(session: Session, found: Cards, month: Month) -> list[ToDo]:
    products = counts.product_counts(session) if can("read", "Product") else None
    found.imports = list(counts.last_imports(session)) if can("read", "ImportBatch") else []
    if has_role(RoleName.BRAND_MANAGER):
        found.brands = brand_anomalies(session, month.previous)
        found.key_changes = list(key_changes(session, month))
    return [*product_work(products), *import_work(found.imports)]


def _company_cards(
    session: Session, found: Cards, scope: Scope | None, month: Month, today: dt.date
) -> list[ToDo]:
    """What an administrator answers for."""
    territories = counts.territory_counts(session) if can("read", "Territory") else None
    if can("read", "MonthlySales"):
        found.figures += whole_month_figures(*counts.month_figures(session, month.previous))
    if territories is not None:
        found.figures += organisation_figures(territories)
    if scope is not None:
        found.readiness = readiness(session, scope, month, today)
    if can("read", "Task"):
        found.tasks = list(counts.own_tasks(session))
    found.failed_runs = list(counts.last_runs(session))
    found.has_data = bool(territories is not None and territories.all) or bool(found.imports)
    return territory_work(territories)
