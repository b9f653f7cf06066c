"""The row scope in words, for the matrix page, the top bar and docs/permissions.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.kernel.errors import N_
from app.security.permissions import RoleName


@dataclass(frozen=True, slots=True)
class ScopeWords:
    """A msgid that translates itself when printed."""

    msgid: str

    def __str__(self) -> str:
        from flask_babel import gettext

        return gettext(self.msgid)

    def __html__(self) -> Any:
        from markupsafe import escape

        return escape(str(self))


SCOPE_WORDS: Mapping[RoleName, ScopeWords] = {
    RoleName.ADMINISTRATOR: ScopeWords(
        N_("all rows of the own company; without a company, all companies")
    ),
    RoleName.MARKET_MANAGER: ScopeWords(N_("the territories of the departments headed")),
    RoleName.CUSTOMER_MANAGER: ScopeWords(
        N_("the territories held today, as primary or substitute")
    ),
    RoleName.BRAND_MANAGER: ScopeWords(
        N_("the company's products and categories, its brand analyses to read; no customers")
    ),
}

CRITERION_WORDS: Mapping[str, str] = {
    "company_rows": "of the own company",
    "own_company": "the own company",
    "territories": "the territories in scope",
    "territory_rows": "of the territories in scope",
    "brand_analysis_rows": "of the territories in scope; brand managers read the company's",
    "users": "the users of the own company, and oneself",
    "keys_of_users": "of the users of the own company",
    "own_or_shared": "owned by oneself, or shared in the own company",
    "rows_of_oneself": "one's own",
    "personal_rows": "addressed to oneself",
    "own_rows": "asked for by oneself; administrators: of the own company",
    "through_parent": "of a parent row that is in scope",
}
"""Criterion of `app.row_scopes.ROW_SCOPES` → English words for the document."""
