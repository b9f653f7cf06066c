"""§2.2 step 1 — the fast entry grid for customers who do not order online, and 补录 for others."""

from __future__ import annotations

from typing import Any

from flask import abort, g, jsonify, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.analysis import direct_needs
from app.analysis.statements.questionnaires import MonthForm
from app.analysis.views.grid_request import PostedRow, posted_rows
from app.analysis.views.grid_words import grid_words
from app.analysis.views.needs_list import needs_words, state_of
from app.analysis.views.needs_views import needs_head
from app.analysis.views.state_views import present_area
from app.analysis.work_area import NoArea, WorkArea
from app.kernel.db import db
from app.kernel.errors import OutOfScope, PlanningError, StaleVersion
from app.kernel.list_widgets import view_url
from app.master.views.catalogues import shown_name
from app.models import Customer, CustomerStatus, OrderMode, Questionnaire, QuestionnaireStatus
from app.portal_context import can

DETAILS = "details"


def need_field(need_id: int) -> str:
    """The grid's name of a need's column."""
    return f"n{need_id}"


class NeedsGridView(BaseView):
    """Needs as ticks, one row per customer of the area."""

    route_base = "/direct-needs-entry"
    class_permission_name = "Questionnaire"
    method_permission_name = {"grid": "read", "data": "read", "save": "create"}
    base_permissions = ["can_read", "can_create"]

    @expose("/", methods=["GET"])
    @has_access
    def grid(self) -> Any:
        area = present_area()
        form = month_form(area)
        everybody = request.args.get("customers") == "all"
        return self.render_template(
            "analysis/needs_grid.html",
            title=_("Enter needs"),
            is_ready=form is not None,
            everybody=everybody,
            grid_config=self._config(area, form, everybody=everybody) if form else {},
            **needs_head(area),
        )

    def _config(self, area: WorkArea, form: MonthForm, *, everybody: bool) -> dict[str, Any]:
        """For the grid's script."""
        company_id = area.scope.company_id
        alone = direct_needs.no_need_ids(db.session(), company_id)
        choice = {**area.argument, **({"customers": "all"} if everybody else {})}
        columns: list[dict[str, Any]] = [
            {
                "field": "mode",
                "title": _("Order mode"),
                "kind": "words",
                "width": 84,
                "isWideOnly": True,
            },
            {"field": "state", "title": _("Answers"), "kind": "words", "width": 76},
            *(
                {
                    "field": need_field(need.id),
                    "title": need.code,
                    "tooltip": f"{need.code} {shown_name(need)}",
                    "kind": "tick",
                    "exclusive": need.id in alone,
                    "width": 40,
                }
                for need in form.needs
            ),
            {
                "field": DETAILS,
                "title": _("Details"),
                "tooltip": _("For the ticked needs that ask for details; else a remark"),
                "kind": "text",
                "most": direct_needs.LONGEST_TEXT,
                "width": 150,
            },
            {"field": "url", "title": "", "kind": "link", "word": _("Open"), "width": 52},
        ]
        return {
            "data": url_for("NeedsGridView.data", **choice),
            "save": url_for("NeedsGridView.save", **choice),
            "columns": columns,
            "head": {"field": "name", "title": _("Customer")},
            "mayEdit": can("create", "Questionnaire"),
            "remaining": {"done": "answered", "all": 1},
            "draft": ":".join(
                str(part)
                for part in ("needs", area.month.key, g.row_scope.user_id, *choice.values())
            ),
            "find": ["name", "code"],
            "words": grid_words(),
        }

    @expose("/data", methods=["GET"])
    @has_access
    def data(self) -> Response:
        """The rows of the grid."""
        area = present_area(is_strict=True)
        form = month_form(area)
        if form is None:
            raise NoArea(field="territory")
        statement = select(Customer).where(
            Customer.status == CustomerStatus.ACTIVE, Customer.territory_id.in_(area.ids)
        )
        if request.args.get("customers") != "all":
            statement = statement.where(Customer.order_mode != OrderMode.ONLINE)
        customers = list(db.session.scalars(statement.order_by(Customer.code)))
        return jsonify(rows=grid_rows(area, form, customers))

    @expose("/save", methods=["POST"])
    @has_access
    def save(self) -> Response:
        """Take changed rows, each as a whole or not at all."""
        area = present_area(is_strict=True)
        form = month_form(area)
        if form is None:
            raise NoArea(field="territory")
        rows = posted_rows()
        known = {need_field(need.id) for need in form.needs} | {DETAILS}
        if any(set(row.cells) - known for row in rows):
            abort(400)
        customers = customers_of(area, [row.key for row in rows])
        if len(customers) != len(rows):
            raise OutOfScope
        refusals: dict[int, str] = {}
        for row in rows:
            customer = customers[row.key]
            stored = direct_needs.forms_of(db.session(), area.month, [row.key]).get(row.key)
            try:
                with db.session.begin_nested():
                    take(area, form, customer, stored, row)
            except StaleVersion:
                refusals[row.key] = changed_meanwhile(area, row.key)
            except PlanningError as refusal:
                if refusal.status == 404:
                    raise
                refusals[row.key] = refusal.message()
        db.session.commit()
        fresh = {
            entry["id"]: entry
            for entry in grid_rows(
                area, form, list(customers_of(area, [row.key for row in rows]).values())
            )
        }
        return jsonify(
            rows=[answer(row, refusals.get(row.key), fresh[row.key]) for row in rows],
            progress=progress_of(area),
        )


