"""What the comparison asks of an engine, and the posting that is the same for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

AT_ONCE = 500
"""How many dossiers are accepted in one commit, where an engine can."""


@dataclass(frozen=True, slots=True)
class Job:
    """One dossier: *key* names the dossier, *body* is the request as the connector makes it."""

    key: str
    body: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine may keep things: a *folder* of its own, and the *url* of its server when it needs one."""

    folder: Path
    url: str


Deliver = Callable[[str], None]


class Engine(Protocol):
    """A queue under comparison. *deliver*, which it is made with, posts one body and raises when that fails."""

    def accept(self, jobs: Sequence[Job]) -> None:
        """Keep *jobs*, as durably as the engine can; returns when they are kept."""

    def work(self, expected: int) -> None:
        """Deliver all that was accepted with as many workers as it was made with; *expected* says how much that is."""

    def close(self) -> None:
        """End threads and connections."""


Build = Callable[[Place, int, Deliver], Engine]


class Poster:
    """Posts bodies to the sink with a client for each thread, and counts those that were taken."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = dict(headers)
        self._of_thread = threading.local()
        self._clients: list[httpx.Client] = []
        self._lock = threading.Lock()
        self.taken = 0

    def post(self, body: str) -> None:
        client: httpx.Client | None = getattr(self._of_thread, "client", None)
        if client is None:
            client = self._of_thread.client = httpx.Client(verify=False, trust_env=False)
            with self._lock:
                self._clients.append(client)
        client.post(self._url, content=body.encode(), headers=self._headers).raise_for_status()
        with self._lock:
            self.taken += 1

    def close(self) -> None:
        for client in self._clients:
            client.close()
