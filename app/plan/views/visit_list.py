"""§2.2 step 9 — every visit as a list: filters over any period, Excel export. Read-only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import has_request_context, request, url_for
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import or_
from sqlalchemy.orm import Query

from app.analysis.views.choice_filters import TextQuick, WorkListView
from app.kernel.list_filters import Quick, like_pattern
from app.models import Customer, VisitPlan
from app.portal_context import can
from app.security.personal_data import searchable

STATUS_TONES = {"PLANNED": "info", "DONE": "ok", "MISSED": "bad", "CANCELLED": "mute"}


class CustomerContains(BaseFilter):
    """value: a part of the customer's name, code or phone."""

    name = _l("Customer")

    def apply(self, query: Query[Any], value: str) -> Query[Any]:
        pattern = like_pattern(value)
        columns = searchable(Customer.name, Customer.code, Customer.phone)
        return query.filter(
            VisitPlan.customer.has(or_(*(column.ilike(pattern, escape="\\") for column in columns)))
        )


class OnLine(BaseFilter):
    """value: a part of the name of the customer's visit line."""

    name = _l("Visit line")

    def apply(self, query: Query[Any], value: str) -> Query[Any]:
        pattern = like_pattern(value)
        return query.filter(VisitPlan.customer.has(Customer.line.ilike(pattern, escape="\\")))


class VisitListView(WorkListView):
    """The house list of visits; planning itself happens on the calendar."""

    datamodel = SQLAInterface(VisitPlan)
    route_base = "/visits"
    class_permission_name = VisitPlan.__name__
    list_title = _l("All visits")
    entity_label = _l("visit")
    hint = _l("All planned, made, missed and cancelled visits. Plan and move them on the calendar.")
    empty_hint = _l("Generate the visits of a period on the calendar page, or plan them by hand.")
    show_title = _l("Visit")
    list_columns = [
        "customer.name", "customer.code", "date", "status", "customer.line", "sequence", "origin",
        "frequency", "day_choice", "moved_from", "note", "territory",
    ]  # fmt: skip
    show_columns = [
        "date", "month", "customer", "territory", "status", "sequence", "origin", "frequency",
        "day_choice", "run_id", "moved_from", "is_touched", "note", "updated_at",
    ]  # fmt: skip
    export_columns = [
        "date", "month", "territory", "customer.code", "customer.name", "customer.line",
        "customer.neighbourhood", "customer.address", "customer.visit_mode", "status", "sequence",
        "origin", "frequency", "day_choice", "moved_from", "is_touched", "note",
    ]  # fmt: skip
    card_columns = ["customer.name", "customer.code", "date", "status", "customer.line"]
    order_columns = ["date", "customer.code", "customer.name", "sequence"]
    base_order = ("date", "desc")
    filter_bar = [
        TextQuick("customer", "contains", filter_class=CustomerContains),
        Quick("date", "date_range"),
        Quick("status", "enum"),
        Quick("territory", "relation"),
        TextQuick("line", "contains", filter_class=OnLine, label=_l("Visit line"), more=True),
        Quick("origin", "enum", more=True),
        Quick("frequency", "enum", more=True),
        Quick("day_choice", "enum", more=True),
    ]
    search_columns = ["month", "is_touched", "run_id"]
    extra_labels = {
        "customer": _l("Customer"),
        "customer.name": _l("Customer"),
        "customer.code": _l("Customer code"),
        "line": _l("Visit line"),
    }
    tones = {"status": STATUS_TONES, "origin": {"AUTOMATIC": "mute", "MANUAL": "gold"}}
    base_permissions = ["can_read", "can_export"]
    exclude_route_methods = {"download", "add", "edit", "delete", "bulk_edit"}
    has_history = True

    def column_value(self, item: Any, path: str) -> Any:
        """On pages the customer leads to its file; exports need no addresses."""
        value = super().column_value(item, path)
        is_page = has_request_context() and request.method == "GET"
        if path not in ("customer", "customer.code") or value is None or not is_page:
            return value
        if not can("read", "Customer"):
            return value
        url = url_for("CustomerFileView.show", pk=item.customer_id)
        return Markup('<a href="{}" title="{}">{}</a>').format(url, _("Customer file"), value)

    def list_buttons(self) -> Sequence[dict[str, Any]]:
        return [
            {
                "url": url_for("VisitPlanView.index"),
                "text": _("Calendar"),
                "icon": "fa-calendar-days",
                "is_primary": False,
            }
        ]
