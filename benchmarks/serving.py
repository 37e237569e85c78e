"""
The service under load: dossiers over HTTP, each durable when it is answered, beside a bare endpoint of the same
framework with one durable insert.

Server and clients are processes of their own, on the machine's two cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.dossiers import dossiers
from benchmarks.load import Load, post_all, request
from benchmarks.measure import Better, Cost, Figure, Sample, Setting, in_turns
from gateway.api import Gateway
from gateway.config import load
from gateway.model import body_json

PATH = "/v1/dossiers"
CONNECTIONS = 16
RATE = 500.0
TICKS = os.sysconf("SC_CLK_TCK")
CONFIGURATION = """
tenant.code = "H99"
service.listen = "127.0.0.1:0"
log.level = "warning"

[partners.cong]
connector = "national_portal"
adapter_url = "http://127.0.0.1:9"
madonvi = "000.00.00.H99"
username = "000.00.00.H99"
password = "do-toc-do"
"""
"""With a partner, so that every dossier also gets its message; nobody delivers here."""


def run(setting: Setting) -> Iterator[Figure]:
    """As many as go through, and 500 a second for a minute with the time of each answer."""
    first = count()
    each = setting.size(5_000, 60)
    with setting.scratch() as folder, _ours(folder) as ours, _bare(folder) as bare:
        setting.say(
            f"serve: {each} dossiers a round over {CONNECTIONS} connections, ours and the bare endpoint in turns"
        )

        def carried(server: Served) -> Sample:
            requests = server.requests(each, setting.seed, next(first) * each)
            before = server.cpu_s()
            done = post_all(server.port, requests, connections=CONNECTIONS)
            assert done.statuses == {201: each}
            return Sample.of_speed(each, Cost(done.wall_s, server.cpu_s() - before))

        yield Figure(
            "serve",
            "requests/s",
            "an endpoint of the same framework with one durable insert",
            Better.HIGHER,
            in_turns(setting.size(5, 1), lambda: carried(ours), lambda: carried(bare)),
            target=0.5,
            details={"dossiers_per_round": each, "connections": CONNECTIONS},
        )
        seconds = setting.size(60, 1)
        setting.say(f"serve: {RATE:.0f} requests a second for {seconds} s, ours and the bare endpoint")
        yield _at_rate(setting, ours, bare, int(RATE) * seconds, 1_000_000)
        folder_of_ours = folder / "ours"
        with Gateway(load(folder_of_ours / "lienthong.toml", offline=True), connectors=[]) as gateway:
            assert gateway.totals()["dossiers"] == ours.answered


def _at_rate(setting: Setting, ours: Served, bare: Served, each: int, first: int) -> Figure:
    loads: dict[str, Load] = {}

    def timed(name: str, server: Served) -> Sample:
        requests = server.requests(each, setting.seed, first)
        before = server.cpu_s()
        loads[name] = done = post_all(server.port, requests, connections=4 * CONNECTIONS, per_second=RATE)
        assert done.statuses == {201: each}
        return Sample(done.percentile_ms(0.99), each, Cost(done.wall_s, server.cpu_s() - before))

    rounds = in_turns(1, lambda: timed("ours", ours), lambda: timed("bare", bare))
    return Figure(
        "serve_p99_at_500",
        "ms",
        "the p99 of the bare endpoint at the same rate",
        Better.LOWER,
        rounds,
        details={
            "requests": each,
            "per_second": RATE,
            **{
                f"{name}_{share}_ms": round(done.percentile_ms(share / 100), 2)
                for name, done in loads.items()
                for share in (50, 95, 99)
            },
            **{f"{name}_reached_per_s": round(each / done.wall_s, 1) for name, done in loads.items()},
        },
    )


class Served:
    """A server that runs: its port, and what its process took so far."""

    def __init__(self, process: subprocess.Popen[str], port: int, **headers: str) -> None:
        self._process = process
        self._headers = headers
        self.port = port
        self.answered = 0

    def requests(self, each: int, seed: int, first: int) -> list[bytes]:
        self.answered += each
        return [
            request(PATH, body_json(body), Idempotency_Key=f'"{first + number}"', **self._headers)
            for number, body in enumerate(dossiers(each, seed, first=first))
        ]

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def _ours(folder: Path) -> Iterator[Served]:
    place = folder / "ours"
    place.mkdir()
    (place / "lienthong.toml").write_text(CONFIGURATION, "utf-8")
    with Gateway(load(place / "lienthong.toml")) as gateway:
        token = gateway.keys.create("do", ["submit"], agencies=None, life=timedelta(days=1)).token
    command = [str(Path(sys.executable).with_name("lienthong")), "serve", "--ready-file", "url"]
    with _process(command, place) as process:
        ready = place / "url"
        while not (ready.exists() and ready.read_text("utf-8")):
            assert process.poll() is None
            time.sleep(0.05)  # Until the service has told its address.
        port = urlsplit(ready.read_text("utf-8")).port
        assert port is not None
        yield Served(process, port, Authorization=f"Bearer {token}")


@contextmanager
def _bare(folder: Path) -> Iterator[Served]:
    with _process([sys.executable, "-m", "benchmarks.bare_service", str(folder)], Path.cwd()) as process:
        assert process.stdout is not None
        yield Served(process, int(process.stdout.readline()))


@contextmanager
def _process(command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()
