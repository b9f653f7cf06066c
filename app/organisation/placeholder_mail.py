"""FAB wants a unique address of everybody; people without one get one that leads nowhere."""

from __future__ import annotations

WITHOUT_MAIL = "portal.invalid"


def placeholder_mail(username: str | None) -> str:
    """The address of somebody who has none."""
    return f"{(username or '').strip().casefold()}@{WITHOUT_MAIL}"
