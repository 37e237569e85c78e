"""Whether the thread that imports lives: by what it computes, not by what it tells."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from gateway.service.imports.life import Life

MORNING = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_who_computes_lives_and_who_ended_does_not() -> None:
    """
    A step of work each minute is a sign of life; hours later it is still there, and gone once it has ended.
    """
    life = Life(2 * MINUTE)
    assert not life.is_there(MORNING)
    go, done = threading.Semaphore(0), threading.Semaphore(0)
    seen = []

    def work() -> None:
        life.begin()
        for _ in range(60):
            done.release()
            go.acquire()

    thread = threading.Thread(target=work)
    thread.start()
    for minute in range(60):
        done.acquire()
        seen.append(life.is_there(MORNING + minute * MINUTE))
        go.release()
    thread.join()

    assert seen == [True] * 60
    assert not life.is_there(MORNING + 60 * MINUTE)


def test_who_waits_for_ever_hangs() -> None:
    """
    It is given its time, and as soon as it computes again it is there again.
    """
    life = Life(2 * MINUTE)
    here, go, there = threading.Event(), threading.Event(), threading.Event()
    end = threading.Event()

    def work() -> None:
        life.begin()
        here.set()
        go.wait()
        there.set()
        end.wait()

    thread = threading.Thread(target=work)
    thread.start()
    here.wait()
    now = MORNING
    while life.is_there(now):
        # It may still be on its way to where it waits.
        now += 2 * MINUTE
    go.set()
    there.wait()
    lives = life.is_there(now + MINUTE)
    end.set()
    thread.join()

    assert lives


def test_a_clock_that_is_put_back_gives_nobody_a_longer_life() -> None:
    """
    By a day, while a thread hangs: it is seen to hang as soon as ever.
    """
    life = Life(2 * MINUTE)
    here, end = threading.Event(), threading.Event()

    def work() -> None:
        life.begin()
        here.set()
        end.wait()

    thread = threading.Thread(target=work)
    thread.start()
    here.wait()
    assert life.is_there(MORNING + timedelta(days=1))
    now = MORNING
    while life.is_there(now):
        # It may still be on its way to where it waits.
        now += 2 * MINUTE
    end.set()
    thread.join()

    assert now < MORNING + timedelta(hours=12)
