"""Sales lines 销售明细 and monthly sales: read only, with the totals of what is filtered."""

from __future__ import annotations

from typing import Any

from flask import g, request
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import func
from sqlalchemy.orm import Query

from app.kernel.base_view import PlanningView
from app.kernel.formatters import money, number
from app.kernel.list_filters import Quick
from app.kernel.list_request import url_with
from app.models import MonthlySales, SalesLine
from app.portal_context import working_month

NO_ROUTES = {"show", "add", "edit", "delete", "action", "action_post", "bulk_edit", "download"}


class StockoutLines(BaseFilter):
    """Lines that demanded something and got nothing."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(SalesLine.demanded_cartons > 0, SalesLine.delivered_cartons == 0)


class StockoutMonths(BaseFilter):
    """Months with at least one stock-out line."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(MonthlySales.stockout_lines > 0)


def shown_customer(value: Any) -> Any:
    """A customer; one who left the territory since is out of the reader's sight."""
    return (
        value
        if value is not None
        else Markup('<span class="muted">{}</span>').format(_("moved to another territory"))
    )


class SalesList(PlanningView):
    """What both lists share; not a page itself."""

    base_permissions = ["can_read", "can_export"]
    exclude_route_methods = NO_ROUTES
    list_template = "master/sales_list.html"
    remote_selects = {
        "customer": ("name", "code"),
        "product": ("name", "code"),
        "territory": ("name", "code"),
    }
    extra_labels = {
        "customer": _l("Customer"),
        "product": _l("Product"),
        "territory": _l("Territory"),
        "line_count": _l("Line count"),
    }

    formatters_columns = {"customer": shown_customer}

    def default_arguments(self) -> dict[str, str]:
        """The period shown when the address names none."""
        raise NotImplementedError

    def way_to_list(self) -> str | None:
        way = super().way_to_list()
        defaults = self.default_arguments()
        if way or any(request.args.get(name) for name in (*defaults, "q_batch_id_from")):
            return way
        return url_with(defaults)

    def count(self, query: Query[Any]) -> int:
        """The number of rows; their totals come with the same statement."""
        obj = self.datamodel.obj
        row = (
            query.order_by(None)
            .with_entities(
                func.count(obj.customer_id),
                func.sum(obj.demanded_cartons),
                func.sum(obj.delivered_cartons),
                func.sum(obj.amount_fen),
            )
            .one()
        )
        g.sales_totals = row
        return int(row[0])

    def render_template(self, template: str, **values: Any) -> str:
        totals = g.get("sales_totals")
        if template == self.list_template and totals is not None:
            values["totals"] = [
                (_("Rows"), number(totals[0])),
                (_("Demanded, cartons"), number(int(totals[1] or 0))),
                (_("Delivered, cartons"), number(int(totals[2] or 0))),
                (_("Amount, yuan"), money(int(totals[3] or 0))),
            ]
        return super().render_template(template, **values)


class SalesLineView(SalesList):
    datamodel = SQLAInterface(SalesLine)
    route_base = "/sales-lines"
    list_title = _l("Sales lines")
    hint = _l(
        "What customers ordered, day by day; returns are negative. "
        "Without a chosen period the month before the business month is shown."
    )
    empty_hint = _l("Sales lines come from the import or from the marketing system's feed.")
    list_columns = [
        "order_date", "customer", "product", "territory", "channel", "demanded_cartons",
        "delivered_cartons", "amount_fen", "settle_mode",
    ]  # fmt: skip
    card_columns = ["customer", "product", "demanded_cartons", "delivered_cartons", "amount_fen"]
    order_columns = ["order_date", "delivered_cartons", "amount_fen"]
    base_order = ("order_date", "desc")
    filter_bar = [
        Quick("order_date", "date_range"),
        Quick("customer", "relation", label=_l("Customer")),
        Quick("product", "relation", label=_l("Product")),
        Quick("territory", "relation", label=_l("Territory")),
        Quick("channel", "enum"),
        Quick("stockout", "flag", label=_l("Stock-outs only"), filter_class=StockoutLines),
    ]
    search_columns = ["settle_mode", "order_no", "batch_id"]

    def default_arguments(self) -> dict[str, str]:
        month = working_month().previous
        return {
            "q_order_date_from": month.first_day.isoformat(),
            "q_order_date_to": month.last_day.isoformat(),
        }


class MonthlySalesView(SalesList):
    datamodel = SQLAInterface(MonthlySales)
    route_base = "/monthly-sales"
    list_title = _l("Monthly sales")
    hint = _l(
        "Sales lines rolled up by customer, product and month; the analyses read these figures. "
        "Without a chosen month the one before the business month is shown."
    )
    empty_hint = _l("Monthly sales are made of the imported sales lines.")
    list_columns = [
        "month", "customer", "product", "territory", "demanded_cartons", "delivered_cartons",
        "amount_fen", "line_count", "stockout_lines",
    ]  # fmt: skip
    card_columns = ["customer", "product", "delivered_cartons", "amount_fen", "stockout_lines"]
    order_columns = ["delivered_cartons", "amount_fen", "stockout_lines"]
    base_order = ("customer_id", "asc")
    filter_bar = [
        Quick("month", "month"),
        Quick("customer", "relation", label=_l("Customer")),
        Quick("product", "relation", label=_l("Product")),
        Quick("territory", "relation", label=_l("Territory")),
        Quick("stockout", "flag", label=_l("Stock-outs only"), filter_class=StockoutMonths),
    ]
    search_columns = ["delivered_cartons"]

    def default_arguments(self) -> dict[str, str]:
        return {"q_month": working_month().previous.key}


class CustomerMonthlySalesView(PlanningView):
    """A customer's months as a tab of the customer."""

    datamodel = SQLAInterface(MonthlySales)
    route_base = "/customer-monthly-sales"
    base_permissions = ["can_read", "can_export"]
    exclude_route_methods = {*NO_ROUTES, "export"}
    title = _l("Monthly sales")
    list_title = _l("Monthly sales")
    extra_labels = {"product": _l("Product"), "territory": _l("Territory")}
    list_columns = [
        "month", "product", "territory", "demanded_cartons", "delivered_cartons", "amount_fen",
        "stockout_lines",
    ]  # fmt: skip
    card_columns = ["month", "product", "delivered_cartons", "amount_fen"]
    order_columns = ["month", "delivered_cartons", "amount_fen"]
    base_order = ("month", "desc")
    search_columns = ["month"]
