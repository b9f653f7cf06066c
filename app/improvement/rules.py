"""§2.2 step 14 — rules of the month summary 月度工作总结: the factual draft of the texts.

A draft states figures only; what they mean is for the person to write. Sentences are msgids with
parameters, so that they are composed in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.kernel.errors import N_

Pair = tuple[int | None, int | None]
NOTHING: Pair = (None, None)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A msgid with its parameters."""

    msgid: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """`figures`: name of a `SummaryFigure` → (numerator, denominator). The lists hold names as
    they are shown: abnormal and met figures of the month, reasons of undone tasks with counts.
    """

    figures: Mapping[str, Pair]
    abnormal: Sequence[str] = ()
    met: Sequence[str] = ()
    undone: Sequence[tuple[str, int]] = ()

    def pair(self, name: str) -> Pair:
        return self.figures.get(name, NOTHING)


def percent_text(numerator: int | None, denominator: int | None) -> str:
    """Percent with one decimal, half up; a dash for an undefined figure."""
    if numerator is None or not denominator:
        return "—"
    thousandths = (numerator * 2000 + denominator) // (2 * denominator)
    return f"{thousandths // 10}.{thousandths % 10}%"


FREQUENCIES = (
    ("VISITS_WEEKLY", N_("Weekly: %(done)s of %(planned)s visits (%(percent)s).")),
    ("VISITS_SEMIMONTHLY", N_("Twice a month: %(done)s of %(planned)s visits (%(percent)s).")),
    ("VISITS_MONTHLY", N_("Monthly: %(done)s of %(planned)s visits (%(percent)s).")),
)


def draft(facts: MonthFacts) -> Mapping[str, list[Sentence]]:
    """Text field → the sentences the data support; an empty list where there are no data."""
    return {
        "visit_text": _visits(facts),
        "analysis_text": _analysis(facts),
        "plan_text": _plan(facts),
        "experience": _experience(facts),
        "shortcomings": _shortcomings(facts),
    }


def _ratio(facts: MonthFacts, name: str, msgid: str) -> list[Sentence]:
    done, planned = facts.pair(name)
    if done is None or not planned:
        return []
    params = {"done": done, "planned": planned, "percent": percent_text(done, planned)}
    return [Sentence(msgid, params)]


def _visits(facts: MonthFacts) -> list[Sentence]:
    whole = _ratio(
        facts, "VISITS_ALL", N_("Of %(planned)s planned visits %(done)s were made (%(percent)s).")
    )
    parts = [sentence for name, msgid in FREQUENCIES for sentence in _ratio(facts, name, msgid)]
    return [*whole, *parts]


def _analysis(facts: MonthFacts) -> list[Sentence]:
    found = _ratio(
        facts,
        "JUDGEMENTS_KEPT",
        N_("Of %(planned)s judgements proposed, %(done)s were left as they were (%(percent)s)."),
    )
    if facts.abnormal:
        names = ", ".join(facts.abnormal)
        found.append(Sentence(N_("Abnormal in the month: %(names)s."), {"names": names}))
    return found


def _plan(facts: MonthFacts) -> list[Sentence]:
    found = _ratio(
        facts,
        "KEY_CUSTOMERS_KEPT",
        N_("Of %(planned)s key customers, %(done)s were those proposed (%(percent)s)."),
    )
    found += _ratio(
        facts,
        "TASKS_DONE",
        N_("Of %(planned)s planned strategies %(done)s were carried out (%(percent)s)."),
    )
    temporary = facts.pair("TEMPORARY_TASKS")[0]
    if temporary:
        found.append(
            Sentence(N_("%(count)s temporary tasks came in addition."), {"count": temporary})
        )
    return found


def _experience(facts: MonthFacts) -> list[Sentence]:
    if not facts.met:
        return []
    return [Sentence(N_("Targets met: %(names)s."), {"names": ", ".join(facts.met)})]


def _shortcomings(facts: MonthFacts) -> list[Sentence]:
    found = []
    if facts.abnormal:
        names = ", ".join(facts.abnormal)
        found.append(Sentence(N_("Targets missed: %(names)s."), {"names": names}))
    done, planned = facts.pair("VISITS_ALL")
    if done is not None and planned and done < planned:
        found.append(
            Sentence(N_("%(count)s planned visits were not made."), {"count": planned - done})
        )
    if facts.undone:
        names = ", ".join(f"{name} {count}" for name, count in facts.undone)
        found.append(
            Sentence(N_("Strategies not carried out, by reason: %(names)s."), {"names": names})
        )
    return found
