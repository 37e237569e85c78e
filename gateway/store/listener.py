"""
Hears when there is work: one connection that listens, and finds the server again after it was gone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential

from gateway.observe import Event, get_logger

log = get_logger(__name__)

CHANNEL = "lt_work"
LOOK_S = 0.5
"""How often the thread looks whether it is to end."""


class Listener:
    """
    A thread that calls *wake* with the partner that has work for *tenant*; with "" after the connection was lost, since
    nobody knows what was said meanwhile.

    *alive* are the driver's options that tell a server which went silent from one that has nothing to say.
    """

    def __init__(self, url: str, tenant: str, wake: Callable[[str], None], alive: Mapping[str, Any]) -> None:
        self._url = url
        self._alive = alive
        self._tenant = tenant
        self._wake = wake
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join(5)

    def _run(self) -> None:
        def rest(state: RetryCallState) -> None:
            log.warning(Event.LISTENER_LOST, attempt=state.attempt_number)

        for attempt in Retrying(
            retry=retry_if_exception_type(psycopg.Error),
            stop=stop_when_event_set(self._end),
            wait=wait_random_exponential(multiplier=0.1, max=5),
            sleep=self._rest,
            before_sleep=rest,
            # Asked to end while the server is gone: there is nothing left to try.
            retry_error_callback=lambda _: None,
        ):
            if self._end.is_set():
                return
            with attempt:
                self._listen()

    def _rest(self, seconds: float) -> None:
        self._end.wait(seconds)

    def _listen(self) -> None:
        with psycopg.connect(self._url, autocommit=True, **self._alive) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._wake("")
            while not self._end.is_set():
                for notice in connection.notifies(timeout=LOOK_S, stop_after=1):
                    tenant, _, partner = notice.payload.rpartition("/")
                    if tenant == self._tenant:
                        self._wake(partner)
