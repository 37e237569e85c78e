"""
The two HTTP engines: one call by itself, and whole runs of the gateway with the fast one.

The calls are the connector's own requests, sent through the line that the connector uses, to the sink of ready bytes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from urllib.parse import urlsplit

from benchmarks import sink
from benchmarks.delivering import ANSWER_S, BATCH, IN_FLIGHT, Way, Wire, gateway, options, recorded, slow_partner
from benchmarks.dossiers import dossiers
from benchmarks.measure import Better, Cost, Figure, Sample, Setting, cost_of, in_turns
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.transport import line_settings
from gateway.http import Engine, Headers, Line, open_line

_OURS = frozenset({"host", "content-length"})
_PATIENCE_S = 60.0


def run(setting: Setting) -> Iterator[Figure]:
    """One call by the fast engine against one by httpx, from one thread and from many."""
    each = setting.size(4_000, 150)
    with sink.running() as address:
        requests = recorded(address, list(dossiers(setting.size(1_000, 50), setting.seed)))
        for threads in (1, 16):
            setting.say(f"http: {each} calls a round, {threads} threads, fast and httpx in turns")
            yield _calls(setting, address, requests, each, threads)


def whole(setting: Setting) -> Iterator[Figure]:
    """Accept and deliver with the fast engine: one dossier per call, in batches, and with a slow partner."""
    with sink.running() as address:
        each, many = setting.size(5_000, 100), setting.size(20_000, 200)
        setting.say(f"fast: {each} dossiers a round, one in a call")
        yield _whole(setting, "deliver_fast", address, each, Way(threads=1, block=256), goal=5_000)
        setting.say(f"fast: {many} dossiers a round, {BATCH} in a call")
        way = Way(threads=1, batch=BATCH, block=20 * BATCH)
        yield _whole(setting, "deliver_fast_batches", address, many, way, goal=20_000)
    each = setting.size(6_000, 100)
    setting.say(f"fast: {each} dossiers a round, answers of {ANSWER_S * 1000:.0f} ms, {IN_FLIGHT} in flight")
    yield slow_partner(setting, "deliver_fast_slow_partner", bodies=each, engine="fast")


def _calls(setting: Setting, address: str, requests: Sequence[Wire], each: int, threads: int) -> Figure:
    ours, other = caller("fast", address), caller("httpx", address)
    with closing(ours), closing(other):
        for line in (ours, other):
            _post(line, requests, each=threads * 10, threads=threads)
        rounds = in_turns(
            setting.size(5, 2),
            lambda: Sample.of_speed(each, _post(ours, requests, each, threads)),
            lambda: Sample.of_speed(each, _post(other, requests, each, threads)),
        )
    micro = {
        name: round(min(cost.cpu_s for cost in costs) / each * 1e6, 1)
        for name, costs in (
            ("cpu_us_per_call", [one.ours.cost for one in rounds]),
            ("cpu_us_per_call_httpx", [one.other.cost for one in rounds]),
        )
    }
    return Figure(
        "http_fast" if threads == 1 else f"http_fast_{threads}_threads",
        "calls/s",
        "the same calls by httpx's transport, through the same seam",
        Better.HIGHER,
        rounds,
        details={"threads": threads, "calls_per_round": each, **micro},
    )


def caller(engine: Engine, address: str) -> Line:
    """The line that the connector would call *address* by."""
    return open_line(engine, line_settings(PortalSettings.model_validate(options(address))))


def _post(line: Line, requests: Sequence[Wire], each: int, threads: int) -> Cost:
    prepared = [(target_of(wire), headers_of(wire), wire.content) for wire in requests]

    def work(share: int) -> None:
        for number in range(share, each, threads):
            target, headers, content = prepared[number % len(prepared)]
            answer = line.send("POST", target, headers, content, time.monotonic() + _PATIENCE_S)
            assert answer.status == 200

    if threads == 1:
        return cost_of(lambda: work(0))
    with ThreadPoolExecutor(threads) as pool:
        return cost_of(lambda: list(pool.map(work, range(threads))))


def target_of(wire: Wire) -> str:
    """Path and query."""
    parts = urlsplit(wire.url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def headers_of(wire: Wire) -> Headers:
    """What the line does not write by itself."""
    return tuple((name, value) for name, value in wire.headers.items() if name.lower() not in _OURS)


def _whole(setting: Setting, name: str, address: str, each: int, way: Way, *, goal: int) -> Figure:
    first = count()

    def carried(engine: Engine) -> Sample:
        cost = gateway(setting, address, each, way, first=next(first) * each, engine=engine)
        return Sample.of_speed(each, cost)

    return Figure(
        name,
        "dossiers/s",
        "the same run with httpx as the engine",
        Better.HIGHER,
        in_turns(setting.size(3, 1), lambda: carried("fast"), lambda: carried("httpx")),
        details={"dossiers_per_round": each, "dossiers_per_call": way.batch, "threads": way.threads, "goal": goal},
    )
