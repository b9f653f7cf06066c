"""The one table of the REST API: which rows, which of their columns, and what may be written.

Addresses, access rights, filters, sorting, the OpenAPI document and the page that explains the
API all come from `RESOURCES`. A column that is not named here does not exist for the API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, inspect

from app.kernel.errors import N_
from app.master.customer_changes import EDITED_FIELDS
from app.models import (
    BrandTarget,
    CategoryNode,
    Customer,
    CustomerState,
    DailyVisit,
    FollowUp,
    MonthlySales,
    MonthPlan,
    MonthSummary,
    Product,
    SalesLine,
    ServicePlan,
    StrategyItem,
    Territory,
    VisitPlan,
    WeekSummary,
)
from app.rest import writes


@dataclass(frozen=True, slots=True)
class Write:
    """What POST or PATCH takes. `permission`: the action of the entity the caller must hold.

    `required`: fields a new record cannot do without. `act` gets the session, the record (PATCH)
    and the values, and does not commit.
    """

    permission: str
    fields: tuple[str, ...]
    act: Callable[..., Any]
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of row. `name`: of its schema; `entity`: whose grants count.

    `filters` are compared for equality, `ranges` (dates, months) with ``_from`` and ``_to``;
    `sorts` are columns without gaps, the key comes last by itself.
    """

    path: str
    name: str
    title: str
    model: type[Any]
    entity: str
    fields: tuple[str, ...]
    filters: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ()
    create: Write | None = None
    change: Write | None = None

    @property
    def has_id(self) -> bool:
        return [column.name for column in inspect(self.model).primary_key] == ["id"]

    @property
    def has_version(self) -> bool:
        return "version" in self.fields

    @property
    def key(self) -> tuple[str, ...]:
        """The attributes that tell rows apart, in the order of the primary key."""
        mapper = inspect(self.model)
        return tuple(mapper.get_property_by_column(column).key for column in mapper.primary_key)

    @property
    def permissions(self) -> Sequence[str]:
        """The actions of the entity its addresses ask for."""
        writes_ = [write.permission for write in (self.create, self.change) if write is not None]
        return ["read", *dict.fromkeys(writes_)]

    def column(self, name: str) -> Column[Any]:
        """The table's column behind an attribute."""
        found: Column[Any] = inspect(self.model).column_attrs[name].columns[0]
        return found

    def attributes(self) -> list[Any]:
        return [getattr(self.model, name) for name in self.fields]


OF_RECORD = ("id", "version", "company_id")
OF_TERRITORY = (*OF_RECORD, "territory_id")
CHANGED = ("created_at", "updated_at")
SUBMITTED = ("revision", "submitted_at", "decided_at", "return_reason")

PERSONAL = ("owner", "phone")
"""What the API neither tells nor takes: pages mask it for most people."""
CUSTOMER_FIELDS = tuple(name for name in EDITED_FIELDS if name not in PERSONAL)

