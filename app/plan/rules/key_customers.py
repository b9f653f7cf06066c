"""§2.2 step 8 — key customers 重点拜访客户: problem customers, and those whose problems agree with
what is abnormal in the territory's brands and market.

A rate is abnormal of a product and asks for customers with the code of that product; an indicator
is abnormal of the territory and asks for the code, of whatever product.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from app.master.rules_problem_codes import MARKING_CODES

PROBLEM_CUSTOMER, BRAND, MARKET = "PROBLEM_CUSTOMER", "BRAND", "MARKET"
NO_PRODUCT = 0

RATE_CODES: Mapping[str, str] = {
    "LISTING": "NOT_STOCKED",
    "ACTIVE": "NOT_ACTIVE",
    "STOCKOUT": "STOCKOUT",
    "REPURCHASE": "NO_REPURCHASE",
}
"""Abnormal brand rate → the customers' problem it agrees with, of the same product."""

INDICATOR_CODES: Mapping[str, str] = {
    "VOLUME": "VOL_DOWN",
    "AMOUNT": "VOL_DOWN",
    "VOLUME_YEAR_GROWTH": "VOL_DOWN",
    "VOLUME_MONTH_GROWTH": "VOL_DOWN",
    "VOLUME_PER_CUSTOMER": "VOL_DOWN",
    "UNIT_VALUE": "UNITVAL_LOW",
    "CASE_VALUE": "UNITVAL_LOW",
    "KEY_VOLUME": "KEY_LOW",
    "KEY_SHARE": "KEY_LOW",
    "KEY_GROWTH": "KEY_LOW",
    "ORDER_SUCCESS": "ORDER_UNSTABLE",
    "ORDER_FREQUENCY": "ORDER_UNSTABLE",
    "WIDTH": "WIDTH_LOW",
    "ONLINE_RATE": "NO_ONLINE",
    "E_SETTLE_RATE": "NO_ESETTLE",
    "STOCKOUT_RATE": "STOCKOUT",
    "MARGIN_RATE": "MARGIN_LOW",
    "SATISFACTION": "COMPLAINT",
    "PRICE_TAG_RATE": "NO_PRICETAG",
}
"""Abnormal market indicator → the customers' problem it agrees with. The clean market rate
市场净化率 says nothing about a single customer."""

Problem = tuple[str, int]
"""(problem code, product id); `NO_PRODUCT` when no product is concerned."""
Reason = tuple[str, str, str, int]
"""(kind, problem code, abnormal rate or indicator, product id)."""


def key_reasons(
    problems: Iterable[Problem],
    *,
    is_problem_customer: bool,
    abnormal_rates: Collection[tuple[int, str]],
    abnormal_indicators: Collection[str],
) -> set[Reason]:
    """Why a customer is a key customer; empty = it is none.

    `abnormal_rates`: (product id, rate) and `abnormal_indicators` finally judged abnormal in the
    customer's territory in the month before.
    """
    problems = set(problems)
    reasons: set[Reason] = set()
    if is_problem_customer:
        reasons |= {
            (PROBLEM_CUSTOMER, code, "", NO_PRODUCT)
            for code, _product in problems
            if code in MARKING_CODES
        }
    for product, rate in abnormal_rates:
        if (RATE_CODES[rate], product) in problems:
            reasons.add((BRAND, RATE_CODES[rate], rate, product))
    codes = {code for code, _product in problems}
    for indicator in abnormal_indicators:
        code = INDICATOR_CODES.get(indicator)
        if code in codes and code is not None:
            reasons.add((MARKET, code, indicator, NO_PRODUCT))
    return reasons
