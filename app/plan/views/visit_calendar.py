"""§2.2 step 9 — a month of visits as weeks of days, and a day's visits as a drawn map. No requests."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.kernel.period import Month
from app.master.views.calendar import ShownDay, shown_day
from app.models import CalendarDay, VisitPlan, VisitStatus
from app.plan.rules.visit_dates_weeks import week_number
from app.plan.rules.visit_route import length, place
from app.plan.visit_overview import Counts, load

FULL, TIGHT = 100, 85
WIDTH, HEIGHT, MARGIN = 640, 420, 26
LINE_HUES = 8
BAR_KILOMETRES = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


@dataclass(frozen=True, slots=True)
class VisitDay:
    """A cell of the calendar. `is_inside`: in the calendar month; `percent` of the capacity."""

    shown: ShownDay
    is_inside: bool
    is_past: bool
    load: int
    counts: Counter[VisitStatus]
    percent: int

    @property
    def day(self) -> dt.date:
        return self.shown.day

    @property
    def tone(self) -> str:
        return load_tone(self.percent)


@dataclass(frozen=True, slots=True)
class VisitWeek:
    """A row of the calendar: `number` is the week's within the work month it belongs to."""

    number: int
    month: Month
    days: list[VisitDay]

    @property
    def load(self) -> int:
        return sum(day.load for day in self.days)


def load_tone(percent: int) -> str:
    """How a day's load looks: over capacity, nearly full, or fine."""
    return "bad" if percent > FULL else "warn" if percent >= TIGHT else "ok"


def load_percent(visits: int, capacity: int) -> int:
    """Share of the capacity, rounded up so that one visit too many is never 100."""
    return -(-100 * visits // capacity)


def shown_span(month: Month) -> tuple[dt.date, dt.date]:
    """From the Monday on or before the first to the Sunday on or after the last day."""
    first, last = month.first_day, month.last_day
    return (
        first - dt.timedelta(days=first.weekday()),
        last + dt.timedelta(days=6 - last.weekday()),
    )


def calendar_weeks(
    month: Month,
    entries: Mapping[dt.date, CalendarDay],
    counts: Counts,
    capacity: int,
    today: dt.date,
) -> list[VisitWeek]:
    """The weeks of the calendar page."""
    first, last = shown_span(month)
    weeks = []
    for start in range(0, (last - first).days, 7):
        days = [first + dt.timedelta(days=start + offset) for offset in range(7)]
        belongs, number = week_number(days[0])
        cells = [
            VisitDay(
                shown_day(day, entries.get(day), today),
                Month.of(day) == month,
                day < today,
                visits := load(counts.get(day)),
                counts.get(day, Counter()),
                load_percent(visits, capacity),
            )
            for day in days
        ]
        weeks.append(VisitWeek(number, belongs, cells))
    return weeks


# ---------------------------------------------------------------------- the day map


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A visit on the map, in the units of the drawing; `hue` numbers its line."""

    visit: VisitPlan
    x: float
    y: float
    hue: int


@dataclass(frozen=True, slots=True)
class DayMap:
    """`unplaced` visits have no coordinates; `kilometres` is the way as the crow flies."""

    points: list[MapPoint]
    lines: list[tuple[str, int]]
    unplaced: list[VisitPlan]
    bar_length: float
    bar_kilometres: float
    kilometres: float
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def way(self) -> str:
        """The route as the points of a polyline."""
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)


def day_map(visits: Sequence[VisitPlan]) -> DayMap | None:
    """The day's visits with a place in the route; None when nobody has coordinates."""
    going = [visit for visit in visits if visit.status is not VisitStatus.CANCELLED]
    latitudes = [v.customer.latitude for v in going if v.customer.latitude is not None]
    if not latitudes:
        return None
    reference = sum(latitudes) / len(latitudes)
    placed: list[tuple[VisitPlan, complex]] = []
    unplaced: list[VisitPlan] = []
    for visit in going:
        where = place(visit.customer.longitude, visit.customer.latitude, reference)
        if where is None:
            unplaced.append(visit)
        else:
            placed.append((visit, where))
    if not placed:
        return None
    scale, origin = _scale([where for _visit, where in placed])
    lines = _hues(visit.customer.line or "" for visit, _where in placed)
    points = [
        MapPoint(
            visit,
            MARGIN + (where.real - origin.real) * scale,
            HEIGHT - MARGIN - (where.imag - origin.imag) * scale,
            lines[visit.customer.line or ""],
        )
        for visit, where in placed
    ]
    bar = max((km for km in BAR_KILOMETRES if km * scale <= WIDTH / 4), default=BAR_KILOMETRES[0])
    way = length([where for _visit, where in placed])
    return DayMap(points, list(lines.items()), unplaced, bar * scale, bar, way)


def _scale(places: list[complex]) -> tuple[float, complex]:
    """(drawing units per kilometre, the place at the lower left) with everything inside."""
    west, east = min(p.real for p in places), max(p.real for p in places)
    south, north = min(p.imag for p in places), max(p.imag for p in places)
    across, up = max(east - west, 0.2), max(north - south, 0.2)
    scale = min((WIDTH - 2 * MARGIN) / across, (HEIGHT - 2 * MARGIN - 14) / up)
    left = (west + east) / 2 - (WIDTH - 2 * MARGIN) / scale / 2
    low = (south + north) / 2 - (HEIGHT - 2 * MARGIN - 14) / scale / 2
    return scale, complex(left, low - 14 / scale)


def _hues(lines: Iterable[str]) -> dict[str, int]:
    return {line: number % LINE_HUES for number, line in enumerate(sorted(set(lines)))}
