"""Many who ask, and one who finds out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from gateway.monitor.fresh import Fresh


def test_however_many_ask_it_is_found_out_once() -> None:
    """
    Eight ask at once, and again before the answer is too old: one question; then a second one.
    """
    now = [100.0]
    asked = count(1)
    fresh = Fresh(lambda: next(asked), keep_s=5, wait_s=10, monotonic=lambda: now[0])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: fresh.get(), range(8)))
    now[0] += 4.9
    answers.append(fresh.get())
    now[0] += 0.1
    later = fresh.get()

    assert (answers, later) == ([1] * 9, 2)


def test_nobody_waits_longer_than_told() -> None:
    """
    The answer does not come: everyone is told so, and only one question was asked; once it comes, it is used.
    """
    let_go = threading.Event()
    asked: list[int] = []

    def slow() -> int:
        asked.append(1)
        let_go.wait(10)
        return 7

    fresh = Fresh(slow, keep_s=60, wait_s=0.02)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            fresh.get()
    let_go.set()

    patient = Fresh(lambda: 0, keep_s=60, wait_s=10)
    assert patient.get() == 0
    while True:
        try:
            assert fresh.get() == 7
            break
        except TimeoutError:
            continue
    assert len(asked) == 1


def test_a_fault_is_told_to_everybody_and_forgotten_in_time() -> None:
    """
    What cannot be found out is raised; the next time it may work again.
    """
    now = [0.0]
    answers: Iterator[OSError | int] = iter([OSError("cut"), 3])

    def ask() -> int:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    fresh = Fresh(ask, keep_s=1, wait_s=10, monotonic=lambda: now[0])
    for _ in range(2):
        with pytest.raises(OSError, match="cut"):
            fresh.get()
    now[0] = 1.0

    assert fresh.get() == 3
