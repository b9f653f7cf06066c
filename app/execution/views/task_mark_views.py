"""§2.2 step 12 — 任务执行标注表: marking what was done, reasons, temporary tasks, the result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.actions import action
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Query
from werkzeug.wrappers import Response as AnyResponse

from app.analysis.views.asked_place import asked_area
from app.analysis.views.choice_filters import TextQuick, WorkListView
from app.execution import task_marks as marks
from app.execution.views.task_mark_cells import mark_cell, mark_words, reason_cell
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_filters import Quick, like_pattern
from app.kernel.list_request import ascii_integer, safe_return_path
from app.kernel.period import local_today
from app.kernel.row_actions import BulkResult
from app.master.views.catalogues import shown_name
from app.models import (
    Customer,
    ItemMark,
    ItemSource,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
)
from app.plan.views.strategy_filters import ItemCustomer, OfPlanMonth
from app.plan.views.strategy_item_views import MARK_TONES, strategy_cell
from app.portal_context import can, month_label
from app.security.personal_data import searchable
from app.workflow.flow_bar import flow_of

MARKABLE = (
    ServicePlanStatus.APPROVED,
    ServicePlanStatus.RESULT_SUBMITTED,
    ServicePlanStatus.RESULT_APPROVED,
)
MOST_FOUND = 20


class OfMarkedPlan(BaseFilter):
    """Items, not removed, of plans that were approved (§2.2-12: 选择状态为计划审核的记录)."""

    name = _l("Status")
    arg_name = "marked_plan"

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(
            StrategyItem.is_removed.is_(False),
            StrategyItem.plan.has(ServicePlan.status.in_(MARKABLE)),
        )


class ToDo(BaseFilter):
    """Planned items without ★ and without a reason."""

    name = _l("Neither done nor explained")

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(
            StrategyItem.mark == ItemMark.OPEN,
            StrategyItem.source != ItemSource.TEMPORARY,
            StrategyItem.undone_reason.is_(None),
        )


class TaskMarkView(WorkListView):
    """The strategies of approved plans of the working month, with ★ and ●."""

    datamodel = SQLAInterface(StrategyItem)
    route_base = "/task-marks"
    class_permission_name = "ServicePlan"
    method_permission_name = {"toggle": "update", "temporary": "update", "drop": "update"}
    base_filters = [["month", OfPlanMonth, None], ["plan_id", OfMarkedPlan, None]]
    list_title = _l("Task marks")
    entity_label = _l("task")
    edit_title = _l("Result of the task")
    hint = _l(
        "★ what was done, ● what came up in addition. At the end of the month every task is done "
        "or says why not; then the result goes to the market manager."
    )
    empty_hint = _l(
        "Tasks appear here once the market manager has approved the month's strategies."
    )
    list_template = "execution/task_marks.html"
    list_columns = [
        "mark_button", "customer.name", "customer.code", "strategy", "content", "done_on",
        "why_undone",
    ]  # fmt: skip
    export_columns = [
        "month", "territory", "customer.code", "customer.name", "strategy.code", "strategy",
        "content", "source", "mark", "done_on", "undone_reason", "undone_note",
    ]  # fmt: skip
    card_columns = ["customer.name", "strategy", "content", "mark_button", "why_undone"]
    order_columns = ["customer.code", "customer.name", "strategy.code", "done_on"]
    base_order = ("customer.code", "asc")
    filter_bar = [
        TextQuick("customer", "contains", _l("Name, code or phone"), filter_class=ItemCustomer),
        Quick("territory", "relation", label=_l("Territory")),
        Quick(
            "to_do", "flag", _l("Neither done nor explained"), filter_class=ToDo, shows_count=True
        ),
        Quick("mark", "enum"),
        Quick("undone_reason", "enum", more=True),
        Quick("done_on", "date_range", more=True),
        Quick("content", "contains", more=True),
    ]
    edit_columns = ["done_on", "undone_reason", "undone_note"]
    bulk_fields = ["undone_reason"]
    extra_labels = {
        "customer.name": _l("Customer"),
        "customer.code": _l("Customer code"),
        "strategy.code": _l("Strategy code"),
        "mark_button": _l("Mark"),
        "why_undone": _l("Not done because"),
    }
    tones = {"mark": MARK_TONES}
    formatters_columns = {"strategy": strategy_cell}
    base_permissions = ["can_read", "can_update", "can_export"]
    exclude_route_methods = {"download", "add", "delete", "show", "select"}
    eager_loads = ("plan",)

    # ------------------------------------------------------------------ list

    def render_template(self, template: str, **values: Any) -> str:
        if template == self.list_template:
            values.update(self._head())
        return super().render_template(template, **values)

    def _head(self) -> dict[str, Any]:
        area = asked_area()
        progress = marks.progress_of(db.session(), area) if area.territories else []
        own = None
        if area.chosen is not None:
            own = next((entry for entry in progress if entry.territory_id == area.chosen.id), None)
        plan = None
        if own is not None:
            plan = db.session.scalar(select(ServicePlan).where(ServicePlan.id == own.plan_id))
        return {
            "area": area,
            "month_words": month_label(area.month),
            "progress": own,
            "overview": [] if area.chosen else self._overview(area, progress),
            "flow": flow_of(db.session(), plan) if plan is not None else None,
            "may_mark": plan is not None and marks.is_open(plan) and can("update", "ServicePlan"),
            "plan": plan,
        }

    @staticmethod
    def _overview(area: Any, progress: Sequence[marks.MarkProgress]) -> list[Any]:
        found = {entry.territory_id: entry for entry in progress}
        return [(territory, found.get(territory.id)) for territory in area.territories]

    def annotate(self, rows: list[Any]) -> None:
        """★ as a button where it may be set; the reason with its remark."""
        may_change = can("update", "ServicePlan")
        for row in rows:
            row.mark_button = mark_cell(row, is_button=may_change and marks.is_open(row.plan))
            row.why_undone = reason_cell(row)

    # ------------------------------------------------------------------ marking

    @expose("/toggle/<pk>", methods=["POST"])
    @has_access
    def toggle(self, pk: str) -> AnyResponse:
        """★ on or off for one task; a script gets the new cell, a form goes back to the list."""
        item: StrategyItem = self.scoped_item(pk)
        wants_json = request.accept_mimetypes.best == "application/json"
        try:
            if item.mark is ItemMark.OPEN:
                marks.mark_done(db.session(), [item], local_today())
            else:
                marks.reopen(db.session(), [item])
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            if wants_json:
                answer = jsonify(error=refusal.message())
                answer.status_code = refusal.status
                return answer
            flash(refusal.message(), "danger")
            return redirect(self._return_path(), 303)
        if wants_json:
            return jsonify(mark=item.mark.name, words=mark_words(item), day=_day(item.done_on))
        return redirect(self._return_path(), 303)

    @action("done", _l("Mark ★ done today"), icon="fa-star")
    def done(self, items: Any) -> Any:
        """★ on many at once."""
        chosen = items if isinstance(items, list) else [items]
        count = marks.mark_done(db.session(), chosen, local_today())
        db.session.commit()
        flash(_("%(count)d tasks were marked ★.", count=count), "success" if count else "warning")
        return redirect(self.get_redirect(), 303)

    @action("reopen", _l("Take ★ back"), _l("Take the mark ★ back?"), icon="fa-rotate-left")
    def reopen(self, items: Any) -> Any:
        """Undo marks."""
        chosen = items if isinstance(items, list) else [items]
        count = marks.reopen(db.session(), chosen)
        db.session.commit()
        flash(_("%(count)d marks were taken back.", count=count), "success" if count else "warning")
        return redirect(self.get_redirect(), 303)

    def bulk_apply(self, items: list[Any], values: dict[str, Any]) -> BulkResult:
        """A reason for many at once; what is done keeps its ★."""
        with db.session.begin_nested():
            try:
                changed = marks.explain(db.session(), items, values["undone_reason"])
            except PlanningError as refusal:
                return BulkResult(refused=[(str(item), refusal.message()) for item in items])
        return BulkResult(changed=changed, unchanged=len(items) - changed)

    def pre_update(self, item: StrategyItem) -> None:
        """The form: a day means done, no day means open; a reason belongs to open ones."""
        if not marks.is_open(item.plan):
            raise marks.MarksNotOpen
        if item.done_on is not None and item.done_on > local_today():
            raise marks.DayNotPast(field="done_on")
        if item.source is ItemSource.TEMPORARY:
            item.undone_reason = item.undone_note = None
            if item.done_on is None:
                raise PlanningError(_l("A temporary task needs its day."), field="done_on")
            return
        item.mark = ItemMark.OPEN if item.done_on is None else ItemMark.DONE
        if item.mark is ItemMark.DONE:
            item.undone_reason = item.undone_note = None

    # ------------------------------------------------------------------ temporary tasks

    @expose("/temporary", methods=["GET", "POST"])
    @has_access
    def temporary(self) -> Any:
        """● log a task that came up: find the customer, say what was done."""
        area = asked_area(is_strict=True)
        plan = self._markable_plan(area)
        if request.method == "POST":
            try:
                marks.add_temporary(
                    db.session(),
                    plan,
                    ascii_integer(request.form.get("customer")),
                    ascii_integer(request.form.get("strategy")),
                    request.form.get("content", ""),
                    _asked_day(request.form.get("done_on", "")),
                )
                db.session.commit()
            except PlanningError as refusal:
                db.session.rollback()
                if refusal.status == 404:
                    abort(404)
                page = self._temporary_page(area, plan, request.form, refusal.message())
                return Response(page, 422, mimetype="text/html")
            flash(_("The temporary task was logged."), "success")
            return redirect(url_for("TaskMarkView.list", **area.argument), 303)
        return self._temporary_page(area, plan, request.args)

    def _temporary_page(
        self, area: Any, plan: ServicePlan, typed: Any, problem: str | None = None
    ) -> str:
        session = db.session()
        customer = session.scalar(
            select(Customer).where(
                Customer.id == ascii_integer(typed.get("customer")),
                Customer.territory_id == plan.territory_id,
            )
        )
        strategies = session.scalars(
            select(ServiceStrategy)
            .where(ServiceStrategy.company_id == plan.company_id, ServiceStrategy.is_active)
            .order_by(ServiceStrategy.sort, ServiceStrategy.code)
        )
        return str(
            self.render_template(
                "execution/task_temporary.html",
                title=_("Temporary task"),
                area=area,
                plan=plan,
                month_words=month_label(plan.month),
                find=typed.get("find", ""),
                found=self._found(plan, typed.get("find", "")),
                customer=customer,
                strategies=[(row.id, f"{row.code} {shown_name(row)}") for row in strategies],
                typed=typed,
                problem=problem,
                today=local_today().isoformat(),
                cancel_url=url_for("TaskMarkView.list", **area.argument),
            )
        )

    @staticmethod
    def _found(plan: ServicePlan, text: str) -> list[Customer]:
        if not text.strip():
            return []
        pattern = like_pattern(text)
        columns = searchable(Customer.name, Customer.code, Customer.phone)
        return list(
            db.session.scalars(
                select(Customer)
                .where(
                    Customer.territory_id == plan.territory_id,
                    or_(*(column.ilike(pattern, escape="\\") for column in columns)),
                )
                .order_by(Customer.code)
                .limit(MOST_FOUND)
            )
        )

    def _markable_plan(self, area: Any) -> ServicePlan:
        if area.chosen is None:
            abort(404)
        plan = db.session.scalar(
            select(ServicePlan).where(
                ServicePlan.territory_id == area.chosen.id, ServicePlan.month == area.month
            )
        )
        if plan is None:
            abort(404)
        return plan

    @expose("/drop/<pk>", methods=["POST"])
    @has_access
    def drop(self, pk: str) -> AnyResponse:
        """Delete a temporary task logged by mistake."""
        item: StrategyItem = self.scoped_item(pk)
        try:
            marks.remove_temporary(db.session(), item)
            db.session.commit()
            flash(_("The temporary task was removed."), "success")
        except PlanningError as refusal:
            db.session.rollback()
            if refusal.status == 404:
                abort(404)
            flash(refusal.message(), "danger")
        return redirect(self._return_path(), 303)

    @staticmethod
    def _return_path() -> str:
        return safe_return_path(request.form.get("next")) or url_for("TaskMarkView.list")


def _day(day: dt.date | None) -> str:
    return "" if day is None else day.isoformat()


def _asked_day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise PlanningError(_("Enter a date as 2026-11-24."), field="done_on") from None
