"""
Worker processes on one PostgreSQL server: ``python -m benchmarks.working URL ADDRESS`` is one of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

from pydantic import SecretStr

from benchmarks import databases, sink
from benchmarks.databases import Postgres
from benchmarks.delivering import PARTNER, options
from benchmarks.dossiers import change, dossiers
from benchmarks.measure import Better, Cost, Figure, Sample, Setting, in_turns
from connectors.national_portal.connector import build
from gateway.api import Gateway
from gateway.config import DatabaseSettings, DeliverySettings, Settings

_BATCH = 500


def run(setting: Setting) -> Iterator[Figure]:
    """Several workers against one, on the same backlog."""
    each = setting.size(6_000, 100)
    with sink.running() as address, databases.postgresql() as server:
        for workers in (2, 4):
            setting.say(f"working: {workers} workers on PostgreSQL against one")
            yield Figure(
                f"deliver_{workers}_workers_postgresql",
                "dossiers/s",
                "one worker process on the same server and the same two cores",
                Better.HIGHER,
                in_turns(
                    setting.size(3, 1),
                    lambda workers=workers: _drain(setting, address, server, each, workers),  # type: ignore[misc]  # mypy cannot type a lambda's default.
                    lambda: _drain(setting, address, server, each, 1),
                ),
                details={"dossiers_per_round": each, "workers": workers, "cores": os.cpu_count()},
            )


def _drain(setting: Setting, address: str, server: Postgres, each: int, workers: int) -> Sample:
    """Accept *each* dossiers, start *workers* that wait for a word, and time them from there to the last delivery."""
    url = server.url(server.fresh_database())
    with Gateway(_settings(url), connectors=[build(PARTNER, options(address))]) as our:
        changes = [change(body) for body in dossiers(each, setting.seed)]
        for at in range(0, each, _BATCH):
            our.submit_many(changes[at : at + _BATCH])
        before = sink.taken(address)
        command = [sys.executable, "-m", "benchmarks.working", url, address]
        running = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(workers)
        ]
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        began = time.perf_counter()
        cpu_s = 0.0
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in running:
            cpu_s += float(process.communicate(timeout=600)[0])
        wall_s = time.perf_counter() - began
        assert sink.taken(address) - before == each
        assert our.status()[0].delivered == each
    return Sample.of_speed(each, Cost(wall_s, cpu_s))


def _settings(url: str) -> Settings:
    return Settings(database=DatabaseSettings(url=SecretStr(url)), delivery=DeliverySettings(concurrency=1))


def _work(url: str, address: str) -> None:
    with Gateway(_settings(url), connectors=[build(PARTNER, options(address))]) as our:
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.process_time()
        our.run_until_idle()
        print(time.process_time() - began, flush=True)


if __name__ == "__main__":
    _work(*sys.argv[1:])
