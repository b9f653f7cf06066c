"""Environment → settings; nothing else.

``SETTINGS`` declares every variable once. ``docs/settings.md`` describes the same rows for
people, and a contract test compares the two. ``load_settings`` turns an environment into a
Flask configuration and refuses, with a message that names the remedy, what cannot be right.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
ENVIRONMENTS = ("development", "production", "test")
SECRET_KEY_BYTES = 32
# Keys that appear in examples, and so must never protect a real portal.
PUBLIC_SECRETS = frozenset({"change-me", "changeme", "secret", "dev", "development"})


class SettingsError(Exception):
    """The environment describes a portal that must not start; the text says what to do."""


def text(value: str) -> str:
    return value.strip()


def names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def whole(least: int, most: int) -> Callable[[str], int]:
    """A parser for whole numbers from ``least`` to ``most``."""

    def parse(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            msg = f"expected a whole number from {least} to {most}"
            raise ValueError(msg)
        return number

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            msg = f"expected one of {', '.join(choices)}"
            raise ValueError(msg)
        return value

    return parse


def database_url(value: str) -> str:
    """Name the driver, so that a usual ``postgresql://`` address works as it is."""
    for scheme in ("postgresql://", "postgres://"):
        if value.startswith(scheme):
            return "postgresql+psycopg://" + value.removeprefix(scheme)
    if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        msg = "expected sqlite:///<path> or postgresql://<user>:<password>@<host>/<database>"
        raise ValueError(msg)
    return value


def web_address(value: str) -> str:
    """``https://host`` without a path, as links begin."""
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
        msg = "expected https://<host>"
        raise ValueError(msg)
    return value.rstrip("/")


def mail_server(value: str) -> str:
    """An apprise address of a mail server."""
    if value and (urlsplit(value).scheme not in ("mailto", "mailtos") or "@" not in value):
        msg = "expected mailtos://<user>:<password>@<server>?from=<address>"
        raise ValueError(msg)
    return value


def directory(value: str) -> Path:
    return (ROOT / Path(value).expanduser()).resolve()


def optional_directory(value: str) -> Path | None:
    return directory(value) if value else None


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: how it is read, and what holds when it is absent."""

    name: str
    default: str
    parse: Callable[[str], Any] = text


SETTINGS = (
    Setting("PORTAL_ENV", "development", one_of(*ENVIRONMENTS)),
    Setting("PORTAL_SECRET_KEY", ""),
    Setting("PORTAL_DATABASE_URL", "", database_url),
    Setting("PORTAL_DATA_DIR", "instance", directory),
    Setting("PORTAL_TRUSTED_HOSTS", "", names),
    Setting("PORTAL_PROXY_HOPS", "0", whole(0, 5)),
    Setting("PORTAL_HOST", "127.0.0.1"),
    Setting("PORTAL_PORT", "8080", whole(1, 65535)),
    Setting("PORTAL_WEB_WORKERS", "1", whole(1, 64)),
    Setting("PORTAL_WEB_THREADS", "8", whole(1, 128)),
    Setting("PORTAL_MAX_UPLOAD_MB", "64", whole(1, 2048)),
    Setting("PORTAL_EXPORT_INLINE_ROWS", "20000", whole(0, 1_000_000)),
    Setting("PORTAL_FEED_URL", ""),
    Setting("PORTAL_FEED_COMPANY", ""),
    Setting("PORTAL_FEED_SECONDS", "300", whole(5, 86_400)),
    Setting("PORTAL_NEEDS_URL", ""),
    Setting("PORTAL_NEEDS_TOKEN", ""),
    Setting("PORTAL_NEEDS_TIMEOUT_SECONDS", "20", whole(1, 600)),
    Setting("PORTAL_PUBLIC_URL", "", web_address),
    Setting("PORTAL_NOTICE_SCHEMES", "mailto,wecombot,dingtalk,feishu,lark", names),
    Setting("PORTAL_NOTICE_MAIL_URL", "", mail_server),
    Setting("PORTAL_NOTICE_HOSTS", "", names),
    Setting("PORTAL_NOTICE_DIGEST_HOUR", "8", whole(0, 23)),
    Setting("PORTAL_NOTICE_DAYS", "90", whole(1, 3650)),
    Setting("PORTAL_PERSONAL_DATA_MONTHS", "0", whole(0, 600)),
    Setting("PORTAL_SESSION_IDLE_MINUTES", "30", whole(1, 1440)),
    Setting("PORTAL_SESSION_HOURS", "12", whole(1, 168)),
    Setting("PORTAL_BACKUP_DIR", "", optional_directory),
    Setting("PORTAL_BACKUPS_KEPT", "14", whole(1, 3660)),
    Setting("PORTAL_SECOND_FACTOR", "optional", one_of("optional", "administrators", "all")),
    Setting("PORTAL_RATELIMIT_STORAGE", "memory://"),
    Setting("PORTAL_METRICS_TOKEN", ""),
    Setting("PORTAL_DEMO_PASSWORD", ""),
    Setting("PORTAL_TEST_BROWSER", ""),
)

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
# Public on purpose: it opens only the made-up company of a development machine. Elsewhere the
# demo company is refused unless PORTAL_DEMO_PASSWORD says what it shall be.
DEVELOPMENT_DEMO_PASSWORD = "Visit-plan-135"  # noqa: S105 -- see above


def read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Parse every declared variable; an unknown PORTAL_ name is a typing error, so refuse it."""
    known = {setting.name for setting in SETTINGS}
    for name in environ:
        if name.startswith("PORTAL_") and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}" if near else ""
            msg = f"{name} is not a setting of the portal{hint}. See docs/settings.md."
            raise SettingsError(msg)
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        raw = environ.get(setting.name, "").strip() or setting.default
        try:
            values[setting.name] = setting.parse(raw)
        except ValueError as error:
            msg = f"{setting.name}={raw!r}: {error}. See docs/settings.md."
            raise SettingsError(msg) from error
    return values


