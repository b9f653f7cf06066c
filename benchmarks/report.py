"""Figures of a job as a table for the terminal and as a block of docs/performance.md."""

from __future__ import annotations

import datetime as dt
import platform
import re
import sqlite3
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.demo_database import ROOT
from benchmarks.harness import Figures
from benchmarks.registry import Job

DOCUMENT = ROOT / "docs" / "performance.md"


def table(job: Job, size: str, rounds: int, figures: Sequence[Figures]) -> str:
    """Markdown: the job, a row per contender, a row per part, the versions."""
    lines = [
        (
            f"{job.meaning[0].upper()}{job.meaning[1:]}; {job.amounts[size]:,} {job.unit} (size "
            f"{size}), {rounds} rounds. Goal: {job.goal}."
        ),
        "",
        "| | role | time ÷ portal | processor s | wall s | peak MB |",
        "|-|-|-:|-:|-:|-:|",
    ]
    for row in figures:
        sampled = f" ({row.share:.0%} of the job, scaled)" if row.share < 1 else ""
        beside = f" (beside {row.contender.beside})" if row.contender.beside else ""
        clock = " wall" if row.contender.is_in_server else ""
        lines.append(
            f"| {row.contender.name}{sampled} | {row.contender.role.value}{beside} "
            f"| {short(row.ratio)}{clock} | {short(row.processor)} | {short(row.wall)} | {row.peak:,.0f} |"
        )
    lines += _parts(figures)
    lines += ["", f"{dt.date.today()}: {versions(job)}."]  # noqa: DTZ011 -- the reader's day
    return "\n".join(lines)


def _parts(figures: Sequence[Figures]) -> list[str]:
    """Parts that contenders have measured themselves, and further figures."""
    rows = [
        f"| {row.contender.name} | {part} | {seconds * 1000:,.1f} "
        f"| {f'{row.part_ratios[part]:.2f}' if part in row.part_ratios else '–'} |"
        for row in figures
        for part, seconds in row.parts.items()
    ]
    found = ["", "| | part | ms | ÷ portal |", "|-|-|-:|-:|", *rows] if rows else []
    facts = [
        f"{row.contender.name}: "
        + ", ".join(f"{name} {value:,.10g}" for name, value in row.facts.items())
        for row in figures
        if row.facts
    ]
    return [*found, *(["", "; ".join(facts) + "."] if facts else [])]


def short(value: float) -> str:
    """Three figures that count, without an exponent."""
    places = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 4
    return f"{value:,.{places}f}"


def versions(job: Job) -> str:
    """Of Python, SQLite and all packages the job's contenders name."""
    names = dict.fromkeys(
        name for entry in job.contenders for name in ("SQLAlchemy", *entry.packages)
    )
    found = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def write_block(name: str, text: str, document: Path = DOCUMENT) -> None:
    """Replace the job's block in the document, or add it at the end."""
    start, end = f"<!-- bench {name} -->", f"<!-- end {name} -->"
    block = f"{start}\n{text}\n{end}"
    whole = document.read_text("utf-8")
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if pattern.search(whole):
        whole = pattern.sub(lambda _match: block, whole)
    else:
        whole = f"{whole.rstrip()}\n\n## {name}\n\n{block}\n"
    document.write_text(whole, "utf-8")
