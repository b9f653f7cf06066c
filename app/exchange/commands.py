"""`flask portal import` and `flask portal sales-sums`: imports and what is kept of sales."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from app.exchange import importer
from app.exchange import mapping as mappings
from app.exchange.sales_rollup import mend_sums, wrong_rows
from app.exchange.sheets import SHEETS
from app.kernel.actor import Actor, acting_as
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.models import Company, ImportBatch

COMMAND = Actor(None, "command line", "command")
GROUPS_SHOWN = 20


@click.command("import")
@click.argument("sheet", type=click.Choice(list(SHEETS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--company", "company_code", required=True, help="Code of the company.")
@click.option("--mapping", "mapping_name", help="A remembered mapping.")
@click.option(
    "--map",
    "rules",
    multiple=True,
    metavar="FIELD=HEADER",
    help="Column of a field; FIELD:=TEXT gives a constant. May be repeated.",
)
@click.option(
    "--option", "settings", multiple=True, metavar="NAME=VALUE", help="E.g. date_format=mdy."
)
@click.option("--worksheet", help="Worksheet of an xlsx; default: the first visible one.")
@click.option("--remember", "remember_as", help="Remember the mapping under this name.")
@click.option(
    "--commit", "is_commit", is_flag=True, help="Write; without it only the check is shown."
)
@click.option("--good-rows", is_flag=True, help="Write the good rows although others are rejected.")
@with_appcontext
def import_command(
    sheet: str,
    file: Path,
    company_code: str,
    mapping_name: str | None,
    rules: tuple[str, ...],
    settings: tuple[str, ...],
    worksheet: str | None,
    remember_as: str | None,
    *,
    is_commit: bool,
    good_rows: bool,
) -> None:
    """Check FILE as a SHEET and, with --commit, import it."""
    company_id = db.session.scalar(select(Company.id).where(Company.code == company_code))
    if company_id is None:
        raise click.ClickException(f"There is no company {company_code}.")
    try:
        with acting_as(COMMAND):
            batch = importer.create_batch(company_id, sheet, file, file.name, COMMAND)
            found = importer.describe(batch, worksheet)
            mapping, options = dict(found.mapping), dict(found.options)
            if mapping_name is not None:
                stored = mappings.remembered(company_id, SHEETS[sheet], (), mapping_name)
                if stored is None:
                    raise click.ClickException(f"No mapping {mapping_name} is remembered.")
                mapping, options = dict(stored.mapping), dict(stored.options)
            mapping |= dict(_rule(text) for text in rules)
            options |= dict(_setting(text) for text in settings)
            importer.choose(batch, mapping, options, found.worksheet, remember_as)
            db.session.commit()
            batch = importer.check(batch.id, _progress)
            _show(batch)
            if is_commit:
                batch = importer.commit(batch.id, _progress, allow_rejected=good_rows)
                click.echo(f"Imported: {batch.rows_new} new, {batch.rows_changed} changed.")
            else:
                click.echo("Nothing was written; add --commit to import.")
    except PlanningError as refusal:
        raise click.ClickException(refusal.message()) from refusal


@click.command("sales-sums")
@click.option("--check", "is_check", is_flag=True, help="Only compare; exit code 1 if wrong.")
@with_appcontext
def sales_sums_command(*, is_check: bool) -> None:
    """Compare the sums and order days kept of sales with the sales, and make wrong ones anew."""
    is_right = True
    for company in db.session.scalars(select(Company).order_by(Company.code)).all():
        connection = db.session.connection()
        found = wrong_rows(connection, company.id)
        words = ", ".join(f"{table}: {count}" for table, count in found.items())
        click.echo(f"{company.code}: rows that differ: {words}")
        if any(found.values()):
            is_right = False
            if not is_check:
                mend_sums(connection, company.id)
                click.echo(f"{company.code}: made anew")
    db.session.commit()
    if is_check and not is_right:
        raise SystemExit(1)


def _rule(text: str) -> tuple[str, dict[str, str]]:
    """``field=header`` or ``field:=constant``."""
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} is not FIELD=HEADER", param_hint="--map")
    if name.endswith(":"):
        return name[:-1].strip(), {"constant": value}
    return name.strip(), {"column": value}


def _setting(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--option")
    return name, {"true": True, "false": False}.get(value, value)


def _progress(done: int, total: int, phase: str) -> None:
    of = f" of {total}" if total else ""
    click.echo(f"\r{phase}: {done}{of}", nl=False, err=True)


def _show(batch: ImportBatch) -> None:
    click.echo(err=True)
    click.echo(
        f"{batch.rows_total} rows: {batch.rows_new} new, {batch.rows_changed} changed, "
        f"{batch.rows_unchanged} unchanged, {batch.rows_rejected} rejected."
    )
    for group in importer.error_groups(batch)[:GROUPS_SHOWN]:
        rows = ", ".join(map(str, group.first_rows))
        more = " …" if group.count > len(group.first_rows) else ""
        click.echo(f"  {group.count} × {group.label or '-'}: {group.message} (rows {rows}{more})")
