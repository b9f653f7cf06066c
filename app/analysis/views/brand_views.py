"""§2.2 step 5 — monthly brand state 月度品牌状态分析: sheet, overview of territories, charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flask import Response, abort, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.analysis import analysis_overview as overviews
from app.analysis import territory_analyses as analyses
from app.analysis import trends
from app.analysis.rules.indicators import BRAND_SHARE, RATE_BY_CODE
from app.analysis.territory_analyses import Key
from app.analysis.views import figure_words as words
from app.analysis.views.decomposition_views import FigurePages
from app.analysis.views.workbook import workbook
from app.analysis.work_area import NoArea, WorkArea
from app.kernel.db import db
from app.kernel.list_request import ascii_integer
from app.kernel.period import Month
from app.models import BrandAnalysis, BrandShare, Judgement, RateKind
from app.portal_context import month_label
from app.security.row_scope import RowScope, current_scope, scoped_to


class BrandAnalysisView(FigurePages):
    """One territory's sheet for who works on it; all of them for managers, read-only."""

    route_base = "/brand-analysis"
    class_permission_name = BrandAnalysis.__name__
    steps = analyses.BRAND
    title = _l("Monthly brand state")
    hint = _l(
        "First see which product is off its target, then which rate, then which customers. "
        "The system proposes, you decide."
    )
    sheet_template = "analysis/brand_sheet.html"
    overview_template = "analysis/brand_overview.html"

    def names(self, keys: Sequence[Key]) -> dict[Key, tuple[str, str]]:
        products = overviews.product_names(db.session(), {key[0] for key in keys})
        return {key: (products.get(key[0], "?"), str(key[1].label)) for key in keys}

    def sheet_values(self, area: WorkArea, month: Month, analysis: Any) -> dict[str, Any]:
        if analysis is None:
            return {"products": [], "rates": list(RateKind)}
        lines = analyses.lines_of(db.session(), self.steps, analysis)
        products = overviews.product_names(db.session(), {line.product_id for line in lines})
        return {
            "products": list(products.items()),
            "rates": list(RateKind),
            "threshold": self.threshold(analysis),
            "shares": self._shares(analysis, products),
        }

    @staticmethod
    def _shares(analysis: Any, products: Mapping[int, str]) -> list[dict[str, str]]:
        """品牌占有率 of the analysed products as the analysis keeps it, largest first."""
        rows = db.session.scalars(
            select(BrandShare).where(
                BrandShare.company_id == analysis.company_id, BrandShare.analysis_id == analysis.id
            )
        )
        return [
            {
                "name": products.get(row.product_id, "?"),
                "product": words.value_text(BRAND_SHARE, row.product_sticks, row.area_sticks),
                "brand": words.value_text(BRAND_SHARE, row.brand_sticks, row.area_sticks),
            }
            for row in sorted(rows, key=lambda row: (-row.product_sticks, row.product_id))
        ]

    # ------------------------------------------------------------------ overview

    def reading(self) -> AbstractContextManager[None]:
        """A brand manager finds the territories of the whole company, to read."""
        own = current_scope()
        if not own.reads_brands:
            return nullcontext()
        return scoped_to(RowScope(own.company_id, None, own.user_id, reads_brands=True))

    def works_on(self, area: WorkArea) -> bool:
        own = current_scope().territory_ids
        return own is None or (area.chosen.id in own if area.chosen else bool(own))

    def overview_page(self, area: WorkArea, month: Month) -> str:
        try:
            scope = area.scope
        except NoArea as refusal:
            return self.page("analysis/no_area.html", area, month, reason=refusal.message())
        found = overviews.overview(db.session(), self.steps, scope, month)
        product_ids = {key[0] for key in found.keys}
        products = overviews.product_names(db.session(), product_ids)
        totals = overviews.company_rates(db.session(), scope, month, product_ids)
        return self.page(
            self.overview_template,
            area,
            month,
            found=found,
            products=list(products.items()),
            rates=list(RateKind),
            cells=self._cells_by_product(found, products),
            totals=self._totals(found, products, totals),
            counts=[(status, found.counts(status)) for status in Judgement],
            may_open={territory.id for territory in area.territories},
        )

    @staticmethod
    def _cells_by_product(
        found: overviews.Overview, products: Mapping[int, str]
    ) -> dict[tuple[int, int], dict[str, Any]]:
        """(territory, product) → its four rates: how many abnormal, and each in words."""
        cells: dict[tuple[int, int], dict[str, Any]] = {}
        for place in found.places:
            for product_id in products:
                rows = [found.cells.get((place.id, (product_id, rate))) for rate in RateKind]
                present = [row for row in rows if row is not None]
                if not present:
                    continue
                abnormal = sum(row.final_status is Judgement.ABNORMAL for row in present)
                judged = any(
                    row.final_status in (Judgement.NORMAL, Judgement.ABNORMAL) for row in present
                )
                cells[place.id, product_id] = {
                    "abnormal": abnormal,
                    "judged": judged,
                    "title": "\n".join(
                        f"{row.rate.label} "
                        f"{words.value_text(RATE_BY_CODE[row.rate.name], row.actual_num, row.actual_den)}"
                        f" / {words.hundredths_text(RATE_BY_CODE[row.rate.name], row.target)}"
                        f" {row.final_status.label}"
                        for row in present
                    ),
                }
        return cells

    @staticmethod
    def _totals(
        found: overviews.Overview,
        products: Mapping[int, str],
        totals: Mapping[Key, tuple[int, int]],
    ) -> list[dict[str, Any]]:
        """A row per product: the rates over all territories, and how many territories are off."""
        rows = []
        for product_id, name in products.items():
            off = {
                territory
                for (territory, key), row in found.cells.items()
                if key[0] == product_id and row.final_status is Judgement.ABNORMAL
            }
            all_of = {territory for (territory, key) in found.cells if key[0] == product_id}
            rates = []
            for rate in RateKind:
                num, den = totals.get((product_id, rate), (0, 0))
                indicator = RATE_BY_CODE[rate.name]
                rates.append(
                    (
                        words.value_text(indicator, num, den),
                        words.fraction_text(indicator, num, den),
                        sum(
                            row.final_status is Judgement.ABNORMAL
                            for (_place, key), row in found.cells.items()
                            if key == (product_id, rate)
                        ),
                    )
                )
            rows.append({"name": name, "rates": rates, "off": len(off), "of": len(all_of)})
        return sorted(rows, key=lambda row: -row["off"])

    def overview_export(self, area: WorkArea, month: Month) -> Response:
        scope = area.scope
        found = overviews.overview(db.session(), self.steps, scope, month)
        products = overviews.product_names(db.session(), {key[0] for key in found.keys})
        places = {place.id: place for place in found.places}

        def cells() -> Any:
            for (territory_id, (product_id, rate)), row in found.cells.items():
                indicator = RATE_BY_CODE[rate.name]
                actual = words.actual_hundredths(indicator, row.actual_num, row.actual_den)
                yield [
                    places[territory_id].name,
                    products.get(product_id, "?"),
                    str(rate.label),
                    None if actual is None else float(words.decimal(actual / 100, 4)),
                    row.actual_num,
                    row.actual_den,
                    None if row.target is None else row.target / 100,
                    str(row.system_status.label),
                    str(row.final_status.label),
                    row.override_reason or "",
                ]

        return workbook(
            f"{self.title} {month.key}",
            [
                (_("Territory"), "text"), (_("Product"), "text"), (_("Rate"), "text"),
                (_("Actual, %"), "decimal"), (_("Numerator"), "quantity"),
                (_("Denominator"), "quantity"), (_("Target, %"), "decimal"),
                (_("Judged by the system"), "text"), (_("Final judgement"), "text"),
                (_("Reason for another judgement"), "text"),
            ],
            cells(),
            [(_("Analysed month"), month.key)],
        )  # fmt: skip

    # ------------------------------------------------------------------ charts

    def chart_data(self, name: str, area: WorkArea, month: Month) -> dict[str, Any]:
        if name == "trend":
            return self._trend(area, month)
        charts = {"bars": self._bars, "radar": self._radar}
        if name not in charts or area.chosen is None:
            abort(404)
        analysis = analyses.analysis_of(db.session(), self.steps, area.chosen.id, month)
        if analysis is None:
            abort(404)
        return charts[name](analysis)

    def _bars(self, analysis: Any) -> dict[str, Any]:
        """Actual against target of one rate over the products, and the deviation below it."""
        rate = RateKind.__members__.get(request.args.get("rate", ""), RateKind.LISTING)
        indicator = self.steps.judged((rate,), analyses.parameters_of(db.session(), analysis))
        lines = [
            line
            for line in analyses.lines_of(db.session(), self.steps, analysis)
            if line.rate is rate
        ]
        products = overviews.product_names(db.session(), {line.product_id for line in lines})
        rows = []
        for line in lines:
            figure = (line.actual_num, line.actual_den)
            deviation = words.deviation(indicator, *figure, line.target)
            actual = words.actual_hundredths(indicator, *figure)
            rows.append(
                {
                    "name": products.get(line.product_id, "?"),
                    "actual": None if actual is None else float(words.decimal(actual / 100)),
                    "target": None if line.target is None else line.target / 100,
                    "deviation": None if deviation is None else float(words.decimal(deviation)),
                    "abnormal": line.final_status is Judgement.ABNORMAL,
                    "status": str(line.final_status.label),
                    "lines": [
                        (
                            _("Actual"),
                            words.value_text(indicator, *figure)
                            + f" ({words.fraction_text(indicator, *figure)})",
                        ),
                        (_("Target"), words.hundredths_text(indicator, line.target)),
                        (_("Gap"), words.gap_text(indicator, *figure, line.target)),
                    ],
                }
            )
        return {
            "rows": rows,
            "unit": "%",
            "deviation_unit": "" if indicator.in_points else "%",
            "threshold": self.threshold(analysis),
            "words": {
                "actual": _("Actual"),
                "target": _("Target"),
                "deviation": _("Better or worse than the target, in points")
                if indicator.in_points
                else _("Better or worse than the target, in percent of it"),
                "empty": _("No product has this rate yet."),
            },
        }

    def _radar(self, analysis: Any) -> dict[str, Any]:
        """The four rates of a product: actual, target, the month before."""
        session = db.session()
        lines = analyses.lines_of(session, self.steps, analysis)
        wanted = ascii_integer(request.args.get("product")) or (
            lines[0].product_id if lines else None
        )
        own = {line.rate: line for line in lines if line.product_id == wanted}
        earlier = analyses.analysis_of(
            session, self.steps, analysis.territory_id, analysis.month.previous
        )
        before = {
            line.rate: line
            for line in (analyses.lines_of(session, self.steps, earlier) if earlier else [])
            if line.product_id == wanted
        }

        def percent(line: Any) -> float | None:
            if line is None:
                return None
            value = words.actual_hundredths(
                RATE_BY_CODE[line.rate.name], line.actual_num, line.actual_den
            )
            return None if value is None else float(words.decimal(value / 100, 1))

        rates = [rate for rate in RateKind if rate in own]
        series = [
            {
                "name": month_label(analysis.month),
                "kind": "actual",
                "values": [percent(own[rate]) for rate in rates],
            },
            {
                "name": _("Target"),
                "kind": "target",
                "values": [
                    None if own[rate].target is None else own[rate].target / 100 for rate in rates
                ],
            },
        ]
        if before:
            series.append(
                {
                    "name": month_label(analysis.month.previous),
                    "kind": "before",
                    "values": [percent(before.get(rate)) for rate in rates],
                }
            )
        return {
            "axes": [
                {
                    "name": str(rate.label),
                    "abnormal": own[rate].final_status is Judgement.ABNORMAL,
                }
                for rate in rates
            ],
            "series": series,
            "unit": "%",
            "words": {"empty": _("No product has this rate yet.")},
        }

    def _trend(self, area: WorkArea, month: Month) -> dict[str, Any]:
        """Thirteen months of the four rates of a product, over the territories in sight."""
        scope, session = area.scope, db.session()
        wanted = ascii_integer(request.args.get("product"))
        if wanted is None or not overviews.product_names(session, {wanted}):
            abort(404)
        months = trends.trend_months(month)
        found = trends.rate_trend(session, scope, month, wanted)
        series = []
        for rate in RateKind:
            indicator = RATE_BY_CODE[rate.name]
            values = []
            for each in months:
                value = words.actual_hundredths(indicator, *found.get((each, rate), (None, None)))
                values.append(None if value is None else float(words.decimal(value / 100, 1)))
            series.append({"name": str(rate.label), "values": values})
        return {
            "months": [each.key for each in months],
            "series": series,
            "unit": "%",
            "note": words.missing_months(months, series),
            "words": {"empty": _("Nothing is known of these months.")},
        }
