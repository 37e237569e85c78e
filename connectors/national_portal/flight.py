"""
One flight: of several threads that need the same thing at the same time, one fetches it and all take it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Generic, TypeVar

from gateway.errors import DeliveryError

K = TypeVar("K")
V = TypeVar("V")


class OneFlight(Generic[K, V]):
    """At most one running fetch per key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[K, Future[V]] = {}

    def take(self, key: K, fetch: Callable[[], V], *, wait_s: float, late: Callable[[], DeliveryError]) -> V:
        """
        The value of *fetch*, or of a fetch of the same *key* that is already under way.

        A failure is everybody's failure: nobody tries again at once. Waits at most *wait_s*, then raises *late()*.
        """
        with self._lock:
            flight = self._flights.get(key)
            mine = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if not mine:
            return _landed(flight, wait_s, late)
        try:
            value = fetch()
        except BaseException as error:
            flight.set_exception(error)
            raise
        else:
            flight.set_result(value)
            return value
        finally:
            with self._lock:
                del self._flights[key]


def _landed(flight: Future[V], wait_s: float, late: Callable[[], DeliveryError]) -> V:
    try:
        return flight.result(wait_s)
    except FutureTimeoutError:
        raise late() from None
    except DeliveryError as error:
        # An own instance per thread: one that several threads raise would mix up their tracebacks.
        raise type(error)(error.partner, error.code, error.text, retry_after=error.retry_after) from error
