"""§2.2 step 9 — what a request asks for: territory, days, visits; and answers to changes by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.analysis.views.asked_place import asked_area
from app.analysis.work_area import WorkArea
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_request import ascii_integer
from app.master.parameters import current_parameters
from app.models import Territory
from app.plan import visit_overview
from app.plan.visit_plans import HandResult, load_of, lock_territory

REFUSALS_SHOWN = 5


def chosen_territory() -> tuple[WorkArea, Territory]:
    """For changes: the one territory meant; 404 for none or somebody else's."""
    area = asked_area(is_strict=True)
    if area.chosen is None:
        abort(404)
    return area, area.chosen


def asked_date(name: str) -> dt.date | None:
    """A day of the request; None when it is missing or unreadable."""
    try:
        day = dt.date.fromisoformat(request.values.get(name, "").strip())
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def asked_visits() -> list[tuple[int, int]]:
    """The ticked visits as (id, version the page showed); 400 for anything else."""
    keys: dict[int, int] = {}
    for text in request.form.getlist("visit"):
        number, _dot, version = text.partition(".")
        key, shown = ascii_integer(number), ascii_integer(version)
        if key is None or shown is None:
            abort(400)
        keys[key] = shown
    return list(keys.items())


def calendar_url(area: WorkArea, day: dt.date | None = None) -> str:
    """The calendar of the area, with a day open."""
    arguments: dict[str, Any] = dict(area.argument)
    if day is not None:
        arguments["day"] = day.isoformat()
    return url_for("VisitPlanView.index", **arguments)


def carry_out(
    back: str, territory: Territory, act: Callable[[], HandResult], done: Callable[[int], str]
) -> Response:
    """One change by hand in one transaction; refusals are told on the page the person came from."""
    try:
        lock_territory(db.session(), territory.id)
        result = act()
        days = result.days
        db.session.commit()
    except PlanningError as refusal:
        db.session.rollback()
        if refusal.status == 404:
            abort(404)
        flash(refusal.message(), "danger")
        return redirect(back, 303)
    if result.done:
        flash(done(result.done), "success")
        _warn(territory, days)
    for problem in result.refused[:REFUSALS_SHOWN]:
        flash(problem.message(), "warning")
    if (rest := len(result.refused) - REFUSALS_SHOWN) > 0:
        flash(
            ngettext("%(num)d more was left out.", "%(num)d more were left out.", rest), "warning"
        )
    if not result.done and not result.refused:
        flash(_("Nothing was changed."), "info")
    return redirect(back, 303)


def _warn(territory: Territory, days: set[dt.date]) -> None:
    """Tell when a day has more visits than it can take; a person may decide so."""
    session = db.session()
    parameters = current_parameters(session, territory.company_id)
    capacity = visit_overview.capacities(session, [territory.id], parameters)[territory.id]
    for day in sorted(days):
        visits = load_of(session, territory.id, day)
        if visits > capacity:
            flash(
                _(
                    "%(day)s now has %(visits)d visits; %(capacity)d a day is what the territory "
                    "can take.",
                    day=day.isoformat(),
                    visits=visits,
                    capacity=capacity,
                ),
                "warning",
            )
