"""§2.2 steps 5 and 6 for pages and jobs: the analysis of a territory and month from computing to
completing.

Connects the statements of both steps with the session, the present person and the parameters. A
record is found through the session, so within the row scope; the statements then get its own
territory as their scope. The caller commits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis import step_05_brand_status as brand_step
from app.analysis import step_06_market as market_step
from app.analysis.computation import computation_of
from app.analysis.decomposition import (
    Decomposition,
    NotDecomposable,
    decompose_indicator,
    decompose_rate,
)
from app.analysis.rules.indicators import INDICATOR_BY_CODE, INDICATORS, RATE_BY_CODE, Indicator
from app.analysis.rules.judgement import needs_reason
from app.analysis.statements.figure_parts import By
from app.analysis.statements.territory_analysis import AnalysisCompleted
from app.analysis.work_area import WorkArea
from app.kernel.errors import N_, OutOfScope, PlanningError, StaleVersion
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.kernel.texts import TooLong
from app.master.parameters import parameters_in
from app.master.rules_parameters import Parameters
from app.models import (
    AnalysisStatus,
    BrandAnalysis,
    BrandAnalysisLine,
    Judgement,
    MarketAnalysis,
    MarketAnalysisLine,
    MarketIndicator,
    MarketTarget,
    MonthPlan,
    MonthPlanStatus,
    ProblemReason,
    Product,
    RateKind,
)

Key = tuple[Any, ...]
"""(product id, rate) of a brand analysis, (indicator,) of a market analysis."""

LONGEST_REASON = 500
LONGEST_TEXT = 2000
CHOICES = (Judgement.NORMAL, Judgement.ABNORMAL)


class JudgementsRefused(PlanningError):
    """Judgements that cannot be saved; `problems` says which line and why."""

    msgid = N_("Nothing was saved. Correct the marked lines.")

    def __init__(self, problems: Mapping[str, PlanningError]) -> None:
        self.problems = problems
        super().__init__()


@dataclass(frozen=True, slots=True)
class Judged:
    """What a person decided about a line."""

    final_status: Judgement
    reason: str
    reason_id: int | None


@dataclass(frozen=True, slots=True)
class Texts:
    """本月存在问题 and 下月工作重点."""

    problems: str
    next_focus: str


@dataclass(frozen=True)
class Steps:
    """One of the two analyses: its entities and the functions of its step."""

    header: Any
    line: Any
    compute: Callable[..., None]
    difference: Callable[..., Any]
    complete: Callable[..., None]
    reopen: Callable[..., None]
    judge: Callable[..., None]
    line_rows: Callable[..., Any]

    def key(self, row: Any) -> Key:
        """The key of a line or of a row of a statement."""
        return (row.product_id, row.rate) if self.is_brand else (row.indicator,)

    @property
    def is_brand(self) -> bool:
        return self.header is BrandAnalysis

    def text(self, key: Key) -> str:
        """A line's key in addresses and field names: ``12-LISTING`` or ``VOLUME``."""
        return "-".join(part.name if hasattr(part, "name") else str(part) for part in key)

    def indicator(self, key: Key) -> Indicator:
        """Unit, direction and formula of the line's figure."""
        return (RATE_BY_CODE if self.is_brand else INDICATOR_BY_CODE)[key[-1].name]

    def judged(self, key: Key, parameters: Parameters) -> Indicator:
        """The same with the mode and tolerance of a company's parameters."""
        return self.indicator(key).judged_with(parameters)


BRAND = Steps(
    BrandAnalysis,
    BrandAnalysisLine,
    brand_step.compute_brand_analysis,
    brand_step.brand_difference_rows,
    brand_step.complete_brand_analysis,
    brand_step.reopen_brand_analysis,
    brand_step.judge_rate,
    brand_step.line_rows,
)
MARKET = Steps(
    MarketAnalysis,
    MarketAnalysisLine,
    market_step.compute_market_analysis,
    market_step.market_difference_rows,
    market_step.complete_market_analysis,
    market_step.reopen_market_analysis,
    market_step.judge_indicator,
    market_step.line_rows,
)


def own_scope(analysis: Any) -> Scope:
    """The scope of the statements that work on one analysis."""
    return Scope(analysis.company_id, (analysis.territory_id,))


def analysis_of(session: Session, steps: Steps, territory_id: int, month: Month) -> Any:
    """The analysis of a territory and month, or None before it is computed."""
    return session.scalar(
        select(steps.header).where(
            steps.header.territory_id == territory_id, steps.header.month == month
        )
    )


