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


def install(app: Flask) -> None:
    app.cli.add_command(portal)
