"""§2.2 step 2 — 评价经营能力: the scoring grid, and the same for one customer without a script."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from app.analysis import operating_states, state_overview
from app.analysis.operating_states import GridEntry
from app.analysis.views.effect_explanation import ability_lines
from app.analysis.views.grid_request import posted_rows, whole_number
from app.analysis.views.grid_words import grid_words
from app.analysis.views.state_views import panel, present_area
from app.analysis.work_area import WorkArea
from app.kernel.db import db
from app.kernel.errors import OutOfScope, PlanningError
from app.kernel.formatters import hundredths
from app.kernel.list_request import ascii_integer
from app.kernel.list_widgets import view_url
from app.master.views.catalogues import shown_name
from app.models import AbilityItem, Customer, CustomerState
from app.portal_context import can, working_month


def item_field(item_id: int) -> str:
    """The grid's name of an item's column."""
    return f"i{item_id}"


class ScoringView(BaseView):
    """Scores 1–5 of every customer of the area."""

    route_base = "/ability-scores"
    class_permission_name = "CustomerState"
    method_permission_name = {
        "grid": "read",
        "data": "read",
        "save": "update",
        "customer": "read",
        "save_customer": "update",
        "copy_last": "update",
    }
    base_permissions = ["can_read", "can_update"]

    # ------------------------------------------------------------------ the grid

    @expose("/", methods=["GET"])
    @has_access
    def grid(self) -> Any:
        area = present_area()
        items = items_of(area)
        head = panel(area)
        return self.render_template(
            "analysis/scoring_grid.html",
            title=_("Score operating ability"),
            items=items,
            grid_config=self._config(area, items, may_update=head["may_update"]),
            **head,
        )

    def _config(
        self, area: WorkArea, items: list[AbilityItem], *, may_update: bool
    ) -> dict[str, Any]:
        """For the grid's script."""
        columns: list[dict[str, Any]] = [
            {
                "field": "code",
                "title": _("Code"),
                "kind": "words",
                "width": 108,
                "isWideOnly": True,
            },
            {
                "field": "kind",
                "title": _("Business type"),
                "kind": "words",
                "width": 82,
                "isWideOnly": True,
            },
            {"field": "effect", "title": _("Effect"), "kind": "number", "width": 60},
            *(
                {
                    "field": item_field(item.id),
                    "title": shown_name(item),
                    "tooltip": _(
                        "%(code)s %(name)s, weight %(weight)d. %(criteria)s",
                        code=item.code,
                        name=shown_name(item),
                        weight=item.weight,
                        criteria=item.criteria or "",
                    ),
                    "kind": "score",
                    "least": operating_states.LOWEST,
                    "most": operating_states.HIGHEST,
                    "low": item.low_score,
                    "width": min(max(71, 15 * len(shown_name(item)) + 12), 92),
                }
                for item in items
            ),
            {"field": "ability", "title": _("Ability"), "kind": "number", "width": 64},
            {"field": "url", "title": "", "kind": "link", "word": _("Details"), "width": 66},
        ]
        return {
            "data": url_for("ScoringView.data", **area.argument),
            "save": url_for("ScoringView.save", **area.argument),
            "columns": columns,
            "head": {"field": "name", "title": _("Customer")},
            "mayEdit": may_update,
            "remaining": {"done": "done", "all": len(items)},
            "draft": ":".join(
                str(part)
                for part in ("scores", area.month.key, g.row_scope.user_id, *area.argument.values())
            ),
            "words": grid_words(),
            "find": ["name", "code"],
        }

    @expose("/data", methods=["GET"])
    @has_access
    def data(self) -> Response:
        """The rows of the grid."""
        area = present_area(is_strict=True)
        states = db.session.scalars(
            select(CustomerState)
            .where(CustomerState.month == area.month, CustomerState.territory_id.in_(area.ids))
            .options(joinedload(CustomerState.customer))
        ).unique()
        return jsonify(rows=grid_rows(area, list(states)))

    @expose("/save", methods=["POST"])
    @has_access
    def save(self) -> Response:
        """Take changed cells; says for each whether it was taken and why not."""
        area = present_area(is_strict=True)
        rows = posted_rows()
        fields = {item_field(item.id): item.id for item in items_of(area)}
        entries: list[GridEntry] = []
        refused: dict[int, dict[str, dict[str, Any]]] = {row.key: {} for row in rows}
        for row in rows:
            for name, cell in row.cells.items():
                if name not in fields:
                    raise OutOfScope
                score = whole_number(cell.value)
                if (
                    score is None
                    or not operating_states.LOWEST <= score <= operating_states.HIGHEST
                ):
                    refused[row.key][name] = {
                        "message": _("A score is a whole number from 1 to 5.")
                    }
                else:
                    entries.append(GridEntry(row.key, fields[name], score, whole_number(cell.was)))
        saved = operating_states.save_scores(db.session(), area, entries)
        db.session.commit()
        for (customer_id, item_id), stored in saved.conflicts.items():
            refused[customer_id][item_field(item_id)] = {
                "message": _("Somebody else scored %(score)d meanwhile.", score=stored),
                "value": stored,
            }
        accepted: dict[int, list[str]] = {row.key: [] for row in rows}
        for customer_id, item_id in saved.saved:
            accepted[customer_id].append(item_field(item_id))
        fresh = {row["id"]: row for row in grid_rows(area, states_of(area, list(accepted)))}
        return jsonify(
            rows=[
                {
                    "id": row.key,
                    "accepted": accepted[row.key],
                    "refused": refused[row.key],
                    "data": fresh.get(row.key, {}),
                }
                for row in rows
            ],
            progress=progress_of(area),
        )

    @expose("/copy-last", methods=["POST"])
    @has_access
    def copy_last(self) -> Response:
        """沿用上月打分 from the grid: fills empty cells only."""
        area = present_area(is_strict=True)
        operating_states.copy_scores(db.session(), area)
        db.session.commit()
        return jsonify(
            message=_("Empty cells were filled with the scores of last month."),
            progress=progress_of(area),
        )

    # ------------------------------------------------------------------ one customer

    @expose("/customer/<pk>", methods=["GET"])
    @has_access
    def customer(self, pk: str) -> Any:
        """The scoring sheet of one customer."""
        return self._customer_page(one_state(pk))

    def _customer_page(self, state: CustomerState, problem: str = "") -> Any:
        page = self.render_template(
            "analysis/scoring_customer.html",
            title=state.customer.name,
            state=state,
            lines=ability_lines(db.session(), state),
            scores=range(operating_states.LOWEST, operating_states.HIGHEST + 1),
            remaining=remaining_after(state),
            problem=problem,
            typed=request.form,
            may_update=can("update", "CustomerState"),
            area=present_area(),
        )
        return (page, 422) if problem else page

    @expose("/customer/<pk>", methods=["POST"])
    @has_access
    def save_customer(self, pk: str) -> Any:
        """Form: ``i<item>`` = 1–5 and ``was_i<item>``; then the next customer without scores."""
        state = one_state(pk)
        area = present_area(is_strict=True)
        entries = []
        for item in items_of(area):
            name = item_field(item.id)
            text = request.form.get(name, "")
            if not text:
                continue
            score = ascii_integer(text)
            if score is None:
                abort(400)
            was = ascii_integer(request.form.get(f"was_{name}"))
            entries.append(GridEntry(state.customer_id, item.id, score, was))
        if not entries:
            return self._customer_page(state, _("Choose a score for at least one item."))
        try:
            saved = operating_states.save_scores(db.session(), area, entries)
        except PlanningError as refusal:
            db.session.rollback()
            if refusal.status == 404:
                abort(404)
            return self._customer_page(one_state(pk), refusal.message())
        if saved.conflicts or saved.invalid:
            db.session.rollback()
            message = (
                _("Somebody else scored this customer meanwhile. Please compare and save again.")
                if saved.conflicts
                else _("A score is a whole number from 1 to 5.")
            )
            return self._customer_page(one_state(pk), message)
        db.session.commit()
        state = one_state(pk)
        flash(
            _(
                "%(name)s: saved, ability %(score)s.",
                name=state.customer.name,
                score=hundredths(state.ability_score),
            ),
            "success",
        )
        following = remaining_after(state)[1]
        if request.form.get("then") == "next" and following is not None:
            return redirect(url_for("ScoringView.customer", pk=following, **area.argument), 303)
        return redirect(url_for("StateView.show", pk=state.id), 303)


