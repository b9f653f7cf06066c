"""Column types and mixins shared by all entities.

`Recorded` gives an entity its id, its version (optimistic lock) and who/when of creation and
last change. User ids are plain integers: large tables may be distributed and must not point at
the local user table.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

from app.kernel.actor import current_actor
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import Month, utc_now

BigId = BigInteger().with_variant(Integer, "sqlite")
"""64-bit keys; SQLite numbers rows by itself only for a column that is exactly INTEGER."""


class Distribution(enum.Enum):
    """How a table spreads when one PostgreSQL server is not enough.

    DISTRIBUTED: by company_id. REFERENCE: copied to every node. LOCAL: on the coordinator only.
    """

    DISTRIBUTED = "distributed"
    REFERENCE = "reference"
    LOCAL = "local"


def table_info(distribution: Distribution) -> dict[str, Any]:
    """The `info` every table declares."""
    return {"info": {"distribution": distribution.value}}


class MonthType(TypeDecorator[Month]):
    """A `Month` stored as the integer ``yyyymm``; integers are accepted in comparisons."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Month | int | None, dialect: Dialect) -> int | None:
        return value.number if isinstance(value, Month) else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Month | None:
        return None if value is None else Month.from_number(value)


def code_list(members: type[LabelledEnum]) -> SqlEnum:
    """A column type for a code list: stores member names, checked by the database."""
    return SqlEnum(
        members, native_enum=False, create_constraint=False, length=24, validate_strings=True
    )


def _acting_user_id() -> int | None:
    return current_actor().user_id


class Recorded:
    """id, version, created and updated by/at."""

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1", **label("Version"))
    created_at: Mapped[dt.datetime] = mapped_column(
        DateTime, default=utc_now, **label("Created at")
    )
    created_by: Mapped[int | None] = mapped_column(
        Integer, default=_acting_user_id, **label("Created by")
    )
    updated_at: Mapped[dt.datetime] = mapped_column(
        DateTime,
        default=utc_now,
        onupdate=utc_now,
        **label("Last changed at"),
    )
    updated_by: Mapped[int | None] = mapped_column(
        Integer, default=_acting_user_id, onupdate=_acting_user_id, **label("Last changed by")
    )

    @declared_attr.directive
    def __mapper_args__(self) -> dict[str, Any]:
        return {"version_id_col": self.version}
