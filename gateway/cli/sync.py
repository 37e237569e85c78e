"""``lienthong sync``: delivers until told to stop, or until nothing waits."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.table import Table

from gateway.api import Gateway
from gateway.cli import output
from gateway.cli.daemon import Daemon
from gateway.cli.exits import ExitCode
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, JsonOption, gateway_at
from gateway.cli.signals import Stop, hearing_reloads, stopping_on_signals
from gateway.cli.watching import MetricsOption, reloads_told_to, watched
from gateway.cli.workers import Workers
from gateway.delivery import Counts
from gateway.errors import StoreError
from gateway.observe import Event, get_logger
from gateway.observe.exporting import exported

if TYPE_CHECKING:
    from gateway.monitor import Monitor

log = get_logger(__name__)

SCREEN_EVERY = timedelta(seconds=1)
LOG_EVERY = timedelta(seconds=30)


def sync(
    config: ConfigOption = DEFAULT_CONFIG,
    until_idle: Annotated[
        bool,
        typer.Option("--until-idle", help="Dừng khi không còn gì chờ gửi. / End when nothing waits but dead letters."),
    ] = False,
    json: JsonOption = False,
    metrics: MetricsOption = None,
) -> None:
    """
    Gửi mọi thứ đang chờ, và chạy tiếp như một dịch vụ. / Deliver what waits, and go on as a service.

    SIGTERM và Ctrl-C dừng êm trong delivery.stop_s giây; lần thứ hai dừng ngay, không mất gì.
    / SIGTERM and Ctrl-C stop gracefully within delivery.stop_s seconds; a second one stops at once, nothing is lost.

    SIGHUP đọc lại cấu hình; tệp sai thì không đổi gì. / SIGHUP reloads the configuration; a mistake changes nothing.

    Ví dụ / Examples:

      [cyan]lienthong sync[/]                 dịch vụ / a service

      [cyan]lienthong sync --until-idle[/]    một lượt / one round, for cron
    """
    with hearing_reloads() as reload, gateway_at(config) as gateway, exported(os.environ):
        gateway.must_deliver()
        with stopping_on_signals(reload) as stop, watched(gateway, stop, metrics) as monitor:
            totals = _deliver(gateway, config, stop, monitor, until_idle=until_idle)
        partners = gateway.status()
    dead = sum(partner.dead for partner in partners)
    waiting = sum(partner.pending + partner.in_flight + partner.unknown for partner in partners)
    if json:
        output.print_json({**asdict(totals), "waiting": waiting, "dead_letters": dead})
    else:
        output.out.print(
            f"Đã gửi / Delivered {output.number(totals.delivered)} · chờ / waiting {output.number(waiting)}"
            f" · chết / dead {output.number(dead)}"
        )
    raise typer.Exit(_exit_code(stop, until_idle=until_idle, dead=dead))


def _exit_code(stop: Stop, *, until_idle: bool, dead: int) -> ExitCode:
    if stop.signal is signal.SIGINT or (stop.signal is not None and until_idle):
        return ExitCode.INTERRUPTED
    if until_idle and dead:
        return ExitCode.WAITING_FOR_A_PERSON
    return ExitCode.OK


def _deliver(gateway: Gateway, config: Path, stop: Stop, monitor: Monitor | None, *, until_idle: bool) -> Counts:
    log.info(Event.SYNC_STARTED, partners=[connector.name for connector in gateway.connectors])
    for partner, count in gateway.unserved().items():
        log.warning(Event.SYNC_UNSERVED, partner=partner, waiting=count)

    def on_stop() -> None:
        log.info(Event.SYNC_STOPPING, signal=stop.signal.name if stop.signal else "")

    workers = Workers(gateway, stop.event, until_idle=until_idle)
    daemon = Daemon(
        config, gateway, stop, workers.ended, workers=workers, on_stop=on_stop, reloaded=reloads_told_to(monitor)
    )
    daemon.ready()
    try:
        if output.err.is_terminal:
            watch_on_screen(gateway, daemon, workers, stop)
        else:
            _watch_in_log(daemon, workers)
    finally:
        totals = workers.join()
    log.info(Event.SYNC_STOPPED, **asdict(totals))
    return totals


def _watch_in_log(daemon: Daemon, workers: Workers) -> None:
    while not daemon.ended(LOG_EVERY):
        log.info(Event.SYNC_PROGRESS, **asdict(workers.counts))


def watch_on_screen(gateway: Gateway, daemon: Daemon, workers: Workers, stop: Stop) -> None:
    """Draw what waits, again and again until the work is over; the last picture stays while the database is gone."""
    with Live(console=output.err, transient=True, auto_refresh=False) as live:
        while not daemon.ended(SCREEN_EVERY):
            with suppress(StoreError):
                live.update(_screen(gateway, workers.counts, stop), refresh=True)


def _screen(gateway: Gateway, counts: Counts, stop: Stop) -> Table:
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("Đối tác", "Chờ gửi", "Đang gửi", "Chưa rõ", "Chết", "Đã gửi"):
        drawn.add_column(heading, justify="left" if heading == "Đối tác" else "right")
    for partner in gateway.status():
        values = (partner.pending, partner.in_flight, partner.unknown, partner.dead, partner.delivered)
        drawn.add_row(partner.partner, *map(output.number, values))
    drawn.caption = (
        "Đang dừng êm… / Stopping…"
        if stop.event.is_set()
        else f"Lượt này / This run: gửi {output.number(counts.delivered)}, gọi lại {output.number(counts.retried)},"
        f" tra cứu {output.number(counts.probes)} · Ctrl-C để dừng / to stop"
    )
    return drawn
