"""Many people at once on gunicorn over loopback, with SQLite and with PostgreSQL.

The people (`load_users`) and the server share the machine's processors. Each waits 5 to 15 s
between two clicks. No failure and no "database is locked" is allowed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.demo_database import ROOT, demo_environment
from benchmarks.monthly_analysis import copied
from benchmarks.work import Case, Work

PORT = 8780
ADDRESS = f"http://127.0.0.1:{PORT}"
SECONDS = {"small": 5, "city": 30}
START_SECONDS = 60


def prepare(case: Case) -> None:
    """The small demo company: load is about people, not about the size of lists."""
    import shutil

    demo = Path(demo_environment("small")["PORTAL_DATA_DIR"]) / "portal.db"
    shutil.copyfile(demo, case.folder / "start.db")


def sqlite(case: Case) -> Work:
    return _work(case, f"sqlite:///{copied(case)}", workers=1)


def postgresql(case: Case) -> Work:
    settings = _environment(case.postgres, 1)
    for command in (["setup"], ["demo", "--size", "small"]):
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", "run", "portal", *command],
            env=settings, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=600,
        )  # fmt: skip
    return _work(case, case.postgres, workers=2)


def _environment(url: str, workers: int) -> dict[str, str]:
    return {
        **os.environ,
        "PORTAL_DATABASE_URL": url,
        "PORTAL_HOST": "127.0.0.1",
        "PORTAL_PORT": str(PORT),
        "PORTAL_WEB_WORKERS": str(workers),
    }


def _work(case: Case, url: str, workers: int) -> Work:
    from benchmarks.load_users import Person, run_people

    Person.customers.update(_customers(url))
    said = case.scratch / "server.log"
    facts: dict[str, float] = {}

    def run() -> dict[str, float]:
        with said.open("wb") as output:
            server = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn_conf.py", "run:app"],
                env=_environment(url, workers), cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            _wait_for(server)
            parts, found = run_people(ADDRESS, case.amount, SECONDS[case.size])
        finally:
            server.terminate()
            server.wait(60)
        log = said.read_text("utf-8", "replace")
        facts.update(found)
        facts["database is locked"] = log.count("database is locked")
        if facts["failures"] or facts["database is locked"]:
            sys.stderr.write(log[-3000:])
        return parts

    return Work(run, facts=facts)


def _wait_for(server: subprocess.Popen[Any]) -> None:
    for _turn in range(START_SECONDS * 5):
        if server.poll() is not None:
            break
        try:
            urlopen(f"{ADDRESS}/login/", timeout=5).close()  # noqa: S310 -- our own server
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the web server did not start")


def _customers(url: str) -> dict[str, list[int]]:
    """Account → customers it may edit and whose form is complete: the first company's, and one territory's."""
    from sqlalchemy import create_engine

    query = (
        "SELECT c.id, c.territory_id = (SELECT min(a.territory_id) FROM territory_assignment a "
        "JOIN ab_user u ON u.id = a.user_id WHERE u.username = 'customer' AND a.kind = 'PRIMARY' "
        "AND a.valid_to IS NULL) AS is_own FROM customer c WHERE c.visit_mode IS NOT NULL "
        "AND c.company_id = (SELECT company_id FROM ab_user WHERE username = 'admin') ORDER BY c.id"
    )
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(query).all()
    engine.dispose()
    own = [row.id for row in rows if row.is_own]
    return {"customer": own, "admin": [row.id for row in rows if row.id not in set(own)]}
