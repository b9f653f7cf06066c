"""Access keys for machines: what a key may do, and how it is made and looked up.

A key acts for a user and never can more than both the user's roles and its own purposes allow.
FAB keeps only hashes; the key itself is shown once.
"""

from __future__ import annotations

from typing import Any

from flask import current_app

from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum


class KeyPurpose(LabelledEnum):
    """What a key is for; the value is kept in FAB's `scopes` column."""

    IMPORT = ("import", N_("Push data files"))
    READ = ("read", N_("Read through the REST API"))
    WRITE = ("write", N_("Read and change through the REST API"))


REST_READS = frozenset(
    ("can_read", entity)
    for entity in (
        "Customer", "Product", "CategoryNode", "Territory", "SalesLine", "MonthlySales",
        "CustomerState", "BrandTarget", "ServicePlan", "MonthPlan", "VisitPlan", "DailyVisit",
        "FollowUp", "WeekSummary", "MonthSummary",
    )
)  # fmt: skip
REST_WRITES = frozenset(
    {
        ("can_update", "Customer"),
        ("can_update", "Product"),
        ("can_update", "VisitPlan"),
        ("can_create", "FollowUp"),
        ("can_update", "FollowUp"),
    }
)


PAIRS: dict[KeyPurpose, frozenset[tuple[str, str]]] = {
    KeyPurpose.IMPORT: frozenset(
        {("can_create", "ImportBatch"), ("can_read", "ImportBatch"), ("can_read", "Task")}
    ),
    KeyPurpose.READ: REST_READS,
    KeyPurpose.WRITE: REST_READS | REST_WRITES,
}


def purposes(scopes: str | None) -> list[KeyPurpose]:
    """The purposes written in a `scopes` column; unknown words are none."""
    words = [word.strip() for word in (scopes or "").split(",")]
    return [purpose for purpose in KeyPurpose if purpose.value in words]


def allowed_pairs(scopes: str | None) -> frozenset[tuple[str, str]]:
    """Every (permission, entity) a key with these scopes may use."""
    return frozenset(pair for purpose in purposes(scopes) for pair in PAIRS[purpose])


def new_key(user_id: int, name: str, scopes: str, expires_on: Any) -> tuple[Any, str]:
    """(unsaved FAB ApiKey, the key in clear)."""
    import secrets

    from flask_appbuilder.security.sqla.models import ApiKey
    from werkzeug.security import generate_password_hash

    prefix = current_app.config["FAB_API_KEY_PREFIXES"][0]
    clear = prefix + secrets.token_urlsafe(32)
    manager: Any = current_app.appbuilder.sm  # type: ignore[attr-defined]
    return ApiKey(
        name=name,
        key_hash=generate_password_hash(
            clear, method=current_app.config["FAB_PASSWORD_HASH_METHOD"]
        ),
        lookup_hash=manager._compute_lookup_hash(clear),
        key_prefix=prefix,
        user_id=user_id,
        scopes=scopes,
        active=True,
        expires_on=expires_on,
    ), clear
