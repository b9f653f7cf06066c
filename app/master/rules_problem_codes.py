"""§2.2 steps 2 and 8 — the problem codes that both steps decide by."""

from __future__ import annotations

MARKING_CODES = frozenset(
    {"STATE_PROBLEM", "FAR_BEHIND_PEERS", "COMPLAINT", "GROWTH_SHARE_LOW", "LARGE_BUYER"}
)
"""Each of these makes a customer a problem customer 问题客户."""
