"""Texts people write: what is kept of them, and the refusal of one that is too long."""

from __future__ import annotations

from app.kernel.errors import N_, PlanningError

STARS = "****"
"""In every masked value that people see; an import refuses a cell that has it."""


class TooLong(PlanningError):
    """A text beyond its column. It is refused, never cut: cutting loses what somebody wrote."""

    msgid = N_("At most %(most)d characters.")


def kept_text(text: str, field: str, most: int) -> str | None:
    """The text as stored: line ends of one kind, nothing around it, empty as None.

    Errors: `TooLong`, naming `field`.
    """
    kept = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(kept) > most:
        raise TooLong(field=field, most=most)
    return kept or None
