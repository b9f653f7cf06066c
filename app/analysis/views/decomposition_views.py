"""§2.2 steps 5 and 6 — one figure: how it came about, and which customers and products make up its gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from flask import Response, abort, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from sqlalchemy import select

from app.analysis import territory_analyses as analyses
from app.analysis.analysis_overview import customers_named
from app.analysis.decomposition import CUSTOMERS_ONLY, Decomposition
from app.analysis.rules.indicators import Indicator
from app.analysis.territory_analyses import Key
from app.analysis.views import figure_words as words
from app.analysis.views.analysis_pages import AnalysisPages
from app.analysis.views.workbook import workbook
from app.kernel.db import db
from app.kernel.list_widgets import view_url
from app.master.parameters import parameters_in
from app.models import Judgement, Product
from app.portal_context import can, month_label

By = Literal["customer", "product"]
SHOWN_PARTS = 60
CHART_PARTS = 12


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A customer's or a product's part of the gap; `share` is its part of all shortfalls, 0–100."""

    code: str
    name: str
    url: str | None
    num: str
    den: str
    expected: str
    achieved: str
    shortfall: str
    share: int
    is_behind: bool
    exact: Any


class FigurePages(AnalysisPages):
    """The page of a figure and its workbook; mixed into the views of both steps."""

    @expose("/figure/<pk>/<text>")
    @has_access
    def figure(self, pk: str, text: str) -> str:
        """Formula, numerator, denominator, cut-off, versions; the parts of the gap. With
        ``fragment`` only the explanation, for the popover beside the figure.
        """
        analysis, line, key = self._line(pk, text)
        _line, indicator = self.with_indicators(analysis, [line])[0]
        if "fragment" in request.args:
            return self.page(
                "analysis/figure_fragment.html",
                self.area_of(analysis),
                analysis.month,
                **self._explanation(analysis, line, key, text, indicator),
            )
        by = self._by(indicator)
        found = self._parts(analysis, line, by)
        parts = [] if found is None else self._shown_parts(found[0], indicator, analysis, by)
        return self.page(
            "analysis/explain_figure.html",
            self.area_of(analysis),
            analysis.month,
            **self._explanation(analysis, line, key, text, indicator),
            term_words=words.TERMS.get(indicator.code),
            by=by,
            ways=self._ways(indicator),
            parts=parts[:SHOWN_PARTS],
            part_count=len(parts),
            chart_parts=[
                {
                    "name": part.name,
                    "value": float(words.decimal(part.exact / 100, 4)),
                    "text": part.shortfall,
                }
                for part in parts[:CHART_PARTS]
                if part.is_behind
            ],
            total=None
            if found is None or found[0].gap is None or line.target is None
            else words.hundredths_text(indicator, found[0].gap, sign=True),
            is_newer=found is not None and found[1],
            has_target=line.target is not None,
            is_abnormal=line.final_status is Judgement.ABNORMAL,
        )

    def _explanation(
        self, analysis: Any, line: Any, key: Key, text: str, indicator: Indicator
    ) -> dict[str, Any]:
        """What the page and the popover say about a figure."""
        group, label = self.names([key])[key]
        return {
            "analysis": analysis,
            "line": line,
            "key_text": text,
            "group": group,
            "label": label,
            "indicator": indicator,
            "unit": words.unit_word(indicator),
            "value": words.value_text(indicator, line.actual_num, line.actual_den),
            "target": words.hundredths_text(indicator, line.target),
            "gap": words.gap_text(indicator, line.actual_num, line.actual_den, line.target),
            "facts": self._facts(analysis, line, indicator),
            "links": self._links(analysis, line, indicator),
            "terms": words.term_rows(indicator, line.actual_num, line.actual_den),
        }

    @expose("/figure/<pk>/<text>/export", methods=["POST"])
    @has_access
    def figure_export(self, pk: str, text: str) -> Response:
        """All parts of the figure as a workbook."""
        analysis, line, key = self._line(pk, text)
        _line, indicator = self.with_indicators(analysis, [line])[0]
        by = self._by(indicator)
        found = self._parts(analysis, line, by)
        parts = [] if found is None else self._shown_parts(found[0], indicator, analysis, by)
        group, label = self.names([key])[key]
        terms = [_(word) for word, _divisor in words.TERMS.get(indicator.code, ())] or ["", ""]
        unit = words.unit_word(indicator)
        contributions = [] if found is None else found[0].contributions
        divisors = [divisor for _word, divisor in words.TERMS.get(indicator.code, (("", 1),) * 2)]
        return workbook(
            f"{label} {group} {analysis.territory.name} {analysis.month.key}",
            [
                (_("Code"), "text"),
                (_("Customer") if by == "customer" else _("Product"), "text"),
                (terms[0], "decimal"),
                (terms[1], "decimal"),
                (_("Expected (%(unit)s)", unit=unit), "decimal"),
                (_("Achieved (%(unit)s)", unit=unit), "decimal"),
                (_("Part of the gap (%(unit)s)", unit=unit), "decimal"),
            ],
            (
                [
                    part.code,
                    part.name,
                    row.num / divisors[0],
                    None if row.den is None else row.den / divisors[1],
                    float(row.expected / 100) if line.target is not None else None,
                    float(row.achieved / 100),
                    float(row.shortfall / 100) if line.target is not None else None,
                ]
                for part, row in zip(parts, contributions, strict=True)
            ),
            [*self._facts(analysis, line, indicator)],
        )

    # ------------------------------------------------------------------ finding

    def _line(self, pk: str, text: str) -> tuple[Any, Any, Any]:
        """The analysis, its line and the line's key; anything else is a 404."""
        analysis = self.found(pk)
        lines = {
            self.steps.text(self.steps.key(line)): line
            for line in analyses.lines_of(db.session(), self.steps, analysis)
        }
        line = lines.get(text)
        if line is None:
            abort(404)
        return analysis, line, self.steps.key(line)

    def _ways(self, indicator: Indicator) -> list[tuple[By, str]]:
        """How the figure can be taken apart."""
        if indicator.is_entered:
            return []
        ways: list[tuple[By, str]] = [("customer", _("By customer"))]
        if not self.steps.is_brand and indicator.code not in CUSTOMERS_ONLY:
            ways.append(("product", _("By product")))
        return ways

    def _by(self, indicator: Indicator) -> By:
        wanted = request.args.get("by")
        return (
            "product"
            if wanted in [way for way, _label in self._ways(indicator)][1:]
            else "customer"
        )

    def _parts(self, analysis: Any, line: Any, by: By) -> tuple[Decomposition, bool] | None:
        """The parts as the data are now, and whether they differ from the stored figure."""
        found = analyses.parts_of(db.session(), self.steps, analysis, line, by)
        if found is None:
            return None
        return found, (found.num, found.den) != (line.actual_num, line.actual_den)

    # ------------------------------------------------------------------ words

    def _shown_parts(
        self, found: Decomposition, indicator: Indicator, analysis: Any, by: By
    ) -> list[ShownPart]:
        scope = analyses.own_scope(analysis)
        naming = self._naming(scope, by, {row.key for row in found.contributions})
        behind = sum(row.shortfall for row in found.contributions if row.shortfall > 0)
        shown = []
        for row in found.contributions:
            code, name, url = naming(row.key)
            shown.append(
                ShownPart(
                    code,
                    name,
                    url,
                    words.part_text(indicator, 0, row.num),
                    words.part_text(indicator, 1, row.den),
                    words.hundredths_text(indicator, row.expected),
                    words.hundredths_text(indicator, row.achieved),
                    words.hundredths_text(indicator, row.shortfall, sign=True),
                    int(100 * row.shortfall / behind) if behind and row.shortfall > 0 else 0,
                    row.shortfall > 0,
                    row.shortfall,
                )
            )
        return shown

    @staticmethod
    def _naming(scope: Any, by: By, keys: set[int]) -> Callable[[int], tuple[str, str, str | None]]:
        session = db.session()
        if by == "product":
            rows = session.execute(
                select(Product.id, Product.code, Product.name).where(Product.id.in_(keys))
            )
            products = {row.id: (row.code, row.name) for row in rows}
            return lambda key: (*products.get(key, ("", "?")), None)
        customers = customers_named(session, scope)
        may_open = can("read", "Customer")

        def customer(key: int) -> tuple[str, str, str | None]:
            code, name = customers.get(key, ("", _("moved to another territory")))
            return code, name, view_url("CustomerView", "show", pk=key) if may_open else None

        return customer

    def _facts(self, analysis: Any, line: Any, indicator: Indicator) -> list[tuple[str, Any]]:
        """(term, text) about how the figure came about."""
        parameters = parameters_in(db.session(), analysis.company_id, analysis.parameter_version)
        facts: list[tuple[str, Any]] = [
            (_("Formula"), _(indicator.formula)),
            (_("Formula version"), str(line.formula_version)),
            (_("Territory"), analysis.territory.name),
            (_("Analysed month"), month_label(analysis.month)),
            (_("Cut-off"), _("orders up to %(day)s", day=analysis.month.last_day.isoformat())),
            (_("Parameter version"), str(analysis.parameter_version)),
            (_("Judged by"), _judging_words(indicator, parameters)),
        ]
        if indicator.code == "ACTIVE":
            months = int(parameters.abnormal_active_base_months)
            first = analysis.month.shift(-months)
            facts.insert(
                1,
                (
                    _("Months before"),
                    f"{month_label(first)} – {month_label(analysis.month.previous)}",
                ),
            )
        if indicator.code == "ORDER_SUCCESS":
            late = int(parameters.order_late_days)
            facts.insert(
                1,
                (
                    _("An order counts"),
                    _("on the order day or up to %(days)s days later", days=late)
                    if late
                    else _("on the order day itself"),
                ),
            )
        if analysis.data_batch_id:
            facts.append((_("Data up to import"), str(analysis.data_batch_id)))
        return facts

    def _links(self, analysis: Any, line: Any, indicator: Indicator) -> list[tuple[str, str]]:
        """(words, address) of the rows behind the figure that the reader may open."""
        place = {"q_territory": analysis.territory_id}
        month = analysis.month
        days = {
            "q_order_date_from": month.first_day.isoformat(),
            "q_order_date_to": month.last_day.isoformat(),
        }
        if self.steps.is_brand:
            place["q_product"] = line.product_id
        found = []
        if indicator.is_entered:
            return []
        if indicator.code in ("ONLINE_RATE", "E_SETTLE_RATE"):
            if can("read", "Customer"):
                found.append(
                    (
                        _("Customers"),
                        view_url("CustomerView", "list", q_territory=analysis.territory_id),
                    )
                )
        elif indicator.code in ("STOCKOUT", "STOCKOUT_RATE"):
            if can("read", "SalesLine"):
                found.append(
                    (
                        _("Stock-out lines"),
                        view_url("SalesLineView", "list", q_stockout=1, **place, **days),
                    )
                )
                found.append((_("Sales lines"), view_url("SalesLineView", "list", **place, **days)))
        elif indicator.code in ("ORDER_SUCCESS", "ORDER_FREQUENCY"):
            if can("read", "SalesLine"):
                found.append((_("Sales lines"), view_url("SalesLineView", "list", **place, **days)))
        elif can("read", "MonthlySales"):
            found += [
                (
                    _("Monthly sales of %(month)s", month=month_label(each)),
                    view_url("MonthlySalesView", "list", q_month=each.key, **place),
                )
                for each in (month, month.previous)
            ]
        return [(text, url) for text, url in found if url]


def _judging_words(indicator: Indicator, parameters: Any) -> str:
    measure = indicator.measure
    percent, points = measure.limits(parameters)
    if measure.in_points:
        if indicator.low_is_better:
            return _("Abnormal from %(points)s points above the target on", points=points)
        return _("Abnormal from %(points)s points below the target on", points=points)
    if indicator.low_is_better:
        return _(
            "Abnormal from %(percent)s%% of the target above it on; less is better",
            percent=percent,
        )
    return _("Abnormal from %(percent)s%% of the target below it on", percent=percent)
