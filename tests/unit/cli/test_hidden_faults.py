"""Faults that nobody waits for, in threads and tasks, leave their places in the log and nothing of their words."""

from __future__ import annotations

import asyncio
import io
import logging
import threading
from collections.abc import Callable, Iterator

import orjson
import pytest

from gateway.cli.program import thread_failed
from gateway.config import LogSettings
from gateway.observe import set_up
from gateway.service.app import task_failed
from tests.planted import OWNER


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up(LogSettings(format="json"), stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def look_up(owners: dict[str, str]) -> str:
    return owners[OWNER]


def fault() -> KeyError:
    with pytest.raises(KeyError) as raised:
        look_up({})
    return raised.value


def in_a_thread() -> None:
    thread_failed(threading.ExceptHookArgs((KeyError, fault(), None, threading.current_thread())))


def in_a_task() -> None:
    async def nobody_waits() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(task_failed)
        loop.call_exception_handler({"message": f"never retrieved: {OWNER}", "exception": fault()})

    asyncio.run(nobody_waits())


@pytest.mark.parametrize("ends", [in_a_thread, in_a_task])
def test_a_fault_that_nobody_waits_for_is_told_without_its_words(log: io.StringIO, ends: Callable[[], None]) -> None:
    """
    The interpreter and the event loop would print the name that stands in the fault.
    """
    ends()

    said = orjson.loads(log.getvalue())
    assert said["event"] == "command.thread_failed"
    assert said["trace"][0]["error"] == "KeyError"
    assert any("look_up" in place for place in said["trace"][0]["at"])
    assert OWNER not in log.getvalue()
