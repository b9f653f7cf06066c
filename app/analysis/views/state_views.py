"""§2.2 step 2 — customers' operating states: the three actions, the list, the three queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, g, has_request_context, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.actions import action
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.analysis import operating_states, state_overview
from app.analysis.views import effect_explanation as words
from app.analysis.views.choice_filters import WorkListView
from app.analysis.views.state_list import (
    STATE_FILTERS,
    ExplainedScore,
    OfWorkingMonth,
    problem_words,
    problems_cell,
    problems_of,
    score_cell,
    state_cell,
)
from app.analysis.work_area import WorkArea, work_area
from app.kernel.db import db
from app.kernel.errors import N_, PlanningError
from app.kernel.page_change import carry_out
from app.kernel.period import local_today
from app.master.parameters import parameters_in
from app.models import (
    CustomerEffectItem,
    CustomerProblem,
    CustomerState,
    PotentialStrategy,
    Product,
    ServiceStrategy,
)
from app.portal_context import can, month_label, working_month

NO_FORMS = {"download", "add", "edit", "delete", "bulk_edit", "select"}
ONE_ONLY = N_("Tick exactly one customer for this query.")


def present_area(*, is_strict: bool = False) -> WorkArea:
    """The area of the request: month of the top bar, territory of the URL or form.

    A page asks for it in several places; it is read once.
    """
    is_page = request.method == "GET" and not is_strict
    if is_page and "present_area" in g:
        return g.present_area
    area = work_area(db.session(), working_month(), request.values, is_strict=is_strict)
    if is_page:
        g.present_area = area
    return area


class StateView(WorkListView):
    """The page of step 2. A row is a valid customer; `compute` makes the rows."""

    datamodel = SQLAInterface(CustomerState)
    route_base = "/operating-states"
    class_permission_name = "CustomerState"
    base_filters = [["month", OfWorkingMonth, None]]
    list_title = _l("Operating state of customers")
    entity_label = _l("operating state")
    hint = _l(
        "Compute, score, generate: three actions in their order. Tick a customer for its effect "
        "details or ability score details."
    )
    show_title = _l("Operating state")
    list_template = "analysis/state_list.html"
    show_template = "analysis/state_show.html"
    empty_hint = _l("Compute the operating effect; then every valid customer is listed here.")
    list_columns = [
        "customer.name", "customer.code", "effect_score", "ability_score", "operating_state",
        "problems", "status", "territory",
    ]  # fmt: skip
    export_columns = [
        "month", "territory", "customer.code", "customer.name", "customer.business_type",
        "customer.market_type", "customer.scale", "status", "effect_score", "effect_band",
        "ability_score", "ability_band", "operating_state", "is_problem", "is_new", "problems",
        "sticks", "amount_fen", "width", "order_weeks", "due_weeks", "peer_count",
        "parameter_version", "computed_at", "generated_at",
    ]  # fmt: skip
    card_columns = ["customer.name", "effect_score", "ability_score", "operating_state", "status"]
    order_columns = ["customer.code", "customer.name", "effect_score", "ability_score"]
    base_order = ("customer.code", "asc")
    filter_bar = STATE_FILTERS
    extra_labels = {
        "problems": _l("Problems"),
        "operating_state": _l("Operating state"),
        "customer.name": _l("Customer"),
        "customer.code": _l("Customer code"),
    }
    tones = {
        "status": {"COMPUTED": "mute", "EVALUATED": "info", "GENERATED": "ok", "STALE": "warn"}
    }
    formatters_columns = {
        "operating_state": state_cell,
        "problems": problems_cell,
        "effect_score": score_cell,
        "ability_score": score_cell,
    }
    base_permissions = ["can_read", "can_update", "can_export"]
    method_permission_name = {
        "compute": "update",
        "generate": "update",
        "copy_scores": "update",
        "effect_details": "read",
        "ability_details": "read",
    }
    exclude_route_methods = NO_FORMS

    # ------------------------------------------------------------------ list

    def annotate(self, rows: list[Any]) -> None:
        found = problems_of(rows)
        for row in rows:
            row.shown_problems = found[row.id]

    def column_value(self, item: Any, path: str) -> Any:
        if path == "problems":
            return item.shown_problems
        is_page = has_request_context() and request.method == "GET"  # exports need no addresses
        if is_page and path in ("effect_score", "ability_score"):
            part = path.removesuffix("_score")
            url = url_for("StateView.show", pk=item.id, part=part, _anchor=part)
            label = f"{item.customer.name} {self.label_columns[path]}"
            return ExplainedScore.of(getattr(item, path), url, label)
        return super().column_value(item, path)

    def render_template(self, template: str, **values: Any) -> str:
        if template == self.list_template:
            values.update(panel(present_area()))
        return super().render_template(template, **values)

    @action("effect_details", _l("Effect details"), icon="fa-magnifying-glass-chart", single=False)
    def effect_details(self, items: Any) -> Response:
        """经营效果明细 of the ticked customer."""
        return self._details(items, "effect")

    @action("ability_details", _l("Ability score details"), icon="fa-list-ol", single=False)
    def ability_details(self, items: Any) -> Response:
        """经营能力打分明细 of the ticked customer."""
        return self._details(items, "ability")

    def _details(self, items: list[CustomerState], part: str) -> Response:
        if len(items) != 1:
            raise PlanningError(ONE_ONLY)
        url = url_for("StateView.show", pk=items[0].id, next=self.get_redirect())
        return redirect(f"{url}#{part}", 303)

    # ------------------------------------------------------------------ the three actions

    @expose("/compute", methods=["POST"])
    @has_access
    def compute(self) -> Response:
        """计算经营效果."""
        return self._carry_out(
            operating_states.compute_effect,
            lambda sums: _("The effect of %(count)d customers was computed.", count=sums.computed),
        )

    @expose("/copy-scores", methods=["POST"])
    @has_access
    def copy_scores(self) -> Response:
        """沿用上月打分."""
        return self._carry_out(
            operating_states.copy_scores,
            lambda sums: _(
                "Scores of last month were taken over; %(done)d of %(all)d customers are scored.",
                done=sums.scored,
                all=sums.rated,
            ),
        )

    @expose("/generate", methods=["POST"])
    @has_access
    def generate(self) -> Response:
        """生成策略."""
        return self._carry_out(
            operating_states.generate_strategies,
            lambda sums: _(
                "Strategies were generated for %(count)d customers; %(problems)d of them are "
                "problem customers.",
                count=sums.generated,
                problems=sums.problems,
            ),
        )

    def _carry_out(
        self,
        act: Callable[[Any, WorkArea], None],
        done: Callable[[state_overview.Progress], str],
    ) -> Response:
        """One action on the area, in one transaction; a refusal is shown on the page."""
        area = present_area(is_strict=True)
        back = url_for("StateView.list", **area.argument)

        def change() -> str:
            act(db.session(), area)
            entries = state_overview.progress_by_territory(db.session(), area)
            return done(state_overview.together(entries))

        return carry_out(change, back)

    # ------------------------------------------------------------------ one customer

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        """Every figure of a customer's month. The month is the record's, not the top bar's. With
        ``fragment`` only the ``part`` effect or ability, for the popover beside the score.
        """
        state = self._of_any_month(pk)
        parameters = parameters_in(db.session(), state.company_id, state.parameter_version)
        lines = words.ability_lines(db.session(), state)
        is_fragment = "fragment" in request.args
        return self.render_template(
            "analysis/state_fragment.html" if is_fragment else self.show_template,
            part="ability" if request.args.get("part") == "ability" else "effect",
            title=state.customer.name,
            state=state,
            state_cell=state_cell(state.operating_state),
            effect_lines=words.item_lines(state, self._items(state), parameters),
            summary=words.summary(state),
            ability_lines=lines,
            ability_weight=sum(line.item.weight for line in lines),
            problems=self._problems(state),
            strategies=self._strategies(state),
            may_score=can("update", "CustomerState") and state.month == working_month(),
            month_words=month_label(state.month),
            data_words=month_label(state.month.previous),
            cancel_url=self.get_redirect(),
        )

    def _of_any_month(self, pk: str) -> CustomerState:
        key = self.scoped_keys([pk])[0]
        state = db.session.scalar(select(CustomerState).where(CustomerState.id == key))
        if state is None:
            abort(404)
        return state

    @staticmethod
    def _items(state: CustomerState) -> list[CustomerEffectItem]:
        return list(
            db.session.scalars(
                select(CustomerEffectItem).where(
                    CustomerEffectItem.company_id == state.company_id,
                    CustomerEffectItem.month == state.month,
                    CustomerEffectItem.customer_id == state.customer_id,
                )
            )
        )

    @staticmethod
    def _problems(state: CustomerState) -> list[tuple[str, list[str]]]:
        """Problem in words → the products concerned."""
        rows = db.session.execute(
            select(CustomerProblem.code, Product.name)
            .outerjoin(Product, Product.id == CustomerProblem.product_id)
            .where(
                CustomerProblem.company_id == state.company_id,
                CustomerProblem.month == state.month,
                CustomerProblem.customer_id == state.customer_id,
            )
            .order_by(Product.code)
        )
        found: dict[Any, list[str]] = {}
        for code, product in rows:
            found.setdefault(code, []).extend([product] if product else [])
        return [(str(code.label), products) for code, products in found.items()]

    @staticmethod
    def _strategies(state: CustomerState) -> list[tuple[ServiceStrategy, list[str]]]:
        """Potential needs: strategy → where each comes from."""
        rows = db.session.execute(
            select(ServiceStrategy, PotentialStrategy.source, PotentialStrategy.source_code)
            .join(PotentialStrategy, PotentialStrategy.strategy_id == ServiceStrategy.id)
            .where(
                PotentialStrategy.company_id == state.company_id,
                PotentialStrategy.month == state.month,
                PotentialStrategy.customer_id == state.customer_id,
            )
            .order_by(ServiceStrategy.code, PotentialStrategy.source_code)
        )
        found: dict[int, tuple[ServiceStrategy, list[str]]] = {}
        for strategy, source, code in rows:
            entry = found.setdefault(strategy.id, (strategy, []))
            entry[1].append(source_words(source, code))
        return list(found.values())


def source_words(source: Any, code: str) -> str:
    """Where a potential need comes from; problem codes are told in words."""
    from app.models import ProblemCode

    detail = problem_words([ProblemCode[code]])[0] if code in ProblemCode.__members__ else code
    return f"{source.label}: {detail}"


def panel(area: WorkArea) -> dict[str, Any]:
    """What the head of the pages of step 2 shows: month, territories, the three actions."""
    entries = state_overview.progress_by_territory(db.session(), area)
    sums = state_overview.together(entries)
    return {
        "area": area,
        "entries": entries,
        "sums": sums,
        "month_words": month_label(area.month),
        "data_words": month_label(area.month.previous),
        "data_day": area.month.previous.last_day.isoformat(),
        "is_data_open": area.month.previous.last_day >= local_today(),
        "has_newer_sales": state_overview.has_newer_sales(db.session(), entries),
        "may_update": can("update", "CustomerState"),
    }
