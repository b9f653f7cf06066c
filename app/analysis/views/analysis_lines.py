"""§2.2 steps 5 and 6 — the lines of an analysis in words, as posted, and as cells of a workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, request
from flask_babel import gettext as _

from app.analysis import territory_analyses as analyses
from app.analysis.rules.indicators import Indicator
from app.analysis.territory_analyses import Judged, Key, Steps
from app.analysis.views import figure_words as words
from app.kernel.errors import PlanningError
from app.kernel.list_request import ascii_integer
from app.models import Judgement


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of the sheet, in words. `typed` wins over what is stored after a refusal."""

    name: str
    group: str
    label: str
    unit: str
    actual: str
    fraction: str
    target: str
    gap: str
    system: Judgement
    final: Judgement
    choices: tuple[Judgement, ...]
    reason: str
    reason_id: int | None
    is_entered: bool
    entered: str
    error: str | None


def shown_lines(
    steps: Steps,
    lines: Sequence[tuple[Any, Indicator]],
    names: Mapping[Key, tuple[str, str]],
    typed: Mapping[str, str],
    errors: Mapping[str, PlanningError],
) -> list[ShownLine]:
    """The lines of the sheet in their order, each with its indicator as it was judged."""
    return [_shown(steps, *line, names, typed, errors) for line in lines]


def _shown(
    steps: Steps,
    line: Any,
    indicator: Indicator,
    names: Mapping[Key, tuple[str, str]],
    typed: Mapping[str, str],
    errors: Mapping[str, PlanningError],
) -> ShownLine:
    key = steps.key(line)
    name = steps.text(key)
    figure = (line.actual_num, line.actual_den)
    entered = ""
    if indicator.is_entered and line.actual_num is not None:
        entered = f"{line.actual_num / 100:g}"
    return ShownLine(
        name=name,
        group=names[key][0],
        label=names[key][1],
        unit=words.unit_word(indicator),
        actual=words.value_text(indicator, *figure),
        fraction=words.fraction_text(indicator, *figure),
        target=words.hundredths_text(indicator, line.target),
        gap=words.gap_text(indicator, *figure, line.target),
        system=line.system_status,
        final=read_judgement(typed.get(f"final-{name}")) or line.final_status,
        choices=tuple(dict.fromkeys((line.system_status, *analyses.CHOICES))),
        reason=typed.get(f"reason-{name}", line.override_reason or ""),
        reason_id=ascii_integer(typed.get(f"cause-{name}", str(line.reason_id or ""))),
        is_entered=indicator.is_entered,
        entered=typed.get(f"value-{name}", entered),
        error=errors[name].message() if name in errors else None,
    )


def export_columns() -> list[tuple[str, str]]:
    """Heading and kind of the cells of `export_cells`."""
    return [
        (_("Group"), "text"),
        (_("Indicator"), "text"),
        (_("Unit"), "text"),
        (_("Actual"), "decimal"),
        (_("Numerator"), "quantity"),
        (_("Denominator"), "quantity"),
        (_("Target"), "decimal"),
        (_("Gap"), "text"),
        (_("Judged by the system"), "text"),
        (_("Final judgement"), "text"),
        (_("Reason for another judgement"), "text"),
        (_("Cause of the shortfall"), "text"),
    ]


def export_cells(
    steps: Steps,
    line: Any,
    indicator: Indicator,
    names: Mapping[Key, tuple[str, str]],
    causes: Mapping[int, str],
) -> list[Any]:
    """A line of the workbook."""
    key = steps.key(line)
    actual = words.actual_hundredths(indicator, line.actual_num, line.actual_den)
    return [
        *names[key],
        words.unit_word(indicator),
        None if actual is None else float(words.decimal(actual / 100, 4)),
        line.actual_num,
        line.actual_den,
        None if line.target is None else line.target / 100,
        words.gap_text(indicator, line.actual_num, line.actual_den, line.target),
        str(line.system_status.label),
        str(line.final_status.label),
        line.override_reason or "",
        causes.get(line.reason_id or 0, ""),
    ]


def read_judgement(text: str | None) -> Judgement | None:
    """A member by name; None for anything else."""
    return Judgement.__members__.get(text or "")


def posted_judgements() -> dict[str, Judged]:
    """The lines of the posted sheet: name → decision. An unknown status is a 400."""
    found = {}
    for field, text in request.form.items():
        if not field.startswith("final-"):
            continue
        name = field.removeprefix("final-")
        status = read_judgement(text)
        if status is None:
            abort(400)
        cause = request.form.get(f"cause-{name}", "")
        reason_id = ascii_integer(cause) if cause else None
        if cause and reason_id is None:
            abort(400)
        found[name] = Judged(status, request.form.get(f"reason-{name}", ""), reason_id)
    return found
