"""FAB's security manager with the portal's user, pages, sessions and access keys."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, request, session
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import ApiKey
from sqlalchemy import or_, select
from werkzeug.security import check_password_hash

from app.kernel.db import SAFE_METHODS, db
from app.kernel.period import utc_now
from app.organisation.models import Company, PortalUser
from app.security import sessions
from app.security.access import access_of
from app.security.access_keys import allowed_pairs
from app.security.account_views import AccountView
from app.security.health_views import HealthView
from app.security.identity import identify
from app.security.language_views import LanguageView
from app.security.login_views import LoginView
from app.security.row_scope import UNRESTRICTED, scoped_to
from app.security.second_factor_views import SecondFactorView


class PortalSecurityManager(SecurityManager):
    """Exact grants instead of one EXISTS per check; nothing is public but what says so."""

    user_model = PortalUser

    def register_views(self) -> None:
        """The pages the frame needs; the administrators' pages are rows of `app.views`."""
        self.auth_view = self.appbuilder.add_view_no_menu(LoginView)
        self.user_view = self.appbuilder.add_view_no_menu(AccountView)
        self.appbuilder.add_view_no_menu(SecondFactorView)
        self.appbuilder.add_view_no_menu(LanguageView)
        self.appbuilder.add_view_no_menu(HealthView)
        # Per address; the limit per account is `app.security.login`.
        self.limiter.limit(self.auth_rate_limit, methods=["POST"])(self.auth_view.blueprint)

    def _has_view_access(self, user: Any, permission_name: str, view_name: str) -> bool:
        pair = (permission_name, view_name)
        if g.get("_api_key_user") and pair not in g.get("access_key_pairs", ()):
            return False
        return pair in access_of(user)[1]

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        return False

    def get_user_by_id(self, pk: int | str) -> PortalUser | None:
        """An active user of an active company; read before anybody's scope is known."""
        with scoped_to(UNRESTRICTED):
            return db.session.scalar(
                select(PortalUser)
                .outerjoin(Company, Company.id == PortalUser.company_id)
                .where(
                    PortalUser.id == int(pk),
                    PortalUser.active.is_(True),
                    or_(PortalUser.company_id.is_(None), Company.is_active.is_(True)),
                )
            )

    def load_user(self, pk: str) -> PortalUser | None:
        """The user of the session cookie, unless the session has ended."""
        user = self.get_user_by_id(pk) if sessions.is_alive() else None
        if user is None or user.session_epoch != session.get("epoch"):
            return None
        return user

    def load_user_jwt(self, _jwt_header: Any, jwt_data: Any) -> None:
        """The portal issues no such tokens, so it accepts none."""
        return

    def validate_api_key(self, api_key_string: str) -> PortalUser | None:
        """The user an access key acts for; makes that user the one of this request."""
        with scoped_to(UNRESTRICTED):
            key = db.session.scalar(
                select(ApiKey).where(
                    ApiKey.lookup_hash == self._compute_lookup_hash(api_key_string)
                )
            )
        if key is None or not check_password_hash(key.key_hash, api_key_string):
            return None
        expired = key.expires_on is not None and key.expires_on <= utc_now()
        if not key.active or key.revoked_on is not None or expired:
            return None
        user = self.get_user_by_id(key.user_id)
        if user is None or user.must_change_password:
            return None
        g.user = user
        g._api_key_user = True  # the name FAB looks for
        g.access_key_pairs = allowed_pairs(key.scopes)
        g.access_key_id = key.id
        identify(user, "api")
        if request.method not in SAFE_METHODS:
            self._note_use(key.id)
        return user

    @staticmethod
    def _note_use(key_id: int) -> None:
        keys = ApiKey.__table__
        db.session.connection().execute(
            keys.update().where(keys.c.id == key_id).values(last_used_on=utc_now())
        )
        db.session.commit()


def portal_security() -> PortalSecurityManager:
    """The manager of the current application."""
    manager: PortalSecurityManager = current_app.appbuilder.sm  # type: ignore[attr-defined]
    return manager
