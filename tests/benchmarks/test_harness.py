"""The harness measures, compares and writes its table; jobs agree on a few rows."""

import dataclasses
import importlib

import pytest

from benchmarks.child import measured
from benchmarks.harness import Figures, difference
from benchmarks.registry import BENCHMARKS, Contender, Role
from benchmarks.report import table, write_block
from benchmarks.work import Case, Work

pytestmark = pytest.mark.pure

RIVALS_AT_HAND = {
    "export_rows": ("portal", "pandas", "openpyxl", "xlsxwriter_default", "csv_file"),
    "read_xlsx": ("portal", "pandas", "openpyxl", "unzip"),
    "visit_days": ("portal",),
}
"""Without the rivals that only `make bench` installs."""


def test_every_contender_names_a_function_of_its_job():
    for name, job in BENCHMARKS.items():
        source = importlib.util.find_spec(f"benchmarks.{name}").loader.get_source(
            f"benchmarks.{name}"
        )
        for entry in job.contenders:
            assert f"def {entry.function}(case: Case) -> Work:" in source, (name, entry.name)
            assert not entry.beside or entry.beside in {one.name for one in job.contenders}
        assert "def prepare(case: Case) -> None:" in source


@pytest.mark.parametrize("name", RIVALS_AT_HAND)
def test_contenders_agree(name, tmp_path):
    module = importlib.import_module(f"benchmarks.{name}")
    case = Case("small", 30, tmp_path, tmp_path)
    module.prepare(case)
    answers = [
        measured(getattr(module, function)(case))["report"]["digests"]
        for function in RIVALS_AT_HAND[name]
    ]
    assert answers[0]
    assert all(theirs in ({}, answers[0]) for theirs in answers[1:])


def test_a_sampled_run_is_scaled():
    report = measured(Work(lambda: {"part": 2.0}, lambda: {"rows": [1]}, share=0.1))["report"]
    assert report["parts"] == {"part": 20.0}
    assert set(report["digests"]) == {"rows"}


def test_a_difference_is_named():
    assert difference([1, 2], [1, 3]) == "entry 1: 2 is not 3"
    assert difference([1], [1, 2]) == "1 entries are not 2"
    assert difference("a", "b") == "'a' is not 'b'"


def test_the_block_of_a_job_is_replaced(tmp_path):
    job = BENCHMARKS["visit_days"]
    row = Figures(Contender("portal", "portal", Role.PORTAL), 0.5, 0.25, 40, 1, 1, {}, {}, {})
    half = dataclasses.replace(row, contender=Contender("rival", "rival"), share=0.5, ratio=123.4)
    text = table(job, "city", 2, [row, half])
    assert "| portal | portal | 1.00 | 0.25 | 0.50 | 40 |" in text
    assert "| rival (50% of the job, scaled) | rival | 123 |" in text

    document = tmp_path / "performance.md"
    document.write_text("# Performance\n\nBefore.\n", "utf-8")
    write_block("visit_days", "first", document)
    write_block("visit_days", text, document)
    whole = document.read_text("utf-8")
    assert whole.startswith("# Performance\n\nBefore.\n\n## visit_days\n")
    assert whole.count("<!-- bench visit_days -->") == 1
    assert "first" not in whole
