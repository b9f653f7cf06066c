"""Products: the tar content follows the import unless a person corrected it (§1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import FromClause, case

from app.exchange.comparison import Comparison
from app.models import TarSource


def new_values(run: Comparison) -> dict[str, Any]:
    return {"tar_tenths": run.stage.c.tar}


def changed_values(
    run: Comparison, target: FromClause, values: Mapping[str, Any]
) -> dict[str, Any]:
    if "tar" not in run.mapped:
        return {}
    return {
        "tar_tenths": case(
            (target.c.tar_source == TarSource.IMPORTED, values["tar_imported_tenths"]),
            else_=target.c.tar_tenths,
        )
    }
