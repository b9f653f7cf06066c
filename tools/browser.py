"""Find a browser for the tests, or install one: ``python tools/browser.py [--install]``.

Order: $PORTAL_TEST_BROWSER, Chromium or Chrome on the PATH, Playwright's own download. With
``--install`` and none found: Debian's package when root, else Playwright's download.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The test machine may have no network and no screen: nothing may look outside or wait for a GPU.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Without a CJK font every Chinese character on a screenshot is an empty box.
DEBIAN_PACKAGES = ("chromium", "fonts-noto-cjk")


def playwright_browser() -> str | None:
    """The browser Playwright downloaded for itself, if it did."""
    from playwright.sync_api import sync_playwright  # a development dependency

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def find() -> str | None:
    """Path of a usable browser, or None."""
    named = os.environ.get("PORTAL_TEST_BROWSER")
    if named:
        if not shutil.which(named):
            sys.exit(f"PORTAL_TEST_BROWSER={named!r} is no program on this machine")
        return shutil.which(named)
    for program in PROGRAMS:
        path = shutil.which(program)
        if path:
            return path
    return playwright_browser()


def chinese_font() -> bool:
    if not shutil.which("fc-list"):
        return False
    listing = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(listing.stdout.strip())


def apt_install(packages: tuple[str, ...]) -> bool:
    """Whether Debian's packages could be installed (root with apt only)."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        print("+", " ".join(command), flush=True)
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            return False
    return True


def install() -> str | None:
    """Install what is missing; the path of the browser, or None."""
    if find():
        if not chinese_font() and not apt_install(DEBIAN_PACKAGES[1:]):
            print("note: no Chinese font found; screenshots will show boxes (fonts-noto-cjk)")
        return find()
    if not apt_install(DEBIAN_PACKAGES):
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find()


def main() -> int:
    parser = argparse.ArgumentParser(description="Find or install a browser for the tests.")
    parser.add_argument("--install", action="store_true", help="install one when none is found")
    path = install() if parser.parse_args().install else find()
    if path is None:
        print(
            "No browser found. Install one (Debian: sudo apt-get install chromium "
            "fonts-noto-cjk) or name one with PORTAL_TEST_BROWSER=/path/to/chromium.",
            file=sys.stderr,
        )
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
