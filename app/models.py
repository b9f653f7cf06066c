"""The registry of entities: every other module imports them from here.

`MODELS_BY_STAGE` feeds Alembic, the data dictionary and the contract tests. Whose rows whom says
`app.row_scopes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_appbuilder.security.sqla.models import ApiKey

from app.analysis.models.brand import (
    AnalysisStatus,
    BrandAnalysis,
    BrandAnalysisLine,
    BrandShare,
    BrandTarget,
    FocusProduct,
    Judgement,
    RateKind,
    TargetCustomer,
    TargetListRevision,
)
from app.analysis.models.catalogue import (
    AbilityBand,
    EffectBand,
    OperatingState,
    OperatingStateStrategy,
    ProblemType,
    ProblemTypeStrategy,
)
from app.analysis.models.customer_state import (
    CustomerAbilityScore,
    CustomerEffectItem,
    CustomerProblem,
    CustomerState,
    EffectItem,
    PotentialStrategy,
    ProblemCode,
    StaleReason,
    StateRun,
    StateStatus,
    StrategySource,
)
from app.analysis.models.market import (
    MarketAnalysis,
    MarketAnalysisLine,
    MarketIndicator,
    MarketTarget,
)
from app.analysis.models.needs import (
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireForm,
    QuestionnaireFormOption,
    QuestionnaireSource,
    QuestionnaireStatus,
)
from app.evaluation.models import (
    WeekIndicator,
    WeekJudgement,
    WeekSummary,
    WeekSummaryLine,
    WeekSummaryStatus,
)
from app.exchange.models import BatchState, ExportFile, ImportBatch, ImportMapping
from app.exchange.stage_tables import IMPORT_ERRORS, STAGE_TABLES
from app.execution.models import (
    DailySheet,
    DailySheetLine,
    DailyVisit,
    FollowUp,
    FollowUpKind,
    FollowUpStatus,
    UnvisitedReason,
    VisitOutcome,
)
from app.improvement.models import (
    MonthSummary,
    MonthSummaryFigure,
    MonthSummaryStatus,
    SummaryFigure,
)
from app.jobs.models import JobRun, JobsProcess, RunState, Task, TaskState
from app.master.models.catalogue import (
    AbilityItem,
    AbilityItemStrategy,
    NeedOption,
    NeedOptionStrategy,
    ProblemReason,
    ServiceStrategy,
)
from app.master.models.customer import (
    BusinessType,
    Customer,
    CustomerStatus,
    CustomerTerritory,
    FrequencySource,
    MarketType,
    OrderMode,
    Scale,
    SettleMode,
    TerminalType,
    VisitFrequency,
    VisitMode,
)
from app.master.models.product import (
    CategoryNode,
    CategoryProduct,
    CigaretteForm,
    KeyProductSnapshot,
    PriceClass,
    Product,
    ProductStatus,
    TarSource,
)
from app.master.models.sales import (
    CustomerSales,
    MonthlySales,
    OrderDay,
    SalesLine,
    SalesSource,
    TerritorySales,
)
from app.master.models.settings import CalendarDay, DaySource, ParameterValue, ParameterVersion
from app.notices.models import (
    ChannelKind,
    DeliveryState,
    Notice,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    NoticePreference,
    NoticeSetting,
    Outside,
)
from app.organisation.models import (
    AssignmentKind,
    Company,
    Department,
    PortalUser,
    Territory,
    TerritoryAssignment,
)
from app.plan.models.month_plan import (
    KeyCustomer,
    KeyCustomerReason,
    KeyReason,
    MonthPlan,
    MonthPlanStatus,
    PlannedFrequency,
    RowOrigin,
)
from app.plan.models.service_plan import (
    ItemMark,
    ItemSource,
    ReasonSource,
    ServicePlan,
    ServicePlanStatus,
    StrategyItem,
    StrategyItemReason,
    UndoneReason,
)
from app.plan.models.visit_plan import (
    DayChoice,
    VisitObstacle,
    VisitPlan,
    VisitPlanProblem,
    VisitPlanRun,
    VisitStatus,
)
from app.plan.models.week_arrangement import WeekArrangement, WeekArrangementDay
from app.rest.models import IdempotencyKey
from app.saved_views.models import DefaultView, SavedView
from app.security.models import ChangeAction, ChangeChain, ChangeLog, GrantOverride, SecondFactor
from app.workflow.models import FlowEvent, ReturnReason

__all__ = [
    "MODELS_BY_STAGE", "STAGING", "AbilityBand", "AbilityItem", "AbilityItemStrategy",
    "AnalysisStatus", "ApiKey", "AssignmentKind", "BatchState", "BrandAnalysis",
    "BrandAnalysisLine", "BrandShare", "BrandTarget", "BusinessType", "CalendarDay",
    "CategoryNode", "CategoryProduct", "ChangeAction", "ChangeChain", "ChangeLog", "ChannelKind",
    "CigaretteForm", "Company", "Customer", "CustomerAbilityScore", "CustomerEffectItem",
    "CustomerProblem", "CustomerSales", "CustomerState", "CustomerStatus", "CustomerTerritory",
    "DailySheet", "DailySheetLine", "DailyVisit", "DayChoice", "DaySource", "DefaultView",
    "DeliveryState", "Department", "EffectBand", "EffectItem", "ExportFile", "FlowEvent",
    "FocusProduct", "FollowUp", "FollowUpKind", "FollowUpStatus", "FrequencySource",
    "GrantOverride", "IdempotencyKey", "ImportBatch", "ImportMapping", "ItemMark", "ItemSource", "JobRun",
    "JobsProcess", "Judgement", "KeyCustomer", "KeyCustomerReason", "KeyProductSnapshot",
    "KeyReason", "MarketAnalysis", "MarketAnalysisLine", "MarketIndicator", "MarketTarget",
    "MarketType", "MonthPlan", "MonthPlanStatus", "MonthSummary", "MonthSummaryFigure",
    "MonthSummaryStatus", "MonthlySales", "NeedOption", "NeedOptionStrategy", "Notice",
    "NoticeChannel", "NoticeDelivery", "NoticeKind", "NoticePreference", "NoticeSetting",
    "OperatingState", "OperatingStateStrategy", "OrderDay", "OrderMode", "Outside",
    "ParameterValue", "ParameterVersion", "PlannedFrequency", "PortalUser", "PotentialStrategy",
    "PriceClass", "ProblemCode", "ProblemReason", "ProblemType", "ProblemTypeStrategy", "Product",
    "ProductStatus", "Questionnaire", "QuestionnaireAnswer", "QuestionnaireForm",
    "QuestionnaireFormOption", "QuestionnaireSource", "QuestionnaireStatus", "RateKind",
    "ReasonSource", "ReturnReason", "RowOrigin", "RunState", "SalesLine", "SalesSource",
    "SavedView", "Scale", "SecondFactor", "ServicePlan", "ServicePlanStatus", "ServiceStrategy",
    "SettleMode", "StaleReason", "StateRun", "StateStatus", "StrategyItem", "StrategyItemReason",
    "StrategySource", "SummaryFigure", "TarSource", "TargetCustomer", "TargetListRevision",
    "Task", "TaskState", "TerminalType", "Territory", "TerritoryAssignment", "TerritorySales",
    "UndoneReason", "UnvisitedReason", "VisitFrequency", "VisitMode", "VisitObstacle",
    "VisitOutcome", "VisitPlan", "VisitPlanProblem", "VisitPlanRun", "VisitStatus",
    "WeekArrangement", "WeekArrangementDay", "WeekIndicator", "WeekJudgement", "WeekSummary",
    "WeekSummaryLine", "WeekSummaryStatus",
]  # fmt: skip

MODELS_BY_STAGE: Mapping[str, tuple[type[Any], ...]] = {
    "organisation": (Company, Department, Territory, TerritoryAssignment, PortalUser),
    "master": (
        Customer,
        CustomerTerritory,
        Product,
        KeyProductSnapshot,
        CategoryNode,
        CategoryProduct,
        SalesLine,
        MonthlySales,
        TerritorySales,
        CustomerSales,
        OrderDay,
        CalendarDay,
        ParameterVersion,
        ParameterValue,
        ServiceStrategy,
        NeedOption,
        NeedOptionStrategy,
        AbilityItem,
        AbilityItemStrategy,
        ProblemReason,
    ),
    "analysis": (
        QuestionnaireForm,
        QuestionnaireFormOption,
        Questionnaire,
        QuestionnaireAnswer,
        OperatingState,
        OperatingStateStrategy,
        ProblemType,
        ProblemTypeStrategy,
        CustomerState,
        CustomerEffectItem,
        CustomerAbilityScore,
        CustomerProblem,
        PotentialStrategy,
        StateRun,
        FocusProduct,
        BrandTarget,
        TargetCustomer,
        TargetListRevision,
        BrandAnalysis,
        BrandAnalysisLine,
        BrandShare,
        MarketAnalysis,
        MarketAnalysisLine,
        MarketTarget,
    ),
    "plan": (
        ServicePlan,
        StrategyItem,
        StrategyItemReason,
        MonthPlan,
        KeyCustomer,
        KeyCustomerReason,
        PlannedFrequency,
        VisitPlan,
        VisitPlanRun,
        VisitPlanProblem,
        WeekArrangement,
        WeekArrangementDay,
    ),
    "execution": (DailyVisit, DailySheet, DailySheetLine, FollowUp),
    "evaluation": (WeekSummary, WeekSummaryLine),
    "improvement": (MonthSummary, MonthSummaryFigure),
    "workflow": (FlowEvent, ReturnReason),
    "exchange": (ImportBatch, ImportMapping, ExportFile),
    "jobs": (Task, JobRun, JobsProcess),
    "notices": (Notice, NoticeSetting, NoticePreference, NoticeChannel, NoticeDelivery),
    "saved_views": (SavedView, DefaultView),
    "rest": (IdempotencyKey,),
    "security": (ChangeLog, ChangeChain, GrantOverride, SecondFactor),
}

STAGING = (*STAGE_TABLES.values(), IMPORT_ERRORS)
"""Tables without entities: rows of files on their way in, reached through their batch only."""
