"""What a person at a terminal sees of the work."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

from gateway.api import Gateway
from gateway.cli.daemon import Daemon
from gateway.cli.signals import Stop
from gateway.cli.sync import watch_on_screen
from gateway.cli.workers import Workers
from gateway.delivery import Counts
from gateway.errors import StoreUnavailable
from gateway.store.views import PartnerStatus


def test_the_last_picture_stays_while_the_database_is_gone() -> None:
    """
    The second look finds no database: the work goes on, and so does the drawing when it is back.
    """
    asked: list[int] = []
    over = iter([False, False, False, True])

    def status() -> Sequence[PartnerStatus]:
        asked.append(1)
        if len(asked) == 2:
            raise StoreUnavailable("gone")
        return []

    watch_on_screen(
        cast("Gateway", SimpleNamespace(status=status)),
        cast("Daemon", SimpleNamespace(ended=lambda every: next(over))),
        cast("Workers", SimpleNamespace(counts=Counts())),
        cast("Stop", SimpleNamespace(event=threading.Event())),
    )

    assert len(asked) == 3
