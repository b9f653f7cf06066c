"""`STEPS`: the manual's fourteen steps, one row each (§2.1, §2.2). Data only.

The board, the gates, the jobs and the documentation read this table. Modules are named, not
imported: steps meet only through tables.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from app.kernel.errors import N_


class Stage(enum.Enum):
    """The five stages 分析/计划/实施/评估/改进; the value is the folder of their modules."""

    ANALYSIS = "analysis"
    PLAN = "plan"
    EXECUTION = "execution"
    EVALUATION = "evaluation"
    IMPROVEMENT = "improvement"

    @property
    def msgid(self) -> str:
        return _STAGE_LABELS[self]


_STAGE_LABELS: Mapping[Stage, str] = {
    Stage.ANALYSIS: N_("Analysis"),
    Stage.PLAN: N_("Planning"),
    Stage.EXECUTION: N_("Execution"),
    Stage.EVALUATION: N_("Evaluation"),
    Stage.IMPROVEMENT: N_("Improvement"),
}


class Due(enum.Enum):
    """When a step is due in the work month M; a deadline warns and never blocks."""

    CUTOFF_BEFORE = N_("25th of the month before")
    BEFORE_VISITS = N_("before the first visit of the month")
    IN_MONTH = N_("within the month")
    WEEK_START = N_("at the start of each week")
    EACH_DAY = N_("each day")
    MONTH_END = N_("at the end of the month")
    WEEK_END = N_("at the end of each week")
    NEXT_MONTH = N_("before the first visit of the next month")


class Milestone(enum.IntEnum):
    """How far a step's result is; later ones include the earlier. Gates ask for one of them."""

    NOTHING = 0
    BEGUN = 1
    MADE = 2
    """Complete as far as one person can: generated, completed, every part entered."""
    SUBMITTED = 3
    APPROVED = 4


@dataclass(frozen=True, slots=True)
class Gate:
    """What must be there before a step: `step` has reached `needs`.

    `missing` says, as a msgid, what is not there yet. Without a `step` it is the input of the step
    itself, which comes from the page `endpoint`.
    """

    missing: str
    step: int | None = None
    needs: Milestone = Milestone.BEGUN
    endpoint: str | None = None


class Basis(enum.Enum):
    """Which month a step's record is keyed by."""

    WORK_MONTH = "work month"
    ANALYSED_MONTH = "month before"
    WEEK = "week"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Step:
    """A step. `reads` and `writes` are table names; `gate` says, as a msgid, what must be done
    before (`gates`: the same, part by part); `actor` and `approver` are role names. `endpoint` is
    its page, `unit` the msgid of what its board counts.
    """

    number: int
    stage: Stage
    name: str
    module: str
    clause: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    actor: str
    due: Due
    endpoint: str
    unit: str
    basis: Basis = Basis.WORK_MONTH
    gate: str | None = None
    gates: tuple[Gate, ...] = ()
    approver: str | None = None
    warns_without: tuple[int, ...] = ()
    """Steps whose absence is shown as a warning and loses content, but does not block."""

    @property
    def gate_steps(self) -> tuple[int, ...]:
        """The steps that must have been done before."""
        return tuple(gate.step for gate in self.gates if gate.step is not None)


CUSTOMER_MANAGER, MARKET_MANAGER = "customer_manager", "market_manager"

PLAN_APPROVED = Gate(
    N_("The service strategies of the month are not approved yet."), 7, Milestone.APPROVED
)
VISITS_PLANNED = Gate(N_("No visits are planned for the month yet."), 9, Milestone.BEGUN)

