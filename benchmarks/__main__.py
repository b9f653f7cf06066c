"""Run one benchmark by name, or list them."""

from __future__ import annotations

import argparse
import importlib

BENCHMARKS = {
    "monthly_analysis": "the monthly calculation of a company beside pandas, results equal",
    "month_planning": "strategies, key customers, frequencies and visits beside pandas, results equal",
    "customer_list": "list pages of the customers beside a stock FAB list of the same rows",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(BENCHMARKS))
    parser.add_argument("--size", default="province", choices=("small", "city", "province"))
    chosen = parser.parse_args()
    if chosen.name is None:
        for name, meaning in BENCHMARKS.items():
            print(f"{name:20} {meaning}")
        return
    importlib.import_module(f"benchmarks.{chosen.name}").run(chosen.size)


if __name__ == "__main__":
    main()
