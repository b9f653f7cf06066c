"""The demo company of a size in an SQLite file under build/bench, made once and reused."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def demo_environment(size: str) -> dict[str, str]:
    """Environment of a portal over the demo database of `size`; builds it on first use."""
    folder = ROOT / "build" / "bench" / size
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")},
        "PORTAL_ENV": "test",  # no rate limits; otherwise as in production
        "PORTAL_DATA_DIR": str(folder),
    }
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        for command in (["setup"], ["demo", "--size", size]):
            subprocess.run(
                [sys.executable, "-m", "flask", "--app", "run", "portal", *command],
                check=True,
                env=environment,
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
            )
        (folder / "complete").touch()
        print(f"demo company of size {size} built in {time.perf_counter() - started:.0f} s")
    return environment
