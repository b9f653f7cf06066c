"""The witness: the latest heads of the chains of changes, in a signed file of the data folder.

Whoever can write the database can put back an old, rightly signed head and cut the log to it;
the file still knows the newer one. A restored backup is older on purpose: `forget_witness`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from app.security.change_chain import Head

FILE = "change_heads.json"


def _signature(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), b"chain witness\n" + text.encode(), hashlib.sha256).hexdigest()


def read_witness(folder: Path, secret: str) -> dict[int, tuple[int, str]]:
    """Chain → (sequence, hash); empty without a file, or with one of another key."""
    try:
        kept = json.loads((folder / FILE).read_text("utf-8"))
        text, signed = kept["heads"], kept["signature"]
        if not hmac.compare_digest(signed, _signature(secret, text)):
            return {}
        return {int(chain): (number, own) for chain, (number, own) in json.loads(text).items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write_witness(folder: Path, secret: str, heads: Iterable[Head]) -> None:
    """Replace the file in one step. One of two sealers may write an older state: that proves less,
    and nothing wrong.
    """
    text = json.dumps({str(head.company_id): [head.sequence, head.hash] for head in heads})
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{FILE}.{secrets.token_hex(4)}"  # two sealers may be threads of one process
    draft.write_text(json.dumps({"heads": text, "signature": _signature(secret, text)}), "utf-8")
    draft.replace(folder / FILE)


def forget_witness(folder: Path) -> None:
    """After an older state was put back on purpose."""
    (folder / FILE).unlink(missing_ok=True)
