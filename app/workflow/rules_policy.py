"""§2.2 steps 7, 8, 12 — what a market manager should look at before approving; pure rules.

A check holds or does not. A record of which every check holds is clean: it may be approved
together with others. A check that does not hold never forbids the approval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.kernel.errors import N_


@dataclass(frozen=True, slots=True)
class Check:
    """`count` of what breaks the policy, out of `of` or against a limit; 0 = it holds."""

    code: str
    count: int = 0
    of: int = 0

    @property
    def is_ok(self) -> bool:
        return self.count == 0


WORDS: Mapping[str, tuple[str, str]] = {
    "target": (N_("Satisfaction target is set"), N_("No satisfaction target")),
    "needs_kept": (
        N_("No direct need was removed"),
        N_("%(count)d direct needs were removed by hand"),
    ),
    "confirmed": (
        N_("All questionnaires are confirmed"),
        N_("%(count)d questionnaires are not confirmed"),
    ),
    "states_current": (
        N_("Operating states are up to date"),
        N_("%(count)d operating states are outdated"),
    ),
    "needs_done": (
        N_("All direct needs are done"),
        N_("%(count)d of %(of)d direct needs are not done"),
    ),
    "key_share": (
        N_("Share of key customers within %(of)d %%"),
        N_("Key customers are %(count)d %% of the customers; at most %(of)d %% are expected"),
    ),
    "problems_kept": (
        N_("All problem customers are key customers"),
        N_("%(count)d problem customers were taken off the key customers"),
    ),
    "capacity": (
        N_("The visits fit into the workdays"),
        N_("%(count)d visits more than the workdays hold (%(of)d)"),
    ),
    "weeks": (
        N_("Every week has room for the weekly visits"),
        N_("%(count)d weeks are too short for the weekly visits"),
    ),
    "explained": (
        N_("Every changed frequency has a reason"),
        N_("%(count)d changed frequencies have no reason"),
    ),
    "generated": (
        N_("Made from the present service plan"),
        N_("The service plan changed; the month plan has to be generated again"),
    ),
    "analyses": (
        N_("No analysis of the month before is a draft"),
        N_("%(count)d analyses of the month before are drafts"),
    ),
    "judgements": (
        N_("Judgements as the system proposed"),
        N_("%(count)d judgements differ from the system's"),
    ),
}
"""Code → words when the check holds, words when it does not."""


@dataclass(frozen=True, slots=True)
class StrategyFacts:
    """A service plan and the ground it stands on; counts."""

    has_target: bool
    items: int = 0
    customers: int = 0
    proposed: int = 0
    added: int = 0
    edited: int = 0
    removed: int = 0
    removed_needs: int = 0
    needs: int = 0
    done: int = 0
    undone: int = 0
    undone_needs: int = 0
    temporary: int = 0
    unconfirmed: int = 0
    stale: int = 0

    @property
    def changed(self) -> int:
        """Entries in which a person departed from the proposal."""
        return self.added + self.edited + self.removed


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """A month plan. `room` and `needed` are visits, `short_weeks` weeks; `key_limit` percent."""

    customers: int
    key_customers: int
    added: int
    removed: int
    removed_problems: int
    overridden: int
    unexplained: int
    needed: int
    room: int
    short_weeks: int
    key_limit: int
    is_outdated: bool = False
    stale: int = 0
    draft_analyses: int = 0

    @property
    def changed(self) -> int:
        """Entries in which a person departed from the proposal."""
        return self.added + self.removed + self.overridden

    @property
    def key_percent(self) -> int:
        """Share of key customers, rounded up: 41 is more than 40, however little."""
        return -(-100 * self.key_customers // max(1, self.customers))


@dataclass(frozen=True, slots=True)
class SummaryFacts:
    """A week or month summary."""

    overridden: int = 0

    @property
    def changed(self) -> int:
        return self.overridden


def plan_checks(facts: StrategyFacts) -> tuple[Check, ...]:
    """A service plan that was submitted."""
    return (
        Check("target", 0 if facts.has_target else 1),
        Check("needs_kept", facts.removed_needs),
        Check("confirmed", facts.unconfirmed),
        Check("states_current", facts.stale),
    )


def result_checks(facts: StrategyFacts) -> tuple[Check, ...]:
    """The result of a service plan that was submitted."""
    return (Check("needs_done", facts.undone_needs, facts.needs),)


def month_checks(facts: MonthFacts) -> tuple[Check, ...]:
    """A month plan that was submitted."""
    is_many = 100 * facts.key_customers > facts.key_limit * facts.customers
    return (
        Check("generated", int(facts.is_outdated)),
        Check("key_share", facts.key_percent if is_many else 0, facts.key_limit),
        Check("problems_kept", facts.removed_problems),
        Check("capacity", max(0, facts.needed - facts.room), facts.room),
        Check("weeks", facts.short_weeks),
        Check("explained", facts.unexplained),
        Check("states_current", facts.stale),
        Check("analyses", facts.draft_analyses),
    )


def summary_checks(facts: SummaryFacts) -> tuple[Check, ...]:
    """A summary that was submitted."""
    return (Check("judgements", facts.overridden),)


def is_clean(checks: tuple[Check, ...]) -> bool:
    """Whether the record may be approved without a look."""
    return all(check.is_ok for check in checks)
