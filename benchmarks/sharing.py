"""
One SQLite file for several processes, as an operator runs them on one machine: one takes dossiers in, others deliver.
``python -m benchmarks.sharing FOLDER ADDRESS BATCH BLOCK`` is one of those that deliver.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from benchmarks import databases, sink
from benchmarks.delivering import BATCH, PARTNER, Way, gateway, options
from benchmarks.dossiers import change, dossiers
from benchmarks.measure import Better, Cost, Figure, Sample, Setting, in_turns
from connectors.national_portal.connector import build
from gateway.api import Gateway
from gateway.config import DeliverySettings, Settings

WORKERS = 2
_AT_ONCE = 500
_WARM = 100
_LOOK_AGAIN_S = 0.05
_PATIENCE_S = 300.0


def run(setting: Setting) -> Iterator[Figure]:
    """A process that accepts and two that deliver, against one that does both; with the fast engine."""
    with sink.running() as address:
        for name, each, way, goal in (
            ("deliver_fast_shared", setting.size(10_000, 100), Way(threads=1), 5_000),
            (
                "deliver_fast_batches_shared",
                setting.size(20_000, 200),
                Way(threads=1, batch=BATCH, block=20 * BATCH),
                20_000,
            ),
        ):
            setting.say(
                f"sharing: {each} dossiers a round, {way.batch} in a call, {WORKERS} workers on one SQLite file"
            )
            yield _figure(setting, name, address, each, way, goal)


def _figure(setting: Setting, name: str, address: str, each: int, way: Way, goal: int) -> Figure:
    first = count()

    def alone() -> Sample:
        cost = gateway(setting, address, each, way, first=next(first) * each, engine="fast")
        return Sample.of_speed(each, cost)

    return Figure(
        name,
        "dossiers/s",
        "the same run in one process, which accepts first and then delivers",
        Better.HIGHER,
        in_turns(setting.size(5, 1), lambda: shared(setting, address, each, way), alone),
        details={"dossiers_per_round": each, "dossiers_per_call": way.batch, "workers": WORKERS, "goal": goal},
    )


def shared(setting: Setting, address: str, each: int, way: Way) -> Sample:
    """Accept *each* dossiers while the workers deliver; over when the ledger knows of the last delivery."""
    changes = [change(body) for body in dossiers(each, setting.seed)]
    warm = [change(body) for body in dossiers(_WARM, setting.seed, first=each)]
    with setting.scratch() as folder, _gateway(folder, address, way) as our, ExitStack() as workers:
        running = [workers.enter_context(_worker(folder, address, way)) for _ in range(WORKERS)]
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        our.submit_many(warm)
        _wait(our, _WARM)
        before = sink.taken(address)
        began, began_cpu = time.perf_counter(), time.process_time()
        for at in range(0, each, _AT_ONCE):
            our.submit_many(changes[at : at + _AT_ONCE])
        _wait(our, _WARM + each)
        wall_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
        cpu_s += sum(float(process.communicate("end\n", timeout=60)[0]) for process in running)
        assert sink.taken(address) - before == each
    return Sample.of_speed(each, Cost(wall_s, cpu_s))


def _wait(our: Gateway, delivered: int) -> None:
    deadline = time.perf_counter() + _PATIENCE_S
    while our.status()[0].delivered < delivered:
        assert time.perf_counter() < deadline
        time.sleep(_LOOK_AGAIN_S)  # The workers are other processes; ten times as often took a tenth of their speed.


@contextmanager
def _worker(folder: Path, address: str, way: Way) -> Iterator[subprocess.Popen[str]]:
    """A process that says when it is ready, delivers until it reads a line, and tells the processor seconds it took."""
    command = [sys.executable, "-m", "benchmarks.sharing", str(folder), address, str(way.batch), str(way.block)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _gateway(folder: Path, address: str, way: Way) -> Gateway:
    settings = Settings(
        database=databases.settings(folder, None),
        delivery=DeliverySettings(concurrency=way.threads, block=way.block),
    )
    connector = build(PARTNER, {**options(address), "engine": "fast", "dossiers_per_call": way.batch})
    return Gateway(settings, connectors=[connector])


def _work(folder: str, address: str, batch: str, block: str) -> None:
    stop = threading.Event()
    with _gateway(Path(folder), address, Way(threads=1, batch=int(batch), block=int(block))) as our:
        working = threading.Thread(target=our.run, args=(stop,))
        working.start()
        print("ready", flush=True)
        began = time.process_time()
        sys.stdin.readline()
        stop.set()
        working.join()
        print(time.process_time() - began, flush=True)


if __name__ == "__main__":
    _work(*sys.argv[1:])
