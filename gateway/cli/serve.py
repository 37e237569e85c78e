"""``lienthong serve``: the HTTP service, alone or with the workers in the same process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.api import Gateway
from gateway.cli import output
from gateway.cli.daemon import LOOK_EVERY, Daemon
from gateway.cli.exits import ExitCode
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, gateway_at
from gateway.cli.signals import Stop, hearing_reloads, stopping_on_signals
from gateway.cli.watching import MetricsOption, monitor_of, watched
from gateway.cli.workers import Workers
from gateway.errors import ConfigurationError, Problem
from gateway.observe import Event, get_logger
from gateway.observe.exporting import exported

if TYPE_CHECKING:
    from gateway.monitor import Monitor
    from gateway.service import Server

log = get_logger(__name__)


def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    with_workers: Annotated[
        bool,
        typer.Option("--with-workers", help="Gửi luôn trong tiến trình này. / Deliver in this process, too."),
    ] = False,
    ready_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ghi địa chỉ vào đây khi sẵn sàng. / Gets the address.")
    ] = None,
    metrics: MetricsOption = None,
) -> None:
    """
    Chạy dịch vụ HTTP. / Run the HTTP service.

    SIGTERM và Ctrl-C dừng êm trong delivery.stop_s giây; lần thứ hai dừng ngay, không mất gì.
    / SIGTERM and Ctrl-C stop gracefully within delivery.stop_s seconds; a second one stops at once, nothing is lost.

    SIGHUP đọc lại cấu hình; tệp sai thì không đổi gì. / SIGHUP reloads the configuration; a mistake changes nothing.

    Ví dụ / Examples:

      [cyan]lienthong serve --with-workers[/]    một tiến trình làm tất cả / one process does everything

      [cyan]lienthong serve[/]                   chỉ nhận; gửi bằng «lienthong sync» / only takes in
    """
    with (
        hearing_reloads() as reload,
        gateway_at(config) as gateway,
        exported(os.environ),
        stopping_on_signals(reload) as stop,
    ):
        if with_workers:
            gateway.must_deliver()
        monitor = monitor_of(gateway, stop)
        with _server(gateway, monitor) as server, watched(gateway, stop, metrics, monitor):
            started = server.wait_until_ready(sleep)
            if started:
                log.info(Event.SERVICE_STARTED, url=server.url, workers=with_workers)
                if output.err.is_terminal:
                    output.say(f"Đang phục vụ / Serving {server.url}")
                if ready_file is not None:
                    _tell(ready_file, server.url)
            with _workers(gateway, stop) if with_workers else _nobody() as workers:

                def over(wait_s: float) -> bool:
                    return stop.event.wait(wait_s) or not server.alive or (workers is not None and workers.ended(0))

                daemon = Daemon(
                    config,
                    gateway,
                    stop,
                    over,
                    workers=workers,
                    reloaded=monitor.meter.reloaded,
                    alive=lambda: monitor.live().good,
                )
                if started:
                    daemon.ready()
                while not daemon.ended(LOOK_EVERY):
                    pass
        log.info(Event.SERVICE_STOPPED)
    if stop.signal is signal.SIGINT:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if stop.signal is None:
        raise typer.Exit(ExitCode.UNEXPECTED)


def _server(gateway: Gateway, monitor: Monitor) -> Server:
    try:
        from gateway.service import Server, create_app
    except ImportError as error:
        raise ConfigurationError(
            [
                Problem(
                    "service",
                    f"thiếu gói {error.name} / package {error.name} is missing",
                    "Cài «lienthong[service]» / Install «lienthong[service]»",
                )
            ]
        ) from error
    settings = gateway.settings
    app = create_app(gateway, monitor)
    return Server(app, settings.service, stop_s=settings.delivery.stop_s, refused=monitor.meter.refused)


@contextmanager
def _workers(gateway: Gateway, stop: Stop) -> Iterator[Workers]:
    """Deliver beside the block; a fault of the workers is raised at its end."""
    workers = Workers(gateway, stop.event)
    try:
        yield workers
    finally:
        stop.event.set()
        workers.join()


@contextmanager
def _nobody() -> Iterator[None]:
    yield


def _tell(ready_file: Path, url: str) -> None:
    try:
        ready_file.write_text(url, "utf-8")
    except OSError as error:
        raise typer.BadParameter(
            f"--ready-file {ready_file}: không ghi được / cannot be written ({error.strerror})"
        ) from error
