"""
Dossiers carried to an instant sink, from ``submit_many`` to the recorded outcome: one per call and in batches, on
SQLite and on PostgreSQL.

Compared with a bare loop that posts the very same requests with the same HTTP library from as many threads, and keeps
nothing: no ledger, no claim, no translation, no reading of the answer. Once as a program would write it, with
``httpx.Client``, and once over the library's bare transport, which is what the connector itself uses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

import httpx
from pydantic import SecretStr

from benchmarks import databases, sink
from benchmarks.databases import Postgres
from benchmarks.dossiers import change, dossiers
from benchmarks.measure import Better, Cost, Figure, Sample, Setting, cost_of, in_turns
from connectors.national_portal.connector import NationalPortal, build
from connectors.national_portal.settings import PortalSettings
from gateway.api import Gateway
from gateway.config import DeliverySettings, Settings
from gateway.http import Engine
from gateway.model import Dossier, body_json
from gateway.ports import Delivered, Message

AT_LEAST = 0.6
BATCH = 50
ANSWER_S = 0.05
IN_FLIGHT = 64
PARTNER = "cong"
THREADS = (1, 2, 4, 8, 16)
_BATCH = 500
_WARM = 100


@dataclass(frozen=True, slots=True)
class Wire:
    """One request as the connector makes it."""

    url: str
    headers: Mapping[str, str]
    content: bytes


def run(setting: Setting) -> Iterator[Figure]:
    """The whole way against the bare loop, both with the number of threads that is best for the loop."""
    setting.say("delivering: finding the number of threads that is best for the bare loop")
    each = setting.size(5_000, 150)
    with sink.running() as address:
        bodies = list(dossiers(each, setting.seed))
        requests = recorded(address, bodies)
        some = requests[: setting.size(1_500, 150)]
        speeds = {threads: _best_of(setting.size(3, 1), some, threads) for threads in THREADS}
        threads = max(speeds, key=lambda number: speeds[number])
        setting.say(f"delivering: {each} dossiers a round against the bare loop, {threads} threads")
        yield _figure(setting, address, requests, each, threads, speeds)
        yield _same_transport(setting, address, requests, each, threads)
        with databases.postgresql() as server:
            yield _on_postgresql(setting, address, requests, each, threads, server)
            many = setting.size(50_000, 500)
            setting.say(f"delivering: {many} dossiers a round, {BATCH} in a call")
            bodies = list(dossiers(many, setting.seed))
            packed = recorded(address, bodies, batch=BATCH)
            for name, way in (
                ("deliver_batches", Way(threads=1, batch=BATCH, block=20 * BATCH)),
                ("deliver_batches_postgresql", Way(threads=1, batch=BATCH, block=20 * BATCH, server=server)),
            ):
                yield _in_batches(setting, name, address, packed, many, way)
        yield slow_partner(setting, "deliver_slow_partner", bodies=setting.size(6_000, 200))


def _best_of(times: int, requests: Sequence[Wire], threads: int) -> float:
    return max(len(requests) / bare(requests, threads).wall_s for _ in range(times))


def _figure(
    setting: Setting, address: str, requests: Sequence[Wire], each: int, threads: int, speeds: Mapping[int, float]
) -> Figure:
    first = count()

    def ours() -> Sample:
        return Sample.of_speed(each, gateway(setting, address, each, Way(threads), first=next(first) * each))

    def other() -> Sample:
        return Sample.of_speed(each, bare(requests, threads))

    return Figure(
        "deliver",
        "dossiers/s",
        "bare loop posting the same requests with the same HTTP client, no durability",
        Better.HIGHER,
        in_turns(setting.size(7, 2), ours, other),
        target=AT_LEAST,
        details={
            "dossiers_per_round": each,
            "threads": threads,
            "request_bytes": sum(len(wire.content) for wire in requests) // len(requests),
            "bare_requests_per_second_by_threads": {str(number): round(speed) for number, speed in speeds.items()},
        },
    )


def _same_transport(setting: Setting, address: str, requests: Sequence[Wire], each: int, threads: int) -> Figure:
    first = count(1_000)

    def ours() -> Sample:
        return Sample.of_speed(each, gateway(setting, address, each, Way(threads), first=next(first) * each))

    def other() -> Sample:
        return Sample.of_speed(each, bare(requests, threads, connect=_Transport))

    return Figure(
        "deliver_same_transport",
        "dossiers/s",
        "bare loop over the same library's transport, without its client, no durability",
        Better.HIGHER,
        in_turns(setting.size(3, 2), ours, other),
        details={"threads": threads},
    )


def _on_postgresql(
    setting: Setting, address: str, requests: Sequence[Wire], each: int, threads: int, server: Postgres
) -> Figure:
    first = count(2_000)
    way = Way(threads=threads, server=server)

    def ours() -> Sample:
        return Sample.of_speed(each, gateway(setting, address, each, way, first=next(first) * each))

    def other() -> Sample:
        return Sample.of_speed(each, bare(requests, threads))

    return Figure(
        "deliver_postgresql",
        "dossiers/s",
        "bare loop posting the same requests with the same HTTP client, no durability",
        Better.HIGHER,
        in_turns(setting.size(5, 2), ours, other),
        target=AT_LEAST,
        details={"dossiers_per_round": each, "threads": threads, "server_cpu": "not in our processor seconds"},
    )


def _in_batches(setting: Setting, name: str, address: str, packed: Sequence[Wire], each: int, way: Way) -> Figure:
    first = count(4_000)

    def ours() -> Sample:
        return Sample.of_speed(each, gateway(setting, address, each, way, first=next(first) * each))

    def other() -> Sample:
        return Sample.of_speed(each, bare(packed, way.threads))

    return Figure(
        name,
        "dossiers/s",
        f"bare loop posting the same {len(packed)} requests of {way.batch} dossiers, no durability",
        Better.HIGHER,
        in_turns(setting.size(3, 1), ours, other),
        details={"dossiers_per_round": each, "dossiers_per_call": way.batch, "goal_on_sqlite": 20_000},
    )


def slow_partner(setting: Setting, name: str, *, bodies: int, engine: Engine = "httpx") -> Figure:
    """Answers of 50 ms: with 64 calls in flight the wire allows 1,280 dossiers a second."""
    first = count(9_000)
    allowed = IN_FLIGHT / ANSWER_S
    way = Way(threads=IN_FLIGHT, block=4 * IN_FLIGHT)
    with sink.running(ANSWER_S) as address:

        def ours() -> Sample:
            cost = gateway(setting, address, bodies, way, first=next(first) * bodies, engine=engine)
            return Sample.of_speed(bodies, cost)

        def other() -> Sample:
            return Sample(allowed, bodies, Cost(bodies / allowed, bodies / allowed))

        return Figure(
            name,
            "dossiers/s",
            f"what {IN_FLIGHT} calls at once allow when each answer takes {ANSWER_S * 1000:.0f} ms",
            Better.HIGHER,
            in_turns(setting.size(3, 1), ours, other),
            target=1_000 / allowed,
            details={"in_flight": IN_FLIGHT, "answer_s": ANSWER_S},
        )


def options(address: str) -> dict[str, object]:
    """A usual configuration of the connector, with the sink as the adapter."""
    return {
        "adapter_url": address,
        "madonvi": "H99",
        "username": "do-toc-do",
        "password": SecretStr("khong-phai-mat-khau"),
    }


@dataclass(frozen=True, slots=True)
class Way:
    """How dossiers are carried: *threads* at once, *batch* in a call, *block* lanes claimed ahead, on a *server*."""

    threads: int
    batch: int = 1
    block: int = 256
    server: Postgres | None = None


def gateway(
    setting: Setting,
    address: str,
    each: int,
    way: Way,
    *,
    first: int = 0,
    engine: Engine = "httpx",
    observe: Callable[[Callable[[], object]], Cost] = cost_of,
) -> Cost:
    """
    Accept and deliver *each* dossiers with a new ledger; what it took, measured by *observe*.

    Session, catalogue and connections are there before. Fails unless every dossier reached the sink exactly once.
    """
    changes = [change(body) for body in dossiers(each, setting.seed, first=first)]
    warm = [change(body) for body in dossiers(_WARM, setting.seed, first=first + each)]
    with setting.scratch() as folder:
        settings = Settings(
            database=databases.settings(folder, way.server),
            delivery=DeliverySettings(concurrency=way.threads, block=way.block),
        )
        connector = build(PARTNER, {**options(address), "engine": engine, "dossiers_per_call": way.batch})
        with Gateway(settings, connectors=[connector]) as our:
            our.submit_many(warm)
            our.run_until_idle()

            def whole() -> None:
                for at in range(0, each, _BATCH):
                    our.submit_many(changes[at : at + _BATCH])
                our.run_until_idle()

            before = sink.taken(address)
            cost = observe(whole)
            assert sink.taken(address) - before == each
            assert our.status()[0].delivered == each + len(warm)
    return cost


class _Poster(Protocol):
    def post(self, wire: Wire) -> None: ...
    def close(self) -> None: ...


class _Client:
    """The library's client, as a program would use it."""

    def __init__(self) -> None:
        self._client = httpx.Client(verify=False, trust_env=False)

    def post(self, wire: Wire) -> None:
        self._client.post(wire.url, content=wire.content, headers=wire.headers).raise_for_status()

    def close(self) -> None:
        self._client.close()