def development_secret(data_dir: Path) -> str:
    """A random key, made once and kept in ``data_dir`` so that sessions outlive a restart."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "secret_key"
    draft = data_dir / f"secret_key.{os.getpid()}"
    # Two processes may start together: linking a complete file lets exactly one key win.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(SECRET_KEY_BYTES))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
    return path.read_text().strip()


def check_production(values: Mapping[str, Any]) -> None:
    """Refuse to serve real people with a guessable key or for any host name."""
    problems = []
    key = values["PORTAL_SECRET_KEY"]
    if not key:
        problems.append("PORTAL_SECRET_KEY is missing")
    elif key.lower() in PUBLIC_SECRETS or len(set(key)) < 8:
        problems.append("PORTAL_SECRET_KEY is a well-known or trivial value")
    elif len(key.encode()) < SECRET_KEY_BYTES:
        problems.append(f"PORTAL_SECRET_KEY has fewer than {SECRET_KEY_BYTES} bytes")
    if problems:
        problems[-1] += ' (make one: python -c "import secrets; print(secrets.token_hex(32))")'
    if not values["PORTAL_TRUSTED_HOSTS"]:
        problems.append("PORTAL_TRUSTED_HOSTS is missing (the host names people type, by commas)")
    if problems:
        msg = "The portal does not start in production: " + "; ".join(problems) + "."
        raise SettingsError(msg)


def load_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Flask configuration for ``environ``.

    Holds every PORTAL_ value under its own name, parsed, and the keys Flask, its extensions
    and Flask-AppBuilder read. Raises SettingsError.
    """
    values = read_environment(environ)
    production = values["PORTAL_ENV"] == "production"
    if production:
        check_production(values)
    elif not values["PORTAL_TRUSTED_HOSTS"]:
        values["PORTAL_TRUSTED_HOSTS"] = LOOPBACK_HOSTS
    if not values["PORTAL_SECRET_KEY"]:
        values["PORTAL_SECRET_KEY"] = development_secret(values["PORTAL_DATA_DIR"])
    if not values["PORTAL_DATABASE_URL"]:
        values["PORTAL_DATABASE_URL"] = f"sqlite:///{values['PORTAL_DATA_DIR'] / 'portal.db'}"
    if not values["PORTAL_DEMO_PASSWORD"] and not production:
        values["PORTAL_DEMO_PASSWORD"] = DEVELOPMENT_DEMO_PASSWORD
    return {
        **values,
        **flask_settings(values),
        **appbuilder_settings(values),
    }


