"""The plan that spreads the tables over several nodes.

There is no Citus here. Everything that is plain PostgreSQL – keys dropped, widened, put back – runs
on a real server. Citus' two functions are stand-ins that refuse what Citus refuses (a unique key
without the company, a foreign key that is in the way) and note what is spread; how the tables then
lie on other nodes is not tried.
"""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, UniqueConstraint, inspect, text

from app.kernel.columns import Distribution, table_info
from app.kernel.db import db
from app.operation.distribution import distribute, dry_run
from app.operation.distribution_plan import distribution_of, problems
from app.operation.refusal import OperationRefused
from tests import database
from tests.conftest import AppFactory
from tests.security import world

STAND_INS = """
CREATE TABLE pg_dist_node (groupid int);
INSERT INTO pg_dist_node VALUES (0);
CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod text, repmodel text);
CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND (conrelid = name OR confrelid = name)
             AND conrelid <> confrelid) THEN
    RAISE 'a foreign key of % is in the way', name;
  END IF;
  INSERT INTO pg_dist_partition VALUES (name, 'n', 't');
END $$;
CREATE FUNCTION create_distributed_table(name regclass, key text, colocate_with text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_index i WHERE i.indrelid = name AND i.indisunique AND NOT EXISTS (
      SELECT FROM pg_attribute a WHERE a.attrelid = name AND a.attname = key
      AND a.attnum = ANY (i.indkey))) THEN
    RAISE 'a unique key of % is without %', name, key;
  END IF;
  IF EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND (conrelid = name OR confrelid = name)
             AND conrelid <> confrelid) THEN
    RAISE 'a foreign key of % is in the way', name;
  END IF;
  IF colocate_with <> 'none' AND NOT EXISTS (
      SELECT FROM pg_dist_partition WHERE logicalrelid = colocate_with::regclass) THEN
    RAISE 'nothing to lie beside';
  END IF;
  INSERT INTO pg_dist_partition VALUES (name, 'h', 's');
END $$;
"""


@pytest.fixture
def server_portal(app_factory: AppFactory) -> Iterator[Flask]:
    """A row of every entity on PostgreSQL."""
    with database.Databases("postgresql").copy("world", world.build) as url:
        yield app_factory(url)


def names(kind: Distribution) -> list[str]:
    return [t.name for t in db.metadata.sorted_tables if distribution_of(t) is kind]


def foreign_keys() -> set[tuple]:
    """By shape: table, columns, target, its columns, on delete."""
    found = inspect(db.engine)
    return {
        (
            table,
            tuple(key["constrained_columns"]),
            key["referred_table"],
            tuple(key["referred_columns"]),
            key["options"].get("ondelete"),
        )
        for table in found.get_table_names()
        for key in found.get_foreign_keys(table)
    }


def test_distribute(server_portal: Flask):
    with server_portal.app_context():
        before = foreign_keys()
        with pytest.raises(OperationRefused, match="no Citus"):
            distribute(db.engine, db.metadata, print)
        planned = dry_run(db.engine, db.metadata)
        assert foreign_keys() == before
        with db.engine.begin() as connection:
            connection.connection.driver_connection.execute(STAND_INS)

        # Interrupted in the middle: a lock that somebody else holds.
        lines: list[str] = []
        with db.engine.begin() as connection:
            connection.execute(text("LOCK TABLE monthly_sales IN ACCESS SHARE MODE"))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(
                    "app.operation.distribution.SETTINGS", ("SET lock_timeout = '100ms'",)
                )
                with pytest.raises(OperationRefused, match="run the command again"):
                    distribute(db.engine, db.metadata, lines.append)
        done = distribute(db.engine, db.metadata, lines.append)
        assert done < len(planned)
        assert "hold what they held" in lines[-1]
        assert distribute(db.engine, db.metadata, lines.append) == 0
        assert dry_run(db.engine, db.metadata)[2:] == []

        found = inspect(db.engine)
        for table in names(Distribution.DISTRIBUTED):
            assert found.get_pk_constraint(table)["constrained_columns"][0] == "company_id", table
        with db.engine.connect() as connection:
            spread = dict(
                connection.execute(
                    text("SELECT logicalrelid::text, partmethod FROM pg_dist_partition")
                ).all()
            )
        assert sorted(n for n, kind in spread.items() if kind == "h") == sorted(
            names(Distribution.DISTRIBUTED)
        )
        assert sorted(n for n, kind in spread.items() if kind == "n") == sorted(
            names(Distribution.REFERENCE)
        )
        # All foreign keys are back, but the one from a distributed table to the local users.
        after = foreign_keys()
        assert after <= before
        assert [key[:3] for key in before - after] == [("follow_up", ("owner_id",), "ab_user")]


def test_the_portal_itself_can_be_distributed():
    assert problems(db.metadata) == []


def test_what_cannot_be_distributed_is_named():
    metadata = MetaData()
    spread = table_info(Distribution.DISTRIBUTED)
    key = {"nullable": False}
    Table("plain", metadata, Column("id", Integer, primary_key=True), **spread)
    big = Table(
        "big",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("company_id", Integer, **key),
        Column("code", Integer),
        UniqueConstraint("code"),
        **spread,
    )
    Table(
        "child",
        metadata,
        Column("company_id", Integer, primary_key=True),
        Column("big_id", ForeignKey(big.c.id, ondelete="SET NULL"), primary_key=True),
        **spread,
    )
    Table("local", metadata, Column("big_id", ForeignKey(big.c.id), primary_key=True))
    assert len(problems(metadata)) == 5


def test_sqlite_is_refused(app: Flask):
    refused = app.test_cli_runner().invoke(args=["scale", "distribute", "--dry-run"])
    assert refused.exit_code == 1
    assert "move it there first" in refused.output
