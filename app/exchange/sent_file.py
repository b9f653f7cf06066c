"""A workbook as the answer to a request: streamed, with its Chinese name, removed when it is temporary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
