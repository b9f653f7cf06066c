"""Take pictures of every page of the sidebar: ``python tools/screenshots.py [--role NAME] [PATH …]``.

Serves the small demo company on a free port, logs in as the first user with the role, and writes
``build/screenshots/<role>-<page>-<width>.png`` at desk and phone width. Further paths (such as
``/customers/add``) are added to the sidebar's. ``--docs`` writes the pictures of the documents
instead, into docs/images (documentation_pictures.py).
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app import create_app  # noqa: E402 -- needs the path above
from tools import browser, documentation_pictures, serve  # noqa: E402

TARGET = ROOT / "build" / "screenshots"
SIZES = {1440: 900, 390: 844}
START_SECONDS = 60


def user_with_role(role: str) -> str:
    """User name of the first active user who holds ``role``, of a company where there is one."""
    from app.kernel.db import db
    from app.models import PortalUser

    app = create_app()
    with app.app_context():
        users = [
            user
            for user in db.session.query(PortalUser).order_by(PortalUser.id)
            if user.active and role in {held.name for held in user.roles}
        ]
        if not users:
            sys.exit(f"the demo company has no user with the role {role!r}")
        return next((user for user in users if user.company_id), users[0]).username


def sidebar_paths() -> list[str]:
    from flask import url_for

    from app.menu import MENU

    app = create_app()
    with app.test_request_context():
        return list(dict.fromkeys(url_for(row.endpoint) for row in MENU))


def prepare() -> int:
    """Point the environment at a demo database of its own; returns a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    os.environ.update(
        PORTAL_ENV="development",
        PORTAL_DATA_DIR=str(TARGET / "data"),
        PORTAL_DATABASE_URL="",
        PORTAL_PORT=str(port),
    )
    serve.prepare(demo=True)
    return port


def pictures(chromium: Browser, address: str, user: str, paths: list[str]) -> Iterator[str]:
    """Names of the pictures taken."""
    from config import DEVELOPMENT_DEMO_PASSWORD

    for width, height in SIZES.items():
        context = chromium.new_context(
            locale="zh-CN", viewport={"width": width, "height": height}, device_scale_factor=1
        )
        page = context.new_page()
        page.goto(f"{address}/login/")
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", DEVELOPMENT_DEMO_PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_load_state("networkidle")
        if "/login" in page.url:
            sys.exit(f"{user} cannot log in")
        for path in paths:
            response = page.goto(address + path)
            page.wait_for_load_state("networkidle")
            name = re.sub(r"\W+", "-", path).strip("-") or "home"
            status = "" if response and response.ok else "-failed"
            page.screenshot(path=TARGET / f"{user}-{name}-{width}{status}.png")
            yield f"{user}-{name}-{width}{status}.png"
        context.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Take pictures of the portal's pages.")
    parser.add_argument("--role", default="administrator")
    parser.add_argument("--docs", action="store_true", help="write the pictures of docs/images")
    parser.add_argument("paths", nargs="*")
    arguments = parser.parse_args()
    path = browser.find()
    if path is None:
        sys.exit("no browser; run: python tools/browser.py --install")
    if arguments.docs:
        # What a former run imported or changed must not show.
        shutil.rmtree(TARGET / "data", ignore_errors=True)
    TARGET.mkdir(parents=True, exist_ok=True)
    port = prepare()
    children = serve.start(serve.COMMANDS)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not serve.answers("127.0.0.1", port):
            if time.monotonic() > deadline or children["web server"].poll() is not None:
                sys.exit("the web server did not answer")
            time.sleep(0.1)
        address = f"http://127.0.0.1:{port}"
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=path, args=list(browser.FLAGS))
            if arguments.docs:
                for file in documentation_pictures.take_all(chromium, address):
                    print(file.relative_to(ROOT))
            else:
                user = user_with_role(arguments.role)
                paths = [*sidebar_paths(), *arguments.paths]
                for name in pictures(chromium, address, user, paths):
                    print(f"build/screenshots/{name}")
            chromium.close()
    except subprocess.CalledProcessError:
        return 1
    finally:
        serve.stop(children)
    return 0


if __name__ == "__main__":
    sys.exit(main())