def analysis_by_id(session: Session, steps: Steps, analysis_id: int | None) -> Any:
    """Errors: `OutOfScope`."""
    found = session.scalar(select(steps.header).where(steps.header.id == analysis_id))
    if found is None:
        raise OutOfScope
    return found


def parameters_of(session: Session, analysis: Any) -> Parameters:
    """The parameters the analysis was computed with."""
    return parameters_in(session, analysis.company_id, analysis.parameter_version)


def lines_of(session: Session, steps: Steps, analysis: Any) -> list[Any]:
    """The lines in the order of the pages: by product and rate, or by indicator."""
    line = steps.line
    query = select(line).where(
        line.company_id == analysis.company_id, line.analysis_id == analysis.id
    )
    if steps.is_brand:
        rates = list(RateKind)
        rows = session.execute(query.join(line.product).add_columns(Product.code)).all()
        ordered = sorted(rows, key=lambda row: (row[1], rates.index(row[0].rate)))
        return [row[0] for row in ordered]
    places = {MarketIndicator[row.code]: place for place, row in enumerate(INDICATORS)}
    return sorted(session.scalars(query), key=lambda row: places[row.indicator])


def compute(session: Session, steps: Steps, area: WorkArea, month: Month) -> None:
    """Make or refresh the drafts of the area. Errors: `AnalysisCompleted` when the one territory
    asked for is completed; of several, completed ones stay as they are.
    """
    scope = area.scope
    if len(area.ids) == 1:
        present = analysis_of(session, steps, area.ids[0], month)
        if present is not None and present.status is AnalysisStatus.COMPLETED:
            raise AnalysisCompleted
    steps.compute(session.connection(), scope, computation_of(session, scope.company_id, month))
    session.expire_all()


def differences(session: Session, steps: Steps, analysis: Any) -> list[Any]:
    """The lines that would change if computed now, in no order."""
    computation = computation_of(session, analysis.company_id, analysis.month)
    rows = session.connection().execute(steps.difference(own_scope(analysis), computation))
    return list(rows)


def save(
    session: Session,
    steps: Steps,
    analysis: Any,
    version: int | None,
    judged: Mapping[str, Judged],
    texts: Texts,
) -> int:
    """Save judgements and texts; returns how many lines changed.

    Errors: `AnalysisCompleted`, `StaleVersion` when the analysis was saved or computed meanwhile,
    `JudgementsRefused`.
    """
    _require_draft(analysis, version)
    wanted = {}
    problems: dict[str, PlanningError] = {}
    causes = _causes(session, analysis.company_id)
    for line in lines_of(session, steps, analysis):
        name = steps.text(steps.key(line))
        choice = judged.get(name)
        if choice is None or _is_as_stored(line, choice):
            continue
        problem = _problem(line, choice, causes)
        if problem is not None:
            problems[name] = problem
        wanted[steps.key(line)] = choice
    if problems:
        raise JudgementsRefused(problems)
    connection, scope = session.connection(), own_scope(analysis)
    for key, choice in wanted.items():
        steps.judge(
            connection,
            scope,
            analysis.id,
            *key,
            choice.final_status,
            choice.reason,
            choice.reason_id,
        )
    analysis.problems = texts.problems.strip()[:LONGEST_TEXT] or None
    analysis.next_focus = texts.next_focus.strip()[:LONGEST_TEXT] or None
    analysis.updated_at = utc_now()  # counts as a change even when only judgements were saved
    session.flush()
    session.expire_all()
    return len(wanted)


def _require_draft(analysis: Any, version: int | None) -> None:
    if analysis.status is not AnalysisStatus.DRAFT:
        raise AnalysisCompleted
    if version != analysis.version:
        raise StaleVersion


def _is_as_stored(line: Any, choice: Judged) -> bool:
    return (line.final_status, line.override_reason or "", line.reason_id) == (
        choice.final_status,
        choice.reason.strip() if choice.final_status is not line.system_status else "",
        choice.reason_id,
    )


