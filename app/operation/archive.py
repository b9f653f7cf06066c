"""The file of a backup: a zip with the database, the uploaded files and a manifest.

The manifest names every member with its SHA-256, and the rows and the content hash of every
table. It is signed with the portal's secret key, so that a backup changed on purpose is found as
well as one that was damaged or cut.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.operation.contents import Digest
from app.operation.refusal import OperationRefused

FORMAT = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.hmac"
FILES = "files/"
SQLITE_MEMBER = "database.sqlite"
POSTGRESQL_MEMBER = "database.dump"
BLOCK = 1 << 20
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, NotImplementedError,
)  # fmt: skip
"""What reading a damaged archive raises."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `made_at`: UTC, ISO. `versions`: name → version."""

    database: str
    revision: str
    made_at: str
    versions: Mapping[str, str]
    tables: Mapping[str, Digest]
    members: Mapping[str, str]
    format: int = FORMAT

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    @property
    def database_member(self) -> str:
        return SQLITE_MEMBER if self.database == "sqlite" else POSTGRESQL_MEMBER

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        known: dict[str, Any] = json.loads(text)
        known["tables"] = {name: Digest(**digest) for name, digest in known["tables"].items()}
        return cls(**known)


def signature(manifest: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), b"portal backup\n" + manifest, hashlib.sha256).hexdigest()


def add_member(archive: zipfile.ZipFile, path: Path, name: str) -> str:
    """Copy a file into the archive; its SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        while block := source.read(BLOCK):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def read_manifest(path: Path, secret: str, *, other_key: bool = False) -> Manifest:
    """The manifest of a backup whose every byte was checked. Errors: `OperationRefused`.

    `other_key`: the backup was made with another secret key, so its signature cannot be checked;
    damage is still found.
    """
    if not path.is_file():
        raise OperationRefused(f"There is no file {path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            return _checked(archive, secret, other_key=other_key)
    except UNREADABLE:
        raise OperationRefused(
            f"{path.name} is not a complete backup of the portal: it is damaged or cut off."
        ) from None


def _checked(archive: zipfile.ZipFile, secret: str, *, other_key: bool) -> Manifest:
    text = archive.read(MANIFEST)
    signed = archive.read(SIGNATURE).decode()
    if not other_key and not hmac.compare_digest(signed, signature(text, secret)):
        raise OperationRefused(
            "The signature of the backup is wrong: it was changed, or made with another"
            " PORTAL_SECRET_KEY. With --other-key it is taken without this check."
        )
    manifest = Manifest.from_json(text)
    if manifest.format != FORMAT:
        raise OperationRefused(
            f"The backup has format {manifest.format}; this release reads format {FORMAT}."
        )
    present = {info.filename for info in archive.infolist()} - {MANIFEST, SIGNATURE}
    if present != set(manifest.members) or len(present) + 2 != len(archive.infolist()):
        raise OperationRefused("The backup does not hold the files its manifest names.")
    for name, expected in manifest.members.items():
        with archive.open(name) as member:
            if hashlib.file_digest(member, "sha256").hexdigest() != expected:  # type: ignore[arg-type]
                raise OperationRefused(f"{name} in the backup was changed.")
    return manifest


def extract(path: Path, member: str, target: Path) -> None:
    """Write one member of the archive to a new file, and to the disk."""
    with zipfile.ZipFile(path) as archive, archive.open(member) as source:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            shutil.copyfileobj(source, file, BLOCK)


def extract_files(path: Path, manifest: Manifest, data_dir: Path) -> int:
    """Put the uploaded files back; what is there under the same name is kept. How many."""
    count = 0
    for name in manifest.members:
        if not name.startswith(FILES):
            continue
        target = (data_dir / name.removeprefix(FILES)).resolve()
        if not target.is_relative_to(data_dir.resolve()):
            raise OperationRefused(f"{name} in the backup leads out of the data folder.")
        if not target.exists():
            draft = target.with_name(target.name + ".part")
            extract(path, name, draft)
            draft.replace(target)
            count += 1
    return count
