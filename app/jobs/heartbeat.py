"""A sign of life every ten seconds, whatever the work is busy with."""

from __future__ import annotations

import threading
from collections.abc import Callable

HEARTBEAT_SECONDS = 10


class Heartbeat:
    """Calls `beat` from a thread of its own while the block runs."""

    def __init__(self, beat: Callable[[], object]) -> None:
        self._beat_once = beat
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def _beat(self) -> None:
        while not self._over.wait(HEARTBEAT_SECONDS):
            self._beat_once()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
