"""§2.2 step 8 — month plans as workbooks: the three lists of a territory, the overview."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response
from flask_babel import gettext as _

from app.analysis.views.workbook import workbook
from app.analysis.work_area import WorkArea
from app.exchange.export_columns import Cell
from app.kernel.db import db
from app.kernel.formatters import enum_word, local_time
from app.models import KeyReason, MonthPlan
from app.plan import month_plans
from app.plan.month_plan_figures import PlanFigures, plan_figures
from app.plan.rules.frequencies import UNRANKED
from app.plan.views import month_plan_words as words
from app.plan.views.month_plan_lists import lines_of, thresholds
from app.plan.views.month_plan_pages import LISTS


def lists_workbook(area: WorkArea) -> Response:
    """All three lists of the chosen territory, weekly first, each by rank."""
    assert area.chosen is not None
    session = db.session()
    plan = month_plans.plan_of(session, area.chosen.id, area.month)
    columns = [
        (_("Visit frequency"), "text"), (_("Customer code"), "text"), (_("Customer"), "text"),
        (_("Market type"), "text"), (_("Visit line"), "text"), (_("Rank"), "text"),
        (_("Strategies"), "quantity"), (_("Strategies from direct needs"), "quantity"),
        (_("Effect score"), "decimal"), (_("Amount of the month before"), "money"),
        (_("Frequency by the rule"), "text"), (_("Rule"), "text"),
        (_("Reason for the change"), "text"),
        *((str(kind.label), "text") for kind in KeyReason),
    ]  # fmt: skip
    facts: list[tuple[str, Cell]] = [
        (_("Territory"), area.chosen.name),
        (_("Month"), area.month.key),
    ]
    if plan is not None:
        facts += [
            (_("Status"), str(enum_word(plan.status))),
            (_("Parameter version"), plan.parameter_version),
            (_("Problems of the territory last month"), plan.last_problems or ""),
            (_("Focus of this month"), plan.focus or ""),
            (_("Visit plan notes"), plan.visit_notes or ""),
        ]
    return workbook(
        _(
            "Visit frequencies %(territory)s %(month)s",
            territory=area.chosen.name,
            month=area.month,
        ),
        columns,
        _list_rows(plan) if plan is not None else iter(()),
        facts,
    )


def _list_rows(plan: MonthPlan) -> Iterator[list[Cell]]:
    lines = lines_of(plan)
    ranked = sum(line.row.rank != UNRANKED for line in lines)
    limits = thresholds(plan, ranked)
    reasons = month_plans.reasons_of(db.session(), plan)
    products = words.product_names(row for rows in reasons.values() for row in rows)
    for frequency in LISTS:
        for line in lines:
            row, customer = line.row, line.customer
            if row.frequency is not frequency:
                continue
            chips = words.chips(reasons.get(customer.id, ()), products) if row.is_key else []
            yield [
                str(enum_word(row.frequency)),
                customer.code,
                customer.name,
                str(enum_word(customer.market_type)),
                customer.line,
                line.place,
                row.strategy_count,
                row.direct_count,
                None if row.effect_score is None else row.effect_score / 100,
                row.amount_fen / 100,
                str(enum_word(row.generated)),
                words.rule_words(row, ranked, limits["sizes"], limits["top"], limits["bottom"]),
                row.note,
                *(
                    "; ".join(chip.text for chip in chips if chip.kind is kind)
                    for kind in KeyReason
                ),
            ]


def overview_workbook(area: WorkArea) -> Response:
    """The territories and their plans' figures."""
    columns = [
        (_("Territory"), "text"), (_("Status"), "text"), (_("Planned customers"), "quantity"),
        (_("Key customers"), "quantity"),
        *((str(name.label), "quantity") for name in LISTS),
        (_("Visits needed"), "quantity"), (_("Visits possible"), "quantity"),
        (_("Load in percent"), "quantity"), (_("Changed by hand"), "quantity"),
        (_("To be generated again"), "text"), (_("Submitted at"), "text"),
    ]  # fmt: skip
    entries = plan_figures(db.session(), area)
    return workbook(
        _("Month plans %(month)s", month=area.month),
        columns,
        (_overview_row(entry) for entry in entries),
        [(_("Month"), area.month.key), (_("Territories"), len(entries))],
    )


def _overview_row(entry: PlanFigures) -> list[Cell]:
    plan, load = entry.plan, entry.capacity
    if plan is None or load is None:
        return [entry.territory.name, _("Not started"), *[None] * 11]
    return [
        entry.territory.name,
        str(enum_word(plan.status)),
        entry.customers,
        entry.keys,
        *(entry.lists.get(name, 0) for name in LISTS),
        load.needed,
        load.room,
        load.load_percent,
        entry.by_hand,
        _("Yes") if plan.is_outdated else "",
        local_time(plan.submitted_at) if plan.submitted_at else "",
    ]
