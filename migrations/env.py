"""Alembic's environment: the portal's metadata, online only, through Flask-Migrate."""

import logging

from alembic import context
from flask import current_app
from sqlalchemy.types import TypeDecorator

import app.models  # noqa: F401 -- declares every table

logging.getLogger("alembic").setLevel(logging.WARNING)

migrate = current_app.extensions["migrate"]
engine = migrate.db.engine
target_metadata = migrate.db.metadata


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write a custom column type as the type it is stored in: migrations outlive our classes."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def run() -> None:
    """Migrate inside one transaction, also on SQLite (batch mode rebuilds tables there)."""
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            render_item=render_item,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    message = "Offline migration is not supported; run it against the database."
    raise SystemExit(message)
run()
