"""§2.2 step 7 — the list of service strategies: merging reasons, three-way difference, carry-over.

The specification in plain Python; `app.plan.statements.strategy_proposals` does the same for a
whole company at once, and a parity test binds the two.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LONGEST_CONTENT = 500
WORDS_TAKEN = 4
"""So many of a customer's own sentences go into the content of one strategy."""

NEED, CARRIED = "NEED", "CARRIED"
DIRECT, POTENTIAL, MANUAL, TEMPORARY = "DIRECT", "POTENTIAL", "MANUAL", "TEMPORARY"
OPEN = "OPEN"

Key = tuple[int, int]
"""(customer id, strategy id): a strategy stands in the list once per customer."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a customer needs a strategy. `source` NEED, STATE, ABILITY or PROBLEM; `code` of the
    need, state, ability item or problem; `details` in the customer's own words.
    """

    customer_id: int
    strategy_id: int
    source: str
    code: str
    details: str | None = None

    @property
    def key(self) -> Key:
        return self.customer_id, self.strategy_id


@dataclass(frozen=True, slots=True)
class Proposal:
    """What generation wants of a customer and strategy; all `reasons` are kept."""

    source: str
    content: str
    reasons: tuple[Reason, ...]


def merged(reasons: Iterable[Reason], names: Mapping[int, str]) -> dict[Key, Proposal]:
    """One proposal per customer and strategy. A direct need among the reasons makes it direct.

    `names`: strategy id → name; strategies without a name are not in use and drop out. The same
    reason given twice counts once.
    """
    found: dict[Key, dict[tuple[str, str], Reason]] = {}
    for reason in reasons:
        if reason.strategy_id in names:
            found.setdefault(reason.key, {}).setdefault((reason.source, reason.code), reason)
    return {
        key: Proposal(
            DIRECT if any(source == NEED for source, _code in own) else POTENTIAL,
            content_of(names[key[1]], own.values()),
            tuple(own[name] for name in sorted(own)),
        )
        for key, own in found.items()
    }


BEFORE_WORDS, BETWEEN_WORDS = ": ", "; "
"""Between the name of a strategy and the customer's words, and between those."""


def content_of(name: str, reasons: Iterable[Reason]) -> str:
    """The strategy's name, and what the customer said about the needs that call for it."""
    said = {
        reason.code: reason.details
        for reason in reasons
        if reason.source == NEED and reason.details
    }
    words = [said[code] for code in sorted(said)][:WORDS_TAKEN]
    return (f"{name}{BEFORE_WORDS}{BETWEEN_WORDS.join(words)}" if words else name)[:LONGEST_CONTENT]


def details_of(content: str, name: str) -> str:
    """The content without the strategy's name, with which generated contents begin."""
    return content.removeprefix(name).lstrip(BEFORE_WORDS)


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it stands in the plan (sequence 0)."""

    content: str
    source: str
    generated_content: str | None = None
    is_touched: bool = False
    is_removed: bool = False
    is_carried: bool = False
    mark: str = OPEN

    @property
    def is_settled(self) -> bool:
        """Bears a mark or is a temporary task: no generation changes anything about it."""
        return self.mark != OPEN or self.source == TEMPORARY

    @property
    def is_by_hand_only(self) -> bool:
        """Nothing but its source says that it is a person's; generation notes it, because the
        source follows the reasons.
        """
        return self.source in {MANUAL, CARRIED} and not self.is_carried

    @property
    def is_automatic(self) -> bool:
        """Nobody touched it: generation may change and drop it."""
        return not (
            self.is_settled
            or self.is_touched
            or self.is_removed
            or self.is_carried
            or self.source in {MANUAL, CARRIED}
        )


class Change(enum.Enum):
    """What generation does with a customer's strategy."""

    ADDED = "added"
    UPDATED = "updated"
    DROPPED = "dropped"
    KEPT = "kept"
    TOMBSTONE = "tombstone"
    UNCHANGED = "unchanged"


def change_of(stored: StoredItem | None, proposal: Proposal | None) -> Change:
    """The three-way difference for one key.

    KEPT: a person's version stays although generation would write something else. TOMBSTONE: a
    person removed it, so it is not made again.
    """
    if stored is None:
        return Change.UNCHANGED if proposal is None else Change.ADDED
    if stored.is_removed:
        return Change.UNCHANGED if proposal is None else Change.TOMBSTONE
    if stored.is_automatic:
        if proposal is None:
            return Change.DROPPED
        is_same = (stored.content, stored.source) == (proposal.content, proposal.source)
        return Change.UNCHANGED if is_same else Change.UPDATED
    is_same = proposal is not None and proposal.content == stored.content
    return Change.UNCHANGED if is_same else Change.KEPT


def after(stored: StoredItem | None, proposal: Proposal | None) -> StoredItem | None:
    """The item once the difference is applied; None = there is none. Applying twice = once.

    A person's content stays; where the item comes from always follows the reasons of today.
    """
    if stored is None or stored.is_automatic:
        if proposal is None:
            return None
        return StoredItem(proposal.content, proposal.source, proposal.content)
    if stored.is_settled:
        return stored
    own = CARRIED if stored.is_carried else MANUAL
    source = own if proposal is None else proposal.source
    return StoredItem(
        stored.content,
        source,
        proposal.content if proposal else None,
        stored.is_touched or stored.is_by_hand_only or (proposal is None and not stored.is_carried),
        stored.is_removed,
        stored.is_carried,
        stored.mark,
    )


def is_left_over(stored: StoredItem) -> bool:
    """Whether last month's item is offered to be carried over: neither done nor removed."""
    return stored.mark == OPEN and not stored.is_removed and stored.source != TEMPORARY


def is_unexplained(stored: StoredItem, undone_reason: str | None) -> bool:
    """Whether the result cannot be submitted yet: open, and nobody said why it was not done."""
    return is_left_over(stored) and undone_reason is None