def month_form(area: WorkArea) -> MonthForm | None:
    """The questionnaire of the area's company; None while several companies are shown."""
    companies = {territory.company_id for territory in area.shown}
    if len(companies) != 1:
        return None
    return direct_needs.offer(db.session(), companies.pop(), area.month)


def customers_of(area: WorkArea, keys: list[int]) -> dict[int, Customer]:
    """The valid customers of the area with these ids."""
    rows = db.session.scalars(
        select(Customer).where(
            Customer.id.in_(keys),
            Customer.territory_id.in_(area.ids),
            Customer.status == CustomerStatus.ACTIVE,
        )
    )
    return {row.id: row for row in rows}


def take(
    area: WorkArea,
    form: MonthForm,
    customer: Customer,
    stored: Questionnaire | None,
    row: PostedRow,
) -> None:
    """Apply the changed cells to what is stored and save. Errors: those of `direct_needs.save`."""
    answers = {a.need_option_id: a.details for a in stored.answers} if stored else {}
    remark = stored.remark if stored else None
    asking = {need.id for need in form.needs if need.asks_text}
    text = shared_details(answers, asking, remark)
    for need in form.needs:
        cell = row.cells.get(need_field(need.id))
        if cell is None:
            continue
        if not isinstance(cell.value, bool):
            abort(400)
        if cell.value:
            answers.setdefault(need.id, text if need.id in asking else None)
        else:
            answers.pop(need.id, None)
    typed = row.cells.get(DETAILS)
    if typed is not None:
        if not isinstance(typed.value, str):
            abort(400)
        asked = [need for need in answers if need in asking]
        answers.update(dict.fromkeys(asked, typed.value))
        remark = remark if asked else typed.value
    direct_needs.save(db.session(), customer, area.month, answers, remark, row.version)


def shared_details(
    answers: dict[int, str | None], asking: set[int], remark: str | None
) -> str | None:
    """The one text of the details cell: what all asking needs share, else the remark."""
    texts = {answers[need] for need in answers if need in asking}
    if not texts:
        return remark
    return texts.pop() if len(texts) == 1 else None


def changed_meanwhile(area: WorkArea, customer_id: int) -> str:
    """The refusal of a row somebody else saved, with what they saved."""
    form = direct_needs.forms_of(db.session(), area.month, [customer_id]).get(customer_id)
    if form is None:
        return _("The answers were removed meanwhile. Enter yours again to keep them.")
    return _(
        "Somebody else changed the answers meanwhile; theirs: %(theirs)s. Enter yours again to "
        "keep them.",
        theirs="、".join(needs_words(form)),
    )


def answer(row: PostedRow, refusal: str | None, fresh: dict[str, Any]) -> dict[str, Any]:
    """What the grid is told about a row."""
    return {
        "id": row.key,
        "accepted": [] if refusal else list(row.cells),
        "refused": {name: {"message": refusal} for name in row.cells} if refusal else {},
        "data": fresh,
    }


def grid_rows(area: WorkArea, form: MonthForm, customers: list[Customer]) -> list[dict[str, Any]]:
    """One dict per customer; `locked`: confirmed."""
    forms = direct_needs.forms_of(db.session(), area.month, [c.id for c in customers])
    asking = {need.id for need in form.needs if need.asks_text}
    rows = []
    for customer in customers:
        own = forms.get(customer.id)
        answers = {a.need_option_id: a.details for a in own.answers} if own else {}
        texts = [text for need, text in answers.items() if need in asking and text]
        details = shared_details(answers, asking, own.remark if own else None)
        rows.append(
            {
                "id": customer.id,
                "version": own.version if own else 0,
                "name": customer.name,
                "code": customer.code,
                "mode": str(customer.order_mode.label),
                "state": str(state_of(own).label),
                "answered": int(own is not None),
                "locked": bool(own and own.status is QuestionnaireStatus.CONFIRMED),
                "url": view_url("NeedsView", "show", pk=customer.id),
                DETAILS: details or "; ".join(texts),
                **{need_field(need.id): need.id in answers for need in form.needs},
            }
        )
    return rows


def progress_of(area: WorkArea) -> dict[str, Any]:
    """The line above the grid."""
    entries = direct_needs.progress(db.session(), area)
    entered = sum(entry.entered for entry in entries)
    customers = sum(entry.customers for entry in entries)
    return {
        "done": entered,
        "all": customers,
        "text": _("%(done)d of %(all)d customers answered", done=entered, all=customers),
    }
