"""What the page of the change log says about the chain: intact up to where, as of when."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel.db import db
from app.kernel.formatters import local_time
from app.security.models import ChangeChain


@dataclass(frozen=True, slots=True)
class ChainState:
    """`tone`: ok, bad or neutral, with the icon that says the same."""

    tone: str
    icon: str
    text: str


def chain_state() -> ChainState:
    """Of the chains the person may see: the own company's, all of them for the platform."""
    chains = db.session.scalars(select(ChangeChain)).all()
    broken = [chain.broken_at for chain in chains if chain.broken_at is not None]
    if broken:
        text = _(
            "The change log was changed from outside the portal, from entry %(number)s on. Tell"
            " whoever runs the portal at once.",
            number=min(broken),
        )
        return ChainState("bad", "fa-link-slash", text)
    checked = [chain.checked_at for chain in chains if chain.checked_at is not None]
    if not checked:
        return ChainState(
            "neutral", "fa-link", _("Not checked yet; every entry is checked each night.")
        )
    text = _(
        "Chain intact up to entry %(count)s, checked %(time)s: nothing was changed, removed or"
        " swapped since it was written.",
        count=sum(chain.checked_sequence or 0 for chain in chains),
        time=local_time(min(checked)),
    )
    return ChainState("ok", "fa-link", text)
