"""§2.2 step 3 — the entry grid of brand targets: reading what was typed, drawing the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import gettext as _

from app.analysis import brand_targets
from app.analysis.brand_targets import TARGET_FIELDS, MonthRange, TargetDraft, TargetsRefused
from app.kernel.errors import N_
from app.kernel.formatters import MISSING
from app.kernel.quantity import scaled_integer
from app.models import BrandTarget, RateKind

REMEDIES: Mapping[str, str] = {
    "product": N_("Shorten the months, or ask the market manager to issue the product for them."),
    "from_month": N_("Choose other months, or change the present target."),
    "to_month": N_("Turn the months round."),
    "listing": N_("Enter 0 to 100 percent, or clear the product's row."),
    "active": N_("Enter 0 to 200 percent."),
    "stockout": N_("Enter 0 to 100 percent."),
    "repurchase": N_("Enter 0 to 100 percent."),
}


def read_drafts(
    months: MonthRange, product_ids: list[int]
) -> tuple[list[TargetDraft], dict[str, str]]:
    """The rows with something in them, and what is no number: field name → message."""
    drafts, bad = [], {}
    for product_id in product_ids:
        values: dict[str, int | None] = {}
        for rate, field in TARGET_FIELDS.items():
            name = f"t-{product_id}-{rate.name}"
            text = request.form.get(name, "").strip().removesuffix("%").strip()
            try:
                values[field] = scaled_integer(text, 2) if text else None
            except ValueError:
                bad[name] = _(
                    "“%(text)s” is not a number with at most two decimals.", text=text[:30]
                )
        if any(value is not None for value in values.values()):
            drafts.append(TargetDraft(product_id, months, **values))
    return drafts, bad


def refused_cells(refusal: TargetsRefused) -> dict[str, str]:
    """Field name → what is wrong and what to do; problems of the whole row under its own name."""
    names = {field: rate.name for rate, field in TARGET_FIELDS.items()}
    errors: dict[str, str] = {}
    for problem in refusal.problems:
        name = f"t-{problem.product_id}-{names.get(problem.field, problem.field)}"
        text = _(problem.msgid, months="、".join(problem.months))
        remedy = REMEDIES.get(problem.field)
        errors[name] = (
            _("%(problem)s %(remedy)s", problem=text, remedy=_(remedy)) if remedy else text
        )
    return errors


def grid_row(
    product: brand_targets.Offered,
    months: MonthRange,
    earlier: BrandTarget | None,
    actuals: Mapping[tuple[int, RateKind], str],
    is_filled: bool,
) -> dict[str, Any]:
    """A product's row; cells keep what was typed, else the earlier target's values."""
    cells = []
    for rate, field in TARGET_FIELDS.items():
        name = f"t-{product.id}-{rate.name}"
        old = getattr(earlier, f"{field}_target") if earlier is not None else None
        text = "" if old is None else f"{old / 100:g}"
        cells.append(
            {
                "name": name,
                "rate": rate,
                "value": request.form.get(name, text if is_filled else ""),
                "actual": actuals.get((product.id, rate), MISSING),
            }
        )
    return {
        "product": product,
        "cells": cells,
        "missing": [month.key for month in product.missing(months)],
        "earlier": earlier is not None,
    }
