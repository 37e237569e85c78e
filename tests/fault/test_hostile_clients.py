"""``lienthong serve`` among clients that mean no good: each is refused cheaply, and the others are served."""

from __future__ import annotations

import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from gateway.api import Gateway
from gateway.config import load
from tests.running import until
from tests.serving import served

CROWD = 10_000
SOURCES = 25
"""The crowd comes from so many addresses: fewer from each than one may have."""
WAVE = 500
RESERVED = 500
LONGEST_WAIT_S = 10
"""For the good client, on a machine that does other things too."""
MEGABYTE = 1_000_000
XML_BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "haha">%b]><lolz>&j;</lolz>""" % b"".join(
    b'<!ENTITY %c "%b">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in b"bcdefghij"
)


@dataclass
class Victim:
    """The process, and a key with every right that these stories need."""

    pid: int
    url: str
    token: str
    port: int = field(init=False)

    def __post_init__(self) -> None:
        self.port = int(self.url.rpartition(":")[2])

    def client(self, source: str = "127.0.0.2", token: str | None = None) -> httpx.Client:
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"},
            transport=httpx.HTTPTransport(local_address=source),
            timeout=10.0,
        )

    def ask_once(self) -> None:
        """One question over one connection, from an address of its own."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10, source_address=("127.0.0.2", 0))) as connection:
            connection.request("GET", "/v1/partners", headers={"Authorization": f"Bearer {self.token}"})
            assert connection.getresponse().status == 200

    @property
    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    @property
    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    @property
    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "lienthong.toml").write_text('[service]\nlisten = "127.0.0.1:0"\nhead_s = 2.0\n', "utf-8")
    with Gateway(load(folder / "lienthong.toml"), connectors=[]) as gateway:
        key = gateway.keys.create("mot-cua", ["submit", "operate"], agencies=None, life=timedelta(days=1))
    with served(folder) as (process, url):
        yield Victim(process.pid, url, key.token)


@contextmanager
def a_good_client(victim: Victim) -> Iterator[list[float]]:
    """Asks all the while, each time over a new connection; how long each answer took."""
    took: list[float] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.02):
            began = time.monotonic()
            victim.ask_once()
            took.append(time.monotonic() - began)

    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(ask)
        try:
            yield took
        finally:
            done.set()
        asking.result(30)


