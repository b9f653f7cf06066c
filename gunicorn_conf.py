"""Web server settings; the values come from the environment (docs/settings.md)."""

import os
import shutil

from config import load_settings

_settings = load_settings(os.environ)

bind = f"{_settings['PORTAL_HOST']}:{_settings['PORTAL_PORT']}"
worker_class = "gthread"
# SQLite has one writer at a time: more processes would only wait for each other.
workers = (
    1 if _settings["PORTAL_DATABASE_URL"].startswith("sqlite") else _settings["PORTAL_WEB_WORKERS"]
)
threads = _settings["PORTAL_WEB_THREADS"]
timeout = 120
graceful_timeout = 20
keepalive = 5
# No access log: addresses and search words are personal data; the portal logs changes itself.
accesslog = None
errorlog = "-"
loglevel = "warning"
# The control socket is one fixed path per user, so two portals of one user would quarrel over it.
control_socket_disable = True

if workers > 1:
    # The figures of all web processes meet in files here; they begin anew with the server. Set
    # before the application is loaded, which decides by it.
    _figures = _settings["PORTAL_DATA_DIR"] / "metrics"
    shutil.rmtree(_figures, ignore_errors=True)
    _figures.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_figures)


def post_worker_init(_worker: object) -> None:
    """Load the readings of Chinese characters now, not with the first question of a person."""
    from app.kernel.spelling import search_words

    search_words(chr(0x4E2D))
