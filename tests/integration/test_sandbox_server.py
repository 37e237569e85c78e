"""The portal over real sockets: what a client sees, and what the portal learns about the client."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from connectors.national_portal.mock import DSTCODE, PREFIXES, Fault, FaultKind, Portal
from gateway.sandbox import Running, serve
from gateway.sandbox.server import NotLoopback, Server
from tests.portal import (
    CODE,
    UNIT,
    Lost,
    Province,
    Socket,
    a_code,
    a_portal,
    a_wire_dossier,
    a_wire_step,
    example,
    example_bytes,
)

STEPS = frozenset({"CapNhatTienDoHoSoMC"})


@pytest.fixture
def portal() -> Portal:
    return a_portal(stall_s=0.3)


@pytest.fixture
def running(portal: Portal) -> Iterator[Running]:
    with serve(portal) as running:
        yield running


@pytest.fixture
def province(running: Running) -> Iterator[Province]:
    with Socket(running.url) as wire:
        yield Province(wire)


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether *condition* comes true within five seconds; another thread has to notice something."""
    end = time.monotonic() + 5
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


def open_connections(running: Running) -> int:
    return sum(thread.name == "sandbox-client" for thread in threading.enumerate())


def test_the_examples_of_the_contract_pass_over_sockets(province: Province) -> None:
    """
    19.3 and 19.4, byte for byte, on one connection.
    """
    province.log_in()
    for request, answer in (
        ("dongbohosomc.request", "dongbohosomc.answer"),
        ("capnhattiendohosomc.request", "capnhattiendohosomc.answer"),
    ):
        reply = province.post("mapi/integration", {**example(request), "session": province.session})
        assert reply.body == example_bytes(answer)
        assert reply.headers["content-type"] == "application/json; charset=utf-8"


def test_one_connection_carries_many_calls(running: Running, province: Province) -> None:
    """
    Keep-alive: the server does not close what the client holds open.
    """
    for serial in range(20):
        assert province.push(a_wire_dossier(a_code(serial))).code == "0"

    assert open_connections(running) == 1


def test_a_dropped_answer_leaves_the_dossier_behind(portal: Portal, province: Province) -> None:
    """
    The connection closes without a byte; the next call finds the dossier.
    """
    province.log_in()
    portal.inject(Fault(FaultKind.DROP, count=1, after_work=True))

    with pytest.raises(Lost):
        province.push(a_wire_dossier())

    assert len(province.look_up().json["result"]) == 1


def test_a_cut_answer_is_shorter_than_announced(portal: Portal, province: Province) -> None:
    """
    The client's HTTP library notices.
    """
    province.log_in()
    portal.inject(Fault(FaultKind.CUT, count=1))

    with pytest.raises(Lost, match="IncompleteRead"):
        province.push(a_wire_dossier())


def test_a_refused_connection_is_reset(portal: Portal, province: Province) -> None:
    """
    Nothing was done, nothing is said.
    """
    province.log_in()
    portal.inject(Fault(FaultKind.REFUSE, count=1))

    with pytest.raises(Lost, match="Connection"):
        province.push(a_wire_dossier())

    assert portal.dossier(CODE) is None


def test_a_slow_answer_arrives_after_the_stall(portal: Portal, province: Province) -> None:
    """
    A client that is patient enough gets it.
    """
    province.log_in()
    portal.inject(Fault(FaultKind.SLOW, count=1))
    start = time.monotonic()

    assert province.push(a_wire_dossier()).code == "0"

    assert time.monotonic() - start >= 0.3


def test_a_stall_ends_when_the_client_gives_up(portal: Portal, running: Running) -> None:
    """
    The call is over at that moment: asking again on a new connection overlaps nothing.
    """
    portal.configure(stall_s=60.0)
    with Socket(running.url) as wire:
        province = Province(wire)
        province.log_in()
        province.push(a_wire_dossier())
        portal.inject(Fault(FaultKind.STALL, STEPS, count=1, after_work=True))
    with Socket(running.url, timeout_s=0.2) as wire, pytest.raises(Lost, match="Timeout"):
        Province(wire, session=province.session).step(a_wire_step())

    with Socket(running.url) as wire:
        again = Province(wire, session=province.session)
        assert len(again.look_up().json["result"]) == 1
        assert again.step(a_wire_step()).code == "0"

    counters = portal.counters()
    assert (counters.overlapping_calls, counters.steps_repeated) == (0, 1)
    assert counters.steps_repeated_after_clean_answer == 0
    assert eventually(lambda: open_connections(running) == 0)


def test_two_calls_at_once_overlap(portal: Portal, running: Running) -> None:
    """
    A bad client asks while its own call for the dossier is still going on.
    """
    portal.configure(stall_s=60.0)
    with Socket(running.url, timeout_s=1.0) as first, Socket(running.url) as second:
        waiting, impatient = Province(first), Province(second)
        waiting.log_in()
        impatient.session = waiting.session
        portal.inject(Fault(FaultKind.SLOW, STEPS, count=1))

        def give_up_after_a_second() -> None:
            with suppress(Lost):
                waiting.step(a_wire_step())

        thread = threading.Thread(target=give_up_after_a_second)
        thread.start()
        assert eventually(lambda: len(portal.calls("CapNhatTienDoHoSoMC")) == 1)

        impatient.look_up()

        thread.join()
    assert portal.counters().overlapping_calls == 1


