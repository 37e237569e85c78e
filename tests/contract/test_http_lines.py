"""Both HTTP engines in front of a server that behaves badly: one suite, the same story for each."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import time
import traceback
import zlib
from contextlib import closing
from typing import Any

import pytest

from gateway.errors import ConfigurationError, OutcomeUnknown, Unreachable
from gateway.http import BrokenOff, Engine, HttpFault, NoAnswer, NothingSent, WrongAddress, delivery_error
from tests.wires import HEAD, HEADERS, OK, Peer, a_line, always, answers, ask, asked, serving


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


def test_neither_a_redirect_nor_a_cookie_is_followed(engine: Engine) -> None:
    """
    Both are for the caller to see.
    """
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /khac\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    with serving(always(moved)) as server, closing(a_line(engine, server.port)) as line:
        answers = [ask(line) for _ in range(2)]

    assert [(answer.status, answer.header("location")) for answer in answers] == [(307, "/khac")] * 2
    assert server.heard[0] == server.heard[1]


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
