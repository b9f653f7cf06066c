"""The registry of pages. `register_views` is the only place that adds a view to FAB.

Where the sidebar shows them says `app.menu`.
"""

from __future__ import annotations

from flask import Flask
from flask_appbuilder import AppBuilder

from app.analysis.views.brand_views import BrandAnalysisView
from app.analysis.views.extraction_views import NeedsExtractionView
from app.analysis.views.focus_views import FocusProductView
from app.analysis.views.market_views import MarketAnalysisView
from app.analysis.views.needs_grid import NeedsGridView
from app.analysis.views.needs_views import NeedsView
from app.analysis.views.scoring_views import ScoringView
from app.analysis.views.state_reports import StateReportView
from app.analysis.views.state_views import StateView
from app.analysis.views.target_customer_views import TargetCustomerView
from app.analysis.views.target_views import BrandTargetView
from app.evaluation.views.week_summary_views import WeekSummaryView
from app.exchange.export_views import ExportFileView
from app.exchange.push_api import ImportApi
from app.exchange.task_views import TaskView
from app.exchange.views import ImportView
from app.execution.views.customer_file_views import CustomerFileView
from app.execution.views.follow_up_views import FollowUpView
from app.execution.views.sheet_views import DaySheetView
from app.execution.views.task_mark_views import TaskMarkView
from app.execution.views.visit_day_views import VisitDayView
from app.execution.views.visit_list import VisitRecordView
from app.execution.views.visit_pages import DailyVisitView
from app.help.help_views import HelpView
from app.home.home_views import HomeView, PortalView, ReadinessView
from app.improvement.views.month_summary_views import MonthSummaryView
from app.jobs.job_views import ScheduledWorkView
from app.kernel.db import db
from app.master.views.calendar import CalendarDayView, WorkCalendarView
from app.master.views.catalogues import (
    AbilityItemView,
    NeedOptionView,
    ProblemReasonView,
    ReturnReasonView,
    ServiceStrategyView,
)
from app.master.views.category_products import CategoryProductView
from app.master.views.category_tree import CategoryTreeView
from app.master.views.customers import CustomerView
from app.master.views.parameters import ParameterView
from app.master.views.products import NewProductView, ProductView
from app.master.views.sales import CustomerMonthlySalesView, MonthlySalesView, SalesLineView
from app.notices.settings_views import NoticeSettingsView
from app.notices.views import NoticeView
from app.operation.metrics_views import MetricsView
from app.organisation.views import AssignmentView, CompanyView, DepartmentView, TerritoryView
from app.plan.views.month_plan_views import MonthPlanView
from app.plan.views.service_plan_views import ServicePlanView
from app.plan.views.strategy_item_views import StrategyItemView
from app.plan.views.visit_customer_views import VisitCustomerView
from app.plan.views.visit_generation_views import VisitGenerationView
from app.plan.views.visit_list import VisitListView
from app.plan.views.visit_load_views import VisitLoadView
from app.plan.views.visit_plan_views import VisitPlanView
from app.plan.views.week_arrangement_views import WeekArrangementView
from app.rest.api_views import REST_VIEWS
from app.saved_views.views import SavedViewPages
from app.search.views import SearchView
from app.security.access_key_views import AccessKeyView
from app.security.appbuilder import PortalAppBuilder
from app.security.change_log_views import ChangeLogView
from app.security.matrix_views import MatrixView
from app.security.security_manager import PortalSecurityManager
from app.security.user_views import UserView
from app.workflow.approval_list_views import ApprovalListView
from app.workflow.approval_views import ApprovalView
from app.workflow.flow_pages import FLOW_VIEWS

VIEWS: tuple[type, ...] = (
    DailyVisitView,
    DaySheetView,
    VisitDayView,
    VisitRecordView,
    FollowUpView,
    CustomerFileView,
    NeedsView,
    NeedsGridView,
    NeedsExtractionView,
    StateView,
    ScoringView,
    StateReportView,
    ServicePlanView,
    MonthPlanView,
    StrategyItemView,
    PortalView,
    SearchView,
    HelpView,
    ReadinessView,
    WorkCalendarView,
    CalendarDayView,
    ParameterView,
    ServiceStrategyView,
    NeedOptionView,
    AbilityItemView,
    ProblemReasonView,
    ReturnReasonView,
    SavedViewPages,
    ImportView,
    ExportFileView,
    TaskView,
    ScheduledWorkView,
    NoticeView,
    NoticeSettingsView,
    ImportApi,
    FocusProductView,
    BrandTargetView,
    TargetCustomerView,
    BrandAnalysisView,
    MarketAnalysisView,
    WeekArrangementView,
    TaskMarkView,
    WeekSummaryView,
    MonthSummaryView,
    CustomerMonthlySalesView,
    CustomerView,
    CategoryTreeView,
    CategoryProductView,
    ProductView,
    NewProductView,
    MonthlySalesView,
    SalesLineView,
    AssignmentView,
    TerritoryView,
    DepartmentView,
    CompanyView,
    UserView,
    MatrixView,
    ChangeLogView,
    AccessKeyView,
    MetricsView,
    ApprovalView,
    ApprovalListView,
    *FLOW_VIEWS,
    *REST_VIEWS,
    VisitPlanView,
    VisitGenerationView,
    VisitCustomerView,
    VisitLoadView,
    VisitListView,
)
"""Every view besides the home page and FAB's own, in the order of registration."""


def register_views(app: Flask) -> AppBuilder:
    """Create FAB for this application and add every view. Needs an application context."""
    appbuilder = PortalAppBuilder(security_manager_class=PortalSecurityManager, indexview=HomeView)
    appbuilder.init_app(app, db.session)
    for view in VIEWS:
        appbuilder.add_view_no_menu(view)
    return appbuilder
