"""`flask portal backup`, `restore` and `move`, `flask scale distribute`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.operation.archive import Manifest
from app.operation.refusal import OperationRefused

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except OperationRefused as refusal:
        raise click.ClickException(str(refusal)) from None


def _told(manifest: Manifest) -> str:
    files = len(manifest.members) - 1
    return (
        f"{manifest.database}, schema {manifest.revision}, {manifest.made_at}:"
        f" {len(manifest.tables)} tables, {manifest.rows} rows, {files} files"
    )


@click.command("backup")
@with_appcontext
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--verify", type=FILE, help="Check a backup instead of making one.")
@click.option("--other-key", is_flag=True, help="The backup was made with another secret key.")
def backup_command(folder: Path | None, verify: Path | None, *, other_key: bool) -> None:
    """Write database and uploaded files into one archive; people may go on working."""
    from app.operation.backup import create_backup
    from app.operation.restore import verify_backup

    with _refusals():
        path = verify or create_backup(_app(), folder)
        manifest = verify_backup(_app(), path, other_key=other_key)
    click.echo(f"{path}\nSound: {_told(manifest)}.")


@click.command("restore")
@with_appcontext
@click.argument("file", type=FILE)
@click.option("--yes", is_flag=True, help="Replace the people and companies that are there.")
@click.option("--other-key", is_flag=True, help="The backup was made with another secret key.")
def restore_command(file: Path, *, yes: bool, other_key: bool) -> None:
    """Put a backup back, all of it or nothing. Stop the web server and the jobs process first."""
    from app.operation.restore import restore_backup

    with _refusals():
        restored = restore_backup(_app(), file, replace=yes, other_key=other_key)
    click.echo(f"Restored and compared: {_told(restored.manifest)}.")
    if restored.replaced:
        click.echo(
            f"The former database is kept as {restored.replaced}; delete it when all is well."
        )
    if restored.needs_upgrade:
        click.echo("The schema is older than this release: run `flask portal setup` now.")
    if other_key:
        click.echo("Sign the change log with the present key: `flask portal audit sign`.")
    click.echo("Then start the web server and the jobs process.")


def install(portal: click.Group) -> None:
    for command in (backup_command, restore_command):
        portal.add_command(command)
