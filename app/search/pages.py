"""Pages of the portal by name, initials, heading or step number, as far as the person may read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _

from app.kernel.spelling import EDGE, normal, search_words
from app.portal_context import portal_menu
from app.search.question import LEAST_LETTERS, Question

spelled = lru_cache(maxsize=20_000)(search_words)
"""Search words of names that are met again with every question."""


@dataclass(frozen=True, slots=True)
class FoundPage:
    """An entry of the menu and the heading above it; `is_step`: its number was asked for."""

    label: str
    url: str
    icon: str
    step: int | None
    heading: str
    is_step: bool


def find_pages(question: Question) -> list[FoundPage]:
    """Entries of the menu that fit, best first: the step meant, beginnings, anything."""
    found = []
    for group in portal_menu():
        for item in group["items"]:
            rank = _rank(question, item, group["label"])
            if rank is not None:
                page = FoundPage(
                    item["label"],
                    item["url"],
                    item["icon"],
                    item["step"],
                    group["label"],
                    rank == 0,
                )
                found.append((rank, page))
    return [page for _rank_, page in sorted(found, key=lambda pair: pair[0])]


def _rank(question: Question, item: dict[str, Any], heading: str) -> int | None:
    """None = does not fit."""
    if item["step"] is not None and "".join(question.words) in _step_forms(item["step"]):
        return 0
    if not all(len(word) >= LEAST_LETTERS or not word.isascii() for word in question.words):
        return None
    label, above = spelled(item["label"]), spelled(heading)
    if all(word in label for word in question.words):
        return 1 if EDGE + question.words[0] in label else 2
    return 3 if all(word in label or EDGE + word in above for word in question.words) else None


def _step_forms(step: int) -> frozenset[str]:
    """How people write the number of a step."""
    forms = (str(step), _("Step %(number)s", number=step), _("step no. %(number)s", number=step))
    return frozenset(map(normal, forms))
