"""The benchmark of planning a month agrees with pandas on the small company."""

from pathlib import Path

from sqlalchemy import make_url

from benchmarks import harness, month_planning
from benchmarks.month_planning_data import planning_database
from benchmarks.registry import BENCHMARKS


def test_results_are_equal_and_a_difference_is_refused(demo_url, tmp_path):
    job = BENCHMARKS["month_planning"]
    folder = tmp_path / "small" / "month_planning"
    folder.mkdir(parents=True)
    planning_database(Path(make_url(demo_url).database), folder / "start.db")
    month_planning.prepare_approved(folder / "start.db", folder / "approved.db")
    (folder / "prepared").touch()

    figures = harness.run_job("month_planning", job, "small", 1, build=tmp_path)

    assert [row.contender.name for row in figures] == [one.name for one in job.contenders]
