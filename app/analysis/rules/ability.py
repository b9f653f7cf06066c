"""§2.2 step 2 — operating ability 经营能力, the operating-state matrix and the run's status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.analysis.rules.effect import HUNDREDTHS, TOP
from app.master.rules_parameters import Parameters

BEST = 5


@dataclass(frozen=True, slots=True)
class AbilityScore:
    """Σ weight·score over Σ weight·5; None as `score` until every item is scored."""

    num: int
    den: int
    is_complete: bool

    @property
    def score(self) -> int | None:
        """In hundredths of a point, rounded down."""
        return TOP * self.num // self.den if self.is_complete and self.den else None


def ability_score(weights: Mapping[str, int], scores: Mapping[str, int]) -> AbilityScore:
    """`weights`: the items in use; `scores`: 1–5 by item, of items no longer in use ignored."""
    scored = {item: scores[item] for item in weights if item in scores}
    return AbilityScore(
        sum(weights[item] * score for item, score in scored.items()),
        sum(weights[item] * BEST for item in scored),
        len(scored) == len(weights) and bool(weights),
    )


def ability_band(score: int | None, parameters: Parameters) -> str | None:
    """强/中/弱 of a score in hundredths; None stays None."""
    if score is None:
        return None
    if score >= parameters.band_ability_strong * HUNDREDTHS:
        return "STRONG"
    return "MEDIUM" if score >= parameters.band_ability_fair * HUNDREDTHS else "WEAK"


def operating_state(
    matrix: Mapping[tuple[str | None, str | None], str],
    effect: str | None,
    ability: str | None,
    *,
    is_new: bool,
) -> str | None:
    """The state's code; new customers have the state without bands; None = cannot be rated."""
    if is_new:
        return matrix.get((None, None))
    if effect is None or ability is None:
        return None
    return matrix.get((effect, ability))


def status_after_input(status: str, *, is_complete: bool) -> str:
    """A customer's status after the effect was computed or a score changed.

    Once generated, a result is only ever marked 需重新生成; it is never silently replaced.
    """
    if status in ("GENERATED", "STALE"):
        return "STALE"
    return "EVALUATED" if is_complete else "COMPUTED"


def run_status(statuses: Sequence[str]) -> str:
    """A territory's status from its customers': the least advanced, and stale if any is."""
    if not statuses:
        return "NOT_COMPUTED"
    if "STALE" in statuses or ("GENERATED" in statuses and set(statuses) != {"GENERATED"}):
        return "STALE"
    return min(statuses, key=("NOT_COMPUTED", "COMPUTED", "EVALUATED", "GENERATED").index)
