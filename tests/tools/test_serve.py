"""The supervisor of web server and jobs process: nothing is left behind, nothing dies unseen."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.conftest import free_port
from tools import serve

pytestmark = pytest.mark.pure

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
# Ignores the request to stop and has a child of its own, whose id it writes down.
STUBBORN = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(60)
"""
LISTENER = """
import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_children_of_children_are_stopped_even_when_they_refuse(tmp_path: Path):
    note = tmp_path / "pid"
    children = serve.start(
        {"quiet": SLEEPER, "stubborn": [sys.executable, "-c", STUBBORN, str(note)]}
    )
    deadline = time.monotonic() + 10
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    grandchild = int(note.read_text())
    serve.stop(children, patience=0.5)
    assert [child.returncode for child in children.values()] == [-signal.SIGTERM, -signal.SIGKILL]
    time.sleep(0.2)
    assert not is_alive(grandchild)


def test_the_end_of_one_child_is_the_end(capfd: pytest.CaptureFixture[str]):
    children = serve.start(
        {"web server": SLEEPER, "jobs process": [sys.executable, "-c", "raise SystemExit(3)"]}
    )
    try:
        assert serve.watch(children, "127.0.0.1", free_port(), "") == 1
    finally:
        serve.stop(children)
    assert "jobs process ended with status 3" in capfd.readouterr().err


def test_the_address_is_printed_once_it_answers(capfd: pytest.CaptureFixture[str]):
    port = free_port()
    children = serve.start({"web server": [sys.executable, "-c", LISTENER, str(port)]})
    signal.signal(signal.SIGUSR1, serve._stop)
    later = threading.Timer(3, os.kill, (os.getpid(), signal.SIGUSR1))
    later.start()
    try:
        with pytest.raises(serve.Stopped):
            serve.watch(children, "127.0.0.1", port, "here it is")
    finally:
        later.cancel()
        later.join(10)
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        serve.stop(children)
    assert capfd.readouterr().out.count("here it is") == 1


def test_a_taken_port_is_named_before_anything_starts():
    port = free_port()
    children = serve.start({"listener": [sys.executable, "-c", LISTENER, str(port)]})
    try:
        deadline = time.monotonic() + 10
        while not serve.answers("127.0.0.1", port) and time.monotonic() < deadline:
            time.sleep(0.05)
        done = subprocess.run(
            [sys.executable, "tools/serve.py"],
            cwd=serve.ROOT,
            env={**os.environ, "PORTAL_PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        serve.stop(children)
    assert done.returncode == 2
    assert "PORTAL_PORT" in done.stderr