def raw(running: Running, data: bytes) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", running.port), timeout=5)
    sock.sendall(data)
    return sock


def message(path: str, body: bytes, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"dstcode: {DSTCODE}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_an_answer_left_unread_was_not_received(portal: Portal, running: Running, province: Province) -> None:
    """
    The client closes with the answer in its buffer: the reset tells the portal, and a repeat is excused.
    """
    province.push(a_wire_dossier())
    fields = {"session": province.session, "madonvi": UNIT, "service": "CapNhatTienDoHoSoMC", "data": [a_wire_step()]}
    sock = raw(running, message(f"{PREFIXES[0]}/mapi/integration", json.dumps(fields).encode()))
    assert eventually(lambda: bool(portal.calls("CapNhatTienDoHoSoMC")) and bool(sock.recv(1, socket.MSG_PEEK)))

    sock.close()

    assert eventually(lambda: portal.calls("CapNhatTienDoHoSoMC")[0].received is False)
    province.step(a_wire_step())
    assert portal.counters().steps_repeated_after_clean_answer == 0


def test_a_client_that_read_its_answer_and_left_has_received_it(portal: Portal, running: Running) -> None:
    """
    Closing after every answer is no trick to repeat steps unseen.
    """
    with Socket(running.url) as wire:
        province = Province(wire)
        province.push(a_wire_dossier())
        province.step(a_wire_step())
    with Socket(running.url) as wire:
        Province(wire, session=province.session).step(a_wire_step())

    assert eventually(lambda: open_connections(running) == 0)
    assert portal.counters().steps_repeated_after_clean_answer == 1


def test_a_request_whose_client_has_gone_is_not_worked_on(portal: Portal, running: Running, province: Province) -> None:
    """
    Half a request, or a whole one from somebody who left at once, changes nothing.
    """
    province.log_in()
    whole = message(f"{PREFIXES[0]}/mapi/integration", b"x" * 100)
    raw(running, whole[:-1]).close()

    assert eventually(lambda: open_connections(running) == 1)
    assert len(portal.calls()) == 1


def test_requests_come_in_every_form_of_http(running: Running) -> None:
    """
    Chunked bodies, Expect, absolute closing, old versions: what clients of all kinds send.
    """
    body = json.dumps({"username": UNIT, "password": "sai"}).encode()
    path = f"{PREFIXES[0]}/mapi/login"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\ndstcode: {DSTCODE}\r\n"
    chunked = (
        head.encode()
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + f"{len(body):x};x=1\r\n".encode()
        + body
        + b"\r\n0\r\n\r\n"
    )
    old = message(path, body).replace(b"HTTP/1.1", b"HTTP/1.0")

    for data in (chunked, message(path, body, "Connection: close"), old, message(path, body, "Expect: 100-continue")):
        with raw(running, data) as sock:
            answer = sock.recv(65536)
            if answer.startswith(b"HTTP/1.1 100 Continue"):
                answer = answer.partition(b"\r\n\r\n")[2] or sock.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nX: " + b"y" * 70000, 431),
    ],
    ids=["nonsense", "header", "length", "too-large", "chunk", "long-head"],
)
def test_bytes_that_are_no_request_are_refused(running: Running, data: bytes, status: int) -> None:
    """
    The connection ends with the reason, the server goes on.
    """
    with raw(running, data) as sock:
        assert sock.recv(100).startswith(f"HTTP/1.1 {status} ".encode())
    with Socket(running.url) as wire:
        assert Province(wire).log_in().code == "0"


def test_64_connections_are_served_at_once(portal: Portal, running: Running) -> None:
    """
    One account, 64 threads, each with its own dossiers: all arrive, none overlaps.
    """
    with Socket(running.url) as wire:
        session = Province(wire)
        session.log_in()
    failures: list[str] = []

    def work(thread: int) -> None:
        with Socket(running.url, timeout_s=30) as own:
            province = Province(own, session=session.session)
            for serial in range(5):
                reply = province.push(a_wire_dossier(a_code(thread * 10 + serial)))
                if reply.code != "0":
                    failures.append(reply.message)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(portal.dossiers()) == 320
    assert portal.counters().overlapping_calls == 0


def test_closing_ends_stalls_and_connections(portal: Portal) -> None:
    """
    A sandbox in a test must not outlive it.
    """
    portal.configure(stall_s=600.0)
    portal.inject(Fault(FaultKind.STALL, count=1))
    with serve(portal) as running, Socket(running.url) as wire:
        caught: list[Exception] = []

        def call() -> None:
            try:
                Province(wire).log_in()
            except Lost as lost:
                caught.append(lost)

        thread = threading.Thread(target=call)
        thread.start()
        assert eventually(lambda: len(portal.calls()) == 1)
        running.close()
        thread.join(5)

    assert len(caught) == 1
    assert open_connections(running) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", running.port), timeout=1)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_only_this_machine_can_reach_a_sandbox(host: str) -> None:
    """
    It asks for no password to be steered.
    """
    with pytest.raises(NotLoopback):
        Server(a_portal(), host=host)
