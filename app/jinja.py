"""Templates: FAB's originals stay reachable as ``fab/…``, and the request's nonce and id."""

from __future__ import annotations

import secrets

from flask import Flask, g
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader


def csp_nonce() -> str:
    """The nonce that this response's scripts carry."""
    nonce: str = g.setdefault("csp_nonce", secrets.token_urlsafe(16))
    return nonce


def request_id() -> str:
    """An id to quote when something went wrong; the log lines carry it too."""
    identifier: str = g.setdefault("request_id", secrets.token_hex(6))
    return identifier


def install(app: Flask) -> None:
    """Loader and globals. FAB renders widgets without context processors, hence globals."""
    loaders = [app.jinja_loader] if app.jinja_loader else []
    originals = PrefixLoader({"fab": PackageLoader("flask_appbuilder", "templates")})
    app.jinja_loader = ChoiceLoader([*loaders, originals])
    app.jinja_env.globals.update(csp_nonce=csp_nonce, request_id=request_id)