@pytest.mark.slow
def test_ten_thousand_connections_that_are_opened_and_left(
    victim: Victim, record_property: Callable[[str, object], None]
) -> None:
    """
    From 25 addresses, and none says a word. The good client never waits long, memory and open files stay bounded, and
    a little later everything is as before. Where this machine lets a process open fewer, so many fewer come.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    crowd = CROWD if hard == resource.RLIM_INFINITY else min(CROWD, hard - RESERVED)
    record_property("connections", f"{crowd}, with a limit of {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CROWD + RESERVED), hard))
    before_bytes, before_files, before_s = victim.resident_bytes, victim.descriptors, victim.cpu_s
    try:
        with a_good_client(victim) as took, ExitStack() as stack:
            for first in range(0, crowd, WAVE):
                for number in range(first, min(first + WAVE, crowd)):
                    connection = stack.enter_context(socket.socket())
                    connection.bind((f"127.0.1.{number % SOURCES + 1}", 0))
                    connection.setblocking(False)
                    connection.connect_ex(("127.0.0.1", victim.port))
                asked = len(took)
                until(lambda asked=asked: len(took) > asked, "the good client is served")  # type: ignore[misc] # The number of now.
            most_bytes, most_files = victim.resident_bytes, victim.descriptors
            until(lambda: victim.descriptors < before_files + 50, "all are sent away")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert max(took) < LONGEST_WAIT_S
    assert most_files < 4096 + before_files + 50
    assert most_bytes - before_bytes < 120 * MEGABYTE
    assert victim.cpu_s - before_s < 10
    victim.ask_once()


def test_a_flood_from_one_address_leaves_the_others_their_places(victim: Victim) -> None:
    """
    Two thousand connections from one address: 512 are let in, and somebody else's next one at once.
    """
    files = victim.descriptors
    with a_good_client(victim) as took, ExitStack() as stack:
        for _ in range(2000):
            connection = stack.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", victim.port))
        asked = len(took)
        until(lambda: len(took) > asked + 2, "the good client is served")
        assert victim.descriptors < files + 512 + 50

    assert max(took) < LONGEST_WAIT_S


def a_hundred_megabytes() -> Iterator[bytes]:
    yield b'{"note":"'
    for _ in range(100):
        yield b"x" * MEGABYTE


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (lambda: b"x" * 100 * MEGABYTE, "application/json", 413),
        (a_hundred_megabytes, "application/json", 413),
        (lambda: b"[" * MEGABYTE, "application/json", 400),
        (lambda: b'{"a":' * 500_000 + b"1" + b"}" * 500_000, "application/json", 400),
        (lambda: b"[]" * 50 + b'"' + b'\\"' * MEGABYTE, "application/json", 422),
        (lambda: b'{"a":' + b"9" * 4 * MEGABYTE + b"}", "application/json", 422),
        (lambda: b"{" + b",".join(b'"%d":1' % number for number in range(200_000)) + b"}", "application/json", 413),
        (lambda: XML_BOMB, "application/xml", 415),
        (lambda: XML_BOMB, "application/json", 422),
        (lambda: b"\xff\xfe\x00", "application/json", 422),
        (lambda: b"", "application/json", 422),
    ],
    ids=[
        "100 MB", "100 MB, not announced", "deep and open", "deep", "quotes", "a number of four million digits",
        "many names", "an XML bomb", "an XML bomb that says it is JSON", "no text", "nothing",
    ],
)  # fmt: skip
def test_a_body_made_to_hurt_is_refused_cheaply(
    victim: Victim, content: Callable[[], bytes | Iterator[bytes]], media_type: str, status: int
) -> None:
    """
    With a good key even: a problem document within a moment of work, and no memory kept.
    """
    before_bytes, before_s = victim.resident_bytes, victim.cpu_s
    headers = {"Content-Type": media_type, "Idempotency-Key": f'"{uuid4()}"'}
    with victim.client() as client:
        said = client.post("/v1/dossiers", content=content(), headers=headers)

    assert said.status_code == status, said.text
    assert json.loads(said.content)["status"] == status
    assert said.headers["content-type"] == "application/problem+json"
    assert victim.cpu_s - before_s < 2
    assert victim.resident_bytes - before_bytes < 80 * MEGABYTE


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (lambda: b"[" + b"1," * MEGABYTE + b"1]", 413),
        (lambda: b"[{" + b",".join(b'"%d":1' % number for number in range(200_000)) + b"}]", 200),
        (lambda: b"{" + b",".join(b'"%d":1' % number for number in range(200_000)) + b"}", 422),
    ],
    ids=["a million numbers", "one change with many names", "no list"],
)
def test_a_batch_made_to_hurt_is_refused_cheaply(victim: Victim, content: Callable[[], bytes], status: int) -> None:
    """
    What is no change stands as its own refusal, or the whole batch does; four at once hurt no more than one.
    """
    before_bytes = victim.resident_bytes
    said = content()

    def post() -> int:
        with victim.client() as client:
            return client.post("/v1/batches", content=said).status_code

    with ThreadPoolExecutor(4) as threads:
        assert [each.result() for each in [threads.submit(post) for _ in range(4)]] == [status] * 4
    assert victim.resident_bytes - before_bytes < 300 * MEGABYTE


def test_forged_keys_are_refused_as_cheaply_as_none(victim: Victim) -> None:
    """
    Another secret behind a known name, rubbish, other kinds of tokens, ten megabytes behind one: 401 before anything of
    the body is wanted.
    """
    known, _, _ = victim.token.rpartition("_")
    forged = [f"{known}_{'a' * 43}", victim.token[:-1], victim.token.swapcase(), "eyJhbGciOiJub25lIn0.e30.", "x" * 4000]
    before_s = victim.cpu_s
    for token in forged:
        with victim.client(token=token) as client:
            assert client.get("/v1/partners").status_code == 401
            assert client.post("/v1/dossiers", content=b"x" * 10 * MEGABYTE).status_code == 401

    assert victim.cpu_s - before_s < 2
