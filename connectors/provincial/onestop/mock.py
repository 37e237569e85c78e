"""
A receiver of the webhook as a one-stop system should write it: verify the raw body, know a repeat by its key.

Nothing here opens a connection: whoever serves it passes each request in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from gateway.signing import NotAuthentic, verified


@dataclass
class MockOneStop:
    """What it was told, in order, each change once; *repeats* and *forgeries* count what had no effect."""

    secret: bytes
    now: Callable[[], datetime]
    changes: list[Mapping[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    repeats: int = 0
    forgeries: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """The HTTP status of the answer to a POST."""
        with self._lock:
            try:
                key = verified([self.secret], headers, body, self.now())
            except NotAuthentic:
                self.forgeries += 1
                return 401
            if key in self.keys:
                self.repeats += 1
                return 409
            self.keys.add(key)
            self.changes.append(orjson.loads(body))
            return 204
