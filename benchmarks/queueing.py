"""
The most that this machine could do: a throw-away queue in one SQLite file.

It keeps ready elements of requests, 500 to a commit, sends them in turn by the fast engine from one thread, and deletes
what was answered, a block to a commit. No ledger, order, lease, attempt, limit, translation or judgement.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from benchmarks import sink
from benchmarks.calling import caller, headers_of, target_of
from benchmarks.delivering import BATCH, Way, Wire, recorded
from benchmarks.dossiers import dossiers
from benchmarks.measure import Better, Cost, Figure, Sample, Setting, cost_of, in_turns
from benchmarks.sharing import WORKERS, shared
from gateway.http import Line

_AT_ONCE = 500
_BLOCK = 250
_PATIENCE_S = 60.0
_DATA = b'"data":['
_GOALS = {1: 5_000 / 9_000, BATCH: 20_000 / 35_000}
"""The goals in dossiers a second, as shares of what such a queue carried where they were set."""


def run(setting: Setting) -> Iterator[Figure]:
    """The gateway, a process that accepts and two that deliver, against the queue; with the fast engine."""
    with sink.running() as address, closing(caller("fast", address)) as line:
        for name, each, way in (
            ("against_bare_queue", setting.size(10_000, 100), Way(threads=1)),
            ("against_bare_queue_batches", setting.size(20_000, 200), Way(threads=1, batch=BATCH, block=20 * BATCH)),
        ):
            setting.say(f"queueing: {each} dossiers a round, {way.batch} in a call")
            yield _figure(setting, name, address, line, each, way)


def _figure(setting: Setting, name: str, address: str, line: Line, each: int, way: Way) -> Figure:
    requests = recorded(address, list(dossiers(each, setting.seed)))

    def other() -> Sample:
        with setting.scratch() as folder:
            before = sink.taken(address)
            cost = _queue(folder / "queue.db", line, requests, way.batch)
            assert sink.taken(address) - before == each
        return Sample.of_speed(each, cost)

    return Figure(
        name,
        "dossiers/s",
        "a throw-away SQLite queue that sends ready bytes by the same engine",
        Better.HIGHER,
        in_turns(setting.size(5, 1), lambda: shared(setting, address, each, way), other),
        details={
            "dossiers_per_round": each,
            "dossiers_per_call": way.batch,
            "workers": WORKERS,
            "goal_as_ratio": round(_GOALS[way.batch], 2),
        },
    )


def _queue(path: Path, line: Line, requests: Sequence[Wire], per_call: int) -> Cost:
    """Keep and send what *requests* carry, *per_call* in a call, until nothing is left."""
    head, _ = _parted(requests[0])
    elements = [_parted(wire)[1] for wire in requests]
    target, headers = target_of(requests[0]), headers_of(requests[0])
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE job (id INTEGER PRIMARY KEY, element BLOB)")

        def keep(some: Sequence[bytes]) -> None:
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.executemany("INSERT INTO job (element) VALUES (?)", [(each,) for each in some])

        def send(jobs: Sequence[tuple[int, bytes]]) -> None:
            body = head + b",".join([element for _, element in jobs]) + b"]}"
            answer = line.send("POST", target, headers, body, time.monotonic() + _PATIENCE_S)
            assert answer.status == 200

        def whole() -> None:
            for at in range(0, len(elements), _AT_ONCE):
                keep(elements[at : at + _AT_ONCE])
            while jobs := database.execute("SELECT id, element FROM job ORDER BY id LIMIT ?", (_BLOCK,)).fetchall():
                for at in range(0, len(jobs), per_call):
                    send(jobs[at : at + per_call])
                with database:
                    database.execute("DELETE FROM job WHERE id <= ?", (jobs[-1][0],))

        return cost_of(whole)


def _parted(wire: Wire) -> tuple[bytes, bytes]:
    """A request up to its one element, and the element."""
    head, data, element = wire.content.partition(_DATA)
    return head + data, element.removesuffix(b"]}")
