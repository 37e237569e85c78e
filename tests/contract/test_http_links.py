"""Links that others gave us, on real sockets: what is read, how much of it, and where no link may lead."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
import tracemalloc
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.http import (
    AnswerTooLong,
    BrokenOff,
    ForbiddenPlace,
    HttpFault,
    LinkedFile,
    LinkReader,
    LinkRules,
    Refused,
    TookTooLong,
    TooManyRedirects,
    Untrusted,
    WrongAddress,
)
from gateway.http.places import Address, may_be_asked
from tests.wires import HEAD, Manners, Peer, always, answers, serving

PDF = HEAD + b"Content-Type: application/pdf\r\nContent-Length: 8\r\n\r\n%PDF-1.7"
HERE = ip_network("127.0.0.1/32")


def at(address: str, port: int) -> Address:
    return (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))


def a_reader(names: dict[str, list[str]] | None = None, **rules: Any) -> LinkReader:
    """Reads from 127.0.0.1, and knows *names* beside numeric addresses."""
    values: dict[str, Any] = {"most_bytes": 100_000, "allowed": (HERE,)}

    def resolve(host: str, port: int) -> Sequence[Address]:
        return [at(each, port) for each in (names or {}).get(host, [host])]

    return LinkReader(LinkRules(**values | rules), resolve=resolve)


def read(reader: LinkReader, url: str) -> tuple[LinkedFile, bytes]:
    with reader.open(url) as file:
        return file, b"".join(file.pieces)


def moved(location: str, status: int = 302) -> Manners:
    return answers(b"HTTP/1.1 %d Moved\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (status, location.encode()))


def test_a_file_behind_a_link_is_read() -> None:
    """
    Its content, type and length; the question carries nothing of ours.
    """
    with serving(always(PDF)) as server:
        file, content = read(a_reader(), f"http://127.0.0.1:{server.port}/tệp 1.pdf?v=2#trang-3")

    assert (content, file.status, file.media_type, file.length) == (b"%PDF-1.7", 200, "application/pdf", 8)
    lines = server.heard[0].lower().split(b"\r\n")
    assert lines[0] == b"get /t%e1%bb%87p%201.pdf?v=2 http/1.1"
    assert {line.partition(b":")[0] for line in lines[1:]} == {
        b"host",
        b"accept",
        b"accept-encoding",
        b"connection",
        b"",
    }


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "noi-bo.invalid"],
)
def test_a_link_into_the_network_is_not_asked(host: str) -> None:
    """
    However the address is written, and whatever name it hides behind: not even a connection.
    """
    here = ["127.0.0.1"]
    reader = a_reader({"noi-bo.invalid": here, "127.1": here, "2130706433": here}, allowed=())
    with serving(always(PDF)) as server:
        with pytest.raises(ForbiddenPlace):
            read(reader, f"http://{host}:{server.port}/")
        assert server.connections == 0


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("8.8.8.8", True), ("203.162.4.190", True), ("2001:dc8::1", True), ("::ffff:8.8.8.8", True),
        ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False), ("100.64.0.1", False), ("127.8.8.8", False),
        ("169.254.169.254", False), ("168.63.129.16", False), ("100.100.100.200", False), ("192.0.0.192", False),
        ("0.0.0.0", False), ("224.0.0.1", False), ("240.0.0.1", False), ("255.255.255.255", False),
        ("192.0.2.1", False), ("198.18.0.1", False), ("192.88.99.1", False),
        ("::", False), ("::1", False), ("fe80::1%lo", False), ("fc00::1", False), ("fd00:ec2::254", False),
        ("fec0::1", False), ("ff02::1", False), ("2001:db8::1", False), ("3fff::1", False), ("::127.0.0.1", False),
        ("::ffff:10.0.0.1", False), ("::ffff:169.254.169.254", False), ("64:ff9b::a00:1", False),
        ("64:ff9b:1::a00:1", False), ("2002:a00:1::", False), ("2001::a00:1", False), ("100::1", False),
    ],
)  # fmt: skip
def test_only_public_addresses_are_asked(address: str, allowed: bool) -> None:
    """
    Private, shared, loopback, link-local, metadata, multicast, reserved, and those that carry another within.
    """
    assert may_be_asked(address) is allowed


def test_a_network_that_is_allowed_may_be_asked_and_no_other() -> None:
    """
    The file server of the province stands inside; a cloud's credentials are out of reach even so.
    """
    inside = (ip_network("10.20.0.0/16"), ip_network("fd12::/16"))
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))

    assert all(may_be_asked(each, inside) for each in ("10.20.1.1", "::ffff:10.20.1.1", "fd12::1"))
    assert not any(may_be_asked(each, inside) for each in ("10.21.0.1", "fd13::1"))
    never = ("169.254.169.254", "::ffff:169.254.169.254", "168.63.129.16", "fd00:ec2::254", "fe80::1", "0.0.0.0")
    assert not any(may_be_asked(each, everything) for each in never)


def test_a_name_with_one_forbidden_address_is_not_asked() -> None:
    """
    One good address beside it does not make it better.
    """
    reader = a_reader({"lan.invalid": ["127.0.0.1", "127.0.0.2"]})
    with serving(always(PDF)) as server:
        with pytest.raises(ForbiddenPlace):
            read(reader, f"http://lan.invalid:{server.port}/")
        assert server.connections == 0


def test_a_name_that_changes_its_address_is_asked_where_it_was_looked_at() -> None:
    """
    The name is looked up once; the answer that would follow leads inside and is never heard.
    """
    found = iter(["127.0.0.1", "127.0.0.2"])

    def resolve(host: str, port: int) -> Sequence[Address]:
        return [at(next(found), port)]

    with serving(always(PDF)) as server:
        reader = LinkReader(LinkRules(100_000, (HERE,)), resolve=resolve)
        assert read(reader, f"http://doi-dia-chi.invalid:{server.port}/")[1] == b"%PDF-1.7"
        assert b"Host: doi-dia-chi.invalid:%d\r\n" % server.port in server.heard[0]

    assert list(found) == ["127.0.0.2"]


def test_the_next_address_is_asked_when_one_does_not_answer() -> None:
    """
    Nobody listens at the first of two.
    """
    reader = a_reader({"hai.invalid": ["127.0.0.2", "127.0.0.1"]}, allowed=(ip_network("127.0.0.0/8"),))
    with serving(always(PDF)) as server:
        assert read(reader, f"http://hai.invalid:{server.port}/")[1] == b"%PDF-1.7"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_place_that_may_be_asked_is_followed(status: int) -> None:
    """
    From one machine to another, and from one path to another.
    """
    with serving(moved("/khac", status), always(PDF)) as server:
        assert read(a_reader(), f"http://127.0.0.1:{server.port}/")[1] == b"%PDF-1.7"
        assert server.heard[1].startswith(b"GET /khac ")


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost.invalid", "[::1]"])
def test_a_redirect_into_the_network_is_not_followed(host: str) -> None:
    """
    The first machine is good, where it sends us is not.
    """
    reader = a_reader({"localhost.invalid": ["127.0.0.3"]})
    with serving(always(PDF)) as inside, serving(moved(f"http://{host}:{inside.port}/")) as server:
        with pytest.raises(ForbiddenPlace):
            read(reader, f"http://127.0.0.1:{server.port}/")
        assert inside.connections == 0


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/x", "http://[127.0.0.1/x", "http://a@127.0.0.1/", "file:///etc/passwd"]
)
def test_a_redirect_to_what_is_no_web_address_is_not_followed(location: str) -> None:
    """
    Another scheme, an account, or nonsense.
    """
    with serving(moved(location)) as server, pytest.raises(WrongAddress):
        read(a_reader(), f"http://127.0.0.1:{server.port}/")


def test_redirects_in_circles_end() -> None:
    """
    Three at most.
    """
    with serving(moved("/")) as server:
        with pytest.raises(TooManyRedirects):
            read(a_reader(), f"http://127.0.0.1:{server.port}/")
        assert server.connections == 4


def test_tls_is_believed_by_name_and_not_left_again(tmp_path: Path) -> None:
    """
    The certificate must name the link's host, although an address is connected to; no redirect leads back to http.
    """
    authority, file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("tep.invalid").configure_cert(tls)
    reader = a_reader({"tep.invalid": ["127.0.0.1"], "khac.invalid": ["127.0.0.1"]}, ca_file=file)
    with serving(answers(PDF), moved("http://127.0.0.1/"), always(PDF), tls=tls) as server:
        assert read(reader, f"https://tep.invalid:{server.port}/")[1] == b"%PDF-1.7"
        with pytest.raises(ForbiddenPlace):
            read(reader, f"https://tep.invalid:{server.port}/")
        with pytest.raises(Untrusted):
            read(reader, f"https://khac.invalid:{server.port}/")
        with pytest.raises(Untrusted):
            read(a_reader({"tep.invalid": ["127.0.0.1"]}), f"https://tep.invalid:{server.port}/")


@pytest.mark.parametrize(
    "url",
    [
        "", "tep.pdf", "ftp://127.0.0.1/", "file:///etc/passwd", "http:///x", "http://127.0.0.1:0/", "http://[::1/",
        "http://127.0.0.1:99999/", "http://ai@127.0.0.1/", "http://.../", "http://" + "a" * 64 + ".vn/",
    ],
)  # fmt: skip
def test_what_is_no_link_is_not_asked(url: str) -> None:
    """
    Other schemes, accounts and nonsense.
    """
    with pytest.raises(WrongAddress):
        read(a_reader(), url)


def test_a_name_that_nobody_knows_is_not_reached() -> None:
    """
    As a machine that is off.
    """
    with pytest.raises(Refused):
        read(LinkReader(LinkRules(1000)), "http://khong-co.invalid/")


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"Content-Length: 100001\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"2710\r\n%b\r\n" % (b"x" * 10_000) * 20,
        HEAD + b"\r\n" + b"x" * 100_001,
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 100_001),
    ],
    ids=["announced", "chunks", "no length", "packed"],
)
def test_a_file_beyond_bounds_is_not_read(said: bytes) -> None:
    """
    At the latest when the bound is passed.
    """
    with serving(answers(said)) as server, pytest.raises(AnswerTooLong):
        read(a_reader(), f"http://127.0.0.1:{server.port}/")


def test_a_bomb_does_not_go_off() -> None:
    """
    A hundred million bytes packed into a hundred thousand: a few pieces are unpacked, and no more memory is taken.
    """
    bomb = HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(100_000_000), 1)
    with serving(answers(bomb)) as server:
        tracemalloc.start()
        try:
            with pytest.raises(AnswerTooLong):
                read(a_reader(most_bytes=1_000_000), f"http://127.0.0.1:{server.port}/")
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    ("said", "content"),
    [
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"%PDF"), b"%PDF"),
        (HEAD + b"Content-Encoding: identity\r\nContent-Length: 4\r\n\r\n%PDF", b"%PDF"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"%PDF")[:-4], None),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"%PDF") * 2, None),
        (HEAD + b"Content-Encoding: gzip\r\n\r\nno gzip", None),
        (HEAD + b"Content-Encoding: br\r\n\r\n?", None),
        (HEAD + b"Content-Length: 8\r\n\r\n%PDF", None),
    ],
    ids=["packed", "named plain", "cut", "more behind it", "a lie", "unknown packing", "broken off"],
)
def test_a_file_is_whole_or_none(said: bytes, content: bytes | None) -> None:
    """
    Packed although nobody asked is unpacked; half a file is no file.
    """
    with serving(answers(said)) as server:
        url = f"http://127.0.0.1:{server.port}/"
        if content is None:
            with pytest.raises(BrokenOff):
                read(a_reader(), url)
        else:
            assert read(a_reader(), url)[1] == content


def test_a_file_that_is_not_there_is_no_fault() -> None:
    """
    The caller sees what the machine said.
    """
    with serving(answers(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n:(")) as server:
        assert read(a_reader(), f"http://127.0.0.1:{server.port}/")[0].status == 404


def test_a_file_that_drips_is_given_up() -> None:
    """
    A byte now and then never ends a silence, but the whole has its time.
    """

    def drip(peer: Peer) -> None:
        peer.hear()
        peer.say(HEAD + b"\r\n")
        while True:
            peer.say(b"x")
            time.sleep(0.02)

    began = time.monotonic()
    with serving(drip) as server, pytest.raises(TookTooLong):
        read(a_reader(whole_s=0.2), f"http://127.0.0.1:{server.port}/")
    assert time.monotonic() - began < 2


def test_no_fault_tells_where_a_link_led() -> None:
    """
    A link may carry a key, and what stands inside is nobody's business.
    """
    for url in ("http://10.1.2.3/?key=bi-mat", "ftp://bi-mat/", "http://bi-mat.invalid/"):
        with pytest.raises(HttpFault) as caught:
            read(a_reader({"bi-mat.invalid": []}), url)
        assert "bi-mat" not in f"{caught.value}{caught.value.code}{caught.value.text}"
