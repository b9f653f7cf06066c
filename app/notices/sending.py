"""The only place that talks to apprise: one message to one address."""

from __future__ import annotations

import logging
import re
import warnings
from functools import cache
from typing import Any

import apprise

with warnings.catch_warnings():  # it imports a module that is going from Python, and replaces it
    warnings.simplefilter("ignore", DeprecationWarning)
    import apprise.utils.pgp

# Its warnings may quote addresses, which are secrets; what a person may read of them is returned.
logging.getLogger("apprise").propagate = False

LONGEST_ERROR = 300
NOT_TAKEN = "the service did not take the message"
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,}")


@cache
def _asset() -> Any:
    return apprise.AppriseAsset(
        app_id="135",
        app_desc="135",
        # An answer of "look elsewhere" must not lead the portal to another host.
        http_redirects=False,
        secure_logging=True,
        async_mode=False,
        interpret_escapes=False,
        interpret_emojis=False,
    )


def service_of(url: str) -> Any:
    """Apprise's object for an address; None when it is none."""
    return apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)


def send(url: str, subject: str, body: str) -> str | None:
    """Send a text; None when the service took it, else why not, without secrets.

    The words are data: nothing in them is a header, a mark-up or a mention.
    """
    service = service_of(url)
    if service is None:
        return NOT_TAKEN
    capture: Any = apprise.LogCapture
    with capture(level=logging.WARNING) as said:
        try:
            taken = service.notify(
                body=plain(body, keep_lines=True),
                title=plain(subject),
                notify_type=apprise.NotifyType.INFO,
                body_format=apprise.NotifyFormat.TEXT,
            )
        except Exception as error:  # noqa: BLE001 -- other people's servers; no trace, it has secrets
            return f"{NOT_TAKEN}: {type(error).__name__}"
        if taken:
            return None
        lines = said.getvalue().strip().splitlines()
    why = lines[-1].rsplit(" - ", 1)[-1] if lines else NOT_TAKEN
    return _SECRET.sub("…", why)[:LONGEST_ERROR]


def plain(text: str, *, keep_lines: bool = False) -> str:
    """Without control characters, and without the angle brackets some services take for tags."""
    kept = "".join(
        letter if letter.isprintable() or (keep_lines and letter == "\n") else " "
        for letter in text
    )
    return kept.replace("<", "＜").replace(">", "＞")
