"""Nothing of the portal changes or removes a row of the change log, whichever way it goes.

The refusal sits on the engine, which the session, its flushes and Core statements all pass. The
one exception is the sealing, which fills three empty columns and says so.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Engine, Update, event

from app.security.models import ChangeLog

SEALING = "seals_the_change_log"


class AppendOnly(RuntimeError):
    """A programming error: the change log is only ever added to."""


def refuse_changes(
    connection: Any, statement: Any, multiparams: Any, params: Any, execution_options: Any
) -> None:
    """Errors: `AppendOnly`."""
    if (
        isinstance(statement, Update | Delete)
        # By name: an ORM statement carries a copy of the table.
        and getattr(statement.table, "name", None) == ChangeLog.__tablename__
        and not execution_options.get(SEALING)
    ):
        raise AppendOnly("rows of the change log are neither changed nor removed")


def install() -> None:
    """Watch every engine, once per process."""
    if not event.contains(Engine, "before_execute", refuse_changes):
        event.listen(Engine, "before_execute", refuse_changes)
