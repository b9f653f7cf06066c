"""`flask portal backup`, `restore` and `move`, `flask scale distribute`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

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


@click.command("move")
@with_appcontext
@click.option("--to", "target", required=True, metavar="postgresql://…")
def move_command(target: str) -> None:
    """Carry this SQLite portal over to an empty PostgreSQL database, compared row by row."""
    from app.operation.move import move_portal

    with _refusals():
        move_portal(_app(), target, click.echo)
    click.echo(
        "The SQLite database is unchanged. Set PORTAL_DATABASE_URL to the new address and keep"
        " PORTAL_DATA_DIR and PORTAL_SECRET_KEY, then start the web server and the jobs process."
    )


@click.command("distribute")
@with_appcontext
@click.option("--dry-run", "is_dry", is_flag=True, help="Print the SQL, change nothing.")
def distribute_command(*, is_dry: bool) -> None:
    """Spread the tables over the nodes of a Citus cluster, by company."""
    from app.kernel.db import db
    from app.operation.distribution import distribute, dry_run

    with _refusals():
        if is_dry:
            click.echo(";\n".join([*dry_run(db.engine, db.metadata), ""]).rstrip())
        else:
            distribute(db.engine, db.metadata, click.echo)


def install(portal: click.Group, root: click.Group) -> None:
    """`root`: Flask's own command group, which gets the group `scale`."""
    for command in (backup_command, restore_command, move_command):
        portal.add_command(command)
    scale = AppGroup("scale", help="Beyond one PostgreSQL server.")
    scale.add_command(distribute_command)
    root.add_command(scale)
