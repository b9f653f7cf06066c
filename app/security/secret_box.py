"""Secrets the portal has to read again: sealed in the database with the portal's own key.

Whoever copies the database without `PORTAL_SECRET_KEY` reads nothing; a changed key makes what
was sealed before unreadable, and the person enters it again. Passwords are hashed instead, since
nobody has to read them.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


class SecretLost(Exception):
    """Sealed with another key or damaged."""


@lru_cache(maxsize=16)
def _box(key: str, purpose: str) -> Fernet:
    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(
        key.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))


def seal(text: str, purpose: str) -> str:
    """The text, encrypted and authenticated; one purpose cannot open another's."""
    return _box(current_app.config["SECRET_KEY"], purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, purpose: str) -> str:
    """The text again. Errors: `SecretLost`."""
    try:
        return _box(current_app.config["SECRET_KEY"], purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SecretLost from None
