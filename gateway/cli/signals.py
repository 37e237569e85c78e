"""
What a command that runs on does at signals: SIGTERM and SIGINT are a wish to stop, SIGHUP is one to reload.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass
class Stop:
    """A wish to stop, and the signal that brought it; *reload* is a wish to read the configuration again."""

    event: threading.Event = field(default_factory=threading.Event)
    signal: signal.Signals | None = None
    reload: threading.Event = field(default_factory=threading.Event)


@contextmanager
def hearing_reloads() -> Iterator[threading.Event]:
    """
    Note SIGHUP from the beginning, so that it does not end a command that still starts; but on a terminal, where it
    says that the person has left. SIGTERM and SIGINT end such a one at once.
    """
    wanted = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        wanted.set()

    before = {} if sys.stderr.isatty() else {signal.SIGHUP: signal.signal(signal.SIGHUP, note)}
    if os.getpid() == 1:
        before |= {each: signal.signal(each, _end) for each in STOPPING}
    try:
        yield wanted
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def stopping_on_signals(reload: threading.Event | None = None, *, first_process: bool | None = None) -> Iterator[Stop]:
    """
    Turn the first SIGTERM or SIGINT into a wish to stop; a second one ends the process at once.

    *reload* is what ``hearing_reloads`` gives, for a command that can. *first_process* tells of a container's first
    process, by default whether this is one.
    """
    stop = Stop(reload=reload or threading.Event())
    # The kernel keeps the default from the first process of a container.
    at_once = _end if (os.getpid() == 1 if first_process is None else first_process) else signal.SIG_DFL

    def note(number: int, _frame: FrameType | None) -> None:
        stop.signal = signal.Signals(number)
        for each in STOPPING:
            signal.signal(each, at_once)
        stop.event.set()

    before = {each: signal.signal(each, note) for each in STOPPING}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)
