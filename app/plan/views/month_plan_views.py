"""§2.2 step 8 — the month plan: texts, key customers, the three frequency lists, capacity."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response as AnyResponse

from app.analysis.views.asked_place import asked_area
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_request import ascii_integer
from app.kernel.page_change import carry_out
from app.models import MonthPlan, VisitFrequency
from app.plan import month_plans
from app.plan.month_plan_figures import plan_figures, together
from app.plan.month_plans import KeyChange, PlanTexts
from app.plan.views import month_plan_export, month_plan_lists, month_plan_pages
from app.plan.views.month_plan_pages import ENTITY
from app.portal_context import can, month_label

STATES = ("NONE", "DRAFT", "SUBMITTED", "APPROVED")


class MonthPlanView(BaseView):
    """The plan of one territory for who works on it; several side by side, read-only."""

    route_base = "/month-plans"
    default_view = "list"
    class_permission_name = ENTITY
    method_permission_name = {
        "list": "read",
        "keys": "read",
        "frequencies": "read",
        "customer": "read",
        "difference": "read",
        "create": "update",
        "generate": "update",
        "save": "update",
        "change_keys": "update",
        "override": "update",
        "export": "export",
    }
    title = _l("Month plan")
    hint = _l(
        "Key customers and visit frequencies of the month: generated, adjusted by you, approved by "
        "the market manager. Approval writes the frequencies to the customers."
    )

    # ------------------------------------------------------------------ reading

    @expose("/")
    @has_access
    def list(self) -> str:
        """The plan of the chosen territory; without a choice all of them."""
        area = asked_area()
        if area.chosen is None:
            return self._overview(area)
        return self._page("plan/month_plan.html", **month_plan_pages.plan_page(area))

    @expose("/key-customers")
    @has_access
    def keys(self) -> Any:
        area = asked_area()
        if area.chosen is None:
            return redirect(url_for("MonthPlanView.list"), 303)
        return self._page("plan/month_plan_keys.html", **month_plan_pages.key_page(area))

    @expose("/frequencies")
    @has_access
    def frequencies(self) -> Any:
        area = asked_area()
        if area.chosen is None:
            return redirect(url_for("MonthPlanView.list"), 303)
        return self._page("plan/month_plan_list.html", **month_plan_lists.list_page(area))

    @expose("/customer/<pk>/<customer>")
    @has_access
    def customer(self, pk: str, customer: str) -> str:
        """Why a customer has its frequency, and what a person may decide about it."""
        plan = self._found(pk)
        values = month_plan_lists.customer_page(plan, ascii_integer(customer))
        if values is None:
            abort(404)
        return self._page("plan/month_plan_customer.html", **values)

    @expose("/difference/<pk>")
    @has_access
    def difference(self, pk: str) -> Any:
        """What generating again would change, before anything is changed."""
        plan = self._found(pk)
        values = month_plan_pages.head(month_plan_pages.area_of(plan))
        if not values["may_change"]:
            return redirect(self._address(plan), 303)
        return self._page(
            "plan/month_plan_difference.html",
            **values,
            **month_plan_pages.difference_page(plan),
        )

    def _overview(self, area: Any) -> str:
        entries = plan_figures(db.session(), area)
        states = dict.fromkeys(STATES, 0)
        for entry in entries:
            states[_state(entry)] += 1
        asked = request.args.get("state", "")
        chosen = asked if asked in STATES else ""
        return self._page(
            "plan/month_plan_overview.html",
            area=area,
            entries=[entry for entry in entries if not chosen or _state(entry) == chosen],
            count=len(entries),
            ready=sum(entry.is_open and entry.plan is None for entry in entries),
            sums=together(entries),
            states=states,
            chosen=chosen,
            state_cell=month_plan_pages.state_cell,
            names=month_plan_pages.LISTS,
            month_words=month_label(area.month),
            may_update=can("update", ENTITY),
            may_export=can("export", ENTITY),
        )

    def _page(self, template: str, **values: Any) -> str:
        text: str = self.render_template(template, title=self.title, hint=self.hint, **values)
        return text

    # ------------------------------------------------------------------ generating

    @expose("/create", methods=["POST"])
    @has_access
    def create(self) -> AnyResponse:
        """Make and generate the plan of the territory, or of all in sight that may be made."""
        area = asked_area(is_strict=True)

        def act() -> str:
            count = month_plans.create(db.session(), area.scope, area.month)
            return ngettext(
                "%(num)d month plan was generated.", "%(num)d month plans were generated.", count
            )

        return carry_out(act, url_for("MonthPlanView.list", **area.argument))

    @expose("/generate/<pk>", methods=["POST"])
    @has_access
    def generate(self, pk: str) -> AnyResponse:
        """Apply the difference shown."""
        plan = self._found(pk)

        def act() -> str:
            if month_plans.generate(db.session(), plan, _version()):
                return _("The plan was generated again.")
            return _("Nothing has changed; the plan stays as it is.")

        return carry_out(act, self._address(plan))

    # ------------------------------------------------------------------ adjusting

    @expose("/save/<pk>", methods=["POST"])
    @has_access
    def save(self, pk: str) -> AnyResponse:
        """The three texts; on refusal the page comes back with what was typed."""
        plan = self._found(pk)
        names = ("last_problems", "focus", "visit_notes")
        texts = PlanTexts(*(request.form.get(name, "") for name in names))
        try:
            month_plans.save_texts(db.session(), plan, _version(), texts)
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            values = month_plan_pages.plan_page(month_plan_pages.area_of(self._found(pk)))
            page = self._page(
                "plan/month_plan.html", **values, typed=request.form, refusal=refusal.message()
            )
            return Response(page, refusal.status, mimetype="text/html")
        flash(_("Saved."), "success")
        return redirect(self._address(plan), 303)

    @expose("/change-keys/<pk>", methods=["POST"])
    @has_access
    def change_keys(self, pk: str) -> AnyResponse:
        """Form: change (add, remove, restore), customer (ids) or only (one id), note."""
        plan = self._found(pk)
        try:
            change = KeyChange(request.form.get("change", ""))
        except ValueError:
            abort(400)
        ids = _ids([request.form["only"]] if "only" in request.form else None)

        def act() -> str:
            note = request.form.get("note", "")
            count = month_plans.change_keys(db.session(), plan, _version(), change, ids, note)
            if change is KeyChange.REMOVE:
                return ngettext(
                    "%(num)d key customer was removed; the lists follow.",
                    "%(num)d key customers were removed; the lists follow.",
                    count,
                )
            return ngettext(
                "%(num)d key customer was added; the lists follow.",
                "%(num)d key customers were added; the lists follow.",
                count,
            )

        back = url_for("MonthPlanView.keys", q_territory=plan.territory_id)
        return carry_out(act, back)

    @expose("/override/<pk>", methods=["POST"])
    @has_access
    def override(self, pk: str) -> AnyResponse:
        """Form: customer, frequency (empty = the rule's), note, list (where to come back to)."""
        plan = self._found(pk)
        ids = _ids()
        name = request.form.get("frequency", "")
        if len(ids) != 1 or (name and name not in VisitFrequency.__members__):
            abort(400)
        frequency = VisitFrequency[name] if name else None

        def act() -> str:
            month_plans.override(
                db.session(), plan, _version(), ids[0], frequency, request.form.get("note", "")
            )
            return _("The frequency follows the rule again.") if frequency is None else _("Saved.")

        listed = request.form.get("list", "")
        back = url_for(
            "MonthPlanView.frequencies",
            q_territory=plan.territory_id,
            frequency=listed if listed in VisitFrequency.__members__ else None,
        )
        return carry_out(act, back)

    # ------------------------------------------------------------------ export

    @expose("/export", methods=["POST"])
    @has_access
    def export(self) -> Response:
        """The three lists of the territory, or the overview of several, as a workbook."""
        area = asked_area(is_strict=True)
        if area.chosen is None:
            return month_plan_export.overview_workbook(area)
        return month_plan_export.lists_workbook(area)

    # ------------------------------------------------------------------ common

    @staticmethod
    def _found(pk: str) -> MonthPlan:
        """The plan within the row scope; anything else is a 404."""
        return month_plans.plan_by_id(db.session(), ascii_integer(pk))

    @staticmethod
    def _address(plan: MonthPlan) -> str:
        return url_for("MonthPlanView.list", q_territory=plan.territory_id)


def _state(entry: Any) -> str:
    return "NONE" if entry.plan is None else str(entry.plan.status.name)


def _version() -> int | None:
    return ascii_integer(request.form.get("version"))


def _ids(texts: Any = None) -> Any:
    """The customers of the form; 400 for anything that is no number."""
    keys = [ascii_integer(text) for text in (texts or request.form.getlist("customer"))]
    if None in keys:
        abort(400)
    return keys
