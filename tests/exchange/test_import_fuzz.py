"""Any table of any cells is checked to the end: every row has an outcome, and nothing breaks."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.exchange import importer
from app.exchange.sheets import SHEETS
from app.kernel.db import db
from app.kernel.errors import ImportRejected
from app.models import SalesSource
from tests.exchange.conftest import ACTOR, write_csv

CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "T1", "C", "2026-01-01", "31/12/2025", "99999999999999999999", "-1", "=1+1", "是",
         "12.345", "\u3000", "x" * 300, "POINT (1 2)", "客户经理", "D1", "A", "B"]
    ),
    st.text(max_size=12).filter(lambda text: "\0" not in text),
)  # fmt: skip


@pytest.mark.parametrize("key", SHEETS)
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_table_is_checked(company: int, tmp_path: Path, key: str, data: st.DataObject):
    sheet = SHEETS[key]
    fields = [column.field for column in sheet.columns if column.field != "location"]
    width = len(fields)
    rows = data.draw(st.lists(st.lists(CELLS, max_size=width + 1), min_size=1, max_size=12))
    path = write_csv(tmp_path / "fuzz.csv", [fields, *rows])
    try:
        batch = importer.create_batch(company, key, path, path.name, ACTOR, SalesSource.FILE)
        importer.choose(
            batch,
            {field: {"column": field} for field in fields},
            {
                "on_repeat": data.draw(st.sampled_from(["reject", "last"])),
                "empty_cells": data.draw(st.sampled_from(["keep", "clear"])),
            },
        )
        db.session.commit()
        importer.check(batch.id)
        total = batch.rows_new + batch.rows_changed + batch.rows_unchanged + batch.rows_rejected
        assert total <= batch.rows_total
        for outcome in importer.OUTCOMES:
            importer.difference_rows(batch, outcome)
        importer.error_groups(batch)
        importer.commit(batch.id, allow_rejected=True)
    except ImportRejected:
        db.session.rollback()
