"""The home page – what needs doing, true figures with their source – and the frame's endpoints."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from flask import g, redirect, request, session
from flask_appbuilder import BaseView, IndexView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_appbuilder.utils.base import get_safe_redirect
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.execution import follow_ups
from app.home import figures
from app.home.work import Check, ToDo, approval_work, readiness, to_dos, visit_work
from app.kernel.db import db
from app.kernel.formatters import money, number
from app.kernel.list_widgets import view_url
from app.kernel.period import Month
from app.portal_context import can, month_label, scope_label, working_month
from app.security.permissions import RoleName
from app.workflow.approvals import waiting_counts
from app.workflow.flow_bar import person_of


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure with where it comes from; `explanation` are (term, text) pairs."""

    label: str
    value: str
    unit: str
    foot: str
    tone: str
    url: str | None
    explanation: list[tuple[str, str]]


class HomeView(IndexView):
    """The page people land on."""

    class_permission_name = "Home"
    index_template = "portal/home.html"

    @expose("/")
    @has_access
    @permission_name("read")
    def index(self) -> str:
        month = working_month().previous
        customers = figures.customer_counts(db.session()) if can("read", "Customer") else None
        products = figures.product_counts(db.session()) if can("read", "Product") else None
        territories = figures.territory_counts(db.session()) if can("read", "Territory") else None
        sales = figures.month_figures(db.session(), month) if can("read", "MonthlySales") else None
        imports = figures.last_imports(db.session()) if can("read", "ImportBatch") else []
        is_empty = not (customers and customers.active) and not (products and products.on_sale)
        checks: list[Check] = []
        if RoleName.ADMINISTRATOR.value in g.get("role_names", frozenset()) and not is_empty:
            checks = readiness(customers, products, territories, sales)
        todo: list[ToDo] = []
        if not is_empty:
            todo = [
                *approval_work(
                    waiting_counts(db.session(), person_of(g.user))
                    if can("read", "Approval")
                    else {}
                ),
                *visit_work(
                    follow_ups.open_today(db.session()) if can("update", "DailyVisit") else 0,
                    follow_ups.counts(db.session()) if can("update", "FollowUp") else None,
                ),
                *to_dos(customers, products, territories, sales, imports),
            ]
        page: str = self.render_template(
            self.index_template,
            title=_("Home page"),
            is_empty=is_empty,
            scope_words=scope_label(),
            month_words=month_label(month),
            working_month_words=month_label(month.next),
            to_dos=todo,
            figures=key_figures(*sales, customers)
            if sales is not None and sales[0].cartons
            else [],
            checks=checks,
            imports=imports,
            imports_url=view_url("ImportView", "list"),
            import_url=view_url("ImportView", "new"),
            tasks=figures.own_tasks(db.session()) if can("read", "Task") else [],
            tasks_url=view_url("TaskView", "list"),
        )
        return page


def key_figures(
    present: figures.MonthFigures,
    before: figures.MonthFigures,
    customers: figures.CustomerCounts | None,
) -> list[KeyFigure]:
    """Cartons, amount and ordering customers of the last complete month."""
    url = view_url("MonthlySalesView", "list", q_month=present.month.key)
    source = [
        (_("Month"), month_label(present.month)),
        (_("Area"), scope_label()),
        (
            _("Cut-off"),
            _("orders up to %(day)s", day=present.last_day.isoformat())
            if present.last_day is not None
            else _("monthly roll-up of the imported sales lines"),
        ),
        (_("Source"), _("Imported sales lines, rolled up by customer, product and month")),
    ]

    def figure(label: str, name: str, value: str, unit: str, formula: str) -> KeyFigure:
        growth = figures.change(getattr(present, name), getattr(before, name))
        percent = growth.percent(1)
        foot = (
            _("no sales in %(month)s to compare with", month=month_label(before.month))
            if percent is None
            else _(
                "%(change)s%% on %(month)s", change=f"{percent:+}", month=month_label(before.month)
            )
        )
        tone = "" if percent is None else "ok" if percent >= 0 else "warn"
        return KeyFigure(label, value, unit, foot, tone, url, [(_("Formula"), formula), *source])

    found = [
        figure(
            _("Cartons delivered"),
            "cartons",
            number(present.cartons),
            _("cartons"),
            _("Sum of delivered cartons, returns deducted"),
        ),
        figure(
            _("Sales amount"),
            "amount_fen",
            money(present.amount_fen),
            _("yuan"),
            _("Sum of line amounts, tax included, returns deducted"),
        ),
        figure(
            _("Ordering customers"),
            "customers",
            number(present.customers),
            _("customers"),
            _("Customers whose deliveries minus returns are above zero"),
        ),
    ]
    if customers is not None and customers.active:
        found.append(
            KeyFigure(
                _("Customers in business"),
                number(customers.active),
                _("customers"),
                _("%(count)s without visit mode", count=number(customers.without_mode)),
                "warn" if customers.without_mode else "ok",
                view_url("CustomerView", "list", q_status="ACTIVE"),
                [
                    (_("Formula"), _("Customers with the status “Active”, counted now")),
                    (_("Area"), scope_label()),
                    (_("Source"), _("Customer information")),
                ],
            )
        )
    return found


class PortalView(BaseView):
    """Choices that concern the frame: the month worked on."""

    route_base = "/portal"
    class_permission_name = "Home"
    method_permission_name = {"set_month": "read"}

    @expose("/month", methods=["POST"])
    @has_access
    def set_month(self) -> Response:
        """Remember the month; an unreadable one keeps the present choice."""
        with contextlib.suppress(ValueError):
            session["month"] = Month.parse(request.form.get("month", "")).key
        return redirect(get_safe_redirect(request.form.get("next", "/")))
