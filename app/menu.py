"""The sidebar: groups and entries, one table.

`MENU` rows carry the permission that shows them; a contract test fails when a row points at a
missing endpoint or grant. Views are named by endpoint, not imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.kernel.errors import N_


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """A heading of the sidebar; `tone` picks its hue."""

    key: str
    label: str
    icon: str
    tone: str
    is_solo: bool = False


@dataclass(frozen=True, slots=True)
class MenuRow:
    """An entry: shown to those who hold `permission` on `entity`; `step` is the manual's number."""

    group: str
    label: str
    endpoint: str
    entity: str
    icon: str
    permission: str = "read"
    step: int | None = None
    pages: tuple[str, ...] = ()
    """Further views that belong to the entry: it is marked as the present one on them too."""


MENU_GROUPS: tuple[MenuGroup, ...] = (
    MenuGroup("home", N_("My month"), "fa-house", "base", is_solo=True),
    MenuGroup("analysis", N_("Analysis"), "fa-chart-pie", "analysis"),
    MenuGroup("plan", N_("Planning"), "fa-calendar-days", "plan"),
    MenuGroup("execution", N_("Execution"), "fa-person-walking", "do"),
    MenuGroup("evaluation", N_("Evaluation"), "fa-scale-balanced", "review"),
    MenuGroup("improvement", N_("Improvement"), "fa-arrow-trend-up", "improve"),
    MenuGroup("toolbox", N_("Customer manager's toolbox"), "fa-toolbox", "base"),
    MenuGroup("distribution", N_("Distribution management"), "fa-boxes-stacked", "base"),
    MenuGroup("sales", N_("Sales"), "fa-chart-column", "base"),
    MenuGroup("exchange", N_("Import and export"), "fa-right-left", "base"),
    MenuGroup("method", N_("Method settings"), "fa-sliders", "admin"),
    MenuGroup("organisation", N_("Organisation and permissions"), "fa-sitemap", "admin"),
)

