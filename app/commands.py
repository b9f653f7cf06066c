"""`flask portal …`: the commands of the portal."""

from __future__ import annotations

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


def install(app: Flask) -> None:
    app.cli.add_command(portal)
