"""List pages of the customers: server time and SQL statements, beside a stock FAB list.

Both run in this process after one another, through the test client, over the same rows, as the
company's administrator and as a customer manager. Server time is the median of the requests
after a warm-up; the goal is under 100 ms and at most 12 statements for the first page.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from benchmarks.demo_database import ROOT, demo_environment

REPEATS = 9
WARM_UP = 2
PASSWORD = "Visit-plan-135"  # noqa: S105 -- the made-up company's public one

PAGES = (
    ("first page", ""),
    ("page 1000", "?page_{view}=999"),
    ("sorted by name", "?_oc_{view}=name&_od_{view}=asc"),
    ("name contains 超市", "?q_name=超市"),
    ("visit mode missing", "?q_visit_mode__missing=1"),
)

statements = 0


def _count(*_: Any) -> None:
    global statements  # noqa: PLW0603 -- an event listener has nowhere else to count
    statements += 1


def measure(client: Any, url: str) -> tuple[float, int, int]:
    """(median milliseconds, statements, bytes) of a page that must answer 200."""
    global statements  # noqa: PLW0603
    times = []
    size = 0
    for turn in range(WARM_UP + REPEATS):
        statements = 0
        started = time.perf_counter()
        response = client.get(url)
        body = response.get_data()
        elapsed = (time.perf_counter() - started) * 1000
        if response.status_code != 200:
            raise SystemExit(f"{url} answered {response.status_code}")
        size = len(body)
        if turn >= WARM_UP:
            times.append(elapsed)
    return statistics.median(times), statements, size


def login(client: Any, username: str) -> None:
    page = client.get("/login/").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    form = {"username": username, "password": PASSWORD}
    if token:
        form["csrf_token"] = token[1]
    response = client.post("/login/", data=form)
    if response.status_code not in (302, 303):
        raise SystemExit(f"{username} could not log in")


def measure_portal() -> None:
    """Print one line per page of the portal's own list."""
    from app import create_app

    app = create_app()
    event.listen(Engine, "before_cursor_execute", _count)
    for username in ("admin", "customer"):
        client = app.test_client()
        login(client, os.environ["ACCOUNT_PREFIX"] + username)
        for name, query in PAGES:
            if username == "customer" and name == "page 1000":
                continue  # a customer manager's list is not that long
            elapsed, count, size = measure(
                client, "/customers/list/" + query.format(view="CustomerView")
            )
            print(f"portal,{username},{name},{elapsed:.1f},{count},{size}")


def measure_stock() -> None:
    """The same rows in FAB's own list with FAB's own look and search form."""
    from flask import Flask
    from flask_appbuilder import AppBuilder, ModelView
    from flask_appbuilder.models.sqla.interface import SQLAInterface
    from flask_appbuilder.security.sqla.manager import SecurityManager

    import config
    from app.kernel.db import db
    from app.models import Customer, PortalUser

    class StockSecurity(SecurityManager):
        user_model = PortalUser

    class StockView(ModelView):
        datamodel = SQLAInterface(Customer)
        route_base = "/customers"
        list_columns = [
            "name",
            "code",
            "visit_mode",
            "visit_frequency",
            "frequency_source",
            "line",
            "grade",
            "business_type",
            "market_type",
            "scale",
            "territory",
            "status",
        ]
        base_order = ("code", "asc")

    app = Flask("stock")
    app.config.from_mapping(config.load_settings(os.environ))
    app.config.update(
        FAB_UPDATE_PERMS=True,
        WTF_CSRF_ENABLED=False,
        FAB_BASE_TEMPLATE="appbuilder/baselayout.html",
    )
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["STOCK_DATABASE"]
    db.init_app(app)
    with app.app_context():
        builder = AppBuilder(security_manager_class=StockSecurity)
        builder.init_app(app, db.session)
        builder.add_view(StockView, "Customers")
    event.listen(Engine, "before_cursor_execute", _count)
    client = app.test_client()
    login(client, os.environ["ACCOUNT_PREFIX"] + "admin")
    for name, query in PAGES[:4]:
        text = query.format(view="StockView").replace("q_name", "_flt_2_name")
        elapsed, count, size = measure(client, "/customers/list/" + text)
        print(f"stock,admin,{name},{elapsed:.1f},{count},{size}")


def run(size: str) -> None:
    """Measure both in processes of their own and print the table with ratios."""
    environment = demo_environment(size)
    source = Path(environment["PORTAL_DATA_DIR"]) / "portal.db"
    copy = source.with_name("stock.db")
    if not copy.exists():
        shutil.copyfile(source, copy)  # stock FAB writes its own permissions
    rows = []
    for part in ("portal", "stock"):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.customer_list", part],
            env={
                **environment,
                "STOCK_DATABASE": f"sqlite:///{copy}",
                "ACCOUNT_PREFIX": "" if size == "small" else f"{size}.",
            },
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        rows += [line.split(",") for line in done.stdout.splitlines() if line.count(",") == 5]
    stock = {row[2]: float(row[3]) for row in rows if row[0] == "stock"}
    print(f"\nCustomer list, size {size}; median of {REPEATS}; goal: < 100 ms, ≤ 12 statements")
    print(
        f"{'page':22}{'who':10}{'portal ms':>10}{'SQL':>5}{'kB':>7}{'stock FAB ms':>14}{'ratio':>7}"
    )
    for kind, who, name, elapsed, count, volume in rows:
        if kind == "stock":
            continue
        rival = stock.get(name) if who == "admin" else None
        beside = f"{rival:14.1f}{float(elapsed) / rival:7.2f}" if rival else f"{'–':>14}{'–':>7}"
        print(f"{name:22}{who:10}{elapsed:>10}{count:>5}{int(volume) // 1024:>7}{beside}")
    counts = {row[2]: row[4] for row in rows if row[0] == "stock"}
    print("stock FAB statements: " + ", ".join(f"{name} {count}" for name, count in counts.items()))


if __name__ == "__main__":
    {"portal": measure_portal, "stock": measure_stock}[sys.argv[1]]()
