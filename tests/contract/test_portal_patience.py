"""The time that one errand to the portal may take, and what counts when it is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from gateway.errors import Busy, Held, OutcomeUnknown, Unreachable
from gateway.ports import Failed, Outcome
from tests.builders import a_dossier, a_step
from tests.portal_scripts import (
    PUSH,
    Answer,
    ScriptedPortal,
    a_connector,
    a_message,
    error_of,
    procedure,
    pushed,
    said,
    scripted,
)


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """
    The size is bounded by a setting; what it was stays unknown.
    """
    sent: list[int] = []

    def endless() -> Any:
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1024

    portal = scripted({PUSH: [httpx.Response(200, content=endless())]})

    error = pushed(portal, max_answer_bytes=10_000)

    assert (type(error), error.code) == (OutcomeUnknown, "too-long")
    assert len(sent) < 20


def test_an_answer_that_trickles_is_cut_off() -> None:
    """
    Bytes come, but the call's time is over.
    """
    ticks = iter(range(0, 10_000, 2))

    def trickle() -> Any:
        for _ in range(1000):
            yield b" "

    portal = scripted({PUSH: [httpx.Response(200, content=trickle())]})

    error = pushed(portal, monotonic=lambda: float(next(ticks)), timeout_s=100)

    assert (type(error), error.code) == (OutcomeUnknown, "timeout")


def test_nothing_is_sent_once_the_time_is_over() -> None:
    """
    Looking up the adapter's name took a minute, which no time-out covers. By now another process may hold the message.
    """
    now = [0.0]

    class SlowNames(ScriptedPortal):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            limits = request.extensions["timeout"]
            limits.get("connect")
            now[0] += 60.0
            limits.get("write")
            return super().handle_request(request)

    portal = SlowNames()

    (outcome,) = a_connector(portal, variant="C", monotonic=lambda: now[0]).deliver([a_message(a_step())])

    assert isinstance(error_of(outcome), OutcomeUnknown)
    assert portal.calls == []


def test_an_errand_that_takes_too_long_ends_before_the_next_call() -> None:
    """
    The portal is slow three times over; nothing more is sent, and the message is as before.
    """
    now = [0.0]

    def slowly(answer: httpx.Response) -> Answer:
        def slow(request: httpx.Request) -> httpx.Response:
            now[0] += 14
            return answer

        return slow

    portal = scripted(
        {
            "login": [slowly(said("0", "Đăng nhập thành công", session="s" * 12))],
            "LayThuTuc": [slowly(procedure())],
            PUSH: [slowly(said("3", "đã tồn tại"))],
        }
    )
    connector = a_connector(portal, monotonic=lambda: now[0])

    (outcome,) = connector.deliver([a_message(a_dossier())])

    assert isinstance(outcome, Failed)
    assert (type(outcome.error), outcome.error.code) == (Unreachable, "out-of-time")
    assert portal.calls == ["login", "LayThuTuc", PUSH]
    assert connector.longest_call == timedelta(seconds=45)


def test_no_second_try_to_connect_once_another_thread_was_sent_away() -> None:
    """
    The connection is refused; while one thread waits to try again, the portal tells another to come back later.
    """
    steps = "DongBoTienTrinhHoSoMC"
    busy = httpx.Response(503, headers={"Retry-After": "600"})
    portal = scripted({steps: [httpx.ConnectError("refused"), busy]})
    others: list[Outcome] = []

    def meanwhile(seconds: float) -> None:
        others.extend(connector.deliver([a_message(a_step())]))

    connector = a_connector(portal, variant="C", sleep=meanwhile)

    (outcome,) = connector.deliver([a_message(a_step())])

    assert [type(error_of(each)) for each in (*others, outcome)] == [Busy, Held]
    assert portal.calls == [steps, steps]


def test_an_answer_that_is_whole_is_heard_however_late_it_is_read() -> None:
    """
    The machine slept while the portal said to come back in ten minutes: nobody calls before.
    """
    now = [0.0]

    def asleep(request: httpx.Request) -> httpx.Response:
        now[0] += 60
        return httpx.Response(503, headers={"Retry-After": "600"}, stream=httpx.ByteStream(b"<html></html>"))

    portal = scripted({"DongBoTienTrinhHoSoMC": [asleep]})
    connector = a_connector(portal, variant="C", monotonic=lambda: now[0])

    first, second = (connector.deliver([a_message(a_step())])[0] for _ in range(2))

    assert (type(error_of(first)), error_of(first).retry_after) == (Busy, timedelta(minutes=10))
    assert isinstance(error_of(second), Held)
    assert len(portal.calls) == 1
