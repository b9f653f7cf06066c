"""Run benchmarks by name, or all, and write their tables into docs/performance.md."""

from __future__ import annotations

import argparse

from benchmarks.harness import run_job
from benchmarks.registry import BENCHMARKS, SIZES
from benchmarks.report import table, write_block


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--size", default="city", choices=SIZES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", help="contender; may be repeated")
    parser.add_argument("--print", action="store_true", help="leave docs/performance.md as it is")
    asked = parser.parse_args()
    unknown = set(asked.names) - {*BENCHMARKS}
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    for name in asked.names or BENCHMARKS:
        job = BENCHMARKS[name]
        if asked.size not in job.amounts:
            print(f"{name}: not of size {asked.size}")
            continue
        chosen = [one for one in job.contenders if not asked.only or one.name in asked.only]
        print(f"{name}: {job.meaning}", flush=True)
        figures = run_job(name, job, asked.size, asked.rounds, chosen=chosen)
        text = table(job, asked.size, asked.rounds, figures)
        print(f"\n{text}\n", flush=True)
        if not asked.print and not asked.only:
            write_block(name, text)


if __name__ == "__main__":
    main()