RESOURCES: tuple[Resource, ...] = (
    Resource(
        "customers", "Customer", N_("Customers"), Customer, "Customer",
        (
            *OF_TERRITORY, "code", "name", "address", "neighbourhood",
            "longitude", "latitude", "market_type", "business_type", "scale", "grade",
            "terminal_type", "order_mode", "order_weekday", "settle_mode", "line", "visit_mode",
            "visit_frequency", "frequency_source", "visit_weekday", "status", "open_date",
            "close_date", "remark", *CHANGED,
        ),
        ("territory_id", "code", "status", "line", "visit_mode", "visit_frequency", "grade",
         "market_type", "business_type"),
        ("open_date",),
        ("code", "name", "grade", "updated_at"),
        change=Write("update", CUSTOMER_FIELDS, writes.change_customer),
    ),
    Resource(
        "products", "Product", N_("Products"), Product, "Product",
        (
            *OF_RECORD, "code", "name", "brand", "price_class", "wholesale_fen", "retail_fen",
            "sticks_per_carton", "form", "tar_tenths", "tar_imported_tenths", "tar_source",
            "is_key", "status", "is_approximate", *CHANGED,
        ),
        ("code", "brand", "price_class", "form", "is_key", "status"),
        sorts=("code", "name", "updated_at"),
        change=Write("update", ("is_key", "tar_tenths"), writes.change_product),
    ),
    Resource(
        "categories", "Category", N_("Category tree"), CategoryNode, "CategoryNode",
        (*OF_RECORD, "parent_id", "code", "name", "sort", *CHANGED),
        ("code", "parent_id"),
        sorts=("code", "updated_at"),
    ),
    Resource(
        "territories", "Territory", N_("Territories"), Territory, "Territory",
        (*OF_RECORD, "department_id", "code", "name", *CHANGED),
        ("code", "department_id"),
        sorts=("code", "name", "updated_at"),
    ),
    Resource(
        "sales-lines", "SalesLine", N_("Sales lines"), SalesLine, "SalesLine",
        (
            "company_id", "customer_id", "product_id", "order_date", "order_no", "territory_id",
            "demanded_cartons", "delivered_cartons", "amount_fen", "channel", "settle_mode",
        ),
        ("customer_id", "product_id", "territory_id", "order_date"),
        ("order_date",),
        ("order_date",),
    ),
    Resource(
        "monthly-sales", "MonthlySales", N_("Monthly sales"), MonthlySales, "MonthlySales",
        (
            "company_id", "month", "customer_id", "product_id", "territory_id",
            "demanded_cartons", "delivered_cartons", "amount_fen", "line_count",
            "demanded_lines", "stockout_lines",
        ),
        ("month", "customer_id", "product_id", "territory_id"),
        ("month",),
        ("month",),
    ),
    Resource(
        "operating-states", "OperatingState", N_("Operating states"), CustomerState,
        "CustomerState",
        (
            *OF_TERRITORY, "customer_id", "month", "status", "is_new", "sticks",
            "previous_sticks", "last_year_sticks", "amount_fen", "key_sticks", "width",
            "margin_fen", "effect_score", "effect_band", "ability_score", "ability_band",
            "operating_state_id", "is_problem", "parameter_version", "formula_version",
            "computed_at", *CHANGED,
        ),
        ("territory_id", "customer_id", "month", "status", "is_problem", "effect_band"),
        ("month",),
        ("month", "updated_at"),
    ),
    Resource(
        "brand-targets", "BrandTarget", N_("Brand targets"), BrandTarget, "BrandTarget",
        (
            *OF_TERRITORY, "product_id", "from_month", "to_month", "listing_target",
            "active_target", "stockout_target", "repurchase_target", "list_revision", *CHANGED,
        ),
        ("territory_id", "product_id"),
        ("from_month", "to_month"),
        ("from_month", "updated_at"),
    ),
    Resource(
        "service-plans", "ServicePlan", N_("Service strategies of the month"), ServicePlan,
        "ServicePlan",
        (
            *OF_TERRITORY, "month", "status", "satisfaction_target", "is_empty_accepted",
            "generated_at", "parameter_version", *SUBMITTED, "result_submitted_at",
            "result_decided_at", *CHANGED,
        ),
        ("territory_id", "month", "status"),
        ("month",),
        ("month", "updated_at"),
    ),
    Resource(
        "service-plan-items", "ServicePlanItem", N_("Service strategies of customers"),
        StrategyItem, "ServicePlan",
        (
            *OF_TERRITORY, "plan_id", "month", "customer_id", "strategy_id", "sequence",
            "source", "content", "is_touched", "is_removed", "mark", "done_on",
            "undone_reason", "undone_note", *CHANGED,
        ),
        ("plan_id", "territory_id", "customer_id", "strategy_id", "month", "source", "mark",
         "is_removed"),
        ("month", "done_on"),
        ("month", "updated_at"),
    ),
    Resource(
        "month-plans", "MonthPlan", N_("Month plans"), MonthPlan, "MonthPlan",
        (
            *OF_TERRITORY, "month", "status", "last_problems", "focus", "visit_notes",
            "is_outdated", "generated_at", "parameter_version", *SUBMITTED, *CHANGED,
        ),
        ("territory_id", "month", "status"),
        ("month",),
        ("month", "updated_at"),
    ),
    Resource(
        "visit-plans", "VisitPlan", N_("Visit plans"), VisitPlan, "VisitPlan",
        (
            *OF_TERRITORY, "customer_id", "date", "month", "origin", "status", "sequence",
            "moved_from", "is_touched", "note", "frequency", "day_choice", *CHANGED,
        ),
        ("territory_id", "customer_id", "date", "month", "status"),
        ("date", "month"),
        ("date", "updated_at"),
        create=Write(
            "update", ("customer_id", "date"), writes.plan_visit, ("customer_id", "date")
        ),
        change=Write("update", ("date",), writes.move_visit),
    ),
    Resource(
        "daily-visits", "DailyVisit", N_("Daily visit records"), DailyVisit, "DailyVisit",
        (
            *OF_TERRITORY, "customer_id", "date", "visit_plan_id", "mode", "outcome",
            "started_at", "minutes", "unvisited_reason", "market_issue", "opinion", "effect",
            "moved_to", "recorded_at", *CHANGED,
        ),
        ("territory_id", "customer_id", "date", "outcome", "mode"),
        ("date",),
        ("date", "updated_at"),
    ),
    Resource(
        "follow-ups", "FollowUp", N_("Follow-ups"), FollowUp, "FollowUp",
        (
            *OF_TERRITORY, "customer_id", "daily_visit_id", "kind", "text", "status",
            "owner_id", "due_date", "answer", "resolved_at", "answered_on", *CHANGED,
        ),
        ("territory_id", "customer_id", "kind", "status", "owner_id"),
        ("due_date", "answered_on"),
        ("updated_at", "created_at"),
        create=Write(
            "create", ("customer_id", "kind", "text", "owner_id", "due_date"),
            writes.begin_follow_up, ("customer_id", "kind", "text"),
        ),
        change=Write(
            "update", ("owner_id", "due_date", "status", "answer"), writes.change_follow_up
        ),
    ),
    Resource(
        "week-summaries", "WeekSummary", N_("Week summaries"), WeekSummary, "WeekSummary",
        (
            *OF_TERRITORY, "start_date", "month", "status", "as_of", "elapsed_days",
            "total_days", "computed_at", "parameter_version", "arrangement_text", "effect_text",
            "comment", *SUBMITTED, *CHANGED,
        ),
        ("territory_id", "month", "status"),
        ("start_date", "month"),
        ("start_date", "updated_at"),
    ),
    Resource(
        "month-summaries", "MonthSummary", N_("Month summaries"), MonthSummary, "MonthSummary",
        (
            *OF_TERRITORY, "month", "status", "visit_text", "analysis_text", "plan_text",
            "experience", "shortcomings", "comment", "computed_at", *SUBMITTED, *CHANGED,
        ),
        ("territory_id", "month", "status"),
        ("month",),
        ("month", "updated_at"),
    ),
)  # fmt: skip

BY_PATH: Mapping[str, Resource] = {resource.path: resource for resource in RESOURCES}