STEPS: tuple[Step, ...] = (
    Step(
        1, Stage.ANALYSIS, N_("Direct needs"), "step_01_direct_needs", "§2.2-1",
        ("customer", "questionnaire_form", "need_option"),
        ("questionnaire", "questionnaire_answer"),
        CUSTOMER_MANAGER, Due.CUTOFF_BEFORE, "NeedsView.list", N_("customers"),
    ),
    Step(
        2, Stage.ANALYSIS, N_("Operating state"), "step_02_customer_state", "§2.2-2",
        (
            "customer", "monthly_sales", "customer_sales", "order_day", "product",
            "key_product_snapshot",
            "ability_item", "operating_state", "problem_type", "brand_target", "target_customer",
            "focus_product", "questionnaire",
        ),
        (
            "customer_state", "customer_effect_item", "customer_ability_score",
            "customer_problem", "potential_strategy", "state_run",
        ),
        CUSTOMER_MANAGER, Due.BEFORE_VISITS, "StateView.list", N_("customers"),
    ),
    Step(
        3, Stage.ANALYSIS, N_("Brand targets"), "step_03_brand_target", "§2.2-3",
        ("focus_product", "territory", "brand_analysis"), ("brand_target",),
        CUSTOMER_MANAGER, Due.IN_MONTH, "BrandTargetView.list", N_("watched products"),
        gate=N_("The market manager has issued watched products."),
        gates=(
            Gate(
                N_("The market manager has not issued watched products for the month yet."),
                endpoint="FocusProductView.list",
            ),
        ),
    ),
    Step(
        4, Stage.ANALYSIS, N_("Target customers"), "step_04_target_customer", "§2.2-4",
        ("brand_target", "customer", "monthly_sales"),
        ("target_customer", "target_list_revision", "brand_target"),
        CUSTOMER_MANAGER, Due.IN_MONTH, "TargetCustomerView.index", N_("targets"),
        gate=N_("The brand target is set."),
        gates=(Gate(N_("No brand target of the month is set yet."), 3),),
    ),
    Step(
        5, Stage.ANALYSIS, N_("Monthly brand analysis"), "step_05_brand_status", "§2.2-5",
        ("brand_target", "target_customer", "monthly_sales", "territory_sales", "customer"),
        ("brand_analysis", "brand_analysis_line", "brand_share"),
        CUSTOMER_MANAGER, Due.BEFORE_VISITS, "BrandAnalysisView.index", N_("analyses"),
        basis=Basis.ANALYSED_MONTH, warns_without=(3, 4),
    ),
    Step(
        6, Stage.ANALYSIS, N_("Market analysis"), "step_06_market", "§2.2-6",
        (
            "territory_sales", "customer_sales", "order_day", "product", "key_product_snapshot",
            "customer", "customer_territory", "market_target",
        ),
        ("market_analysis", "market_analysis_line", "market_target"),
        CUSTOMER_MANAGER, Due.BEFORE_VISITS, "MarketAnalysisView.index", N_("analyses"),
        basis=Basis.ANALYSED_MONTH,
    ),
    Step(
        7, Stage.PLAN, N_("Service strategies"), "step_07_service_strategy", "§2.2-7",
        (
            "questionnaire", "questionnaire_answer", "need_option", "need_option_strategy",
            "potential_strategy", "state_run", "service_strategy", "customer",
        ),
        ("service_plan", "strategy_item", "strategy_item_reason", "month_plan"),
        CUSTOMER_MANAGER, Due.BEFORE_VISITS, "ServicePlanView.list", N_("plans"),
        approver=MARKET_MANAGER,
        gate=N_("The strategies of step 2 are generated."),
        gates=(
            Gate(
                N_("The operating states of the month are not generated yet."), 2, Milestone.MADE
            ),
        ),
        warns_without=(1,),
    ),
    Step(
        8, Stage.PLAN, N_("Month plan"), "step_08_month_plan", "§2.2-8",
        (
            "customer", "customer_state", "customer_problem", "brand_analysis",
            "brand_analysis_line", "market_analysis", "market_analysis_line", "service_plan",
            "strategy_item",
        ),
        (
            "month_plan", "key_customer", "key_customer_reason", "planned_frequency", "customer",
            "change_log",
        ),
        CUSTOMER_MANAGER, Due.BEFORE_VISITS, "MonthPlanView.list", N_("plans"),
        approver=MARKET_MANAGER,
        gate=N_("The service plan is submitted."),
        gates=(
            Gate(
                N_("The service strategies of the month are not submitted yet."),
                7, Milestone.SUBMITTED,
            ),
        ),
        warns_without=(5, 6),
    ),
    Step(
        9, Stage.PLAN, N_("Visit plan"), "step_09_visit_plan", "§2.2-9",
        ("customer", "month_plan", "planned_frequency", "calendar_day", "visit_plan"),
        ("visit_plan", "visit_plan_run", "visit_plan_problem"),
        CUSTOMER_MANAGER, Due.BEFORE_VISITS, "VisitPlanView.index", N_("customers"),
        warns_without=(8,),
    ),
    Step(
        10, Stage.PLAN, N_("Week arrangement"), "step_10_week_arrangement", "§2.2-10",
        ("visit_plan", "service_plan", "strategy_item", "customer"), ("week_arrangement", "week_arrangement_day"),
        CUSTOMER_MANAGER, Due.WEEK_START, "WeekArrangementView.index", N_("weeks"),
        basis=Basis.WEEK,
        gate=N_("The service plan is approved and the week's visits are planned."),
        gates=(PLAN_APPROVED, VISITS_PLANNED),
    ),
    Step(
        11, Stage.EXECUTION, N_("Daily visits"), "step_11_daily_visit", "§2.2-11",
        (
            "visit_plan", "service_plan", "strategy_item", "service_strategy", "customer",
            "customer_state", "monthly_sales", "sales_line", "follow_up",
        ),
        (
            "daily_visit", "visit_plan", "strategy_item", "daily_sheet", "daily_sheet_line",
            "follow_up",
        ),
        CUSTOMER_MANAGER, Due.EACH_DAY, "DailyVisitView.index", N_("visits"),
        basis=Basis.DAY,
        gate=N_("The service plan is approved and the day's visits are planned."),
        gates=(PLAN_APPROVED, VISITS_PLANNED),
    ),
    Step(
        12, Stage.EXECUTION, N_("Task marks"), "step_12_task_marks", "§2.2-12",
        ("service_plan", "strategy_item"), ("service_plan", "strategy_item"),
        CUSTOMER_MANAGER, Due.MONTH_END, "TaskMarkView.list", N_("strategies"),
        approver=MARKET_MANAGER,
        gate=N_("The service plan is approved."), gates=(PLAN_APPROVED,),
    ),
    Step(
        13, Stage.EVALUATION, N_("Week summary"), "step_13_week_summary", "§2.2-13",
        (
            "sales_line", "product", "key_product_snapshot", "market_target", "calendar_day",
        ),
        ("week_summary", "week_summary_line"),
        CUSTOMER_MANAGER, Due.WEEK_END, "WeekSummaryView.index", N_("weeks"),
        basis=Basis.WEEK, warns_without=(6,),
    ),
    Step(
        14, Stage.IMPROVEMENT, N_("Month summary"), "step_14_month_summary", "§2.2-14",
        (
            "visit_plan", "customer", "month_plan", "planned_frequency", "key_customer",
            "service_plan", "strategy_item", "brand_analysis", "brand_analysis_line",
            "market_analysis", "market_analysis_line",
        ),
        ("month_summary", "month_summary_figure"),
        CUSTOMER_MANAGER, Due.NEXT_MONTH, "MonthSummaryView.index", N_("summaries"),
    ),
)  # fmt: skip

STEP_BY_NUMBER: Mapping[int, Step] = {step.number: step for step in STEPS}


def module_path(step: Step) -> str:
    """The dotted path of the step's module."""
    return f"app.{step.stage.value}.{step.module}"
