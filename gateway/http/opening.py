"""Opens the line that the configuration names."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from gateway.errors import ConfigurationError, Problem
from gateway.http.line import Line, LineSettings
from gateway.http.plain import Network, PlainLine

Engine = Literal["httpx", "fast"]


def open_line(
    engine: Engine,
    settings: LineSettings,
    *,
    network: Network | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Line:
    """
    A line by *engine*; no connection is made yet. *network* stands in for the network in tests, whatever the engine.

    Raises ``ConfigurationError`` where *engine* is not installed or cannot do what *settings* ask.
    """
    if engine == "httpx" or network is not None:
        return PlainLine(settings, network=network, monotonic=monotonic)
    if settings.proxy:
        raise _wrong(
            "«fast» không đi qua proxy / does not go through a proxy",
            'Đặt engine = "httpx" hoặc bỏ proxy / Set engine = "httpx", or take proxy out',
        )
    try:
        from gateway.http.fast import FastLine
    except ImportError as error:
        raise _wrong(
            f"thiếu gói {error.name} / package {error.name} is missing",
            'Cài «lienthong[fast]» hoặc đặt engine = "httpx" / Install «lienthong[fast]», or set engine = "httpx"',
        ) from error
    return FastLine(settings, monotonic=monotonic)


def _wrong(reason: str, remedy: str) -> ConfigurationError:
    return ConfigurationError([Problem("engine", reason, remedy)])
