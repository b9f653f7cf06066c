"""What can be said about an uploaded file before its content is read: kind, size, bombs.

Every refusal is an `ImportRejected` that says what the person can do.
"""

from __future__ import annotations

import enum
import zipfile
from pathlib import Path

from app.kernel.errors import N_, ImportRejected

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_MAGIC = b"PK\x03\x04"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
MOST_MEMBERS = 2_000
MOST_UNPACKED = 700 * 1024 * 1024
MOST_RATIO = 250
FREE_UNPACKED = 20 * 1024 * 1024
"""Small files may be packed as tightly as they like: an empty grid is highly repetitive."""

WRONG_TYPE = N_("This is neither an xlsx nor a csv file. Save the table as xlsx or csv.")
OLD_EXCEL = N_("This is a workbook of an old Excel (xls). Save it as xlsx.")
PROTECTED = N_("The workbook is protected by a password. Save a copy without one.")
DAMAGED = N_("The file is damaged or incomplete. Save or download it again.")
TOO_BIG = N_(
    "The workbook unpacks to more than the portal reads. Save only the needed worksheet, as csv."
)
EMPTY = N_("The file is empty.")


class FileKind(enum.Enum):
    """The two kinds of files; the value is the suffix they are stored with."""

    XLSX = "xlsx"
    CSV = "csv"


def kind_of(path: Path) -> FileKind:
    """The kind by content, whatever the name says. Errors: `ImportRejected`."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip(b"\0 \t\r\n"):
        raise ImportRejected(EMPTY)
    if head.startswith(OLE_MAGIC):
        raise ImportRejected(PROTECTED if _holds(path, ENCRYPTED) else OLD_EXCEL)
    if head.startswith(ZIP_MAGIC):
        check_archive(path)
        return FileKind.XLSX
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"<!DOCTYPE", b"<html", b"<?xml")):
        raise ImportRejected(WRONG_TYPE)
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportRejected(WRONG_TYPE)
    return FileKind.CSV


def check_archive(path: Path) -> None:
    """Refuse a zip that is no workbook, is encrypted, or would unpack to a bomb.

    The sizes are those the archive declares; a liar meets the limits of the reading process.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise ImportRejected(DAMAGED) from None
    if len(members) > MOST_MEMBERS:
        raise ImportRejected(TOO_BIG)
    if any(member.flag_bits & 1 for member in members):
        raise ImportRejected(PROTECTED)
    if "xl/workbook.xml" not in {member.filename for member in members}:
        raise ImportRejected(WRONG_TYPE)
    unpacked = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    if unpacked > MOST_UNPACKED or (unpacked > FREE_UNPACKED and unpacked / packed > MOST_RATIO):
        raise ImportRejected(TOO_BIG)


def _holds(path: Path, word: bytes) -> bool:
    """Whether `word` stands in the first megabytes; a directory entry of OLE is near either end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if word in file.read(1 << 20):
            return True
        file.seek(max(0, size - (1 << 20)))
        return word in file.read()
