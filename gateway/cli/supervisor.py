"""
What a process tells systemd, when a unit of ``Type=notify`` started it: ready, reloading, stopping, alive.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress


class Supervisor:
    """Tells by one datagram each; tells nobody when nobody listens. *environment* is that of the process."""

    def __init__(self, environment: Mapping[str, str], monotonic: Callable[[], float] = time.monotonic) -> None:
        said = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{said[1:]}" if said.startswith("@") else said
        self._monotonic = monotonic
        self._every_s = _watchdog_s(environment) / 2
        self._told_at = float("-inf")

    def ready(self) -> None:
        self._tell("READY=1")

    def reloading(self) -> None:
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """To be called again and again while all is well: a unit with ``WatchdogSec`` starts a silent process anew."""
        if self._every_s and self._monotonic() - self._told_at >= self._every_s:
            self._told_at = self._monotonic()
            self._tell("WATCHDOG=1")

    def _tell(self, what: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.connect(self._address)
            line.send(what.encode())


def _watchdog_s(environment: Mapping[str, str]) -> float:
    """How often the unit wants to hear from this process; 0 when it does not."""
    said, whom = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    return int(said) / 1e6 if said.isdigit() and whom in ("", str(os.getpid())) else 0.0