def items_of(area: WorkArea) -> list[AbilityItem]:
    """The scoring sheet of the area's company; nothing while several companies are shown."""
    companies = {territory.company_id for territory in area.shown}
    if len(companies) != 1:
        return []
    return list(
        db.session.scalars(
            select(AbilityItem)
            .where(AbilityItem.company_id == companies.pop(), AbilityItem.is_active)
            .order_by(AbilityItem.sort, AbilityItem.code)
        )
    )


def one_state(pk: str) -> CustomerState:
    """The state of the top bar's month with this id; 404 for a foreign one or another month."""
    key = ascii_integer(pk)
    state = None
    if key is not None:
        state = db.session.scalar(
            select(CustomerState).where(
                CustomerState.id == key, CustomerState.month == working_month()
            )
        )
    if state is None:
        abort(404)
    return state


def states_of(area: WorkArea, customers: list[int]) -> list[CustomerState]:
    """The states of some customers of the area."""
    return list(
        db.session.scalars(
            select(CustomerState)
            .where(
                CustomerState.month == area.month,
                CustomerState.territory_id.in_(area.ids),
                CustomerState.customer_id.in_(customers),
            )
            .options(joinedload(CustomerState.customer))
        ).unique()
    )


def grid_rows(area: WorkArea, states: list[CustomerState]) -> list[dict[str, Any]]:
    """One dict per customer, by code; `done` counts the scored items in use."""
    items = items_of(area)
    scores = operating_states.present_scores(
        db.session(), area, [state.customer_id for state in states]
    )
    rows = []
    for state in sorted(states, key=lambda state: state.customer.code):
        own = scores.get(state.customer_id, {})
        rows.append(
            {
                "id": state.customer_id,
                "state": state.id,
                "name": state.customer.name,
                "code": state.customer.code,
                "kind": str(state.customer.business_type.label),
                "effect": _("New") if state.is_new else hundredths(state.effect_score),
                "ability": hundredths(state.ability_score),
                "done": sum(item.id in own for item in items),
                "url": view_url("StateView", "show", pk=state.id),
                **{item_field(item.id): own.get(item.id) for item in items},
            }
        )
    return rows


def progress_of(area: WorkArea) -> dict[str, Any]:
    """How many customers are scored, for the line above the grid."""
    sums = state_overview.together(state_overview.progress_by_territory(db.session(), area))
    return {
        "done": sums.scored,
        "all": sums.rated,
        "text": _("%(done)d of %(all)d customers scored", done=sums.scored, all=sums.rated),
        "stale": sums.status.name == "STALE",
    }


def remaining_after(state: CustomerState) -> tuple[int, int | None]:
    """How many rated customers of the territory have no complete scores, and the next one's id."""
    rows = db.session.execute(
        select(CustomerState.id)
        .join(CustomerState.customer)
        .where(
            CustomerState.month == state.month,
            CustomerState.territory_id == state.territory_id,
            CustomerState.is_new.is_(False),
            CustomerState.ability_score.is_(None),
            CustomerState.id != state.id,
        )
        .order_by(Customer.code)
    ).scalars()
    others = list(rows)
    return len(others), others[0] if others else None
