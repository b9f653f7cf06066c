"""§2.2 step 1 — customers' direct needs of a month: list, confirming, one customer's form."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.actions import action
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.analysis import direct_needs
from app.analysis.views.choice_filters import WorkListView
from app.analysis.views.needs_list import (
    NEEDS_FILTERS,
    AnswerState,
    InAnswerState,
    Valid,
    answer_conditions,
    answer_state_cell,
    needs_cell,
    needs_words,
    state_of,
)
from app.analysis.views.state_views import present_area
from app.analysis.work_area import WorkArea
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.formatters import formatter_for
from app.kernel.list_request import ascii_integer
from app.kernel.period import local_today
from app.master.parameters import current_parameters
from app.master.views.catalogues import shown_name
from app.models import Customer, OrderMode, PortalUser, Questionnaire
from app.plan.service_plans import submitted_territories
from app.portal_context import can, month_label, working_month
from app.security.change_log import change_history

EARLIER_SHOWN = 6


class NeedsView(WorkListView):
    """The page of step 1. A row is a valid customer with the answers of the working month."""

    datamodel = SQLAInterface(Customer)
    route_base = "/direct-needs"
    class_permission_name = "Questionnaire"
    base_filters = [["status", Valid, None]]
    list_title = _l("Direct needs of customers")
    entity_label = _l("direct need")
    hint = _l(
        "What customers say they need. Enter the answers, look through them and confirm; several "
        "at once."
    )
    show_title = _l("Direct needs")
    list_template = "analysis/needs_list.html"
    show_template = "analysis/needs_show.html"
    empty_hint = _l("There is no valid customer in your territories.")
    list_columns = ["name", "code", "order_mode", "needs", "source", "answer_state", "territory"]
    export_columns = [
        "territory", "code", "name", "business_type", "order_mode", "line", "answer_state",
        "source", "needs", "details", "form_version", "is_edited", "submitted_at", "confirmed_at",
    ]  # fmt: skip
    card_columns = ["name", "needs", "order_mode", "source", "answer_state"]
    order_columns = ["name", "code"]
    base_order = ("code", "asc")
    filter_bar = NEEDS_FILTERS
    extra_labels = {
        "needs": _l("Needs"),
        "source": _l("Source"),
        "answer_state": _l("Answers"),
        "form_version": _l("Questionnaire version"),
        "confirmed_at": _l("Confirmed at"),
        "details": _l("Details"),
        "is_edited": _l("Changed by hand"),
        "submitted_at": _l("Sent by the customer at"),
        "territory": _l("Territory"),
    }
    formatters_columns = {"needs": needs_cell, "answer_state": answer_state_cell}
    base_permissions = ["can_read", "can_create", "can_update", "can_export"]
    method_permission_name = {"save": "create"}
    exclude_route_methods = {"download", "add", "edit", "delete", "bulk_edit", "select"}

    # ------------------------------------------------------------------ list

    def annotate(self, rows: list[Any]) -> None:
        forms = direct_needs.forms_of(db.session(), working_month(), [row.id for row in rows])
        for row in rows:
            row.month_form = forms.get(row.id)

    def column_value(self, item: Any, path: str) -> Any:
        form: Questionnaire | None = getattr(item, "month_form", None)
        if path == "needs":
            return needs_words(form)
        if path == "answer_state":
            return state_of(form)
        if path == "details":
            if form is None:
                return []
            texts = [answer.details for answer in form.answers if answer.details]
            return [*texts, *([form.remark] if form.remark else [])]
        if path in ("source", "form_version", "confirmed_at", "is_edited", "submitted_at"):
            return None if form is None else getattr(form, path)
        return super().column_value(item, path)

    def _prepare_columns(self) -> None:
        super()._prepare_columns()
        columns = Questionnaire.__table__.c
        for name in ("source", "form_version", "confirmed_at", "is_edited", "submitted_at"):
            self.formatters_columns[name] = formatter_for(columns[name])

    def render_template(self, template: str, **values: Any) -> str:
        if template == self.list_template:
            values.update(needs_head(present_area()), tabs=self._tabs())
        return super().render_template(template, **values)

    def _tabs(self) -> list[dict[str, Any]]:
        """The states with their numbers, and everything."""
        chosen = request.args.getlist("q_answers")
        kept: dict[str, Any] = {"q_territory": request.args.get("q_territory") or None}
        query = self.scoped_query(self._filters.copy()).filter(
            Customer.territory_id.in_(present_area().ids)
        )
        conditions = answer_conditions()
        every, *numbers = self.counts(query, list(conditions.values()))
        entries: list[tuple[str, int, str | None]] = [(_("All"), every, None)]
        entries += [
            (str(state.label), number, state.name)
            for state, number in zip(conditions, numbers, strict=True)
        ]
        return [
            {
                "text": text,
                "count": count,
                "url": url_for("NeedsView.list", q_answers=name, **kept),
                "is_current": chosen == ([name] if name else []),
            }
            for text, count, name in entries
        ]

    @action(
        "confirm",
        _l("Confirm"),
        _l("Only confirmed answers yield service strategies. Confirm the selected ones?"),
        icon="fa-circle-check",
    )
    def confirm(self, items: Any) -> Response:
        """未确认→已确认, one or many."""
        return self._set_confirmed(items, confirmed=True)

    @action(
        "unconfirm",
        _l("Withdraw confirmation"),
        _l("Withdrawn answers yield no service strategies until they are confirmed again."),
        icon="fa-rotate-left",
    )
    def unconfirm(self, items: Any) -> Response:
        """已确认→未确认, while no service plan of the month was submitted."""
        return self._set_confirmed(items, confirmed=False)

    def _set_confirmed(self, items: Any, *, confirmed: bool) -> Response:
        customers = items if isinstance(items, list) else [items]
        session, month = db.session(), working_month()
        result = direct_needs.set_confirmed(
            session,
            month,
            customers,
            confirmed=confirmed,
            submitted_territories=submitted_territories(session, month),
        )
        db.session.commit()
        words = (
            _("%(count)d confirmed.", count=result.changed)
            if confirmed
            else _("%(count)d confirmations withdrawn.", count=result.changed)
        )
        if result.unchanged:
            words += " " + _("%(count)d were so already.", count=result.unchanged)
        if result.missing:
            words += " " + _(
                "%(count)d customers have no answers yet: enter them first.", count=result.missing
            )
        if result.held:
            words += " " + _(
                "%(count)d stay confirmed: the service plan of their territory was submitted.",
                count=result.held,
            )
        is_whole = result.changed and not result.missing and not result.held
        flash(words, "success" if is_whole else "warning")
        return redirect(self.get_redirect(), 303)

    # ------------------------------------------------------------------ one customer

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        """The form of a customer for the working month, to look at or to fill in."""
        return self._customer_page(self.scoped_item(pk))

    def _customer_page(self, customer: Customer, problem: PlanningError | None = None) -> Any:
        month = working_month()
        form = direct_needs.forms_of(db.session(), month, [customer.id]).get(customer.id)
        needs = direct_needs.offer(db.session(), customer.company_id, month)
        ticked = {a.need_option_id: a.details or "" for a in form.answers} if form else {}
        version = form.version if form else 0
        if problem is not None and problem.status != 409:
            version = ascii_integer(request.form.get("version")) or 0
        if problem is not None:
            typed = request.form.getlist("need")
            ticked = {
                need.id: request.form.get(f"details_{need.id}", "")
                for need in needs.needs
                if str(need.id) in typed
            }
        page = self.render_template(
            self.show_template,
            title=customer.name,
            customer=customer,
            form=form,
            needs=[(need, shown_name(need)) for need in needs.needs],
            form_number=needs.number,
            ticked=ticked,
            theirs=needs_words(form) if problem is not None and problem.status == 409 else [],
            alone=direct_needs.no_need_ids(db.session(), customer.company_id),
            version=version,
            problem=problem.message() if problem else "",
            state=state_of(form),
            state_cell=answer_state_cell(state_of(form)),
            is_online=customer.order_mode is OrderMode.ONLINE,
            may_write=can("create", "Questionnaire"),
            may_confirm=can("update", "Questionnaire"),
            month_words=month_label(month),
            cutoff=cutoff_words(customer.company_id),
            confirmed_by=person_name(form.confirmed_by if form else None),
            changed_by=person_name(form.updated_by if form else None),
            earlier=self._earlier(customer),
            history=change_history(form) if form else [],
            history_labels={"answers": _("Answers"), "status": _("Status")},
            following=self._following(customer),
            cancel_url=self.get_redirect(),
        )
        return (page, problem.status) if problem else page

    @staticmethod
    def _earlier(customer: Customer) -> list[tuple[str, list[str], Any]]:
        """The last months' answers: (month, needs, state)."""
        forms = db.session.scalars(
            select(Questionnaire)
            .where(
                Questionnaire.company_id == customer.company_id,
                Questionnaire.customer_id == customer.id,
                Questionnaire.month < working_month(),
            )
            .order_by(Questionnaire.month.desc())
            .limit(EARLIER_SHOWN)
        )
        return [
            (month_label(form.month), needs_words(form), answer_state_cell(state_of(form)))
            for form in forms
        ]

    def _following(self, customer: Customer) -> int | None:
        """The next customer of the territory who has no answers."""
        query = self.scoped_query(self._filters.copy()).filter(
            Customer.territory_id == customer.territory_id, Customer.id != customer.id
        )
        query = InAnswerState("answers", self.datamodel).apply(query, (AnswerState.MISSING.name,))
        rows = query.order_by(Customer.code <= customer.code, Customer.code).limit(1).all()
        return rows[0].id if rows else None

    @expose("/save/<pk>", methods=["POST"])
    @has_access
    def save(self, pk: str) -> Any:
        """Form: need (repeated id), details_<id>, remark, version; then = show, next, confirm."""
        customer = self.scoped_item(pk)
        answers: dict[int, str | None] = {}
        for text in request.form.getlist("need"):
            key = ascii_integer(text)
            if key is None:
                abort(400)
            answers[key] = request.form.get(f"details_{key}")
        version = ascii_integer(request.form.get("version"))
        try:
            direct_needs.save(
                db.session(),
                customer,
                working_month(),
                answers,
                request.form.get("remark"),
                -1 if version is None else version,
            )
            then = request.form.get("then")
            if then == "confirm" and can("update", "Questionnaire"):
                direct_needs.set_confirmed(
                    db.session(), working_month(), [customer], confirmed=True
                )
            following = self._following(customer)
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            if refusal.status == 404:
                abort(404)
            return self._customer_page(self.scoped_item(pk), refusal)
        flash(_("%(name)s: the answers are saved.", name=customer.name), "success")
        if then == "next" and following is not None:
            return redirect(url_for("NeedsView.show", pk=following), 303)
        return redirect(url_for("NeedsView.show", pk=customer.id), 303)


