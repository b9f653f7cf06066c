"""客户档案 — one page per customer: master data, sales of thirteen months, everything in time order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.execution import customer_file as file
from app.execution.views.customer_file_words import EntryKind, by_month, entries_of
from app.kernel.db import db
from app.kernel.formatters import formatter_for, money, worded
from app.kernel.list_request import ascii_integer
from app.kernel.period import Month, local_today
from app.kernel.quantity import STICKS_PER_STANDARD_CARTON
from app.master.views.customers import WEEKDAYS
from app.models import Customer
from app.security.personal_data import shown

PERMISSIONS: Mapping[str, str] = {"show": "read"}
PAGE_ROWS = 60
MASTER_DATA = (
    "code", "owner", "phone", "address", "line", "visit_mode", "visit_frequency", "visit_weekday",
    "market_type", "business_type", "scale", "grade", "terminal_type", "order_mode",
    "order_weekday", "settle_mode", "status", "open_date", "close_date", "remark",
)  # fmt: skip
WEEKDAY_FIELDS = frozenset({"visit_weekday", "order_weekday"})


class CustomerFileView(BaseView):
    """Reached from the customer and from the lists of strategies, states and visits."""

    route_base = "/customer-file"
    default_view = "show"
    class_permission_name = Customer.__name__
    method_permission_name = PERMISSIONS
    title = _l("Customer file")

    @expose("/<pk>")
    @has_access
    def show(self, pk: str) -> Any:
        session = db.session()
        customer = file.customer_of(session, ascii_integer(pk))
        kind = next((each for each in EntryKind if each.name == request.args.get("kind")), None)
        entries, is_cut = entries_of(session, customer, kind)
        pages = max(1, -(-len(entries) // PAGE_ROWS))
        page = min(max(ascii_integer(request.args.get("page")) or 1, 1), pages)
        trend = file.sales_trend(session, customer, Month.of(local_today()))
        return self.render_template(
            "execution/customer_file.html",
            title=self.title,
            customer=customer,
            facts=_facts(customer),
            kinds=list(EntryKind),
            kind=kind,
            months=by_month(entries[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]),
            count=len(entries),
            is_cut=is_cut,
            page=page,
            pages=pages,
            page_url=lambda number: url_for(
                "CustomerFileView.show",
                pk=customer.id,
                kind=kind.name if kind else None,
                page=number,
            ),
            trend=[
                (sale.month.key, _cartons(sale.sticks), money(sale.amount_fen)) for sale in trend
            ],
            chart={
                "months": [sale.month.key for sale in trend],
                "cartons": [_cartons(sale.sticks) for sale in trend],
                "words": {
                    "cartons": _("Sales volume"),
                    "unit": _("cartons"),
                    "empty": _("Nothing was sold in these months."),
                },
            },
        )


def _cartons(sticks: int) -> float:
    return round(sticks / STICKS_PER_STANDARD_CARTON, 1)


def _facts(customer: Customer) -> list[tuple[Any, Any]]:
    """(label, value) of the master data that is there."""
    columns = Customer.__table__.c
    facts = [(_("Territory"), customer.territory.name)]
    for name in MASTER_DATA:
        value = shown(Customer, name, getattr(customer, name))
        if value is not None and value != "":
            formatted = formatter_for(columns[name])
            if name in WEEKDAY_FIELDS:
                formatted = worded(WEEKDAYS)
            facts.append((columns[name].info["label"], formatted(value)))
    return facts
