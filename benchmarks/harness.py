"""Runs a job: every contender in a process of its own, in turn, several rounds, medians.

The rounds go through all contenders one after another, so that a slow minute of the machine hits
all alike. Answers are compared in every round; a difference ends the run.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.demo_database import ROOT
from benchmarks.registry import Contender, Job
from benchmarks.work import Case

TIME_LIMIT = 1800


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians over the rounds; seconds and megabytes. `ratios` are to the contender it is beside.

    A ratio is the median of the ratios of the rounds: both sides of each ran next to each other.
    """

    contender: Contender
    wall: float
    processor: float
    peak: float
    share: float
    ratio: float
    parts: dict[str, float]
    part_ratios: dict[str, float]
    facts: dict[str, float]


def run_job(
    name: str,
    job: Job,
    size: str,
    rounds: int,
    build: Path = ROOT / "build" / "bench",
    chosen: Sequence[Contender] | None = None,
) -> list[Figures]:
    """Measure `chosen` (default: all) contenders of a job. `SystemExit` when answers differ."""
    contenders = list(chosen or job.contenders)
    folder = build / size / name
    folder.mkdir(parents=True, exist_ok=True)
    reports: dict[str, list[dict[str, Any]]] = {entry.name: [] for entry in contenders}
    with server_for(contenders) as database_for:
        case = Case(size, job.amounts[size], folder, folder / "scratch")
        if not (folder / "prepared").exists():
            _start(name, "prepare", case, folder / "prepare.json")
            (folder / "prepared").touch()
        for turn in range(rounds):
            for entry in contenders:
                case = Case(
                    size, job.amounts[size], folder, folder / "scratch", database_for(entry)
                )
                report = folder / f"{entry.function}.json"
                _start(name, entry.function, case, report)
                reports[entry.name].append(json.loads(report.read_text("utf-8")))
                print(f"  round {turn + 1}: {entry.name}: {reports[entry.name][-1]['wall']:.2f} s")
            _compare(folder, contenders, reports)
    return [_figures(entry, contenders, reports) for entry in contenders]


def _start(job: str, function: str, case: Case, report: Path) -> None:
    """One process with an empty scratch folder; it may leave nothing behind."""
    shutil.rmtree(case.scratch, ignore_errors=True)
    case.scratch.mkdir()
    words = json.dumps(asdict(case), default=str)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.child", job, function, words, str(report)],
            cwd=ROOT,
            env={**environment, "PORTAL_ENV": "test", "PORTAL_DATA_DIR": str(case.scratch)},
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=TIME_LIMIT,
        )
    finally:
        shutil.rmtree(case.scratch, ignore_errors=True)
    if done.returncode:
        raise SystemExit(f"{job}: {function} failed with {done.returncode}")


def _compare(
    folder: Path, contenders: Sequence[Contender], reports: dict[str, list[dict[str, Any]]]
) -> None:
    """Every part that a contender answers is what the first one says of it."""
    first = contenders[0]
    for entry in contenders[1:]:
        ours, theirs = (reports[one.name][-1]["digests"] for one in (first, entry))
        for part in theirs:
            if theirs[part] != ours[part]:
                answers = (
                    json.loads((folder / f"{one.function}.answer").read_text("utf-8"))[part]
                    for one in (first, entry)
                )
                raise SystemExit(f"{entry.name}: {part} differs: {difference(*answers)}")


def difference(ours: Any, theirs: Any) -> str:
    """Where two answers part, shortly."""
    if isinstance(ours, list) and isinstance(theirs, list):
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=False)):
            if mine != other:
                return f"entry {index}: {mine!r:.300} is not {other!r:.300}"
        return f"{len(ours)} entries are not {len(theirs)}"
    return f"{ours!r:.300} is not {theirs!r:.300}"


def _figures(
    entry: Contender, contenders: Sequence[Contender], reports: dict[str, list[dict[str, Any]]]
) -> Figures:
    own, base = reports[entry.name], reports[entry.beside or contenders[0].name]
    clock = "wall" if entry.is_in_server else "processor"

    def median(value: Callable[[dict[str, Any]], float]) -> float:
        return statistics.median(value(report) for report in own)

    def ratio(value: Callable[[dict[str, Any]], float]) -> float:
        return statistics.median(
            value(mine) / max(value(other), 1e-9) for mine, other in zip(own, base, strict=True)
        )

    return Figures(
        contender=entry,
        wall=median(lambda report: report["wall"]),
        processor=median(lambda report: report["processor"]),
        peak=median(lambda report: report["peak"]),
        share=own[0]["share"],
        ratio=ratio(lambda report: report[clock]),
        parts={part: median(lambda report, p=part: report["parts"][p]) for part in own[0]["parts"]},
        part_ratios={
            part: ratio(lambda report, p=part: report["parts"][p])
            for part in own[0]["parts"]
            if part in base[0]["parts"]
        },
        facts=own[-1]["facts"],
    )


@contextmanager
def server_for(contenders: Sequence[Contender]) -> Iterator[Callable[[Contender], str]]:
    """A function contender → URL of an empty database; the server lives as long as the block."""
    if not any(entry.is_in_server for entry in contenders):
        yield lambda _entry: ""
        return
    from benchmarks.postgres import running_server

    with running_server() as new_database:
        yield lambda entry: new_database() if entry.is_in_server else ""