class _Transport:
    """The library's transport, without what its client adds."""

    def __init__(self) -> None:
        self._network = httpx.HTTPTransport(verify=False, trust_env=False)

    def post(self, wire: Wire) -> None:
        response = self._network.handle_request(
            httpx.Request("POST", wire.url, content=wire.content, headers=wire.headers)
        )
        response.read()
        response.close()
        assert response.status_code == httpx.codes.OK

    def close(self) -> None:
        self._network.close()


def bare(requests: Sequence[Wire], threads: int, *, connect: Callable[[], _Poster] = _Client) -> Cost:
    """Post *requests* from *threads* threads, each with a connection of its own, open before."""
    clients = [connect() for _ in range(threads)]
    for client in clients:
        client.post(requests[0])
    shares = [requests[number::threads] for number in range(threads)]
    ready = threading.Barrier(threads + 1)

    def work(client: _Poster, share: Sequence[Wire]) -> None:
        ready.wait()
        for wire in share:
            client.post(wire)

    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(work, client, share) for client, share in zip(clients, shares, strict=True)]

        def whole() -> None:
            ready.wait()
            for one in running:
                one.result()

        cost = cost_of(whole)
    for client in clients:
        client.close()
    return cost


def recorded(address: str, bodies: Sequence[Dossier], *, batch: int = 1) -> list[Wire]:
    """The requests that the connector makes of *bodies*, caught on their way to the sink."""
    caught: list[Wire] = []
    with httpx.HTTPTransport() as network:

        def pass_on(request: httpx.Request) -> httpx.Response:
            content = request.read()
            if b'"data":' in content:
                caught.append(Wire(str(request.url), dict(request.headers), content))
            answer = network.handle_request(request)
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.read())

        portal = NationalPortal(
            PARTNER,
            PortalSettings.model_validate({**options(address), "dossiers_per_call": batch}),
            transport=httpx.MockTransport(pass_on),
        )
        for at in range(0, len(bodies), batch):
            messages = [_message(at + n, body) for n, body in enumerate(bodies[at : at + batch])]
            assert portal.deliver(messages) == [Delivered()] * len(messages)
        portal.close()
    return caught


def _message(number: int, body: Dossier) -> Message:
    return Message(
        id=number,
        partner=PARTNER,
        operation="dossier",
        dossier=body.code.text,
        sequence=number,
        key=str(number),
        body=body_json(body),
        attempts=0,
        accepted_at=datetime(2026, 3, 2, tzinfo=UTC),
        established=False,
    )