def person_name(user_id: int | None) -> str:
    """The person's name; "" for nobody or the system."""
    user = None if user_id is None else db.session.get(PortalUser, user_id)
    return "" if user is None else user.display_name


def cutoff_words(company_id: int) -> str:
    """Until when customers could answer for the working month."""
    day = current_parameters(db.session(), company_id).needs_cutoff_day
    return working_month().previous.first_day.replace(day=day).isoformat()


def needs_head(area: WorkArea) -> dict[str, Any]:
    """What the pages of step 1 show above their content."""
    entries = direct_needs.progress(db.session(), area)
    companies = sorted({territory.company_id for territory in area.shown})
    parameters = current_parameters(db.session(), companies[0] if companies else 0)
    cutoff = area.month.previous.first_day.replace(day=parameters.needs_cutoff_day)
    return {
        "area": area,
        "entries": entries,
        "customers": sum(entry.customers for entry in entries),
        "entered": sum(entry.entered for entry in entries),
        "confirmed": sum(entry.confirmed for entry in entries),
        "month_words": month_label(area.month),
        "cutoff": cutoff.isoformat(),
        "is_before_cutoff": local_today() <= cutoff,
        "may_write": can("create", "Questionnaire"),
        "may_extract": can("update", "NeedsExtraction"),
    }
