"""The row scope of each role in words, for the matrix page and docs/permissions.md."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from app.security.permissions import RoleName

SCOPE_WORDS: Mapping[RoleName, object] = {
    RoleName.ADMINISTRATOR: _l("all rows of the own company; without a company, all companies"),
    RoleName.MARKET_MANAGER: _l("the territories of the departments headed"),
    RoleName.CUSTOMER_MANAGER: _l("the territories held today, as primary or substitute"),
    RoleName.BRAND_MANAGER: _l("the company's products and categories; no customers"),
}
