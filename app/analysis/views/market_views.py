"""§2.2 step 6 — market analysis 市场分析: indicators, entered values, the work month's targets."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from app.analysis import analysis_overview as overviews
from app.analysis import territory_analyses as analyses
from app.analysis import trends
from app.analysis.rules.indicators import INDICATOR_BY_CODE, INDICATORS, Indicator
from app.analysis.territory_analyses import Key
from app.analysis.views import figure_words as words
from app.analysis.views.analysis_pages import PERMISSIONS
from app.analysis.views.asked_place import asked_area, asked_month
from app.analysis.views.decomposition_views import FigurePages
from app.analysis.views.workbook import workbook
from app.analysis.work_area import NoArea, WorkArea
from app.kernel.db import db
from app.kernel.errors import N_, PlanningError
from app.kernel.period import Month
from app.kernel.quantity import scaled_integer
from app.models import Judgement, MarketAnalysis, MarketIndicator
from app.portal_context import can, month_label

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (N_("Volume and value"), ("VOLUME", "AMOUNT", "UNIT_VALUE", "CASE_VALUE")),
    (N_("Growth"), ("VOLUME_YEAR_GROWTH", "VOLUME_MONTH_GROWTH")),
    (N_("Key brands"), ("KEY_VOLUME", "KEY_SHARE", "KEY_GROWTH")),
    (
        N_("Orders"),
        ("ORDER_SUCCESS", "ORDER_FREQUENCY", "VOLUME_PER_CUSTOMER", "WIDTH", "STOCKOUT_RATE"),
    ),
    (N_("Service"), ("ONLINE_RATE", "E_SETTLE_RATE", "MARGIN_RATE")),
    (N_("Entered by hand"), ("SATISFACTION", "PRICE_TAG_RATE", "MARKET_ORDER_RATE")),
)
PLACES = [code for _label, codes in GROUPS for code in codes]
GROUP_OF = {code: label for label, codes in GROUPS for code in codes}
MOST_HUNDREDTHS = 10**13


class BadNumber(PlanningError):
    """What was typed is no number with at most two decimals."""

    msgid = N_("“%(text)s” is not a number with at most two decimals (%(label)s).")


def typed_hundredths(text: str, label: str) -> int | None:
    """A typed number in hundredths; None for an empty field. Errors: `BadNumber`."""
    plain = unicodedata.normalize(
        "NFKC", text
    )  # Chinese keyboards type full-width digits and commas
    cleaned = plain.replace(",", "").strip().removesuffix("%").strip()
    if not cleaned:
        return None
    try:
        value = scaled_integer(cleaned, 2)
    except ValueError:
        value = MOST_HUNDREDTHS
    if abs(value) >= MOST_HUNDREDTHS:
        raise BadNumber(text=text[:30], label=label)
    return value


class MarketAnalysisView(FigurePages):
    """One territory's sheet for who works on it; territory × indicator for managers, read-only."""

    route_base = "/market-analysis"
    class_permission_name = MarketAnalysis.__name__
    method_permission_name = {**PERMISSIONS, "targets": "update"}
    steps = analyses.MARKET
    title = _l("Market analysis")
    hint = _l(
        "Indicators of the territory against their targets. The system proposes, you decide; "
        "abnormal ones feed next month's service strategies."
    )
    sheet_template = "analysis/market_sheet.html"
    overview_template = "analysis/market_overview.html"

    def names(self, keys: Sequence[Key]) -> dict[Key, tuple[str, str]]:
        return {key: (_(GROUP_OF[key[0].name]), str(key[0].label)) for key in keys}

    def ordered(self, lines: list[Any]) -> list[Any]:
        return sorted(lines, key=lambda line: PLACES.index(line.indicator.name))

    def sheet_values(self, area: WorkArea, month: Month, analysis: Any) -> dict[str, Any]:
        assert area.chosen is not None
        planned = month.next
        proposed = analyses.proposed_targets(
            db.session(), area.chosen.company_id, area.chosen.id, planned
        )
        lines = {}
        if analysis is not None:
            lines = {
                line.indicator: line
                for line in analyses.lines_of(db.session(), self.steps, analysis)
            }
        rows = []
        for row in INDICATORS:
            member = MarketIndicator[row.code]
            value, is_own = proposed.get(member, (None, False))
            line = lines.get(member)
            rows.append(
                {
                    "code": row.code,
                    "label": str(member.label),
                    "unit": words.unit_word(row),
                    "value": "" if value is None else f"{value / 100:.2f}".rstrip("0").rstrip("."),
                    "is_own": is_own,
                    "actual": words.value_text(
                        row, *((line.actual_num, line.actual_den) if line else (None, None))
                    ),
                    "low_is_better": row.low_is_better,
                }
            )
        return {
            "target_rows": rows,
            "has_own_targets": any(row["is_own"] for row in rows),
            "may_set_targets": can("update", self.class_permission_name),
            "indicators": [(row.code, str(MarketIndicator[row.code].label)) for row in INDICATORS],
            **({} if analysis is None else {"threshold": self.threshold(analysis)}),
        }

    # ------------------------------------------------------------------ changing

    def save_more(self, analysis: Any, version: int | None) -> None:
        values = {}
        for row in INDICATORS:
            field = f"value-{row.code}"
            if row.is_entered and field in request.form:
                member = MarketIndicator[row.code]
                values[member] = typed_hundredths(request.form[field], str(member.label))
        analyses.enter_values(db.session(), analysis, version, values)

    @expose("/targets", methods=["POST"])
    @has_access
    def targets(self) -> Any:
        """本月各指标目标: those of the work month, the one after the analysed month."""
        area, month = asked_area(is_strict=True), asked_month()
        if area.chosen is None:
            raise NoArea(field="territory")
        try:
            values = {}
            for row in INDICATORS:
                field = f"target-{row.code}"
                if field in request.form:
                    member = MarketIndicator[row.code]
                    values[member] = typed_hundredths(request.form[field], str(member.label))
            analyses.save_targets(
                db.session(), area.chosen.company_id, area.chosen.id, month.next, values
            )
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            page = self._sheet(asked_area(), month, request.form, None, refusal.message())
            return Response(page, 422, mimetype="text/html")
        flash(_("The targets of %(month)s were saved.", month=month_label(month.next)), "success")
        return self._back(area, month)

    def _back(self, area: WorkArea, month: Month) -> AnyResponse:
        address = url_for("MarketAnalysisView.index", **self.arguments(area, month))
        return redirect(f"{address}#targets", 303)

    # ------------------------------------------------------------------ overview

    def overview_page(self, area: WorkArea, month: Month) -> str:
        try:
            scope = area.scope
        except NoArea as refusal:
            return self.page("analysis/no_area.html", area, month, reason=refusal.message())
        found = overviews.overview(db.session(), self.steps, scope, month)
        keys = sorted(found.keys, key=lambda key: PLACES.index(key[0].name))
        ranked = self._ranked_by(found, keys)
        return self.page(
            self.overview_template,
            area,
            month,
            found=found,
            keys=keys,
            indicators=[(key[0].name, str(key[0].label)) for key in keys],
            cells=self._shown_cells(found),
            ranked_by=ranked,
            ranking=self._ranking(found, ranked),
            counts=[(status, found.counts(status)) for status in Judgement],
        )

    @staticmethod
    def _ranked_by(found: overviews.Overview, keys: Sequence[Key]) -> str | None:
        """The indicator asked for, else the one that most territories miss."""
        asked = request.args.get("rank", "")
        if asked in {key[0].name for key in keys}:
            return asked
        missed = {
            key: sum(
                row.final_status is Judgement.ABNORMAL
                for (_place, each), row in found.cells.items()
                if each == key
            )
            for key in keys
        }
        return max(keys, key=lambda key: missed[key])[0].name if keys else None

    @staticmethod
    def _shown_cells(found: overviews.Overview) -> dict[tuple[int, str], dict[str, Any]]:
        shown = {}
        for (territory_id, (member,)), row in found.cells.items():
            indicator = found.indicator((member,), row)
            figure = (row.actual_num, row.actual_den)
            shown[territory_id, member.name] = {
                "value": words.value_text(indicator, *figure),
                "status": row.final_status,
                "analysis_id": row.analysis_id,
                "title": f"{member.label}: {words.value_text(indicator, *figure)}"
                f" / {words.hundredths_text(indicator, row.target)} · {row.final_status.label}"
                f" · {words.gap_text(indicator, *figure, row.target)}",
            }
        return shown

    @staticmethod
    def _ranking(found: overviews.Overview, code: str | None) -> list[dict[str, Any]]:
        """Territories by how far they are from the target of one indicator, worst first."""
        if code is None:
            return []
        member = MarketIndicator[code]
        rows = []
        for place in found.places:
            row = found.cells.get((place.id, (member,)))
            if row is None:
                continue
            indicator = found.indicator((member,), row)
            figure = (row.actual_num, row.actual_den)
            deviation = words.deviation(indicator, *figure, row.target)
            rows.append(
                {
                    "place": place,
                    "analysis_id": row.analysis_id,
                    "value": words.value_text(indicator, *figure),
                    "target": words.hundredths_text(indicator, row.target),
                    "gap": words.gap_text(indicator, *figure, row.target),
                    "status": row.final_status,
                    "deviation": deviation,
                    "width": 0 if deviation is None else min(int(abs(deviation) * 4), 100),
                }
            )
        return sorted(rows, key=lambda row: (row["deviation"] is None, row["deviation"] or 0))

    def overview_export(self, area: WorkArea, month: Month) -> Response:
        found = overviews.overview(db.session(), self.steps, area.scope, month)
        places = {place.id: place for place in found.places}
        return workbook(
            f"{self.title} {month.key}",
            [
                (_("Territory"), "text"), (_("Indicator"), "text"), (_("Unit"), "text"),
                (_("Actual"), "decimal"), (_("Numerator"), "quantity"),
                (_("Denominator"), "quantity"), (_("Target"), "decimal"), (_("Gap"), "text"),
                (_("Judged by the system"), "text"), (_("Final judgement"), "text"),
                (_("Reason for another judgement"), "text"),
            ],
            (
                self._overview_cells(
                    places[territory_id].name, member, row, found.indicator((member,), row)
                )
                for (territory_id, (member,)), row in found.cells.items()
            ),
            [(_("Analysed month"), month.key)],
        )  # fmt: skip

    @staticmethod
    def _overview_cells(
        place: str, member: MarketIndicator, row: Any, indicator: Indicator
    ) -> list[Any]:
        figure = (row.actual_num, row.actual_den)
        actual = words.actual_hundredths(indicator, *figure)
        return [
            place,
            str(member.label),
            words.unit_word(indicator),
            None if actual is None else float(words.decimal(actual / 100, 4)),
            *figure,
            None if row.target is None else row.target / 100,
            words.gap_text(indicator, *figure, row.target),
            str(row.system_status.label),
            str(row.final_status.label),
            row.override_reason or "",
        ]

    # ------------------------------------------------------------------ charts

    def chart_data(self, name: str, area: WorkArea, month: Month) -> dict[str, Any]:
        charts: Mapping[str, Any] = {"deviation": self._deviations, "trend": self._trend}
        if name not in charts or area.chosen is None:
            abort(404)
        found: dict[str, Any] = charts[name](area, month)
        return found

    def _deviations(self, area: WorkArea, month: Month) -> dict[str, Any]:
        """How far every indicator with a target is from it, worst first."""
        assert area.chosen is not None
        analysis = analyses.analysis_of(db.session(), self.steps, area.chosen.id, month)
        if analysis is None:
            abort(404)
        rows = []
        lines = analyses.lines_of(db.session(), self.steps, analysis)
        for line, indicator in self.with_indicators(analysis, lines):
            figure = (line.actual_num, line.actual_den)
            deviation = words.deviation(indicator, *figure, line.target)
            if deviation is None:
                continue
            unit = words.unit_word(indicator)
            suffix = "" if unit == "%" else f" {unit}"
            rows.append(
                {
                    "name": str(line.indicator.label),
                    "deviation": float(words.decimal(deviation)),
                    "unit": _("points") if indicator.in_points else "%",
                    "abnormal": line.final_status is Judgement.ABNORMAL,
                    "status": str(line.final_status.label),
                    "lines": [
                        (_("Actual"), f"{words.value_text(indicator, *figure)}{suffix}"),
                        (_("Target"), f"{words.hundredths_text(indicator, line.target)}{suffix}"),
                        (_("Gap"), words.gap_text(indicator, *figure, line.target)),
                    ],
                }
            )
        return {
            "rows": sorted(rows, key=lambda row: row["deviation"]),
            "threshold": self.threshold(analysis),
            "words": {
                "deviation": _("Better or worse than the target"),
                "empty": _("No indicator of this month has a target."),
            },
        }

    def _trend(self, area: WorkArea, month: Month) -> dict[str, Any]:
        """Thirteen months of an indicator, and the targets known of them."""
        member = MarketIndicator.__members__.get(
            request.args.get("indicator", ""), MarketIndicator.VOLUME
        )
        indicator = INDICATOR_BY_CODE[member.name]
        months = trends.trend_months(month)
        found = trends.indicator_trend(db.session(), area.scope, month, member)
        targets = trends.targets_of(db.session(), area.scope, months, member)
        values = []
        for each in months:
            value = words.actual_hundredths(indicator, *found.get(each, (None, None)))
            values.append(None if value is None else float(words.decimal(value / 100)))
        series = [{"name": str(member.label), "values": values}]
        if targets:
            series.append(
                {
                    "name": _("Target"),
                    "kind": "target",
                    "values": [targets[each] / 100 if each in targets else None for each in months],
                }
            )
        return {
            "months": [each.key for each in months],
            "series": series,
            "unit": words.unit_word(indicator),
            "note": words.missing_months(months, series[:1]),
            "words": {"empty": _("Nothing is known of these months.")},
        }
