"""The last complete month of a whole company: cartons, amount, ordering customers."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from app.home.key_figures import KeyFigure
from app.home.master_counts import MonthFigures, TerritoryCounts, change
from app.kernel.formatters import money, number
from app.kernel.list_widgets import view_url
from app.portal_context import month_label, scope_label


def organisation_figures(counts: TerritoryCounts) -> list[KeyFigure]:
    """Who works where, counted now."""
    source = [(_("Area"), scope_label()), (_("Cut-off"), _("now"))]
    return [
        KeyFigure(
            _("Territories"),
            number(counts.all),
            "",
            _("%(count)s without a primary holder", count=number(counts.without_holder)),
            "bad" if counts.without_holder else "ok",
            view_url("TerritoryView", "list"),
            [(_("Formula"), _("Territories, and those nobody holds as primary today")), *source],
        ),
        KeyFigure(
            _("Users"),
            number(counts.users),
            "",
            ngettext("%(num)d company", "%(num)d companies", counts.companies),
            "",
            view_url("UserView", "list"),
            [(_("Formula"), _("Accounts that may log in")), *source],
        ),
    ]


def whole_month_figures(present: MonthFigures, before: MonthFigures) -> list[KeyFigure]:
    """Nothing without sales: readiness says that they are missing."""
    if not present.cartons:
        return []
    url = view_url("MonthlySalesView", "list", q_month=present.month.key)
    month = month_label(present.month)
    source = [
        (_("Month"), month),
        (_("Area"), scope_label()),
        (
            _("Cut-off"),
            _("orders up to %(day)s", day=present.last_day.isoformat())
            if present.last_day is not None
            else _("monthly roll-up of the imported sales lines"),
        ),
        (_("Source"), _("Imported sales lines, rolled up by customer, product and month")),
    ]

    def figure(label: str, name: str, value: str, unit: str, formula: str) -> KeyFigure:
        growth = change(getattr(present, name), getattr(before, name)).percent(1)
        if growth is None:
            foot = _("no sales in %(month)s to compare with", month=month_label(before.month))
        else:
            foot = _(
                "%(change)s%% on %(month)s", change=f"{growth:+}", month=month_label(before.month)
            )
        tone = "" if growth is None else "ok" if growth >= 0 else "bad"
        trend = 0 if not growth else 1 if growth > 0 else -1
        return KeyFigure(
            label, value, unit, foot, tone, url, [(_("Formula"), formula), *source], trend
        )

    return [
        figure(
            _("Cartons delivered in %(month)s", month=month),
            "cartons",
            number(present.cartons),
            _("cartons"),
            _("Sum of delivered cartons, returns deducted"),
        ),
        figure(
            _("Sales amount in %(month)s", month=month),
            "amount_fen",
            money(present.amount_fen),
            _("yuan"),
            _("Sum of line amounts, tax included, returns deducted"),
        ),
        figure(
            _("Ordering customers in %(month)s", month=month),
            "customers",
            number(present.customers),
            _("customers"),
            _("Customers whose deliveries minus returns are above zero"),
        ),
    ]
