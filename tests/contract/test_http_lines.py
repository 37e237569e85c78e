"""Both HTTP engines in front of a server that behaves badly: one suite, the same story for each."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import threading
import time
import traceback
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import pytest

from gateway.errors import ConfigurationError, OutcomeUnknown, Unreachable
from gateway.http import (
    AnswerTooLong,
    BrokenOff,
    ConnectTooLong,
    Engine,
    HttpAnswer,
    HttpFault,
    NoAnswer,
    NothingSent,
    Refused,
    TookTooLong,
    WrongAddress,
    delivery_error,
)
from gateway.http.connection import first_that_answers
from gateway.http.places import Address
from tests.wires import HEAD, HEADERS, OK, Manners, Peer, a_line, always, answers, ask, serving


def asked(engine: Engine, *manners: Manners, times: int = 1, **changes: Any) -> tuple[HttpAnswer, int]:
    """The last of *times* answers, and how many connections it took."""
    with serving(*manners) as server, closing(a_line(engine, server.port, **changes)) as line:
        for _ in range(times - 1):
            ask(line)
        return ask(line), server.connections


def test_a_request_arrives_as_it_was_meant(engine: Engine) -> None:
    """
    Method, target, headers, length and body, and no word more: no cookies, no name of the library.
    """
    with serving(always(OK)) as server, closing(a_line(engine, server.port)) as line:
        posted = ask(line)
        line.send("GET", "/đọc?mã=%C4%90", HEADERS, b"", time.monotonic() + 5)

    post, get = server.heard
    head, _, body = post.partition(b"\r\n\r\n")
    assert (posted.status, posted.content, posted.header("content-type")) == (200, b"{}", "application/json")
    assert body == b'{"a":1}'
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /hoi?a=1 HTTP/1.1"
    assert sorted(line.lower() for line in lines[1:]) == sorted(
        [b"host: 127.0.0.1:%d" % server.port, b"content-type: application/json", b"dstcode: vn:vidu",
         b"content-length: 7"]
    )  # fmt: skip
    assert get.startswith(b"GET /%C4%91%E1%BB%8Dc?m%C3%A3=%C4%90 HTTP/1.1\r\n")
    assert b"ontent-" not in get.split(b"dstcode")[1]


def test_a_header_arrives_whatever_it_is_written_in(engine: Engine) -> None:
    """
    A code with a blank behind it and a letter beyond ASCII: both are one line, neither leaves an outcome unknown.
    """
    with serving(always(OK)) as server, closing(a_line(engine, server.port)) as line:
        line.send("POST", "/", (("dstcode", " VN:VIDU "), ("X-Note", "v\xe9")), b"{}", time.monotonic() + 5)

    head = server.heard[0].lower()
    assert b"\r\ndstcode: vn:vidu\r\n" in head
    assert b"\r\nx-note: v\xe9\r\n" in head


@pytest.mark.parametrize(
    ("said", "content"),
    [
        (HEAD + b"Content-Length: 0\r\n\r\n", b""),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n1;x=y\r\n \r\n0\r\nLast: x\r\n\r\n", b"{}\n "),
        (HEAD + b"\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"{}"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK, b"{}"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}"), b"{}"),
        (HEAD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"{}"), b"{}"),
        (HEAD + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\n?", b"?"),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", b""),
    ],
    ids=[
        "nothing", "chunks", "no length", "HTTP 1.0", "100", "103", "204", "gzip", "deflate", "unknown encoding",
        "nothing, packed",
    ],
)  # fmt: skip
def test_every_form_of_a_whole_answer_is_read(engine: Engine, said: bytes, content: bytes) -> None:
    """
    Whatever way the server chose to say where its answer ends.
    """
    answer, _ = asked(engine, answers(said))

    assert answer.content == content


def test_an_answer_in_many_pieces_is_one_answer(engine: Engine) -> None:
    """
    Each byte comes by itself.
    """

    def bit_by_bit(peer: Peer) -> None:
        peer.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.hear()
        for byte in OK:
            peer.say(bytes([byte]))

    assert asked(engine, bit_by_bit)[0].content == b"{}"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 2",
        HEAD + b"Content-Length: 10\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: strange\r\n\r\n{}",
        HEAD + b"Content-Length: two\r\n\r\n{}",
        HEAD + b"Content-Length: -2\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        HEAD + b"Nguyen Van Vi Du\r\n\r\n{}",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"<html>Nguyen Van Vi Du</html>\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        HEAD + b"".join(b"H%d: %b\r\n" % (n, b"x" * 1000) for n in range(200)) + b"Content-Length: 0\r\n\r\n",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}")[:-9],
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}") + gzip.compress(b"{}"),
    ],
    ids=[
        "not a byte", "half a line", "cut body", "cut chunk", "no last chunk", "no chunk size", "odd coding",
        "length in words", "negative length", "two lengths", "no header", "no status", "a page", "TLS", "huge head",
        "no gzip", "cut gzip", "gzip and more",
    ],
)  # fmt: skip
def test_a_broken_answer_leaves_the_outcome_unknown(engine: Engine, said: bytes) -> None:
    """
    The request was heard, and nobody can say what became of it. The server's words are in no traceback.
    """
    with serving(answers(said)) as server, closing(a_line(engine, server.port)) as line:
        with pytest.raises(BrokenOff) as caught:
            ask(line)
        assert len(server.heard) == 1

    assert isinstance(delivery_error(caught.value, "cong"), OutcomeUnknown)
    assert "Nguyen" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("heard", [True, False], ids=["after the request", "before it"])
def test_a_reset_connection_leaves_the_outcome_unknown(engine: Engine, heard: bool) -> None:
    """
    The machine behind it went away: with or without the request.
    """

    def crash(peer: Peer) -> None:
        if heard:
            peer.hear()
        else:
            peer.connection.recv(1)
        peer.reset()

    with pytest.raises(BrokenOff):
        asked(engine, crash)


@pytest.mark.parametrize("said", [b"", HEAD + b"Content-Length: 10\r\n\r\n{"], ids=["before", "within"])
def test_silence_ends_after_the_longest_silence(engine: Engine, said: bytes) -> None:
    """
    Before the answer as within it.
    """

    def silent(peer: Peer) -> None:
        peer.hear()
        peer.say(said)
        peer.hear()

    with pytest.raises(TookTooLong):
        asked(engine, silent, read_s=0.05)


@pytest.mark.parametrize(
    ("said", "drop"),
    [
        (HEAD + b"Content-Length: 1000\r\n\r\n", b" "),
        (HEAD + b"X-Long: ", b"x"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;", b"x"),
    ],
    ids=["the body", "the head", "interim answers", "the length of a chunk"],
)
def test_an_answer_that_trickles_ends_with_the_calls_time(engine: Engine, said: bytes, drop: bytes) -> None:
    """
    No silence is ever too long, but the whole is: after it the lease would be over.
    """

    def trickle(peer: Peer) -> None:
        peer.hear()
        peer.say(said)
        for _ in range(1000):
            peer.say(drop)
            threading.Event().wait(0.01)

    began = time.monotonic()
    with (
        serving(trickle) as server,
        closing(a_line(engine, server.port)) as line,
        pytest.raises(TookTooLong),
    ):
        ask(line, within_s=0.1)

    assert 0.05 < time.monotonic() - began < 2


def test_a_request_that_is_taken_in_sips_ends_with_the_calls_time(engine: Engine) -> None:
    """
    The peer always takes a little, never enough: nothing more is written once the time is over.
    """

    def sip(peer: Peer) -> None:
        for _ in range(1000):
            peer.connection.recv(100_000)
            threading.Event().wait(0.01)

    began = time.monotonic()
    with (
        serving(sip) as server,
        closing(a_line(engine, server.port)) as line,
        pytest.raises(TookTooLong),
    ):
        ask(line, b"x" * 30_000_000, within_s=0.3)

    assert 0.05 < time.monotonic() - began < 2


def test_a_peer_that_does_not_read_is_not_written_to_forever(engine: Engine) -> None:
    """
    The request stands still half way: something has left, so the outcome is unknown.
    """
    given_up = threading.Event()

    def deaf(peer: Peer) -> None:
        given_up.wait(5)

    with serving(deaf) as server, closing(a_line(engine, server.port, read_s=0.1)) as line:
        try:
            with pytest.raises(TookTooLong):
                ask(line, b"x" * 20_000_000)
        finally:
            given_up.set()


def test_nothing_is_sent_once_the_time_is_over(engine: Engine) -> None:
    """
    A call that was held up until its lease ended stays unsent.
    """
    with serving(always(OK)) as server, closing(a_line(engine, server.port)) as line:
        ask(line)
        with pytest.raises(TookTooLong):
            ask(line, within_s=-1)
        with closing(a_line(engine, server.port)) as another, pytest.raises(HttpFault):
            ask(another, within_s=-1)

        assert len(server.heard) == 1


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"2710\r\n%b\r\n" % (b"x" * 10_000) * 20 + b"0\r\n\r\n",
        HEAD + b"\r\n" + b"x" * 200_000,
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 200_000),
    ],
    ids=["announced", "chunks", "no length", "packed"],
)
def test_an_answer_without_bounds_is_not_read(engine: Engine, said: bytes) -> None:
    """
    Memory is bounded, packed or not.
    """
    with pytest.raises(AnswerTooLong) as caught:
        asked(engine, answers(said))

    assert isinstance(delivery_error(caught.value, "cong"), OutcomeUnknown)


def test_a_bomb_does_not_go_off(engine: Engine) -> None:
    """
    A hundred million bytes packed into a hundred thousand: no more than the bound is unpacked.
    """
    bomb = HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(100_000_000), 1)
    with serving(answers(bomb)) as server, closing(a_line(engine, server.port, answer_bytes=1_000_000)) as line:
        tracemalloc.start()
        try:
            with pytest.raises(AnswerTooLong):
                ask(line)
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


def test_an_answer_whose_end_never_ends_is_not_read(engine: Engine) -> None:
    """
    Behind the last chunk stands one more header, without bounds.
    """

    def endless(peer: Peer) -> None:
        peer.hear()
        peer.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ")
        while True:
            peer.say(b"x" * 10_000)

    with pytest.raises(BrokenOff):
        asked(engine, endless)


def test_an_early_refusal_is_heard_although_the_request_is_not_over(engine: Engine) -> None:
    """
    A proxy in front takes no large requests and says so after the first bytes.
    """

    def too_large(peer: Peer) -> None:
        peer.connection.recv(1000)
        peer.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        peer.connection.shutdown(socket.SHUT_WR)
        while peer.connection.recv(1_000_000):
            pass

    with serving(too_large) as server, closing(a_line(engine, server.port)) as line:
        assert ask(line, b"x" * 3_000_000).status == 413


def test_a_connection_is_used_again(engine: Engine) -> None:
    """
    Five calls, one connection.
    """
    assert asked(engine, always(OK), times=5)[1] == 1


@pytest.mark.parametrize(
    "manners",
    [
        answers(OK),
        answers(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"),
        answers(OK + b"HTTP/1.1 2"),
        answers(OK + b"rubbish"),
        answers(OK.replace(b"Content-Type", b"Connection: close\r\nContent-Type")),
        answers(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    ],
    ids=["closed by the server", "a second answer", "half of one", "rubbish", "said to close", "HTTP 1.0"],
)
def test_a_connection_that_is_out_of_step_is_not_used_again(engine: Engine, manners: Manners) -> None:
    """
    The next call goes over a new one and gets its own answer; nothing is lost, nothing is sent twice.
    """
    with serving(manners, always(OK)) as server, closing(a_line(engine, server.port)) as line:
        first = ask(line)
        server.wait_until_one_is_over()
        second = ask(line)

        assert (first.content, second.content) == (b"{}", b"{}")
        assert (len(server.heard), server.connections) == (2, 2)


def test_a_connection_that_was_reset_while_idle_is_noticed(engine: Engine) -> None:
    """
    A firewall forgot the connection and says so: found before a request is put on it.
    """

    def crash_later(peer: Peer) -> None:
        peer.hear()
        peer.say(OK)
        peer.reset()

    with serving(crash_later, always(OK)) as server, closing(a_line(engine, server.port)) as line:
        ask(line)
        server.wait_until_one_is_over()
        assert ask(line).status == 200


def test_a_connection_that_was_idle_for_long_is_not_used_again(engine: Engine) -> None:
    """
    The partner may be about to close it.
    """
    assert asked(engine, always(OK), times=3, keepalive_s=0.0)[1] == 3


def test_after_a_fault_the_connection_is_gone(engine: Engine) -> None:
    """
    An answer that comes too late must not become the answer of the next call.
    """
    late = threading.Event()

    def slow(peer: Peer) -> None:
        peer.hear()
        late.wait(5)
        with suppress(OSError):
            peer.say(OK.replace(b"{}", b"[]"))

    with serving(slow, always(OK)) as server, closing(a_line(engine, server.port)) as line:
        with pytest.raises(TookTooLong):
            ask(line, within_s=0.05)
        late.set()
        assert ask(line).content == b"{}"


def test_neither_a_redirect_nor_a_cookie_is_followed(engine: Engine) -> None:
    """
    Both are for the caller to see.
    """
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /khac\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    with serving(always(moved)) as server, closing(a_line(engine, server.port)) as line:
        answers = [ask(line) for _ in range(2)]

    assert [(answer.status, answer.header("location")) for answer in answers] == [(307, "/khac")] * 2
    assert server.heard[0] == server.heard[1]


def test_many_threads_get_each_its_own_answer(engine: Engine) -> None:
    """
    Eight threads, two hundred calls: no answer goes astray, and no more connections than threads.
    """

    def echo(peer: Peer) -> None:
        while request := peer.hear():
            body = request.partition(b"\r\n\r\n")[2]
            peer.say(HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    with (
        serving(echo) as server,
        closing(a_line(engine, server.port)) as line,
        ThreadPoolExecutor(8) as threads,
    ):
        bodies = [b"%d" % number * 50 for number in range(200)]
        assert [answer.content for answer in threads.map(lambda body: ask(line, body), bodies)] == bodies
        assert server.connections <= 8


def test_a_refused_connection_has_sent_nothing(engine: Engine) -> None:
    """
    Nobody listens; and a name that nobody knows.
    """
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    for host in ("127.0.0.1", "khong-co.invalid"):
        with closing(a_line(engine, port, host=host)) as line, pytest.raises(Refused) as caught:
            ask(line)
        assert isinstance(delivery_error(caught.value, "cong"), Unreachable)


def test_a_connection_that_nobody_takes_has_sent_nothing(engine: Engine) -> None:
    """
    The server's queue is full, its machine drops what comes.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        try:
            with (
                closing(a_line(engine, full.getsockname()[1], connect_s=0.1)) as line,
                pytest.raises(ConnectTooLong) as caught,
            ):
                ask(line)
        finally:
            for each in waiting:
                each.close()

    assert isinstance(delivery_error(caught.value, "cong"), Unreachable)


