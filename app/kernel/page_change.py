"""A change a page asks for: one transaction, the outcome or the refusal shown where it leads."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, flash, redirect
from werkzeug.wrappers import Response

from app.kernel.db import db
from app.kernel.errors import PlanningError


def carry_out(act: Callable[[], str], back: str) -> Response:
    """Run `act`, commit, say its words, and lead to `back`; what does not exist is a 404."""
    try:
        words = act()
        db.session.commit()
    except PlanningError as refusal:
        db.session.rollback()
        if refusal.status == 404:
            abort(404)
        flash(refusal.message(), "danger")
    else:
        flash(words, "success")
    return redirect(back, 303)
