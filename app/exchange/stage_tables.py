"""Staging tables, one per sheet, made from `SHEETS`, and the table of row errors.

A row of a file waits here, typed, between check and commit. The tables carry company and batch
and are reached through a batch only, which the row scope guards; nothing refers to them. They
are distributed like the tables they are joined with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Table,
)

from app.exchange.sheet_types import CellType, Sheet, SheetColumn
from app.exchange.sheets import SHEETS
from app.kernel.columns import BigId, Distribution, MonthType, code_list, table_info
from app.kernel.db import db
from app.kernel.spelling import SEARCH_LENGTH

STAGE_INFO = table_info(Distribution.DISTRIBUTED)["info"]

SIMPLE_TYPES: Mapping[CellType, Any] = {
    CellType.INTEGER: BigInteger,
    CellType.MONEY: BigInteger,
    CellType.TENTHS: SmallInteger,
    CellType.WEEKDAY: SmallInteger,
    CellType.DATE: Date,
    CellType.MONTH: MonthType,
    CellType.BOOLEAN: Boolean,
}


def _type_of(sheet: Sheet, column: SheetColumn) -> Any:
    """The staging type; as the model's, so that values move without conversion."""
    if column.type in SIMPLE_TYPES:
        return SIMPLE_TYPES[column.type]()
    if column.type in (CellType.DEGREES, CellType.LOCATION):
        return Numeric(9, 6, asdecimal=False)
    if column.type is CellType.CHOICE:
        members = sheet.choices_of(column)
        assert members is not None
        return code_list(members)
    return String(sheet.length_of(column))


def _stage_table(sheet: Sheet) -> Table:
    """Grain: row of a file.

    `readable`: every cell could be parsed. `target_id`: the row's id in the model, where that has
    ids. `outcome`: see `matching`.
    """
    typed: dict[str, Column[Any]] = {}
    for column in sheet.columns:
        for name in column.stored:
            typed.setdefault(name, Column(name, _type_of(sheet, column)))
        if column.reference is not None:
            typed[f"{column.field}_id"] = Column(f"{column.field}_id", BigId)
    if sheet.spelled:
        typed["search_words"] = Column("search_words", String(SEARCH_LENGTH))
    for name in sheet.workings:
        typed[name] = Column(name, BigId)
    return Table(
        f"stage_{sheet.key_name}",
        db.metadata,
        Column("company_id", BigId, primary_key=True, autoincrement=False),
        Column("batch_id", BigId, primary_key=True, autoincrement=False),
        Column("row_no", Integer, primary_key=True, autoincrement=False),
        Column("readable", Boolean, nullable=False),
        Column("outcome", String(10), nullable=False),
        Column("target_id", BigId),
        *typed.values(),
        info=STAGE_INFO,
        sqlite_with_rowid=False,
    )


STAGE_TABLES: Mapping[str, Table] = {key: _stage_table(sheet) for key, sheet in SHEETS.items()}

IMPORT_ERRORS = Table(
    "import_error",
    db.metadata,
    Column("company_id", BigId, primary_key=True, autoincrement=False),
    Column("batch_id", BigId, primary_key=True, autoincrement=False),
    Column("row_no", Integer, primary_key=True, autoincrement=False),
    Column("field", String(40), primary_key=True),
    Column("code", String(30), primary_key=True),
    Column("value", String(200), nullable=False),
    Column("detail", String(200), nullable=False),
    info=STAGE_INFO,
    sqlite_with_rowid=False,
)
"""Grain: row of a file × field × reason. `code` is a key of `row_errors.MESSAGES`."""
