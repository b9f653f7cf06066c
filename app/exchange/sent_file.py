"""A workbook as the answer to a request: streamed, with its Chinese name, removed when it is temporary."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from flask import Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PIECE = 1 << 16


def sent_file(path: Path, name: str, *, is_kept: bool) -> Response:
    """The file under `name`; the file is opened when it is sent and closed right after."""

    def pieces() -> Iterator[bytes]:
        with path.open("rb") as file:
            if not is_kept:
                path.unlink()
            while piece := file.read(PIECE):
                yield piece

    response = Response(pieces(), mimetype=XLSX)
    response.content_length = path.stat().st_size
    response.headers.set("Content-Disposition", "attachment", **file_names(name))
    return response


def file_names(name: str) -> dict[str, str]:
    """The name as headers carry it: plain ASCII, and UTF-8 for everything else (RFC 6266)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    if plain == name:
        return {"filename": name}
    if plain.startswith((".", "_")):
        plain = f"export{plain}"
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}
