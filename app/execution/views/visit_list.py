"""§2.2 step 11 — the list of all visit records: filters, export, one record with its history."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Query

from app.analysis.views.choice_filters import TextQuick, WorkListView
from app.execution import visit_days
from app.execution.views import visit_words as words
from app.kernel.db import db
from app.kernel.list_filters import Quick, like_pattern
from app.models import Customer, DailyVisit
from app.portal_context import can
from app.security.change_log import change_history


class CustomerContains(BaseFilter):
    """value: a part of the customer's name or code."""

    name = _l("Customer")

    def apply(self, query: Query[Any], value: str) -> Query[Any]:
        pattern = like_pattern(value)
        model = self.model
        return query.filter(
            model.customer_id.in_(
                select(Customer.id).where(
                    or_(
                        Customer.name.ilike(pattern, escape="\\"),
                        Customer.code.ilike(pattern, escape="\\"),
                    )
                )
            )
        )


class WithAnomaly(BaseFilter):
    """Records with a market anomaly or a suggestion."""

    name = _l("With anomaly or suggestion")

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(
            or_(DailyVisit.market_issue.is_not(None), DailyVisit.opinion.is_not(None))
        )


class Unplanned(BaseFilter):
    """Visits nobody had planned."""

    name = _l("Without a plan")

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(DailyVisit.visit_plan_id.is_(None))


class VisitRecordView(WorkListView):
    """Everything that was recorded; changes are made on the page of the visit."""

    datamodel = SQLAInterface(DailyVisit)
    route_base = "/visit-records"
    class_permission_name = "DailyVisit"
    list_title = _l("All visit records")
    entity_label = _l("visit record")
    show_title = _l("Visit record")
    list_template = "execution/visit_list.html"
    show_template = "execution/visit_show.html"
    empty_hint = _l("Records appear here when visits are saved on the day's page.")
    list_columns = [
        "customer.name", "date", "outcome", "unvisited_reason", "minutes", "market_issue",
        "opinion", "effect", "territory",
    ]  # fmt: skip
    export_columns = [
        "date", "territory", "customer.code", "customer.name", "mode", "outcome", "started_time",
        "minutes", "unvisited_reason", "moved_to", "market_issue", "opinion", "effect",
        "is_planned", "recorded_at",
    ]  # fmt: skip
    card_columns = ["customer.name", "date", "outcome", "market_issue", "opinion"]
    order_columns = ["customer.name", "date", "minutes"]
    base_order = ("date", "desc")
    filter_bar = [
        TextQuick("customer", "contains", _l("Name or code"), filter_class=CustomerContains),
        Quick("date", "date_range"),
        Quick("territory", "relation", label=_l("Territory")),
        Quick("outcome", "enum"),
        Quick("noted", "flag", _l("With anomaly or suggestion"), filter_class=WithAnomaly),
        Quick("unvisited_reason", "enum", more=True),
        Quick("mode", "enum", more=True),
        Quick("unplanned", "flag", _l("Without a plan"), filter_class=Unplanned, more=True),
    ]
    extra_labels = {
        "customer.name": _l("Customer"),
        "customer.code": _l("Customer code"),
        "territory": _l("Territory"),
        "started_time": _l("Arrived at"),
        "is_planned": _l("Planned"),
    }
    tones = {"outcome": {"VISITED": "ok", "NOT_VISITED": "bad"}}
    base_permissions = ["can_read", "can_export"]
    exclude_route_methods = {
        "download",
        "add",
        "edit",
        "delete",
        "bulk_edit",
        "select",
        "action",
        "action_post",
    }

    def column_value(self, item: Any, path: str) -> Any:
        if path == "started_time":
            return words.arrived(item)
        if path == "is_planned":
            return item.visit_plan_id is not None
        return super().column_value(item, path)

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        """One record with its strategies and its history."""
        record: DailyVisit = self.scoped_item(pk)
        visit = visit_days.visit_of(db.session(), record.customer, record.date)
        return self.render_template(
            self.show_template,
            title=record.customer.name,
            visit=visit,
            record=record,
            words=words,
            day_words=words.day_words(record.date),
            values=[entry for entry in words.record_values(record, None) if entry["name"]],
            history=change_history(record),
            history_labels=self.label_columns,
            edit_url=url_for(
                "DailyVisitView.record", customer=record.customer_id, day=record.date.isoformat()
            )
            if can("update", "DailyVisit") and visit.gate is None
            else None,
        )
