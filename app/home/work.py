"""From counts to work: what a person should do in the master data, and whether a month is ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from app.execution.follow_ups import FollowUpCounts
from app.home.figures import CustomerCounts, MonthFigures, ProductCounts, TerritoryCounts
from app.kernel.formatters import number
from app.kernel.list_widgets import view_url
from app.models import ImportBatch
from app.portal_context import can, month_label
from app.workflow.approvals import SUBJECTS


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something to do: how many rows, why it matters, and where they are."""

    count: int
    text: str
    why: str
    url: str | None
    link: str
    icon: str
    tone: str = "warn"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the month's readiness."""

    text: str
    detail: str
    is_ok: bool
    url: str | None


def to_dos(
    customers: CustomerCounts | None,
    products: ProductCounts | None,
    territories: TerritoryCounts | None,
    sales: tuple[MonthFigures, MonthFigures] | None,
    imports: Sequence[ImportBatch],
) -> list[ToDo]:
    """What this person may and should do, most hindering first."""
    found: list[ToDo] = []
    if customers is not None and can("update", "Customer"):
        found += _customer_work(customers)
    if territories is not None and can("create", "TerritoryAssignment"):
        found.append(
            ToDo(
                territories.without_holder,
                _("Territories without a primary holder today"),
                _("Nobody plans or visits there until someone is assigned."),
                view_url("TerritoryView", "list", q_without_holder="1"),
                _("Assign"),
                "fa-user-slash",
                "bad",
            )
        )
    if products is not None and can("update", "CategoryProduct"):
        found += _product_work(products)
    if sales is not None and can("create", "ImportBatch") and not sales[0].cartons:
        found.append(
            ToDo(
                1,
                _("No sales for %(month)s yet", month=month_label(sales[0].month)),
                _("The analyses of the working month read them."),
                view_url("ImportView", "new"),
                _("Import"),
                "fa-file-import",
                "bad",
            )
        )
    found += [
        ToDo(
            batch.rows_rejected,
            _("Rejected rows in %(file)s", file=batch.file_name),
            _(
                "Import of %(day)s; correct them and import the file again.",
                day=f"{batch.created_at:%Y-%m-%d}",
            ),
            view_url("ImportView", "show", pk=batch.id),
            _("Look"),
            "fa-file-circle-exclamation",
        )
        for batch in imports[:2]
    ]
    return [entry for entry in found if entry.count]


def visit_work(open_today: int, follow_ups: FollowUpCounts | None) -> list[ToDo]:
    """Today's visits and what earlier ones left to follow up."""
    found = [
        ToDo(
            open_today,
            _("Visits of today to be recorded"),
            _("Print the sheet before leaving; record every visit on the phone."),
            view_url("DailyVisitView", "index"),
            _("Visit"),
            "fa-clipboard-check",
            "info",
        )
    ]
    if follow_ups is not None:
        found += [
            ToDo(
                follow_ups.overdue,
                _("Overdue follow-ups"),
                _("Anomalies and suggestions whose day has passed."),
                view_url("FollowUpView", "list", q_overdue="1"),
                _("Look"),
                "fa-flag",
                "bad",
            ),
            ToDo(
                follow_ups.own,
                _("Follow-ups you are responsible for"),
                _("Resolve them with an answer for the customer."),
                view_url("FollowUpView", "list", q_own="1", q_status=["OPEN", "IN_WORK"]),
                _("Look"),
                "fa-flag",
            ),
        ]
    return [entry for entry in found if entry.count]


def approval_work(waiting: Mapping[str, int]) -> list[ToDo]:
    """What waits for the person's decision; `waiting`: subject of the desk → records."""
    return [
        ToDo(
            count,
            _("Waiting for you: %(what)s", what=_(SUBJECTS[name].label)),
            _("Visits and marks depend on it; the customer manager sees the decision at once."),
            view_url("ApprovalView", "index", subject=name),
            _("Decide") if SUBJECTS[name].approve else _("Read"),
            "fa-stamp",
            "info",
        )
        for name, count in waiting.items()
        if count
    ]


def _customer_work(customers: CustomerCounts) -> list[ToDo]:
    return [
        ToDo(
            customers.without_mode,
            _("Customers without visit mode"),
            _("They are left out of week arrangements and daily visit sheets."),
            view_url("CustomerView", "list", q_visit_mode_missing="1", q_status="ACTIVE"),
            _("Maintain"),
            "fa-person-walking-arrow-right",
            "bad",
        ),
        ToDo(
            customers.without_line,
            _("Customers without visit line"),
            _("Week arrangements group the visits of a day by line."),
            view_url("CustomerView", "list", q_line_missing="1", q_status="ACTIVE"),
            _("Maintain"),
            "fa-route",
        ),
    ]


def _product_work(products: ProductCounts) -> list[ToDo]:
    return [
        ToDo(
            products.without_category,
            _("Products without category"),
            _("They are missing from every figure by category."),
            view_url("CategoryProductView", "list", q_category_missing="1"),
            _("Map"),
            "fa-tags",
        ),
        ToDo(
            products.without_tar,
            _("Products without tar content"),
            _("They are missing from the tar analyses."),
            view_url("NewProductView", "list", q_tar_tenths_missing="1"),
            _("Enter"),
            "fa-flask",
        ),
        ToDo(
            0 if products.key or not products.on_sale else 1,
            _("No product is a key brand"),
            _("Growth and share of key brands cannot be calculated."),
            view_url("ProductView", "list"),
            _("Choose"),
            "fa-star",
        ),
    ]


def readiness(
    customers: CustomerCounts | None,
    products: ProductCounts | None,
    territories: TerritoryCounts | None,
    sales: tuple[MonthFigures, MonthFigures] | None,
) -> list[Check]:
    """Whether the data allow the working month to begin."""
    checks: list[Check] = []
    if sales is not None:
        month = sales[0]
        last = month.last_day.isoformat() if month.last_day is not None else ""
        detail = _("none imported")
        if month.cartons:
            detail = _("last order day %(day)s", day=last) if last else _("imported by month")
        checks.append(
            Check(
                _("Sales of %(month)s", month=month_label(month.month)),
                detail,
                bool(month.cartons),
                view_url("MonthlySalesView", "list", q_month=month.month.key),
            )
        )
    if territories is not None:
        checks.append(
            _complete(
                _("Every territory has a primary holder"),
                territories.all,
                territories.without_holder,
                view_url("TerritoryView", "list", q_without_holder="1"),
            )
        )
    if customers is not None:
        checks.append(
            _complete(
                _("Every customer has a visit mode"),
                customers.active,
                customers.without_mode,
                view_url("CustomerView", "list", q_visit_mode_missing="1", q_status="ACTIVE"),
            )
        )
    if products is not None:
        checks += [
            _complete(
                _("Every product has a category"),
                products.on_sale,
                products.without_category,
                view_url("CategoryProductView", "list", q_category_missing="1"),
            ),
            _complete(
                _("Every product has a tar content"),
                products.on_sale,
                products.without_tar,
                view_url("NewProductView", "list", q_tar_tenths_missing="1"),
            ),
            Check(
                _("Key brands are chosen"),
                _("%(count)s key brands", count=number(products.key)),
                products.key > 0,
                view_url("ProductView", "list", q_is_key="1"),
            ),
        ]
    return checks


def _complete(text: str, of: int, missing: int, url: str | None) -> Check:
    return Check(
        text,
        _("%(done)s of %(all)s", done=number(of - missing), all=number(of)),
        missing == 0 and of > 0,
        url,
    )