def flask_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of Flask and its extensions."""
    session_time = timedelta(hours=values["PORTAL_SESSION_HOURS"])
    return {
        "SECRET_KEY": values["PORTAL_SECRET_KEY"],
        "TESTING": values["PORTAL_ENV"] == "test",
        "SQLALCHEMY_DATABASE_URI": values["PORTAL_DATABASE_URL"],
        # Values of a failed statement may be somebody's personal data; they stay out of the logs.
        "SQLALCHEMY_ENGINE_OPTIONS": {"hide_parameters": values["PORTAL_ENV"] == "production"},
        "TRUSTED_HOSTS": list(values["PORTAL_TRUSTED_HOSTS"]),
        "MAX_CONTENT_LENGTH": values["PORTAL_MAX_UPLOAD_MB"] * 1024 * 1024,
        "SESSION_COOKIE_NAME": "portal_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        # A browser sends no Secure cookie over plain http, which development and tests use.
        "SESSION_COOKIE_SECURE": values["PORTAL_ENV"] == "production",
        "PERMANENT_SESSION_LIFETIME": session_time,
        "WTF_CSRF_TIME_LIMIT": int(session_time.total_seconds()),
        "BABEL_DEFAULT_LOCALE": "zh",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
        # Absolute: a relative path would be looked up below app/.
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
        # Tests log in hundreds of times; those about the limit switch it on.
        "RATELIMIT_ENABLED": values["PORTAL_ENV"] != "test",
        "RATELIMIT_STORAGE_URI": values["PORTAL_RATELIMIT_STORAGE"],
    }


def redirect_patterns(hosts: Sequence[str]) -> list[str]:
    r"""Trusted hosts as the patterns Flask-AppBuilder compares with host and port.

    No pattern has a ``*``: it would also match ``host:x@elsewhere`` and, for subdomains,
    ``elsewhere\.host``. So a leading dot admits the bare name; a redirect to a subdomain by its
    full address leads to the home page instead.
    """
    bare = [host.removeprefix(".").replace("[", "[[]") for host in hosts]
    ports = ["", *(":" + "[0-9]" * digits for digits in range(1, 6))]
    return [name + port for name in bare for port in ports]


def appbuilder_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of Flask-AppBuilder."""
    return {
        "APP_NAME": "135 Working Method",
        # "zh", never "zh_CN": Babel turns the latter into zh_Hans_CN and finds no catalogue.
        "LANGUAGES": {
            "zh": {"flag": "cn", "name": "中文"},
            "en": {"flag": "gb", "name": "English"},
        },
        "AUTH_ROLE_ADMIN": "administrator",
        "AUTH_USER_REGISTRATION": False,
        "AUTH_RATE_LIMITED": True,
        "AUTH_RATE_LIMIT": "30 per minute",
        "FAB_BASE_TEMPLATE": "portal/layout.html",
        "FAB_SAFE_REDIRECT_HOSTS": redirect_patterns(values["PORTAL_TRUSTED_HOSTS"]),
        # `flask portal setup` creates tables and permissions; a starting web process never does.
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_ADD_SECURITY_API": False,
        # Keys for machines that push data; people with a browser never use the API.
        "FAB_API_KEY_ENABLED": True,
        "FAB_API_KEY_PREFIXES": ["portal_"],
        "FAB_API_SWAGGER_UI": False,
        "FAB_API_SHOW_STACKTRACE": False,
        "FAB_API_MAX_PAGE_SIZE": 200,
        # A slow hash is the point of it, except for the made-up people of a test.
        "FAB_PASSWORD_HASH_METHOD": "pbkdf2:sha256:1000"
        if values["PORTAL_ENV"] == "test"
        else "scrypt",
    }