MENU: tuple[MenuRow, ...] = (
    MenuRow("home", N_("My month"), "HomeView.index", "Home", "fa-house"),
    MenuRow(
        "analysis",
        N_("Direct needs of customers"),
        "NeedsView.list",
        "Questionnaire",
        "fa-clipboard-question",
        step=1,
        pages=("NeedsGridView",),
    ),
    MenuRow(
        "analysis",
        N_("Operating state of customers"),
        "StateView.list",
        "CustomerState",
        "fa-chart-simple",
        step=2,
        pages=("ScoringView", "StateReportView"),
    ),
    MenuRow("analysis", N_("Watched products"), "FocusProductView.list", "FocusProduct", "fa-eye"),
    MenuRow(
        "analysis",
        N_("Brand targets"),
        "BrandTargetView.list",
        "BrandTarget",
        "fa-bullseye",
        step=3,
    ),
    MenuRow(
        "analysis",
        N_("Target customers"),
        "TargetCustomerView.index",
        "TargetCustomer",
        "fa-users-viewfinder",
        step=4,
    ),
    MenuRow(
        "analysis",
        N_("Monthly brand state"),
        "BrandAnalysisView.index",
        "BrandAnalysis",
        "fa-chart-bar",
        step=5,
    ),
    MenuRow(
        "analysis",
        N_("Market analysis"),
        "MarketAnalysisView.index",
        "MarketAnalysis",
        "fa-chart-line",
        step=6,
    ),
    MenuRow(
        "plan",
        N_("Service strategies of the month"),
        "ServicePlanView.list",
        "ServicePlan",
        "fa-handshake-angle",
        step=7,
        pages=("StrategyItemView",),
    ),
    MenuRow(
        "plan",
        N_("Month plan"),
        "MonthPlanView.list",
        "MonthPlan",
        "fa-calendar-plus",
        step=8,
    ),
    MenuRow(
        "plan",
        N_("Visit plan"),
        "VisitPlanView.index",
        "VisitPlan",
        "fa-calendar-check",
        step=9,
        pages=("VisitGenerationView", "VisitCustomerView", "VisitLoadView"),
    ),
    MenuRow("plan", N_("All visits"), "VisitListView.list", "VisitPlan", "fa-route"),
    MenuRow(
        "plan",
        N_("Week arrangement"),
        "WeekArrangementView.index",
        "WeekArrangement",
        "fa-calendar-week",
        step=10,
    ),
    MenuRow(
        "plan",
        N_("Approvals"),
        "ApprovalView.index",
        "Approval",
        "fa-stamp",
        pages=("ApprovalListView",),
    ),
    MenuRow(
        "execution",
        N_("Daily visit records"),
        "DailyVisitView.index",
        "DailyVisit",
        "fa-clipboard-check",
        step=11,
        pages=("DaySheetView", "VisitDayView", "VisitRecordView"),
    ),
    MenuRow(
        "execution",
        N_("Task marks"),
        "TaskMarkView.list",
        "ServicePlan",
        "fa-star",
        step=12,
    ),
    MenuRow("execution", N_("Follow-ups"), "FollowUpView.list", "FollowUp", "fa-flag"),
    MenuRow(
        "evaluation",
        N_("Week summary"),
        "WeekSummaryView.index",
        "WeekSummary",
        "fa-calendar-week",
        step=13,
    ),
    MenuRow(
        "improvement",
        N_("Month summary"),
        "MonthSummaryView.index",
        "MonthSummary",
        "fa-file-lines",
        step=14,
    ),
    MenuRow("toolbox", N_("Customer information"), "CustomerView.list", "Customer", "fa-store"),
    MenuRow(
        "distribution",
        N_("Category structure"),
        "CategoryTreeView.tree",
        "CategoryNode",
        "fa-folder-tree",
    ),
    MenuRow(
        "distribution",
        N_("Category products"),
        "CategoryProductView.list",
        "CategoryProduct",
        "fa-tags",
    ),
    MenuRow("distribution", N_("Company products"), "ProductView.list", "Product", "fa-box"),
    MenuRow("distribution", N_("New products"), "NewProductView.list", "Product", "fa-box-open"),
    MenuRow("sales", N_("Monthly sales"), "MonthlySalesView.list", "MonthlySales", "fa-table"),
    MenuRow("sales", N_("Sales lines"), "SalesLineView.list", "SalesLine", "fa-receipt"),
    MenuRow(
        "exchange",
        N_("Extraction of needs"),
        "NeedsExtractionView.index",
        "NeedsExtraction",
        "fa-cloud-arrow-down",
    ),
    MenuRow("exchange", N_("Imports"), "ImportView.list", "ImportBatch", "fa-file-import"),
    MenuRow("exchange", N_("Exports"), "ExportFileView.list", "ExportFile", "fa-file-excel"),
    MenuRow("exchange", N_("Background work"), "TaskView.list", "Task", "fa-gears"),
    MenuRow("exchange", N_("Scheduled work"), "ScheduledWorkView.list", "JobRun", "fa-clock"),
    MenuRow(
        "method",
        N_("Readiness of the month"),
        "ReadinessView.index",
        "Readiness",
        "fa-clipboard-list",
    ),
    MenuRow(
        "method", N_("Work calendar"), "WorkCalendarView.index", "CalendarDay", "fa-calendar-days"
    ),
    MenuRow("method", N_("Parameters"), "ParameterView.index", "Parameter", "fa-sliders"),
    MenuRow(
        "method",
        N_("Service strategies"),
        "ServiceStrategyView.list",
        "ServiceStrategy",
        "fa-handshake-angle",
    ),
    MenuRow(
        "method", N_("Needs questionnaire"), "NeedOptionView.list", "NeedOption", "fa-list-check"
    ),
    MenuRow(
        "method",
        N_("Ability scoring sheet"),
        "AbilityItemView.list",
        "AbilityItem",
        "fa-star-half-stroke",
    ),
    MenuRow(
        "method",
        N_("Problem reasons"),
        "ProblemReasonView.list",
        "ProblemReason",
        "fa-circle-question",
    ),
    MenuRow("method", N_("Return reasons"), "ReturnReasonView.list", "ReturnReason", "fa-reply"),
    MenuRow("organisation", N_("Companies"), "CompanyView.list", "Company", "fa-building"),
    MenuRow("organisation", N_("Departments"), "DepartmentView.list", "Department", "fa-sitemap"),
    MenuRow("organisation", N_("Territories"), "TerritoryView.list", "Territory", "fa-map"),
    MenuRow(
        "organisation",
        N_("Territory assignments"),
        "AssignmentView.list",
        "TerritoryAssignment",
        "fa-user-check",
    ),
    MenuRow("organisation", N_("Users"), "UserView.list", "User", "fa-users"),
    MenuRow(
        "organisation", N_("Roles and permissions"), "MatrixView.index", "Grant", "fa-user-shield"
    ),
    MenuRow("organisation", N_("Access keys"), "AccessKeyView.list", "ApiKey", "fa-key"),
    MenuRow(
        "organisation", N_("Change log"), "ChangeLogView.list", "ChangeLog", "fa-clock-rotate-left"
    ),
)


def menu_rows(group: str) -> Iterator[MenuRow]:
    return (row for row in MENU if row.group == group)
