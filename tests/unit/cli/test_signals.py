"""What signals do to a command that runs on, from its first moment: in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gateway.cli

FOLDER = str(Path(gateway.cli.__file__).parent)
"""The module needs nothing of ours: alone it starts in no time."""
HEARD = """
import sys
from signals import hearing_reloads, stopping_on_signals
with hearing_reloads() as reload:
    print("starting", flush=True)
    sys.stdin.readline()
    with stopping_on_signals(reload, first_process={first}) as stop:
        print("running", reload.is_set(), flush=True)
        stop.event.wait()
        print("stopping", flush=True)
        sys.stdin.readline()
"""


@contextmanager
def a_command(*, first_process: bool = False) -> Iterator[subprocess.Popen[str]]:
    code = HEARD.format(first=first_process)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": FOLDER},
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_reload_that_is_wished_too_early_ends_nothing() -> None:
    """
    SIGHUP comes while the database is opened: the command goes on to start, and reloads when it can.
    """
    with a_command() as process:
        assert said(process) == "starting"
        process.send_signal(signal.SIGHUP)
        go_on(process)

        assert said(process) == "running True"


def test_a_command_that_still_starts_ends_at_once() -> None:
    """
    Nothing is under way yet that a graceful stop could save.
    """
    with a_command() as process:
        assert said(process) == "starting"
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == -signal.SIGTERM


def test_a_second_signal_ends_also_the_first_process_of_a_container() -> None:
    """
    The first is a wish; the second ends it, where the kernel would keep the default from process 1.
    """
    with a_command(first_process=True) as process:
        assert said(process) == "starting"
        go_on(process)
        assert said(process) == "running False"
        process.send_signal(signal.SIGTERM)
        assert said(process) == "stopping"
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 128 + signal.SIGTERM
