"""§2.2 step 7 — the service plan of a territory: its customers with their strategies."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.analysis.views.asked_place import asked_area
from app.analysis.views.choice_filters import WorkListView
from app.analysis.work_area import WorkArea
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_request import ascii_integer
from app.kernel.page_change import carry_out
from app.kernel.quantity import scaled_integer
from app.master.views.catalogues import shown_name
from app.models import Customer, ServiceStrategy, Territory
from app.plan import carry_over, service_plans
from app.plan.plan_overview import together
from app.plan.service_plans import ContentMissing, TargetRefused
from app.plan.views import service_plan_pages as pages
from app.plan.views.strategy_filters import CUSTOMER_FILTERS, Planned, chips, items_by_customer
from app.portal_context import can, month_label, working_month

ENTITY = "ServicePlan"


class ServicePlanView(WorkListView):
    """The page of step 7. A row is a customer with the strategies of the working month; people
    with several territories first choose one from the overview.
    """

    datamodel = SQLAInterface(Customer)
    route_base = "/service-plans"
    class_permission_name = ENTITY
    base_filters = [["status", Planned, None]]
    list_title = _l("Service strategies of the month")
    entity_label = _l("service strategies")
    hint = _l(
        "What every customer needs this month: generated from needs and operating state, adjusted "
        "by you, approved by the market manager."
    )
    list_template = "plan/service_plan.html"
    show_template = "plan/service_plan_customer.html"
    empty_hint = _l("There is no valid customer in your territories.")
    list_columns = ["name", "code", "strategies", "counts"]
    export_columns = [
        "territory", "code", "name", "business_type", "line", "items", "direct", "names",
        "contents",
    ]  # fmt: skip
    card_columns = ["name", "strategies", "counts"]
    order_columns = ["name", "code"]
    base_order = ("code", "asc")
    filter_bar = CUSTOMER_FILTERS
    extra_labels = {
        "strategies": _l("Service strategies"),
        "counts": _l("Number"),
        "items": _l("Number"),
        "direct": _l("Direct needs"),
        "names": _l("Service strategies"),
        "contents": _l("Content"),
        "territory": _l("Territory"),
    }
    formatters_columns = {"strategies": chips}
    base_permissions = ["can_read", "can_update", "can_export"]
    method_permission_name = {
        "difference": "read",
        "left_overs": "read",
        "generate": "update",
        "generate_all": "update",
        "settings": "update",
        "carry_over": "update",
        "add_item": "update",
        "overview_export": "export",
    }
    exclude_route_methods = {"download", "add", "edit", "delete", "bulk_edit", "select"}

    # ------------------------------------------------------------------ list

    @expose("/list/")
    @has_access
    def list(self) -> Any:
        way = self.way_to_list()
        if way is not None:
            return redirect(way)
        area = asked_area()
        if area.chosen is None and len(area.territories) > 1:
            return self._overview(area)
        return super().list()

    def annotate(self, rows: Any) -> None:
        found = items_by_customer(row.id for row in rows)
        for row in rows:
            row.month_items = found.get(row.id, [])

    def column_value(self, item: Any, path: str) -> Any:
        if path == "strategies":
            return item.month_items
        if path == "items":
            return len(item.month_items)
        direct = [each for each in getattr(item, "month_items", ()) if pages.is_direct(each)]
        if path == "direct":
            return len(direct)
        if path == "counts":
            if not item.month_items:
                return None
            return _("%(all)d, %(direct)d direct", all=len(item.month_items), direct=len(direct))
        if path == "names":
            return [
                f"{each.strategy.code} {shown_name(each.strategy)}" for each in item.month_items
            ]
        if path == "contents":
            return [each.content for each in item.month_items]
        return super().column_value(item, path)

    def render_template(self, template: str, **values: Any) -> str:
        if template == self.list_template:
            values.update(pages.head(asked_area()))
        return super().render_template(template, **values)

    # ------------------------------------------------------------------ several territories

    def _overview(self, area: WorkArea) -> str:
        entries = pages.figures(area)
        return self.render_template(
            "plan/service_plan_overview.html",
            title=self.list_title,
            area=area,
            entries=entries,
            sums=together(entries),
            state_cell=pages.state_cell,
            month_words=month_label(area.month),
            may_update=can("update", ENTITY),
            may_export=can("export", ENTITY),
        )

    @expose("/overview-export", methods=["POST"])
    @has_access
    def overview_export(self) -> Response:
        """The overview of all territories in sight as a workbook."""
        return pages.overview_workbook(asked_area(is_strict=True))

    @expose("/generate-all", methods=["POST"])
    @has_access
    def generate_all(self) -> Response:
        """Generate the drafts of all territories in sight, in the background."""
        area = asked_area(is_strict=True)
        count = pages.queue_generation(area)
        db.session.commit()
        if count:
            flash(
                _("The drafts are generated in the background; a notice at the bell tells when."),
                "info",
            )
        else:
            flash(_("There is no territory to generate for."), "warning")
        return redirect(url_for("ServicePlanView.list"), 303)

    # ------------------------------------------------------------------ generating

    @expose("/generate", methods=["POST"])
    @has_access
    def generate(self) -> Response:
        """Generate the plan of the territory, or apply the difference shown."""
        territory = self._territory()
        return carry_out(
            lambda: service_plans.counts_words(
                service_plans.generate(db.session(), territory, working_month())
            ),
            self._back(territory),
        )

    @expose("/difference", methods=["GET"])
    @has_access
    def difference(self) -> Any:
        """What generating again would change, before anything is changed."""
        territory = self._territory()
        plan = service_plans.plan_of(db.session(), territory.id, working_month())
        if plan is None:
            return redirect(self._back(territory), 303)
        return self.render_template(
            "plan/service_plan_difference.html",
            title=_("What generating again would change"),
            territory=territory,
            plan=plan,
            month_words=month_label(plan.month),
            may_update=can("update", ENTITY),
            **pages.difference_page(plan),
        )

    # ------------------------------------------------------------------ adjusting

    @expose("/settings", methods=["POST"])
    @has_access
    def settings(self) -> Response:
        """Satisfaction target, and whether the list is empty on purpose."""
        territory = self._territory()

        def act() -> str:
            text = request.form.get("satisfaction_target", "").strip()
            try:
                target = scaled_integer(text, 1) if text else None
            except ValueError:
                raise TargetRefused(field="satisfaction_target") from None
            plan = service_plans.ensure_plan(db.session(), territory, working_month())
            version = ascii_integer(request.form.get("version"))
            service_plans.save_settings(
                db.session(),
                plan,
                version or plan.version,
                target,
                is_empty_accepted=request.form.get("is_empty_accepted") == "1",
            )
            return _("Saved.")

        return carry_out(act, self._back(territory))

    @expose("/left-overs", methods=["GET"])
    @has_access
    def left_overs(self) -> Any:
        """Last month's unfinished strategies, to be chosen from."""
        territory = self._territory()
        plan = service_plans.plan_of(db.session(), territory.id, working_month())
        if plan is None:
            return redirect(self._back(territory), 303)
        return self.render_template(
            "plan/service_plan_left_overs.html",
            title=_("Carry over unfinished strategies"),
            territory=territory,
            plan=plan,
            rows=pages.left_over_lines(plan),
            last_month=month_label(plan.month.previous),
            month_words=month_label(plan.month),
            may_update=can("update", ENTITY) and pages.is_draft(plan),
        )

    @expose("/carry-over", methods=["POST"])
    @has_access
    def carry_over(self) -> Response:
        """Take the ticked ones into the plan."""
        territory = self._territory()
        keys = [ascii_integer(text) for text in request.form.getlist("item")]
        if None in keys:
            abort(400)

        def act() -> str:
            plan = service_plans.ensure_plan(db.session(), territory, working_month())
            chosen = [key for key in keys if key is not None]
            count = carry_over.carry_over(db.session(), plan, chosen)
            return _("%(count)d strategies were carried over.", count=count)

        return carry_out(act, self._back(territory))

    # ------------------------------------------------------------------ one customer

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        """All strategies of a customer and why; adding one by hand."""
        return self._customer_page(self.scoped_item(pk))

    def _customer_page(self, customer: Customer, problem: PlanningError | None = None) -> Any:
        page = self.render_template(
            self.show_template,
            title=customer.name,
            customer=customer,
            problem=problem.message() if problem else "",
            typed=request.form if problem else {},
            cancel_url=self.get_redirect(),
            **pages.customer_page(customer),
        )
        return (page, problem.status) if problem else page

    @expose("/add-item/<pk>", methods=["POST"])
    @has_access
    def add_item(self, pk: str) -> Any:
        """Form: strategy (id), content."""
        customer = self.scoped_item(pk)
        strategy = db.session.scalar(
            select(ServiceStrategy).where(
                ServiceStrategy.id == ascii_integer(request.form.get("strategy")),
                ServiceStrategy.company_id == customer.company_id,
                ServiceStrategy.is_active,
            )
        )
        try:
            if strategy is None:
                raise ContentMissing("Please choose one of the offered values.", field="strategy")
            plan = service_plans.ensure_plan(db.session(), customer.territory, working_month())
            service_plans.add_item(
                db.session(), plan, customer, strategy, request.form.get("content", "")
            )
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            if refusal.status == 404:
                abort(404)
            return self._customer_page(self.scoped_item(pk), refusal)
        flash(_("The strategy was added."), "success")
        return redirect(url_for("ServicePlanView.show", pk=pk), 303)

    # ------------------------------------------------------------------ common

    @staticmethod
    def _territory() -> Territory:
        """The one territory of the request; anything else is a 404."""
        chosen = asked_area(is_strict=True).chosen
        if chosen is None:
            abort(404)
        return chosen

    @staticmethod
    def _back(territory: Territory) -> str:
        return url_for("ServicePlanView.list", q_territory=territory.id)
