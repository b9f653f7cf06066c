"""`flask portal …`: the commands of the portal."""

from __future__ import annotations

import datetime as dt

import click
from flask import Flask, current_app
from flask.cli import AppGroup

portal = AppGroup("portal", help="Set up, fill and run the portal.")


@portal.command("setup")
def setup() -> None:
    """Migrate the database and bring roles, permissions and catalogues up to date."""
    from app.organisation.setup import run_setup

    run_setup(current_app._get_current_object())  # type: ignore[attr-defined]
    click.echo("The portal is set up.")


@portal.command("jobs")
def jobs() -> None:
    """Run scheduled jobs and background tasks until stopped; one process per installation."""
    from app.jobs.runner import run_forever

    raise SystemExit(run_forever(current_app._get_current_object()))  # type: ignore[attr-defined]


@portal.command("demo")
@click.option("--size", type=click.Choice(["small", "city", "province"]), default="small")
@click.option(
    "--date",
    "reference",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day taken as today; the same day gives the same data.",
)
@click.option("--if-empty", is_flag=True, help="Do nothing when the portal has other companies.")
def demo(size: str, reference: dt.datetime | None, *, if_empty: bool) -> None:
    """Add a made-up company (docs/demo.md). What exists already is left as it is."""
    from app.demo.build import build_demo
    from app.kernel.db import db
    from app.kernel.errors import PlanningError

    day = reference.date() if reference else None
    try:
        build_demo(db.session(), current_app.config, size, day, click.echo, only_if_empty=if_empty)
    except PlanningError as refusal:
        raise click.ClickException(refusal.message()) from None


@portal.command("permissions-document")
def permissions_document_command() -> None:
    """Write docs/permissions.md from the grants, row scopes and registered routes."""
    import config
    from app.security.permissions_document import permissions_document

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    path = config.ROOT / "docs" / "permissions.md"
    path.write_text(permissions_document(app), encoding="utf-8")
    click.echo("docs/permissions.md is written.")


def install(app: Flask) -> None:
    from app.exchange.commands import import_command, sales_sums_command
    from app.operation import commands as operation
    from app.security.audit_commands import audit

    portal.add_command(import_command)
    portal.add_command(sales_sums_command)
    operation.install(portal, app.cli)
    portal.add_command(audit)
    app.cli.add_command(portal)