def test_an_address_that_is_silent_leaves_time_for_the_next() -> None:
    """
    The partner's name has two addresses, and the route to the first is dead: the second is asked in time.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=0) as dead, serving(always(OK)) as server:
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(dead.getsockname())
        places: list[Address] = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
            for port in (dead.getsockname()[1], server.port)
        ]
        try:
            end = time.monotonic() + 0.2
            with first_that_answers(places, None, "localhost", end, time.monotonic) as connected:
                assert connected.getpeername()[1] == server.port
        finally:
            for each in waiting:
                each.close()


@pytest.mark.parametrize(
    ("target", "headers"),
    [("khong-gach-cheo", HEADERS), ("/a#b", HEADERS), ("/a", (("X", "a\r\nY: b"),)), ("/a", (("X: y\r\nZ", "a"),))],
    ids=["no slash", "a fragment", "two lines in a value", "two lines in a name"],
)
def test_what_is_no_request_is_not_sent(engine: Engine, target: str, headers: Any) -> None:
    """
    A setting must not become a second header or a second request.
    """
    with serving(always(OK)) as server, closing(a_line(engine, server.port)) as line:
        with pytest.raises(WrongAddress) as caught:
            line.send("POST", target, headers, b"", time.monotonic() + 5)
        assert server.connections == 0

    assert isinstance(caught.value, NothingSent)


def test_every_fault_is_on_one_side() -> None:
    """
    Either nothing was sent or the outcome is unknown; each has a code and a text.
    """
    kinds = [kind for side in (NothingSent, NoAnswer) for kind in _below(side)]

    assert len(kinds) >= 8
    for kind in kinds:
        error = delivery_error(kind(), "cong")
        assert isinstance(error, Unreachable if issubclass(kind, NothingSent) else OutcomeUnknown)
        assert " / " in error.text
        assert error.code


def _below(kind: type[HttpFault]) -> list[type[HttpFault]]:
    return [each for direct in kind.__subclasses__() for each in (direct, *_below(direct))]


def test_the_fast_engine_is_refused_with_a_proxy() -> None:
    """
    It would go around the proxy, where the operator wants nobody to go.
    """
    with pytest.raises(ConfigurationError, match=r"engine.*proxy"):
        a_line("fast", 9, proxy="http://127.0.0.1:8")


def test_the_fast_engine_says_what_to_install() -> None:
    """
    Without its package: which one, and the way to do without it.
    """
    program = (
        "import sys; sys.modules['httptools'] = None\n"
        "from gateway.http import LineSettings, open_line\n"
        "open_line('fast', LineSettings('http://127.0.0.1:9', 1, 1, 1, 1))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)

    assert "ConfigurationError: engine: thiếu gói httptools" in ended.stderr
    assert "lienthong[fast]" in ended.stderr
