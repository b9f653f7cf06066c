"""§2.2 step 1 — where the customers' forms come from: a file location or an HTTP endpoint.

Both deliver the same JSON, the endpoint in pages:

    {"total": 2, "next": "cursor" or null, "forms": [
        {"form_no": "F1", "customer": "110000000001", "sent_at": "2026-10-20T08:30:00+08:00",
         "answers": [{"code": "D01", "text": "optional details"}]}]}

A source answers completely or not at all: a truncated body, a missing page, a total that does not
fit or an unreadable form ends in `NeedsSourceFailed` and nothing is written. The same form may
come twice; `rules.needs.plan_extraction` takes the last form of each customer.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol

import fsspec

from app.analysis.rules.needs import Form
from app.kernel.errors import N_, PlanningError
from app.kernel.period import COMPANY_ZONE, Month

MOST_BYTES = 50_000_000
MOST_PAGES = 10_000
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


class NeedsSourceFailed(PlanningError):
    """The ordering platform gave no complete answer; nothing was written."""

    msgid = N_("The ordering platform gave no complete answer: %(detail)s")
    status = 502


class NeedsSource(Protocol):
    """Where forms come from."""

    def forms(self, company_code: str, month: Month) -> list[Form]:
        """All forms for a company and month. Errors: `NeedsSourceFailed`."""
        ...


@dataclass(frozen=True, slots=True)
class FileSource:
    """JSON files below `location` (any fsspec address), ``<company>-<yyyymm>*.json``.

    A file is read only when it is complete JSON; who writes it renames it into place.
    """

    location: str

    def forms(self, company_code: str, month: Month) -> list[Form]:
        pattern = f"{self.location.rstrip('/')}/{company_code}-{month.number}*.json"
        result: list[Form] = []
        try:
            files = fsspec.open_files(pattern, "rb", expand=True) if _exists(pattern) else []
            for file in files:
                with file as stream:
                    page = _page(_limited(stream))
                result += page.forms
                if page.total is not None and page.total != len(page.forms):
                    raise NeedsSourceFailed(detail=f"{file.path}: {len(page.forms)}/{page.total}")
        except (OSError, ValueError) as error:
            raise NeedsSourceFailed(detail=str(error)) from error
        return result


def _exists(pattern: str) -> bool:
    filesystem, path = fsspec.core.url_to_fs(pattern)
    return bool(filesystem.glob(path))


@dataclass(frozen=True, slots=True)
class HttpSource:
    """A JSON endpoint: GET url?company=…&month=yyyymm&cursor=…, with a bearer token.

    Time-outs, broken connections, half bodies and busy answers are tried again, `attempts` times
    with a doubling pause; refusals (401, 404, …) and redirects, which could carry the token to
    another host, are not.
    """

    url: str
    token: str
    timeout_seconds: float = 20.0
    attempts: int = 4
    pause_seconds: float = 1.0
    sleep: Callable[[float], None] = time.sleep

    def forms(self, company_code: str, month: Month) -> list[Form]:
        result: list[Form] = []
        total: int | None = None
        for page in self._pages(company_code, month):
            result += page.forms
            total = page.total if page.total is not None else total
        distinct = len({form.form_no for form in result})
        if total is not None and distinct != total:
            raise NeedsSourceFailed(detail=f"{distinct}/{total}")
        return result

    def _pages(self, company_code: str, month: Month) -> Iterator[_Page]:
        cursor: str | None = None
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            query = {"company": company_code, "month": str(month.number)}
            page = self._fetch(query | ({"cursor": cursor} if cursor else {}))
            yield page
            cursor = page.next
            if cursor is None:
                return
            if cursor in seen:
                raise NeedsSourceFailed(detail=f"cursor {cursor!r} came twice")
            seen.add(cursor)
        raise NeedsSourceFailed(detail=f"more than {MOST_PAGES} pages")

    def _fetch(self, query: Mapping[str, str]) -> _Page:
        for attempt in range(1, self.attempts + 1):
            try:
                return self._once(query)
            except urllib.error.HTTPError as error:
                error.close()
                if error.code not in RETRIED or attempt == self.attempts:
                    raise NeedsSourceFailed(detail=f"HTTP {error.code}") from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                if attempt == self.attempts:
                    raise NeedsSourceFailed(detail=f"{type(error).__name__}: {error}") from error
            self.sleep(self.pause_seconds * 2 ** (attempt - 1))
        raise NeedsSourceFailed(detail="no attempt was allowed")

    def _once(self, query: Mapping[str, str]) -> _Page:
        address = f"{self.url}?{urllib.parse.urlencode(query)}"
        if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
            raise NeedsSourceFailed(detail=self.url)
        request = urllib.request.Request(  # noqa: S310 -- the scheme is checked above
            address,
            headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json"},
        )
        opener = urllib.request.build_opener(_NoRedirect)
        with opener.open(request, timeout=self.timeout_seconds) as answer:
            return _page(_limited(answer))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_words: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _Page:
    forms: list[Form]
    next: str | None
    total: int | None


def _limited(stream: IO[bytes]) -> bytes:
    body = stream.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes")
    return body


def _page(body: bytes) -> _Page:
    """Errors: `ValueError` for anything but the agreed shape."""
    try:
        data = json.loads(body)
        cursor, total = data.get("next"), data.get("total")
        page = _Page(
            [_form(row) for row in data["forms"]],
            None if cursor is None else str(cursor),
            None if total is None else int(total),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"unexpected answer: {error!r}") from error
    return page


def _form(row: Mapping[str, Any]) -> Form:
    sent_at = dt.datetime.fromisoformat(row["sent_at"])
    if sent_at.tzinfo is None:
        sent_at = sent_at.replace(tzinfo=COMPANY_ZONE)
    answers = {
        str(answer["code"]): (str(answer["text"]) if answer.get("text") else None)
        for answer in row["answers"]
    }
    return Form(
        str(row["form_no"]), str(row["customer"]), sent_at.astimezone(COMPANY_ZONE), answers
    )
