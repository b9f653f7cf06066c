"""What a row of `SHEETS` consists of; labels, lengths and code lists come from the model.

Plain data: nothing here reads a file or a database.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Enum, String

from app.kernel.labels import LabelledEnum

CodeList = type[LabelledEnum]


class CellType(enum.Enum):
    """How a cell is read. Storage: money in fen, tenths as integers, dates as dates."""

    TEXT = "text"
    CODE = "code"
    INTEGER = "integer"
    MONEY = "money"
    TENTHS = "tenths"
    DEGREES = "degrees"
    DATE = "date"
    MONTH = "month"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    WEEKDAY = "weekday"
    REFERENCE = "reference"
    LOCATION = "location"
    PERSON_NAME = "person_name"


class OnUpdate(enum.Enum):
    """What an import does to a field of a row that exists already.

    OVERWRITE: the file is the authority. FILL: people maintain the field, only an empty one is
    filled. KEEP: written for new rows only.
    """

    OVERWRITE = "overwrite"
    FILL = "fill"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Reference:
    """The row meant by a cell: by code, else by a name that only one row of the company has.

    `many`: the table is large and distributed, so only the code is compared.
    """

    model: Any
    many: bool = False


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One field of a sheet.

    `attribute`: the model's column, when it is named differently (references end in `_id`).
    `required`: a new row needs it. `default`: what a new row gets without it, as stored.
    `parts`: for cell types that fill two columns of the model. `label` only where the model has
    no such column. `words`: further headers by which files call the column.
    """

    field: str
    type: CellType
    words: tuple[str, ...] = ()
    attribute: str = ""
    required: bool = False
    default: Any = None
    on_update: OnUpdate = OnUpdate.OVERWRITE
    reference: Reference | None = None
    parts: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    label: str = ""
    choices: CodeList | None = None
    length: int = 0

    @property
    def target(self) -> str:
        """The model attribute that receives the value."""
        if self.attribute:
            return self.attribute
        return f"{self.field}_id" if self.reference else self.field

    @property
    def stored(self) -> tuple[str, ...]:
        """Columns of the staging table that parsing fills."""
        return self.parts or (self.field,)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One kind of file. `key`: the fields that name a row; they are required in every file.

    `grants`: (entity, action letters) the person needs besides the import itself.
    `repeats`: what a file with the same key twice means unless the person chooses: "reject" or
    "last". `derived`: attributes the writer fills, with where from. `inherits`: field → attribute
    of the customer used when a new row has none. `workings`: further integer columns of the
    staging table, filled by the importer. `only_imported`: nothing but imports writes the model,
    so a comparison holds until the next import of the sheet. `spelled`: the rows have search
    words, made from their name.
    """

    key_name: str
    label: str
    model: Any
    key: tuple[str, ...]
    columns: tuple[SheetColumn, ...]
    grants: tuple[tuple[str, str], ...]
    repeats: str = "reject"
    creates: bool = False
    derived: Mapping[str, str] = field(default_factory=dict)
    inherits: Mapping[str, str] = field(default_factory=dict)
    workings: tuple[str, ...] = ()
    logged: bool = True
    only_imported: bool = False
    spelled: bool = False
    hint: str = ""

    @property
    def by_field(self) -> dict[str, SheetColumn]:
        return {column.field: column for column in self.columns}

    def model_column(self, column: SheetColumn) -> Column[Any] | None:
        """The column of the model that a field fills; None for fields it has no column for."""
        found: Column[Any] | None = self.model.__table__.c.get(column.target)
        return found

    def column_label(self, column: SheetColumn) -> Any:
        """The lazy label: the model's own unless the sheet must name it itself."""
        from flask_babel import lazy_gettext

        if column.label:
            return lazy_gettext(column.label)
        model_column = self.model_column(column)
        assert model_column is not None, f"{self.key_name}.{column.field} has no label"
        return model_column.info["label"]

    def column_msgid(self, column: SheetColumn) -> str:
        """The English label."""
        if column.label:
            return column.label
        model_column = self.model_column(column)
        assert model_column is not None
        msgid: str = model_column.info["msgid"]
        return msgid

    def choices_of(self, column: SheetColumn) -> CodeList | None:
        """The code list of a CHOICE column."""
        if column.choices is not None:
            return column.choices
        model_column = self.model_column(column)
        if model_column is not None and isinstance(model_column.type, Enum):
            members: CodeList = model_column.type.enum_class  # type: ignore[assignment]
            return members
        return None

    def length_of(self, column: SheetColumn) -> int:
        """Longest text in characters; references are as long as any code or name."""
        if column.length:
            return column.length
        if column.reference is not None:
            return 100
        model_column = self.model_column(column)
        if model_column is not None and isinstance(model_column.type, String):
            return model_column.type.length or 0
        return 0
