"""Metrics and health of a command that runs on: opened when the configuration or the command line names an address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from gateway.api import Gateway
from gateway.cli import output
from gateway.cli.signals import Stop
from gateway.config.address import Address
from gateway.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from gateway.monitor import Monitor

MetricsOption = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        metavar="HOST:PORT",
        help="Mở /metrics và /health ở đây, thay metrics.listen. / Open /metrics and /health there.",
    ),
]


def monitor_of(gateway: Gateway, stop: Stop) -> Monitor:
    """What tells how this process is. Raises ``ConfigurationError`` where what it needs is not installed."""
    try:
        from gateway.monitor import Monitor
    except ImportError as error:
        raise ConfigurationError(
            [
                Problem(
                    "metrics",
                    f"thiếu gói {error.name} / package {error.name} is missing",
                    "Cài «lienthong[metrics]» / Install «lienthong[metrics]»",
                )
            ]
        ) from error
    return Monitor(gateway, stopping=stop.event.is_set)


@contextmanager
def watched(gateway: Gateway, stop: Stop, said: str | None, monitor: Monitor | None = None) -> Iterator[Monitor | None]:
    """
    Open metrics and health for the block, where *said* or the configuration says; nowhere without both. *monitor* is
    the process's own, where it has one. Gives the monitor that there is now.
    """
    address = gateway.settings.metrics.listen if said is None else _checked(said)
    if address is None:
        yield monitor
        return
    monitor = monitor or monitor_of(gateway, stop)
    from gateway.monitor import Endpoint

    with Endpoint(monitor, address, setting="metrics.listen" if said is None else "--metrics") as endpoint:
        output.say(f"Số đo / Metrics {endpoint.url}/metrics")
        yield monitor


def reloads_told_to(monitor: Monitor | None) -> Callable[[bool], None]:
    """What hears whether a reload took effect."""
    return (lambda _: None) if monitor is None else monitor.meter.reloaded


def _checked(said: str) -> str:
    try:
        return TypeAdapter(Address).validate_python(said)
    except ValidationError as error:
        raise typer.BadParameter("không phải địa chỉ:cổng / is no address:port", param_hint="--metrics") from error
