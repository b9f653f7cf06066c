"""`flask portal demo`: made-up companies in a database that is set up.

Each company is one transaction, so a killed run leaves whole companies or none; the next run
adds the missing ones. What exists is never changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo.bulk_company import build_bulk_company
from app.demo.people import Accounts
from app.demo.plan import SIZES, BulkCompany, Dates, seed_rows
from app.demo.small_company import build_small_company
from app.kernel.actor import Actor, acting_as
from app.kernel.errors import N_, PlanningError
from app.kernel.period import local_today
from app.models import Company

DEMO = Actor(None, "demo", "command")


class DemoRefused(PlanningError):
    """A real portal must not get accounts with a known password."""

    msgid = N_("Set PORTAL_DEMO_PASSWORD: in production the demo has no default password.")


def demo_accounts(config: Mapping[str, Any]) -> Accounts:
    """Errors: `DemoRefused` in production without an explicit password."""
    password = config["PORTAL_DEMO_PASSWORD"]
    if not password:
        raise DemoRefused
    return Accounts(
        password=password,
        hash_method=config.get("FAB_PASSWORD_HASH_METHOD", "scrypt"),
        must_change_password=config["PORTAL_ENV"] == "production",
    )


def build_demo(
    session: Session,
    config: Mapping[str, Any],
    size: str,
    reference: dt.date | None,
    say: Callable[[str], None],
    *,
    only_if_empty: bool = False,
) -> None:
    """Add the companies of `size` that are missing; `reference` defaults to today.

    `only_if_empty`: do nothing when a company exists that is none of them.
    """
    accounts = demo_accounts(config)
    dates = Dates(reference or local_today())
    if only_if_empty and _has_other_companies(session, size):
        say("The portal has companies of its own; no demo company was added.")
        return
    for spec in SIZES[size]:
        if session.scalar(select(Company.id).where(Company.code == spec.code)) is not None:
            say(f"The demo company {spec.code} is already there; it was left as it is.")
            session.rollback()
            continue
        with acting_as(DEMO):
            if isinstance(spec, BulkCompany):
                build_bulk_company(session, spec, dates, accounts)
            else:
                build_small_company(session, spec, dates, accounts)
            session.commit()
        say(f"The demo company {spec.code} was added.")
    _say_accounts(size, accounts, say)


def _has_other_companies(session: Session, size: str) -> bool:
    codes = [spec.code for spec in SIZES[size]]
    return session.scalar(select(Company.id).where(Company.code.not_in(codes)).limit(1)) is not None


def _say_accounts(size: str, accounts: Accounts, say: Callable[[str], None]) -> None:
    codes = {"", *(spec.code for spec in SIZES[size])}
    say(f"Accounts (password {accounts.password}):")
    for row in seed_rows("people"):
        if row["company"] in codes:
            say(f"  {row['username']:<18} {row['role']:<17} {row['company'] or 'all companies'}")
