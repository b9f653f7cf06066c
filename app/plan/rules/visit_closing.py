"""§2.2 step 9 — when a planned visit that nobody recorded counts as not visited."""

from __future__ import annotations

import datetime as dt

from app.kernel.period import Month


def closed_before(today: dt.date, days: int) -> dt.date:
    """Visits before this day are closed: those of finished months and those more than `days` old."""
    return max(Month.of(today).first_day, today - dt.timedelta(days=days))
