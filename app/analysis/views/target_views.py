"""§2.2 step 3 — brand targets 品牌状态分析目标设置: list, entry grid, change, removal."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Query

from app.analysis import analysis_overview as overviews
from app.analysis import brand_targets
from app.analysis.brand_targets import TARGET_FIELDS, MonthRange, TargetsRefused
from app.analysis.rules.indicators import RATE_BY_CODE
from app.analysis.views import figure_words as words
from app.analysis.views.asked_place import asked_area
from app.analysis.views.target_grid import grid_row, read_drafts, refused_cells
from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.formatters import MISSING, pill
from app.kernel.list_filters import Quick
from app.kernel.period import Month
from app.models import BrandTarget, RateKind, Territory
from app.portal_context import can, month_label, working_month

MOST_MONTHS = 24


class CoversMonth(BaseFilter):
    """value: True for targets that cover the working month."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        month = working_month()
        return query.filter(BrandTarget.from_month <= month, BrandTarget.to_month >= month)


class WithoutList(BaseFilter):
    """value: True for targets whose listing rate has no denominator yet."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(BrandTarget.list_revision == 0)


def percent(value: int | None) -> str:
    """Hundredths of a percent with two decimals."""
    return MISSING if value is None else f"{words.decimal(Fraction(value, 100))}%"


class BrandTargetView(PlanningView):
    datamodel = SQLAInterface(BrandTarget)
    route_base = "/brand-targets"
    list_title = _l("Brand targets")
    entity_label = _l("brand target")
    show_title = _l("Brand target")
    show_template = "analysis/target_show.html"
    hint = _l(
        "Targets of the four rates per watched product and month range. This month's targets are "
        "used when the month is analysed."
    )
    empty_hint = _l("Products come from the watched products of your market department.")
    exclude_route_methods = {"download", "add", "edit", "delete", "bulk_edit", "select"}
    list_columns = [
        "product", "from_month", "to_month", "listing_target", "active_target", "stockout_target",
        "repurchase_target", "on_list", "lock", "territory",
    ]  # fmt: skip
    card_columns = ["product", "from_month", "to_month", "listing_target", "on_list", "lock"]
    order_columns = ["product.code", "from_month", "to_month"]
    base_order = ("from_month", "desc")
    extra_labels = {
        "product": _l("Product"),
        "on_list": _l("Target customers"),
        "lock": _l("State"),
        "territory": _l("Territory"),
        "product.code": _l("Product code"),
    }
    formatters_columns = {
        "listing_target": percent,
        "active_target": percent,
        "stockout_target": percent,
        "repurchase_target": percent,
    }
    numeric_columns = frozenset({"on_list"})
    filter_bar = [
        Quick("product", "relation", label=_l("Product")),
        Quick("territory", "relation", label=_l("Territory")),
        Quick("now", "flag", label=_l("In the working month"), filter_class=CoversMonth),
        Quick("unlisted", "flag", label=_l("Without target customers"), filter_class=WithoutList),
        Quick("from_month", "month"),
    ]
    search_columns = ["to_month"]
    has_history = True
    method_permission_name = {
        "new": "create",
        "create": "create",
        "change": "update",
        "save": "update",
        "remove": "delete",
    }

    # ------------------------------------------------------------------ list

    def annotate(self, rows: list[Any]) -> None:
        sizes = brand_targets.list_sizes(db.session(), [row.id for row in rows])
        locks = brand_targets.locking_months(db.session(), rows)
        for row in rows:
            row.shown_size = sizes.get(row.id, 0)
            row.shown_lock = locks.get(row.id, [])

    def column_value(self, item: Any, path: str) -> Any:
        if path == "on_list":
            return item.shown_size if item.list_revision else _("no list yet")
        if path == "lock":
            return (
                pill(
                    _("Locked: %(months)s analysed", months="、".join(map(str, item.shown_lock))),
                    "mute",
                )
                if item.shown_lock
                else pill(_("Open"), "info")
            )
        return super().column_value(item, path)

    def list_buttons(self) -> list[dict[str, Any]]:
        if not can("create", "BrandTarget"):
            return []
        return [
            {
                "url": url_for("BrandTargetView.new"),
                "text": _("New targets"),
                "icon": "fa-plus",
                "is_primary": True,
            }
        ]

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        """The target, its lock, its list, and the last actual figures."""
        target = self.scoped_item(pk)
        locks = brand_targets.locking_months(db.session(), [target]).get(target.id, [])
        month = working_month().previous
        actual = self._actuals(target.territory, month, {target.product_id})
        return self.render_template(
            self.show_template,
            title=str(target.product),
            target=target,
            rates=[
                (
                    str(rate.label),
                    percent(getattr(target, f"{field}_target")),
                    actual.get((target.product_id, rate), MISSING),
                )
                for rate, field in TARGET_FIELDS.items()
            ],
            actual_month=month_label(month),
            locks=[month_label(month) for month in locks],
            size=brand_targets.list_sizes(db.session(), [target.id]).get(target.id, 0),
            may_change=can("update", "BrandTarget") and not locks,
            may_remove=can("delete", "BrandTarget") and not locks,
            history=self.history_of(target),
            cancel_url=self.get_redirect(),
        )

    @staticmethod
    def _actuals(
        territory: Territory, month: Month, product_ids: set[int]
    ) -> dict[tuple[int, RateKind], str]:
        """(product, rate) → the figure of the month, in words."""
        found = overviews.company_rates(
            db.session(), brand_targets.own_scope(territory), month, product_ids
        )
        return {
            key: words.value_text(RATE_BY_CODE[key[1].name], *figure)
            for key, figure in found.items()
        }

    # ------------------------------------------------------------------ entering

    @expose("/new", methods=["GET"])
    @has_access
    def new(self) -> Any:
        """The entry grid of a territory and month range."""
        area = asked_area()
        return self._grid(area.chosen, area.territories, *self._asked_months())

    @staticmethod
    def _asked_months() -> tuple[MonthRange, str | None]:
        """The months of the request; unusable ones give the working month and a message."""
        month = working_month()
        texts = request.values.get("from_month", ""), request.values.get("to_month", "")
        if not any(texts):
            return MonthRange(month, month), None
        try:
            months = MonthRange(Month.parse(texts[0]), Month.parse(texts[1]))
        except ValueError:
            return MonthRange(month, month), _("Enter a month, for example 2026-11.")
        if months.last < months.first:
            return MonthRange(months.first, months.first), _("The last month is before the first.")
        if months.first.shift(MOST_MONTHS - 1) < months.last:
            return MonthRange(months.first, months.first), _(
                "A target covers at most %(most)d months.", most=MOST_MONTHS
            )
        return months, None

    @expose("/new", methods=["POST"])
    @has_access
    def create(self) -> Any:
        """Form: q_territory, from_month, to_month, and ``t-<product>-<rate>`` per cell."""
        area = asked_area(is_strict=True)
        months, problem = self._asked_months()
        if area.chosen is None or problem:
            return self._refused(area.chosen, area.territories, months, problem)
        drafts, bad = read_drafts(
            months,
            [row.id for row in brand_targets.offered_products(db.session(), area.chosen, months)],
        )
        if not drafts and not bad:
            problem = _("Enter at least one target.")
        if bad or problem:
            return self._refused(area.chosen, area.territories, months, problem, bad)
        try:
            brand_targets.add(db.session(), area.chosen, drafts)
            db.session.commit()
        except PlanningError as refusal:
            return self._planning_refusal(refusal, area.chosen, area.territories, months)
        flash(_("Targets of %(count)d products were saved.", count=len(drafts)), "success")
        return redirect(url_for("BrandTargetView.list"), 303)

    @expose("/change/<pk>", methods=["GET"])
    @has_access
    def change(self, pk: str) -> Any:
        """The grid with one product; the product stays, months and rates can be changed."""
        target = self.scoped_item(pk)
        months = MonthRange(target.from_month, target.to_month)
        return self._grid(target.territory, (), months, None, target=target)

    @expose("/change/<pk>", methods=["POST"])
    @has_access
    def save(self, pk: str) -> Any:
        """Form as in `create`, for the one target."""
        target = self.scoped_item(pk)
        territory, product_id = target.territory, target.product_id
        months, problem = self._asked_months()
        drafts, bad = read_drafts(months, [product_id])
        if not drafts and not bad:
            problem = problem or _("Enter at least one target.")
        if bad or problem:
            return self._refused(territory, (), months, problem, bad, target)
        try:
            brand_targets.change(db.session(), target, drafts[0])
            db.session.commit()
        except PlanningError as refusal:
            return self._planning_refusal(refusal, territory, (), months, target)
        flash(_("The target was saved."), "success")
        return redirect(url_for("BrandTargetView.show", pk=pk), 303)

    @expose("/remove/<pk>", methods=["POST"])
    @has_access
    def remove(self, pk: str) -> Any:
        """Remove a target and its list, unless a completed analysis used it."""
        target = self.scoped_item(pk)
        try:
            brand_targets.remove(db.session(), target)
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            flash(refusal.message(), "danger")
            return redirect(url_for("BrandTargetView.show", pk=pk), 303)
        flash(_("The target was removed."), "success")
        return redirect(url_for("BrandTargetView.list"), 303)

    # ------------------------------------------------------------------ the grid

    def _planning_refusal(
        self,
        refusal: PlanningError,
        territory: Territory | None,
        territories: tuple[Territory, ...],
        months: MonthRange,
        target: BrandTarget | None = None,
    ) -> Any:
        db.session.rollback()
        if refusal.status == 404:
            abort(404)
        errors = refused_cells(refusal) if isinstance(refusal, TargetsRefused) else {}
        return self._refused(territory, territories, months, refusal.message(), errors, target)

    def _refused(
        self,
        territory: Territory | None,
        territories: tuple[Territory, ...],
        months: MonthRange,
        problem: str | None,
        errors: Mapping[str, str] | None = None,
        target: BrandTarget | None = None,
    ) -> Response:
        if errors and not problem:
            problem = _("Nothing was saved. Correct the marked lines.")
        page = self._grid(territory, territories, months, problem, errors or {}, target)
        return Response(page, 422, mimetype="text/html")

    def _grid(
        self,
        territory: Territory | None,
        territories: tuple[Territory, ...],
        months: MonthRange,
        problem: str | None,
        errors: Mapping[str, str] | None = None,
        target: BrandTarget | None = None,
    ) -> str:
        rows: list[dict[str, Any]] = []
        month = working_month().previous
        is_copy = request.args.get("copy") == "1"
        if territory is not None:
            offered = brand_targets.offered_products(db.session(), territory, months)
            if target is not None:
                offered = [row for row in offered if row.id == target.product_id] or [
                    brand_targets.Offered(
                        target.product_id, target.product.code, target.product.name, ()
                    )
                ]
            earlier = (
                {target.product_id: target}
                if target is not None
                else brand_targets.latest_before(db.session(), territory, months.first)
            )
            actuals = self._actuals(territory, month, {row.id for row in offered})
            rows = [
                grid_row(row, months, earlier.get(row.id), actuals, is_copy or target is not None)
                for row in offered
            ]
        return str(
            self.render_template(
                "analysis/target_grid.html",
                title=_("Change a brand target") if target else _("New brand targets"),
                territory=territory,
                territories=territories,
                months=months,
                rows=rows,
                rates=list(TARGET_FIELDS),
                actual_month=month.key,
                errors=errors or {},
                problem=problem,
                target=target,
                is_copy=is_copy,
                has_earlier=any(row["earlier"] for row in rows),
            )
        )
