"""The benchmark of planning a month agrees with pandas on the small company."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from benchmarks.month_planning import RESULTS, _compare, compare_all
from benchmarks.month_planning_data import planning_database


@pytest.fixture
def folder(demo_url, tmp_path):
    planning_database(Path(make_url(demo_url).database), tmp_path / "start.db")
    return tmp_path


def test_results_are_equal_and_a_difference_is_refused(folder, capsys):
    compare_all(folder, "small")
    printed = capsys.readouterr().out
    assert all(f"pandas: {part}: " in printed for part in RESULTS if part != "visits")
    assert "records: visits: " in printed
    assert ": 0 rows equal" not in printed

    results = folder / "pandas.results.json"
    text = results.read_text()
    results.write_text(text.replace('"WEEKLY"', '"MONTHLY"', 1))
    with pytest.raises(SystemExit, match="frequencies differs"):
        _compare(folder, "pandas")
