"""The change log as a chain per company: each link holds the hash of the one before.

Rows are written without a link, in the transaction of their change. `seal` makes links of them
afterwards, in the jobs process every minute and before every check. To hash while writing would
need the end of the chain, and so a lock on it until the end of the writing transaction: an import
of minutes would let nobody else of the company save, and logs written by one statement would have
to be written row by row. The price: a row is unprotected for at most a minute.

Order is the order of sealing, not of ids: a long transaction may commit a lower id later. One
sealer works on a chain at a time, because it locks the chain's head.

The head (`ChangeChain`) is signed with the portal's secret key, which the database does not hold:
cutting links off the end, or hashing a changed chain anew, needs the key. A head put back to an
older signed state is found by the witness, a signed file of the latest heads in the data folder.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
"""The hash before the first link."""
NO_COMPANY = 0
"""The chain of changes that belong to no company."""
HASHED = (
    "id", "company_id", "at", "user_id", "user_name", "source", "reason", "entity", "record_id",
    "record_label", "action", "changes",
)  # fmt: skip
MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: its last link."""

    company_id: int
    sequence: int = 0
    hash: str = GENESIS
    sealed_at: dt.datetime | None = None
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a link, in English for whoever runs the portal."""

    sequence: int
    text: str


def link_hash(previous: str, sequence: int, row: Mapping[str, Any]) -> str:
    """SHA-256 of the link before, the place in the chain and everything the row says."""
    values = [_plain(row[name]) for name in HASHED]
    text = json.dumps([previous, sequence, *values], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="microseconds")
    return value.name if hasattr(value, "name") else value


def signature(secret: str, head: Head) -> str:
    """HMAC of a head under the secret key; a head without links has none."""
    moment = head.sealed_at.isoformat(timespec="microseconds") if head.sealed_at else ""
    text = f"change chain\n{head.company_id}\n{head.sequence}\n{head.hash}\n{moment}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def is_signed(secret: str, head: Head) -> bool:
    """Whether the head was written by a portal with this key; an unused one needs no signature."""
    if head.sequence == 0 and not head.signature:
        return True
    return hmac.compare_digest(head.signature, signature(secret, head))


def problems_of(
    links: Iterable[Mapping[str, Any]],
    head: Head | None,
    secret: str,
    witness: tuple[int, str] | None = None,
) -> Iterator[Problem]:
    """Everything wrong with a chain; `links` in the order of their sequence.

    `witness`: (sequence, hash) the chain is known to have had. At most `MOST_PROBLEMS` edits are
    told one by one.
    """
    previous, expected, told = GENESIS, 1, 0
    hashes_at: dict[int, str] = {}
    wanted = witness[0] if witness else -1
    for link in links:
        sequence = link["sequence"]
        found = _wrong_link(link, previous, expected)
        if found and told < MOST_PROBLEMS:
            told += 1
            yield Problem(sequence, found)
        if sequence == wanted:
            hashes_at[sequence] = link["hash"]
        previous, expected = link["hash"], sequence + 1
    last = expected - 1
    if head is None or head.sequence == 0:
        if last:
            yield Problem(last, "the head of the chain was removed")
    else:
        if not is_signed(secret, head):
            yield Problem(
                head.sequence,
                "the signature of the head is wrong: it was changed, or PORTAL_SECRET_KEY was",
            )
        if last < head.sequence:
            yield Problem(last + 1, f"links {last + 1} to {head.sequence} were cut off the end")
        elif last > head.sequence:
            yield Problem(head.sequence + 1, "links were added behind the head")
        elif last and previous != head.hash:
            yield Problem(last, "the last link is not the one the head names")
    if witness is not None and hashes_at.get(wanted) != witness[1] and wanted > 0:
        yield Problem(
            wanted,
            f"link {wanted} was sealed once and is not there any more: the end was cut off"
            " together with the head, or an older state of the database was put back",
        )


def _wrong_link(link: Mapping[str, Any], previous: str, expected: int) -> str:
    sequence = link["sequence"]
    if sequence > expected:
        missing = str(expected) if sequence == expected + 1 else f"{expected} to {sequence - 1}"
        return f"link {missing} was removed"
    if sequence < expected:
        return f"link {sequence} is there twice"
    if link["previous_hash"] != previous:
        return f"link {sequence} does not follow link {sequence - 1}: they were swapped or replaced"
    if link["hash"] != link_hash(previous, sequence, link):
        return f"link {sequence} was edited ({link['entity']} {link['record_id']})"
    return ""
