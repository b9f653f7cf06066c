"""Run the web server and the jobs process together: ``python tools/serve.py [--demo]``.

Prepares the database, starts both children, prints the address when it answers, and stops both
on Ctrl-C or SIGTERM. Ends with a failure when either child ends by itself: whatever started this
(a terminal, systemd, a container) then knows, and nothing goes on half alive.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from config import SettingsError, load_settings  # noqa: E402 -- needs the path above

Children = dict[str, subprocess.Popen[bytes]]

FLASK = [sys.executable, "-m", "flask", "--app", "run"]
COMMANDS = {
    "web server": [sys.executable, "-m", "gunicorn", "-c", "gunicorn_conf.py", "run:app"],
    "jobs process": [*FLASK, "portal", "jobs"],
}
STOP_SECONDS = 25  # longer than gunicorn's graceful_timeout
START_SECONDS = 120
# Where this machine reaches a server that listens on every address.
NEAR = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared with, not bound to


class Stopped(Exception):
    """SIGINT or SIGTERM came."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def prepare(*, demo: bool) -> None:
    """Bring the database up to date; with ``demo`` fill an empty one."""
    subprocess.run([*FLASK, "portal", "setup"], cwd=ROOT, check=True)
    if demo:
        command = [*FLASK, "portal", "demo", "--size", "small", "--if-empty"]
        subprocess.run(command, cwd=ROOT, check=True)


def start(commands: Mapping[str, list[str]]) -> Children:
    """Start every command in a group of its own, so that a terminal's Ctrl-C reaches only us."""
    return {
        name: subprocess.Popen(command, cwd=ROOT, start_new_session=True)
        for name, command in commands.items()
    }


def stop(children: Children, patience: float = STOP_SECONDS) -> None:
    """Ask, wait, then kill whole groups, so that no worker outlives its parent."""
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + patience
    for child in children.values():
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.1, deadline - time.monotonic()))
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        child.wait()


def answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def watch(children: Children, host: str, port: int, greeting: str) -> int:
    """Wait until a child ends; print ``greeting`` once the port answers."""
    greeted = False
    started = time.monotonic()
    while True:
        for name, child in children.items():
            code = child.poll()
            if code is not None:
                print(f"The {name} ended with status {code}; stopping.", file=sys.stderr)
                return 1
        if not greeted and answers(host, port):
            greeted = True
            print(greeting, flush=True)
        if not greeted and time.monotonic() - started > START_SECONDS:
            print(f"No answer on port {port} in {START_SECONDS} s; stopping.", file=sys.stderr)
            return 1
        time.sleep(0.5)


def main() -> int:
    parser = argparse.ArgumentParser(description="Serve the portal with its jobs process.")
    parser.add_argument("--demo", action="store_true", help="fill an empty database with the demo")
    demo = parser.parse_args().demo
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    host, port = settings["PORTAL_HOST"], settings["PORTAL_PORT"]
    near = NEAR.get(host, host)
    if answers(near, port):
        print(f"Port {port} is taken; choose another with PORTAL_PORT=…", file=sys.stderr)
        return 2
    shown = f"[{near}]" if ":" in near else near
    greeting = f"\nThe portal answers at http://{shown}:{port}/ (Ctrl-C stops it).\n"
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    children: Children = {}
    try:
        prepare(demo=demo)
        children = start(COMMANDS)
        return watch(children, near, port, greeting)
    except Stopped:
        print("Stopping …", flush=True)
        return 0
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(error.cmd[2:])} failed; nothing was started.", file=sys.stderr)
        return 1
    finally:
        # A second Ctrl-C must not leave children behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stop(children)


if __name__ == "__main__":
    sys.exit(main())
