"""§2.2 step 7 — the single service strategies of the month: list, editing, removing, why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from flask import flash, redirect
from flask_appbuilder import expose, has_access
from flask_appbuilder.actions import action
from flask_appbuilder.models.filters import Filters
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.analysis.views.asked_place import asked_area
from app.analysis.views.choice_filters import WorkListView
from app.kernel.db import db
from app.kernel.formatters import MISSING
from app.kernel.list_filters import Active, EqualTo
from app.master.views.catalogues import shown_name
from app.models import ServiceStrategy, StrategyItem
from app.plan import service_plans
from app.plan.service_plans import ContentMissing
from app.plan.strategy_reasons import reasons_of
from app.plan.views import service_plan_pages as pages
from app.plan.views.strategy_filters import (
    ITEM_FILTERS,
    SOURCE_TONES,
    OfPlanMonth,
    source_cell,
)
from app.portal_context import can
from app.workflow.flow import RecordLocked

MARK_TONES = {"OPEN": "mute", "DONE": "ok", "TEMPORARY": "gold"}


def strategy_cell(strategy: ServiceStrategy | None) -> Any:
    return MISSING if strategy is None else f"{strategy.code} {shown_name(strategy)}"


def cached_reasons(rows: list[StrategyItem]) -> Callable[[], Mapping[tuple[int, int, int], Any]]:
    """The reasons of the rows by (plan, customer, strategy), read when the first is asked for:
    the workbook has them, the list does not.
    """

    @cache
    def read() -> Mapping[tuple[int, int, int], Any]:
        by_plan: dict[int, list[StrategyItem]] = {}
        for row in rows:
            by_plan.setdefault(row.plan_id, []).append(row)
        return {
            (plan_id, *key): lines
            for plan_id, items in by_plan.items()
            for key, lines in reasons_of(
                db.session(), items[0].plan, {item.customer_id for item in items}
            ).items()
        }

    return read


class StrategyItemView(WorkListView):
    """The strategies of the working month, one a row. Removed ones show on request only."""

    datamodel = SQLAInterface(StrategyItem)
    route_base = "/strategy-items"
    class_permission_name = "ServicePlan"
    base_filters = [["month", OfPlanMonth, None]]
    list_title = _l("Service strategies of the month")
    entity_label = _l("service strategy")
    show_title = _l("Service strategy")
    edit_title = _l("Change the service strategy")
    list_template = "plan/strategy_items.html"
    show_template = "plan/strategy_item.html"
    empty_hint = _l("Generate the plan; then every strategy is listed here.")
    list_columns = [
        "customer.name", "customer.code", "strategy", "content", "source", "is_touched", "mark",
    ]  # fmt: skip
    export_columns = [
        "month", "territory", "customer.code", "customer.name", "strategy.code", "strategy",
        "source", "content", "generated_content", "is_touched", "is_removed", "mark", "done_on",
        "undone_reason", "reasons",
    ]  # fmt: skip
    card_columns = ["customer.name", "strategy", "content", "source", "mark"]
    order_columns = ["customer.code", "customer.name", "strategy.code", "content"]
    base_order = ("customer.code", "asc")
    filter_bar = ITEM_FILTERS
    edit_columns = ["content"]
    extra_labels = {
        "customer.name": _l("Customer"),
        "customer.code": _l("Customer code"),
        "strategy.code": _l("Strategy code"),
        "reasons": _l("Why"),
    }
    tones = {"source": dict(SOURCE_TONES), "mark": MARK_TONES}
    formatters_columns = {"strategy": strategy_cell}
    base_permissions = ["can_read", "can_update", "can_export"]
    exclude_route_methods = {"download", "add", "delete", "bulk_edit", "select"}
    eager_loads = ("plan",)
    has_history = True

    # ------------------------------------------------------------------ list

    def read_filters(self, args: MultiDict[str, str]) -> tuple[Filters, list[Active], list[str]]:
        """As everywhere; without a word about removed items they are left out."""
        filters, active, problems = super().read_filters(args)
        if not args.get("q_is_removed"):
            filters.add_filter("is_removed", EqualTo, value=False)
        return filters, active, problems

    def annotate(self, rows: list[Any]) -> None:
        reasons = cached_reasons(rows)
        for row in rows:
            row.reasons_of_page = reasons

    def column_value(self, item: Any, path: str) -> Any:
        if path == "reasons":
            found = item.reasons_of_page()
            return pages.why_words(
                found.get((item.plan_id, item.customer_id, item.strategy_id), [])
            )
        return super().column_value(item, path)

    def render_template(self, template: str, **values: Any) -> str:
        if template == self.list_template:
            values.update(pages.brief_head(asked_area()))
        return super().render_template(template, **values)

    @action(
        "remove",
        _l("Remove"),
        _l("Removed strategies do not come back when the plan is generated again. Remove them?"),
        icon="fa-trash-can",
    )
    def remove(self, items: Any) -> Response:
        """One or many; a tombstone stays."""
        return self._set_removed(items, removed=True)

    @action(
        "restore", _l("Bring back"), _l("Bring the removed strategies back?"), icon="fa-rotate-left"
    )
    def restore(self, items: Any) -> Response:
        """Undo a removal."""
        return self._set_removed(items, removed=False)

    def _set_removed(self, items: Any, *, removed: bool) -> Response:
        chosen = items if isinstance(items, list) else [items]
        count = service_plans.set_removed(db.session(), chosen, removed=removed)
        db.session.commit()
        words = (
            _("%(count)d strategies were removed.", count=count)
            if removed
            else _("%(count)d strategies were brought back.", count=count)
        )
        flash(words, "success" if count else "warning")
        return redirect(self.get_redirect(), 303)

    # ------------------------------------------------------------------ one item

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        """Content, why it is there, and what happened to it."""
        item: StrategyItem = self.scoped_item(pk)
        plan = item.plan
        why = reasons_of(db.session(), plan, [item.customer_id])
        return self.render_template(
            self.show_template,
            title=shown_name(item.strategy),
            item=item,
            plan=plan,
            lines=why.get((item.customer_id, item.strategy_id), []),
            links=pages.why_links(plan, item.customer) if item.customer is not None else {},
            source=source_cell(item.source),
            may_change=can("update", "ServicePlan") and pages.is_draft(plan),
            history=self.history_of(item),
            history_labels={},
            cancel_url=self.get_redirect(),
        )

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Any:
        """Change the content; of a draft only."""
        item: StrategyItem = self.scoped_item(pk)
        if not pages.is_draft(item.plan):
            flash(RecordLocked().message(), "warning")
            return redirect(self.get_redirect(), 303)
        return super().edit(pk)

    def pre_update(self, item: StrategyItem) -> None:
        item.content = service_plans.clean(item.content)
        if not item.content:
            raise ContentMissing(field="content")
        item.is_touched = True
