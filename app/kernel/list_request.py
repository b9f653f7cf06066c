"""What a list URL asks for: page, page size, order. Anything odd falls back to the default.

FAB's argument names are kept (``page_X``, ``psize_X``, ``_oc_X``, ``_od_X`` with X the view's
class name), so that several lists on one page stay independent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import request
from werkzeug.datastructures import MultiDict

PAGE_SIZES = (25, 50, 100, 200)
MAX_PAGE_SIZE = PAGE_SIZES[-1]
MAX_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A checked request: `page` counts from 0; an empty `order_column` means the base order."""

    page: int
    page_size: int
    order_column: str
    order_direction: str


def read_list_request(
    args: MultiDict[str, str],
    view_name: str,
    order_columns: Collection[str],
    default_size: int,
) -> ListRequest:
    """The part of the arguments that concerns `view_name`; never an error."""
    column = args.get(f"_oc_{view_name}", "")
    direction = args.get(f"_od_{view_name}", "asc")
    if column not in order_columns or direction not in ("asc", "desc"):
        column, direction = "", ""
    return ListRequest(
        page=_bounded(args.get(f"page_{view_name}"), 0, MAX_PAGE, 0),
        page_size=_bounded(args.get(f"psize_{view_name}"), 1, MAX_PAGE_SIZE, default_size),
        order_column=column,
        order_direction=direction,
    )


def _bounded(text: str | None, least: int, most: int, default: int) -> int:
    number = ascii_integer(text)
    return number if number is not None and least <= number <= most else default


def ascii_integer(text: str | None) -> int | None:
    """A short run of ASCII digits, optionally negative, as a number; None for anything else."""
    if text is None:
        return None
    text = text.strip()
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        return None
    return int(text)


def url_with(changes: Mapping[str, Any], *, drop: Collection[str] = ()) -> str:
    """The present URL with some arguments replaced; repeated arguments stay repeated.

    A None value removes the argument. `drop` removes further ones.
    """
    args = [
        (key, value)
        for key, value in request.args.items(multi=True)
        if key not in changes and key not in drop
    ]
    args += [(key, str(value)) for key, value in changes.items() if value is not None]
    return f"{request.path}?{urlencode(args)}" if args else request.path


def here() -> str:
    """The present path with its query, to come back to."""
    query = request.query_string.decode("utf-8", "replace")
    return f"{request.path}?{query}" if query else request.path


def safe_return_path(text: str | None) -> str | None:
    """A path of this site, or None: never another host, scheme or a control character."""
    if not text or not text.startswith("/") or text.startswith("//") or "\\" in text:
        return None
    if any(ord(character) < 32 for character in text) or len(text) > 2000:
        return None
    parts = urlsplit(text)
    return None if parts.scheme or parts.netloc else text
