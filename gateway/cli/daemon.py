"""What a command does while it runs on: it obeys signals, and tells its supervisor how it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from gateway.api import Gateway
from gateway.cli import output
from gateway.cli.hearing import unheard
from gateway.cli.reload import reload
from gateway.cli.signals import Stop
from gateway.cli.supervisor import Supervisor
from gateway.cli.workers import Workers
from gateway.errors import StoreError
from gateway.observe import Event, get_logger

log = get_logger(__name__)

LOOK_EVERY = timedelta(seconds=0.5)


class Daemon:
    """
    *over* waits at most so many seconds, and tells whether the work is over. *on_stop* is called once, when a stop was
    asked for; *reloaded* after each reload, with whether it took effect. The supervisor
    hears a sign of life while *alive*.
    """

    def __init__(
        self,
        config: Path,
        gateway: Gateway,
        stop: Stop,
        over: Callable[[float], bool],
        *,
        workers: Workers | None,
        on_stop: Callable[[], None] = lambda: None,
        reloaded: Callable[[bool], None] = lambda _: None,
        alive: Callable[[], bool] = lambda: True,
    ) -> None:
        self._config = config
        self._gateway = gateway
        self._stop = stop
        self._over = over
        self._workers = workers
        self._on_stop = on_stop
        self._reloaded = reloaded
        self._alive = alive
        self._stopping = False
        self._supervisor = Supervisor(os.environ)

    def ready(self) -> None:
        """All that was to be opened is open."""
        self._supervisor.ready()
        self._doubt()

    def ended(self, every: timedelta) -> bool:
        """Wait until the work is over, or until *every* has passed, or a stop is asked for: then False."""
        remaining = every
        while remaining > timedelta(0):
            part = min(remaining, LOOK_EVERY)
            over = self._over(part.total_seconds())
            if (over or self._stop.event.is_set()) and not self._stopping:
                self._begin_to_stop()
                return over
            if over:
                return True
            if self._alive():
                self._supervisor.alive()
            if self._stop.reload.is_set() and not self._stopping:
                self._reload()
            remaining -= part
        return False

    def _begin_to_stop(self) -> None:
        self._stopping = True
        self._supervisor.stopping()
        # A database that somebody holds keeps nobody beyond the time for a graceful stop.
        self._gateway.hurry(timedelta(seconds=self._gateway.settings.delivery.stop_s))
        if self._stop.event.is_set():
            self._on_stop()

    def _reload(self) -> None:
        self._stop.reload.clear()
        self._supervisor.reloading()
        done = reload(self._config, self._gateway, self._workers)
        self._reloaded(done)
        self._supervisor.ready()
        if done:
            self._doubt()

    def _doubt(self) -> None:
        """Say what does not keep anybody from working, and is probably not meant."""
        # A database that is gone is told of by whoever needs it.
        with suppress(StoreError):
            for problem in unheard(self._gateway):
                log.warning(Event.CONFIGURATION_DOUBTFUL, problem=str(problem))
                if output.err.is_terminal:
                    output.say(str(problem))
