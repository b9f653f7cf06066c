"""The migrations make exactly the tables of the entities, on both databases, and undo it."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from app.kernel.db import db
from app.models import MODELS_BY_STAGE
from tests.conftest import AppFactory

pytestmark = pytest.mark.sql


def test_migrations_and_entities_agree(app_factory: AppFactory, empty_url: str):
    app = app_factory(empty_url)
    with app.app_context():
        upgrade()
        tables = set(inspect(db.engine).get_table_names())
        entities = [entity for stage in MODELS_BY_STAGE.values() for entity in stage]
        assert {entity.__tablename__ for entity in entities} <= tables
        with db.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "target_metadata": db.metadata}
            )
            assert compare_metadata(context, db.metadata) == []


def test_migrations_go_down_and_up_again(app_factory: AppFactory, empty_url: str):
    app = app_factory(empty_url)
    with app.app_context():
        upgrade()
        tables = set(inspect(db.engine).get_table_names())
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        assert set(inspect(db.engine).get_table_names()) == tables
