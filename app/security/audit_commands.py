"""`flask portal audit verify` and `sign`: whether the change log is what was written."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import AppGroup

audit = AppGroup("audit", help="Check the chains of the change log.")


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True, help="For another program.")
def verify(*, as_json: bool) -> None:
    """Seal what is new and check every link. Status 1 when something is wrong."""
    from app.security.change_seal import check_chains, describe_json

    checks = check_chains(_app())
    if as_json:
        click.echo(describe_json(checks))
    else:
        for check in checks:
            owner = f"company {check.company_id}" if check.company_id else "no company"
            head = f", head {check.head.hash[:16]}" if check.head and check.links else ""
            click.echo(f"{owner}: {check.links} links{head}")
            for problem in check.problems:
                click.echo(f"  wrong: {problem.text}")
        if all(check.is_intact for check in checks):
            click.echo("The change log is intact.")
    if not all(check.is_intact for check in checks):
        raise SystemExit(1)


@audit.command("sign")
def sign() -> None:
    """Sign the heads with the present PORTAL_SECRET_KEY, after it was changed."""
    from app.security.change_seal import ChainBroken, sign_heads

    try:
        chains = sign_heads(_app())
    except ChainBroken as broken:
        raise click.ClickException(f"{broken} Nothing was signed.") from None
    click.echo(f"{len(chains)} chains signed.")
