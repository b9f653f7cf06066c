"""Made-up retailers around a territory's centre, and the few with a story."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from random import Random
from typing import Any

from app.demo.plan import Dates, words
from app.kernel.spelling import search_words
from app.models import (
    BusinessType,
    CustomerStatus,
    FrequencySource,
    MarketType,
    OrderMode,
    Scale,
    SettleMode,
    TerminalType,
    VisitFrequency,
    VisitMode,
)

LINES = 5
MOVED, OPENED, CLOSED, SUSPENDED = 3, 7, 11, 15
"""Positions in their territory of the customers with a story."""

URBAN_TYPES = ((BusinessType.CONVENIENCE, 34), (BusinessType.GROCERY, 26), (BusinessType.TOBACCO, 18),
               (BusinessType.SUPERMARKET, 12), (BusinessType.LEISURE, 6), (BusinessType.MALL, 2),
               (BusinessType.OTHER, 2))  # fmt: skip
RURAL_TYPES = ((BusinessType.GROCERY, 62), (BusinessType.CONVENIENCE, 20), (BusinessType.SUPERMARKET, 10),
               (BusinessType.TOBACCO, 4), (BusinessType.LEISURE, 2), (BusinessType.OTHER, 2))  # fmt: skip
SCALES = ((Scale.LARGE, 15), (Scale.MEDIUM, 45), (Scale.SMALL, 40))
GRADES = {Scale.LARGE: (21, 30), Scale.MEDIUM: (11, 22), Scale.SMALL: (1, 13)}
ORDER_MODES = ((OrderMode.ONLINE, 86), (OrderMode.PHONE, 10), (OrderMode.MANUAL, 4))
SETTLE_MODES = ((SettleMode.ELECTRONIC, 91), (SettleMode.CASH, 9))
TERMINALS = ((TerminalType.ORDINARY, 58), (TerminalType.MODERN, 34), (TerminalType.FRANCHISE, 8))
VISIT_MODES = ((VisitMode.ONSITE, 86), (VisitMode.PHONE, 5), (VisitMode.ONLINE, 3),
               (VisitMode.MEETING, 1), (None, 5))  # fmt: skip
FREQUENCIES = ((VisitFrequency.WEEKLY, 20), (VisitFrequency.SEMIMONTHLY, 50), (VisitFrequency.MONTHLY, 30))  # fmt: skip


def pick(random: Random, shares: tuple[tuple[Any, int], ...]) -> Any:
    """A value drawn by its share of 100."""
    return random.choices([value for value, _ in shares], [share for _, share in shares])[0]


def customer_rows(
    company_id: int,
    territory_id: int,
    place: dict[str, str],
    licences: tuple[str, int],
    count: int,
    dates: Dates,
) -> Iterator[dict[str, Any]]:
    """`count` customers of a territory.

    `place` has the columns of territories.csv; `licences` are the first four of the twelve digits
    of the customer codes and the number after which the territory's begin.
    """
    random = Random(f"customers {place['code']}")  # noqa: S311 -- repeatable, not secret
    market = MarketType[place["market_type"]]
    types = URBAN_TYPES if market is MarketType.URBAN else RURAL_TYPES
    spread = 0.012 if market is MarketType.URBAN else 0.045
    neighbourhoods = place["neighbourhoods"].split()
    surnames, givens, shops = words("surname"), words("given"), words("shop")
    streets, remarks, line_words = words("street"), words("remark"), words("line")
    number = words("number")[0]
    shop_types = {business: words(business.name) for business, _share in types}
    for position in range(1, count + 1):
        angle, distance = random.uniform(0, 2 * math.pi), abs(random.gauss(0, 1))
        # Lines and neighbourhoods are sectors around the centre, so a day's visits lie together.
        line = int(angle / (2 * math.pi) * LINES)
        neighbourhood = neighbourhoods[int(angle / (2 * math.pi) * len(neighbourhoods))]
        business, scale = pick(random, types), pick(random, SCALES)
        owner = random.choice(surnames) + random.choice(givens)
        has_frequency = random.random() < 0.93
        name = neighbourhood[:2] + random.choice(shops) + random.choice(shop_types[business])
        row = {
            "company_id": company_id,
            "territory_id": territory_id,
            "code": f"{licences[0]}{licences[1] + position:08d}",
            "name": name,
            "search_words": search_words(name),
            "owner": owner,
            "phone": f"120{random.randrange(10**8):08d}",
            "address": f"{neighbourhood}{random.choice(streets)}{random.randrange(1, 300)}{number}",
            "neighbourhood": neighbourhood,
            "longitude": round(float(place["longitude"]) + spread * distance * math.cos(angle), 6),
            "latitude": round(float(place["latitude"]) + spread * distance * math.sin(angle), 6),
            "market_type": market,
            "business_type": business,
            "scale": scale,
            "grade": random.randint(*GRADES[scale]),
            "order_mode": pick(random, ORDER_MODES),
            "order_weekday": line % 5 + 1,
            "settle_mode": pick(random, SETTLE_MODES),
            "terminal_type": pick(random, TERMINALS),
            "line": place["name"][:2] + line_words[line],
            "visit_mode": pick(random, VISIT_MODES),
            "visit_frequency": pick(random, FREQUENCIES) if has_frequency else None,
            "frequency_source": FrequencySource.SYSTEM if has_frequency else None,
            "visit_weekday": (line + 2) % 5 + 1,
            "status": CustomerStatus.ACTIVE,
            "open_date": dates.ago(18).first_day - dt.timedelta(days=random.randrange(10, 4000)),
            "close_date": None,
            "remark": random.choice(remarks) if random.random() < 0.04 else None,
        }
        if random.random() < 0.05 and has_frequency:
            row["frequency_source"] = FrequencySource.MANUAL
        yield row


def apply_customer_stories(rows: list[dict[str, Any]], dates: Dates) -> None:
    """One opened in mid-month, one closed, one suspended; the moved one is a matter of history."""
    rows[OPENED - 1]["open_date"] = dates.mid_of(1)
    rows[OPENED - 1].update(visit_frequency=None, frequency_source=None, visit_mode=None)
    rows[CLOSED - 1].update(status=CustomerStatus.CANCELLED, close_date=dates.mid_of(2))
    rows[SUSPENDED - 1]["status"] = CustomerStatus.SUSPENDED
