"""§2.2 step 9 — the order of a day's visits, and places on a plane.

Longitudes shrink with the cosine of the latitude; distances are those of a plane, exact enough
within a territory. No roads are known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

KILOMETRES_PER_DEGREE = 111.32


class Stop(NamedTuple):
    """A visit of a day. `place`: kilometres east and north of the origin as one complex number,
    None without coordinates; `key` (line, neighbourhood, code) orders stops that are as far, and
    those without place.
    """

    key: tuple[str, str, str]
    customer: int
    place: complex | None


def place(longitude: float | None, latitude: float | None, reference: float) -> complex | None:
    """Kilometres on a plane, None without coordinates.

    `reference`: a latitude of the territory, the same for all its places.
    """
    if longitude is None or latitude is None:
        return None
    east = longitude * math.cos(math.radians(reference)) * KILOMETRES_PER_DEGREE
    return complex(east, latitude * KILOMETRES_PER_DEGREE)


def route(stops: Iterable[Stop]) -> list[Stop]:
    """Nearest neighbour, from the stop that is farthest from the day's middle.

    Stops without coordinates come last, by line, neighbourhood and code.
    """
    known = sorted(stop for stop in stops if stop.place is not None)
    unknown = sorted((stop for stop in stops if stop.place is None), key=lambda stop: stop[:2])
    if len(known) <= 1:
        return [*known, *unknown]
    places: list[complex] = [stop.place for stop in known if stop.place is not None]
    middle = sum(places) / len(places)
    distances = [abs(point - middle) for point in places]
    ordered = []
    index = distances.index(max(distances))
    while True:
        ordered.append(known.pop(index))
        here = places.pop(index)
        if not known:
            return [*ordered, *unknown]
        distances = [abs(point - here) for point in places]
        index = distances.index(min(distances))


def length(places: Sequence[complex]) -> float:
    """Kilometres of the way through the places, as the crow flies."""
    return sum(abs(after - before) for before, after in pairwise(places))
