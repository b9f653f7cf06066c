"""§1.1 — changing a customer: which fields, and what must hold; for the form and the REST API.

Flushed changes are not judged: call `check_change` before the flush. The caller commits.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect

from app.kernel.errors import N_, PlanningError
from app.master.rules_customer import MAINTAINED_FIELDS
from app.models import Customer, FrequencySource

IDENTITY = ("code", "name", "owner", "phone", "address", "longitude", "latitude")
MARKET = ("market_type", "business_type", "scale", "grade", "terminal_type")
ORDERING = ("order_mode", "order_weekday", "settle_mode")
LIFE = ("status", "open_date", "close_date")
EDITED_FIELDS = (*MAINTAINED_FIELDS, *IDENTITY, *MARKET, *ORDERING, *LIFE)
"""Every field of the edit form but the territory, which moves by `record_move`."""


def changed_fields(item: Customer) -> set[str]:
    """Columns and relations with another value than is stored."""
    attributes: Any = inspect(item).attrs
    return {
        attribute.key
        for attribute in attributes
        if attribute.history.has_changes() and attribute.key != "version"
    }


def check_change(item: Customer, *, is_administrator: bool, words: dict[str, Any]) -> None:
    """Judge a change and note who set the frequency. `words`: labels of the fields.

    Errors: `PlanningError` naming the field.
    """
    changed = changed_fields(item)
    refused = changed - {*MAINTAINED_FIELDS, "frequency_source"}
    if refused and not is_administrator:
        raise PlanningError(
            N_("Your role may not change: %(fields)s."),
            fields="、".join(str(words.get(name, name)) for name in sorted(refused)),
        )
    if "visit_mode" in changed and item.visit_mode is None:
        raise PlanningError(N_("The visit mode cannot be cleared."), field="visit_mode")
    if "visit_frequency" in changed:
        item.frequency_source = FrequencySource.MANUAL if item.visit_frequency is not None else None
    check_dates(item)


def check_dates(item: Customer) -> None:
    """Errors: `PlanningError` for a shop that closed before it opened."""
    if item.close_date is not None and item.close_date < item.open_date:
        raise PlanningError(N_("The closing day lies before the opening day."), field="close_date")
