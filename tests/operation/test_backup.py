"""Backups are of one moment, complete, and come back equal; what is not sound is refused."""

import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest
from flask import Flask
from sqlalchemy import text

from app.kernel.db import db
from app.operation.archive import MANIFEST
from app.operation.backup import create_backup, remove_oldest
from app.operation.contents import Digest
from app.operation.refusal import OperationRefused
from app.operation.restore import restore_backup, verify_backup
from tests.conftest import AppFactory

Contents = Callable[[Flask], dict[str, Digest]]


class Writer:
    """Adds a department and its note in one transaction, again and again."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.written = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while self.written < 3 and self._thread.is_alive():
            self._stop.wait(0.01)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _write(self) -> None:
        with self.app.app_context():
            while not self._stop.is_set():
                with db.engine.begin() as connection:
                    for statement in (
                        "UPDATE customer SET remark = :number",
                        "UPDATE product SET version = :number",
                    ):
                        connection.execute(text(statement), {"number": self.written})
                self.written += 1


@pytest.mark.sql
def test_a_backup_made_beside_a_writer_comes_back_equal(
    portal: Flask, contents: Contents, tmp_path: Path
):
    with Writer(portal) as writer:
        before = writer.written
        path = create_backup(portal)
        assert writer.written > before
    manifest = verify_backup(portal, path)
    assert contents(portal) != manifest.tables  # the writer went on

    with pytest.raises(OperationRefused, match="With --yes"):
        restore_backup(portal, path)
    shutil.rmtree(tmp_path / "uploads")
    restored = restore_backup(portal, path, replace=True)
    assert contents(portal) == manifest.tables
    assert restored.files == 1
    assert (tmp_path / "uploads" / "1" / "sales.csv").read_bytes() == b"customer,product\n"
    with portal.app_context(), db.engine.connect() as connection:
        # Both halves of the writer's transaction, of the same round.
        remarks = set(connection.execute(text("SELECT DISTINCT remark FROM customer")).scalars())
        versions = set(connection.execute(text("SELECT DISTINCT version FROM product")).scalars())
    assert {int(remark) for remark in remarks} == versions
    assert len(versions) == 1
    page = portal.test_client().get("/login/")
    assert page.status_code == 200


@pytest.mark.sql
def test_a_restore_that_fails_changes_nothing(
    portal: Flask, contents: Contents, monkeypatch: pytest.MonkeyPatch
):
    path = create_backup(portal)
    before = contents(portal)

    def broken(name: Path, member: str, target: Path) -> None:
        archive = zipfile.ZipFile(name)
        whole = archive.read(member)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(whole[: len(whole) // 2])

    monkeypatch.setattr("app.operation.restore.extract", broken)
    with pytest.raises(OperationRefused):
        restore_backup(portal, path, replace=True)
    assert contents(portal) == before


def test_a_new_installation_takes_a_backup(
    portal: Flask, contents: Contents, app_factory: AppFactory, tmp_path: Path
):
    path = create_backup(portal, tmp_path / "elsewhere")
    new = app_factory(f"sqlite:///{tmp_path}/new.db", PORTAL_DATA_DIR=tmp_path / "new")
    assert restore_backup(new, path).replaced is None
    assert contents(new) == contents(portal)
    assert (tmp_path / "new" / "uploads" / "1" / "sales.csv").exists()


def test_an_open_database_is_not_replaced(portal: Flask, contents: Contents):
    path = create_backup(portal)
    with portal.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE customer SET remark = 'open'"))
        # Another engine, as another process would have.
        with pytest.raises(OperationRefused, match="Stop the web server"):
            restore_backup(portal, path, replace=True)
    assert contents(portal)["customer"] != verify_backup(portal, path).tables["customer"]


def test_what_is_not_sound_is_refused(app: Flask, app_factory: AppFactory, tmp_path: Path):
    good = create_backup(app)
    assert verify_backup(app, good).database == "sqlite"
    whole = good.read_bytes()
    bad = tmp_path / "bad.zip"

    for length in (0, 100, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        bad.write_bytes(whole[:length])
        with pytest.raises(OperationRefused):
            verify_backup(app, bad)
    with zipfile.ZipFile(good) as archive:
        largest = max(archive.infolist(), key=lambda member: member.compress_size)
    begin = largest.header_offset + 200  # past its header, whose times prove nothing
    for share in (0.1, 0.5, 0.9):
        place = begin + int((largest.compress_size - 200) * share)
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(OperationRefused):
            verify_backup(app, bad)

    def rewritten(change: Callable[[str, bytes], bytes | None], extra: str | None = None) -> Path:
        with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
            for name in source.namelist():
                if (content := change(name, source.read(name))) is not None:
                    target.writestr(name, content)
            if extra:
                target.writestr(extra, b"x")
        return bad

    changes: list[tuple[Callable[[str, bytes], bytes | None], str | None]] = [
        (lambda name, old: old + b"x" if name == "database.sqlite" else old, None),
        (
            lambda name, old: old.replace(b'"rows": ', b'"rows": 1') if name == MANIFEST else old,
            None,
        ),
        (lambda name, old: None if name == "database.sqlite" else old, None),
        (lambda _name, old: old, "files/../../evil"),
    ]
    for change, extra in changes:
        with pytest.raises(OperationRefused):
            verify_backup(app, rewritten(change, extra))

    other = app_factory(app.config["SQLALCHEMY_DATABASE_URI"], SECRET_KEY="x" * 40)
    with pytest.raises(OperationRefused, match="--other-key"):
        verify_backup(other, good)
    assert verify_backup(other, good, other_key=True).rows


def test_only_the_newest_are_kept(app_factory: AppFactory, database_url: str, tmp_path: Path):
    for number in range(5):
        (tmp_path / f"portal-2026010{number}T000000Z.zip").touch()
    remove_oldest(tmp_path, 2)
    assert sorted(path.name[7:15] for path in tmp_path.glob("*.zip")) == ["20260103", "20260104"]
    app = app_factory(database_url, PORTAL_BACKUP_DIR=tmp_path, PORTAL_BACKUPS_KEPT=1)
    path = create_backup(app)
    assert list(tmp_path.glob("*.zip")) == [path]
    assert path.stat().st_mode & 0o077 == 0


def test_commands(app: Flask, tmp_path: Path):
    runner = app.test_cli_runner()
    made = runner.invoke(args=["portal", "backup", "--to", str(tmp_path)])
    assert made.exit_code == 0, made.output
    path = made.output.splitlines()[0]
    assert runner.invoke(args=["portal", "backup", "--verify", path]).exit_code == 0
    restored = runner.invoke(args=["portal", "restore", path])
    assert restored.exit_code == 0, restored.output
    assert "start the web server" in restored.output
    Path(path).write_bytes(b"PK")
    refused = runner.invoke(args=["portal", "restore", path, "--yes"])
    assert refused.exit_code == 1
    assert "damaged or cut off" in refused.output
