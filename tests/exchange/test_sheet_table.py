"""`SHEETS` and the models say the same."""

import pytest
from sqlalchemy import Enum

from app.exchange.sheet_hooks import HOOKS
from app.exchange.sheet_types import CellType, Sheet
from app.exchange.sheets import SHEETS
from app.exchange.stage_tables import STAGE_TABLES
from app.kernel.columns import BigId
from app.security.permissions import GRANTS_BY_ENTITY, Action, RoleName

pytestmark = [pytest.mark.pure, pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)]

BOOK_KEEPING = {
    "id", "company_id", "version", "created_at", "created_by", "updated_at", "updated_by",
    "batch_id", "created_on", "changed_on", "created_by_fk", "changed_by_fk",
}  # fmt: skip
# Fields that no column of the model holds: what becomes of them is said here.
ELSEWHERE = {
    ("territories", "department_name"): "name of a department to create",
    ("questionnaire_answers", "customer"): "key of the questionnaire",
    ("questionnaire_answers", "month"): "key of the questionnaire",
    ("questionnaire_answers", "source"): "kept on the questionnaire",
    ("questionnaire_answers", "sent_on"): "kept on the questionnaire",
    ("users", "role"): "the user's role",
    ("users", "territory"): "an assignment from today",
    ("users", "department"): "headed by a market manager",
}
FILLED_BY_HOOKS = {
    ("sales_lines", "territory_id"),
    ("questionnaire_answers", "questionnaire_id"),
    ("users", "email"),
}


def test_every_field_is_a_column_of_the_model(sheet: Sheet):
    table = sheet.model.__table__.c
    lost = [
        column.field
        for column in sheet.columns
        if (sheet.key_name, column.field) not in ELSEWHERE
        and not all(name in table for name in (column.parts or (column.target,)))
    ]
    assert lost == []


def test_every_column_a_new_row_needs_is_filled(sheet: Sheet):
    filled = {
        name
        for column in sheet.columns
        if column.required or column.default is not None or column.field in sheet.inherits
        for name in (column.parts or (column.target,))
    }
    needed = {
        column.name
        for column in sheet.model.__table__.c
        if not column.nullable and column.default is None and column.server_default is None
    }
    hooks = {name for key, name in FILLED_BY_HOOKS if key == sheet.key_name}
    derived = set(sheet.derived) & needed
    assert needed - filled - BOOK_KEEPING - hooks - derived == set()


def test_labels_keys_and_bounds(sheet: Sheet):
    fields = sheet.by_field
    assert len(fields) == len(sheet.columns)
    assert set(sheet.key) <= set(fields)
    for column in sheet.columns:
        assert sheet.column_msgid(column)
        if column.type is CellType.CHOICE:
            assert sheet.choices_of(column) is not None
        if column.type in (CellType.TEXT, CellType.CODE, CellType.REFERENCE):
            assert sheet.length_of(column) > 0
        if column.type in (CellType.INTEGER, CellType.MONEY, CellType.TENTHS):
            assert column.least is not None
            assert column.most is not None


def test_the_staging_table_holds_every_field(sheet: Sheet):
    stage = STAGE_TABLES[sheet.key_name].c
    for column in sheet.columns:
        for name, model_name in zip(column.stored, column.parts or (column.target,), strict=True):
            assert name in stage
            model_column = sheet.model.__table__.c.get(model_name)
            if model_column is not None and isinstance(model_column.type, Enum):
                assert stage[name].type.enum_class is model_column.type.enum_class
        if column.reference is not None:
            assert str(stage[f"{column.field}_id"].type) == str(BigId)


def test_grants_exist_and_administrators_hold_them(sheet: Sheet):
    assert sheet.grants
    for entity, letters in sheet.grants:
        row = GRANTS_BY_ENTITY[entity]
        for letter in letters:
            assert Action(letter) in row.actions
            assert Action(letter) in row.default(RoleName.ADMINISTRATOR)


def test_it_has_a_row_of_hooks(sheet: Sheet):
    assert sheet.key_name in HOOKS
