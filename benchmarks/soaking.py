"""
The memory of a worker over a million deliveries: ``python -m benchmarks.soaking FILE ADDRESS`` is the worker.

It runs as ``lienthong sync`` does until its standard input ends; another process submits, and looks at its memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import sink
from benchmarks.delivering import BATCH, PARTNER, options
from benchmarks.dossiers import change, dossiers
from benchmarks.measure import Better, Cost, Figure, Round, Sample, Setting
from connectors.national_portal.connector import NationalPortal, build
from gateway.api import Gateway
from gateway.config import DatabaseSettings, DeliverySettings, Settings

AT_MOST = 1.1
WARM = 0.1
"""The share of the deliveries after which the worker counts as warm."""
SPAN = 0.05
"""Memory is the median over this share of the samples: after warming up, and at the end."""
_AT_ONCE = 500
_AHEAD = 20_000
_SILENCE_S = 60


def run(setting: Setting) -> Iterator[Figure]:
    """Resident memory at the end against that of the warm worker."""
    deliveries = setting.size(1_000_000, 1_000)
    setting.say(f"soaking: {deliveries} deliveries")
    with setting.scratch() as folder, sink.running() as address:
        path = folder / "gateway.db"
        with Gateway(_settings(path), connectors=[_portal(address)]) as our:
            worker = subprocess.Popen([sys.executable, "-m", __name__, path, address], stdin=subprocess.PIPE)
            try:
                began = time.perf_counter()
                found = _soak(setting, our, worker, address, deliveries)
                wall_s, cpu_s = time.perf_counter() - began, _cpu_s(worker.pid)
                assert worker.stdin is not None
                worker.stdin.close()
                assert worker.wait(_SILENCE_S) == 0
            finally:
                worker.kill()
                worker.wait()
            assert our.status()[0].delivered == deliveries
    sizes = [size for share, size in found if share >= WARM]
    span = max(1, round(len(sizes) * SPAN))
    cost = Cost(wall_s, cpu_s)
    yield Figure(
        "worker_memory",
        f"bytes resident at the end of {deliveries} deliveries",
        f"after {WARM:.0%} of them",
        Better.LOWER,
        (Round(Sample(median(sizes[-span:]), deliveries, cost), Sample(median(sizes[:span]), deliveries, cost)),),
        target=AT_MOST,
        details={
            "deliveries": deliveries,
            "dossiers_per_call": BATCH,
            "samples": len(found),
            "highest_bytes": max(size for _, size in found),
            "bytes_by_tenth": [_of_tenth(found, tenth) for tenth in range(1, 11)],
        },
    )


def _soak(
    setting: Setting, our: Gateway, worker: subprocess.Popen[bytes], address: str, deliveries: int
) -> list[tuple[float, int]]:
    """Submit *deliveries* dossiers, never far ahead of the worker; its memory by the share of them that has arrived."""
    found: list[tuple[float, int]] = []
    submitted = taken = 0
    silent_since = time.monotonic()
    while taken < deliveries:
        if submitted < min(deliveries, taken + _AHEAD):
            count = min(_AT_ONCE, deliveries - submitted)
            our.submit_many(change(body) for body in dossiers(count, setting.seed, first=submitted))
            submitted += count
        else:
            time.sleep(0.02)  # The worker is behind; it is another process, and only its sink is asked.
        before, taken = taken, sink.taken(address)
        if taken > before:
            found.append((taken / deliveries, _resident(worker.pid)))
            silent_since = time.monotonic()
        assert worker.poll() is None
        assert time.monotonic() - silent_since < _SILENCE_S
    return found


def _of_tenth(found: list[tuple[float, int]], tenth: int) -> int | None:
    sizes = [size for share, size in found if tenth - 1 < share * 10 <= tenth]
    return round(median(sizes)) if sizes else None


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _settings(path: Path) -> Settings:
    return Settings(database=DatabaseSettings(path=path), delivery=DeliverySettings(concurrency=1, block=20 * BATCH))


def _portal(address: str) -> NationalPortal:
    return build(PARTNER, {**options(address), "dossiers_per_call": BATCH})


def _work(path: str, address: str) -> None:
    stop = threading.Event()
    with Gateway(_settings(Path(path)), connectors=[_portal(address)]) as our:
        working = threading.Thread(target=lambda: our.run(stop))
        working.start()
        sys.stdin.read()
        stop.set()
        working.join()


if __name__ == "__main__":
    _work(*sys.argv[1:])
