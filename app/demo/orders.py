"""Weekly orders of made-up retailers, line by line, with the seasons and the built-in stories."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from app.demo.plan import FAILING_FROM, STORIES, Dates, ProductStory, season_percent
from app.kernel.period import Month
from app.master.rules_calendar import Overrides, order_days
from app.models import CustomerStatus, MarketType, OrderMode, PriceClass, Scale, SettleMode

WIDTHS = {Scale.LARGE: (15, 22), Scale.MEDIUM: (9, 15), Scale.SMALL: (5, 9)}
CARTONS = {Scale.LARGE: 7, Scale.MEDIUM: 4, Scale.SMALL: 2}
POPULARITY = {
    MarketType.URBAN: {PriceClass.FIRST: 6, PriceClass.SECOND: 6, PriceClass.THIRD: 3, PriceClass.FOURTH: 1},
    MarketType.RURAL: {PriceClass.FIRST: 2, PriceClass.SECOND: 5, PriceClass.THIRD: 7, PriceClass.FOURTH: 4},
}  # fmt: skip
LUXURY_FEN = 30_000
"""Above this wholesale price a product sells a carton at a time."""


@dataclass(frozen=True, slots=True)
class Ware:
    """A product as orders need it."""

    id: int
    code: str
    wholesale_fen: int
    price_class: PriceClass
    is_key: bool


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer as orders need it; `stays` are (from, to, territory id) in order of time."""

    id: int
    code: str
    territory_code: str
    market_type: MarketType
    scale: Scale
    order_weekday: int
    order_mode: OrderMode
    settle_mode: SettleMode
    open_date: dt.date
    close_date: dt.date | None
    status: CustomerStatus
    stays: tuple[tuple[dt.date, dt.date | None, int], ...]

    def territory_on(self, day: dt.date) -> int:
        return next(
            (
                territory
                for first, last, territory in self.stays
                if first <= day and (not last or day <= last)
            ),
            self.stays[-1][2],
        )


def order_calendar(months: tuple[Month, ...], overrides: Overrides) -> Mapping[int, list[dt.date]]:
    """Order weekday → its order days in all months."""
    return {
        weekday: [d for m in months for d in order_days(m, weekday, overrides, move_to_next=True)]
        for weekday in range(1, 6)
    }


def order_lines(
    company_id: int,
    buyers: list[Buyer],
    wares: list[Ware],
    days: Mapping[int, list[dt.date]],
    dates: Dates,
    *,
    has_stories: bool,
) -> Iterator[dict[str, Any]]:
    """Sales lines sorted by customer, product and date, which is the order of their key."""
    for buyer in sorted(buyers, key=lambda each: each.id):
        maker = _OrderMaker(buyer, wares, dates, has_stories=has_stories)
        lines = [line for day in days[buyer.order_weekday] for line in maker.order(day)]
        lines.sort(key=lambda line: (line["product_id"], line["order_date"]))
        for line in lines:
            line["company_id"] = company_id
            yield line


class _OrderMaker:
    """The habits of one customer; everything is drawn from a generator seeded by its code."""

    def __init__(self, buyer: Buyer, wares: list[Ware], dates: Dates, *, has_stories: bool) -> None:
        self.buyer = buyer
        self.dates = dates
        self.random = Random(f"orders {buyer.code}")  # noqa: S311 -- repeatable, not secret
        self.stories = {s.product: s for s in STORIES if self._concerns(s)} if has_stories else {}
        self.failing = dates.ago(FAILING_FROM)
        width = self.random.randint(*WIDTHS[buyer.scale])
        self.assortment = self._choose(wares, width)
        self.growth_percent = self.random.randint(-4, 9)
        kind = self.random.random() if has_stories else 1.0
        self.is_declining, self.is_unstable = kind < 0.07, 0.07 <= kind < 0.12

    def _concerns(self, story: ProductStory) -> bool:
        return story.territory in (None, self.buyer.territory_code)

    def _choose(self, wares: list[Ware], width: int) -> list[tuple[Ware, float]]:
        """(product, cartons in a usual week): popular classes more often, dear ones fewer."""
        popularity = POPULARITY[self.buyer.market_type]
        scored = []
        for ware in wares:
            weight = popularity.get(ware.price_class, 1) * (1.6 if ware.is_key else 1.0)
            if ware.wholesale_fen >= LUXURY_FEN and self.buyer.scale is not Scale.LARGE:
                weight *= 0.3
            story = self.stories.get(ware.code)
            if story is not None:
                weight *= 0.1 if story.kind == "badly_stocked" else 4.0
            scored.append((self.random.random() ** (1 / weight), ware))
        chosen = [ware for _score, ware in sorted(scored, key=lambda s: (-s[0], s[1].code))[:width]]
        base = CARTONS[self.buyer.scale]
        return [
            (
                ware,
                self.random.uniform(0.5, 1.5)
                * (base * 0.25 if ware.wholesale_fen >= LUXURY_FEN else base),
            )
            for ware in sorted(chosen, key=lambda each: each.code)
        ]

    def order(self, day: dt.date) -> Iterator[dict[str, Any]]:
        """The lines of the order of a day; none when the customer does not order."""
        buyer, random = self.buyer, self.random
        is_open = buyer.open_date <= day and (buyer.close_date is None or day < buyer.close_date)
        if buyer.status is CustomerStatus.SUSPENDED and Month.of(day) >= self.dates.ago(1):
            is_open = False
        failing = Month.of(day) >= self.failing
        comes = random.random() < (0.55 if self.is_unstable and failing else 0.965)
        if not is_open or not comes or day >= self.dates.reference:
            return
        months_to_now = (
            self.dates.month.year * 12 + self.dates.month.month - day.year * 12 - day.month
        )
        percent = season_percent(day) * (100 - self.growth_percent * months_to_now / 12) / 100
        if self.is_declining and failing:
            percent *= 0.55
        for ware, usual in self.assortment:
            if random.random() > 0.46:
                continue
            cartons = max(1, round(usual * 2 * percent / 100 * random.uniform(0.7, 1.3)))
            demanded, delivered = self._story(ware, day, cartons)
            if demanded:
                yield self._line(ware, day, demanded, delivered)

    def _story(self, ware: Ware, day: dt.date, cartons: int) -> tuple[int, int]:
        """(demanded, delivered) of a wish for `cartons`; demanded 0 = no line."""
        random, month = self.random, Month.of(day)
        story = self.stories.get(ware.code)
        kind = story.kind if story is not None and month >= self.failing else ""
        if kind == "shortage" and random.random() < 0.36:
            return cartons, 0
        if kind == "overstocked":
            if month == self.failing:
                return cartons * 2, cartons * 2
            if random.random() < 0.8:
                return 0, 0
        if kind == "replaced":
            return (0, 0) if random.random() < 0.7 else (cartons, cartons)
        if kind == "replacing":
            cartons = round(cartons * 1.6)
        luck = random.random()
        if luck < 0.006:
            return cartons, 0
        if luck < 0.05:
            return cartons, max(1, cartons * 7 // 10)
        return cartons, cartons

    def _line(self, ware: Ware, day: dt.date, demanded: int, delivered: int) -> dict[str, Any]:
        buyer = self.buyer
        return {
            "customer_id": buyer.id,
            "product_id": ware.id,
            "order_date": day,
            "order_no": f"{day:%Y%m%d}{buyer.code[-6:]}",
            "territory_id": buyer.territory_on(day),
            "demanded_cartons": demanded,
            "delivered_cartons": delivered,
            "amount_fen": delivered * ware.wholesale_fen,
            "channel": buyer.order_mode,
            "settle_mode": buyer.settle_mode,
        }