def _problem(line: Any, choice: Judged, causes: frozenset[int]) -> PlanningError | None:
    if choice.final_status not in {*CHOICES, line.system_status}:
        return PlanningError(N_("Please choose one of the offered values."))
    if choice.reason_id is not None and choice.reason_id not in causes:
        return PlanningError(N_("Please choose one of the offered values."))
    if len(choice.reason) > LONGEST_REASON:
        return TooLong(most=LONGEST_REASON)
    is_other = needs_reason(line.system_status.name, choice.final_status.name)
    if is_other and not choice.reason.strip():
        return PlanningError(N_("Say why the judgement differs from the system's."))
    return None


def _causes(session: Session, company_id: int) -> frozenset[int]:
    return frozenset(
        session.scalars(select(ProblemReason.id).where(ProblemReason.company_id == company_id))
    )


def offered_causes(session: Session, company_id: int) -> Sequence[ProblemReason]:
    """The catalogue 异常原因 of the company, entries in use."""
    return session.scalars(
        select(ProblemReason)
        .where(ProblemReason.company_id == company_id, ProblemReason.is_active)
        .order_by(ProblemReason.sort, ProblemReason.code)
    ).all()


def complete(session: Session, steps: Steps, analysis: Any, version: int | None) -> None:
    """草稿→已完成. Errors: `AnalysisCompleted`, `StaleVersion`."""
    _require_draft(analysis, version)
    computation = computation_of(session, analysis.company_id, analysis.month)
    steps.complete(session.connection(), own_scope(analysis), analysis.id, computation)
    session.expire_all()


def reopen(session: Session, steps: Steps, analysis: Any) -> None:
    """已完成→草稿, until the month plan made from it is submitted. Errors: `InvalidTransition`,
    `PlanSubmitted`.
    """
    plan = select(MonthPlan.id).where(
        MonthPlan.company_id == analysis.company_id,
        MonthPlan.territory_id == analysis.territory_id,
        MonthPlan.month == analysis.month.next,
        MonthPlan.status != MonthPlanStatus.DRAFT,
    )
    steps.reopen(
        session.connection(),
        own_scope(analysis),
        analysis.id,
        is_plan_submitted=session.scalar(plan) is not None,
    )
    session.expire_all()


def parts_of(
    session: Session, steps: Steps, analysis: Any, line: Any, by: By
) -> Decomposition | None:
    """Who and what makes up the gap of a line, as the data are now; None for a figure that has no
    such parts. Without a target the parts are those of a target of zero.
    """
    computation = computation_of(session, analysis.company_id, analysis.month)
    connection, scope, key = session.connection(), own_scope(analysis), steps.key(line)
    target = line.target or 0
    try:
        if steps.is_brand:
            return decompose_rate(connection, scope, computation, key[0], key[1].name, target)
        return decompose_indicator(connection, scope, computation, key[0].name, by, target)
    except NotDecomposable:
        return None


# ---------------------------------------------------------------------- step 6 only


def enter_values(
    session: Session,
    analysis: Any,
    version: int | None,
    values: Mapping[MarketIndicator, int | None],
) -> None:
    """Values no data gives, in hundredths. Errors as those of `step_06_market.enter_value`."""
    _require_draft(analysis, version)
    computation = computation_of(session, analysis.company_id, analysis.month)
    present = {line.indicator: line for line in lines_of(session, MARKET, analysis)}
    for indicator, value in values.items():
        line = present.get(indicator)
        if line is not None and line.actual_num == value:
            continue
        market_step.enter_value(
            session.connection(), own_scope(analysis), computation, analysis.id, indicator, value
        )
    session.expire_all()


def save_targets(
    session: Session,
    company_id: int,
    territory_id: int,
    month: Month,
    values: Mapping[MarketIndicator, int | None],
) -> None:
    """本月各指标目标 in hundredths. Errors: `OutOfScope`, `PlanningError`."""
    market_step.save_targets(
        session.connection(),
        Scope(company_id, (territory_id,)),
        territory_id,
        month,
        values,
        computation_of(session, company_id, month),
    )
    session.expire_all()


def proposed_targets(
    session: Session, company_id: int, territory_id: int, month: Month
) -> dict[MarketIndicator, tuple[int, bool]]:
    """Indicator → (hundredths, is it the month's own target); else last month's is proposed."""
    scope = Scope(company_id, (territory_id,))
    own = set(
        session.scalars(
            select(MarketTarget.indicator).where(
                MarketTarget.territory_id == territory_id, MarketTarget.month == month
            )
        )
    )
    rows = session.connection().execute(market_step.proposed_targets(scope, month))
    return {row.indicator: (row.value, row.indicator in own) for row in rows}
