"""The process of one contender: prepares, runs against the clock, reports. Started by `harness`.

`python -m benchmarks.child JOB FUNCTION CASE REPORT`; CASE is JSON, REPORT the file to write. With
the function "prepare" only the input is made.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.work import Case, Work


def processor_seconds() -> float:
    """Of this process and the processes it has started and waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def peak_megabytes() -> float:
    """The largest of this process and the processes it has waited for, together at worst."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_maxrss for usage in both) / 1024


def measured(work: Work) -> dict[str, Any]:
    """Run once and describe."""
    gc.collect()
    before, wall, processor = peak_megabytes(), time.perf_counter(), processor_seconds()
    parts = work.run()
    report: dict[str, Any] = {
        "wall": (time.perf_counter() - wall) / work.share,
        "processor": (processor_seconds() - processor) / work.share,
        "peak": peak_megabytes(),
        "before": before,
        "share": work.share,
        "parts": {name: seconds / work.share for name, seconds in (parts or {}).items()},
        "facts": work.facts,
    }
    answer = work.answer() or {}
    report["digests"] = {name: digest(value) for name, value in answer.items()}
    return {"report": report, "answer": json.dumps(answer, ensure_ascii=False)}


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def main(job: str, function: str, case_text: str, report: Path) -> None:
    values = json.loads(case_text)
    case = Case(**{**values, **{name: Path(values[name]) for name in ("folder", "scratch")}})
    module = importlib.import_module(f"benchmarks.{job}")
    if function == "prepare":
        module.prepare(case)
        return
    result = measured(getattr(module, function)(case))
    report.with_suffix(".answer").write_text(result["answer"], "utf-8")
    report.write_text(json.dumps(result["report"]), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
