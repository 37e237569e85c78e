"""
Dossiers accepted and delivered by other engines, beside ours: the same requests, the same sink, in turns.

An engine that cannot be measured here is named with the reason; it never just misses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks import databases, sink
from benchmarks.databases import Postgres
from benchmarks.delivering import Way, gateway, recorded
from benchmarks.dossiers import dossiers
from benchmarks.measure import Better, Figure, Sample, Setting, in_turns
from benchmarks.peers.catalogue import PEERS, Kept, Peer
from benchmarks.peers.process import Environment, Measured, PeerFailed, write_requests
from benchmarks.peers.runner import WARM
from benchmarks.peers.valkey import PROGRAMS, program, valkey

WORKERS = (1, 4)
_MOST, _LEAST, _TRIAL, _ROUND_S = 3_000, 200, 150, 8
_NO_ENVIRONMENT = "no environment with the other engines: `make bench` makes it"
_NO_SERVER = f"no server: neither {' nor '.join(PROGRAMS)} was found"


def run(setting: Setting) -> Iterator[Figure]:
    """Each engine with the number of workers that is best for it, against ours on the same kind of database."""
    environment = Environment(setting.peers, setting.size(180, 30))
    missing = None if environment.python.exists() else _NO_ENVIRONMENT
    server = program(setting.peers)
    with ExitStack() as stack:
        address = postgresql = None
        for peer in PEERS:
            reason = missing or (_NO_SERVER if peer.kept is Kept.VALKEY and server is None else None)
            if reason is None:
                address = address or stack.enter_context(sink.running())
                if peer.kept is Kept.POSTGRESQL:
                    postgresql = postgresql or stack.enter_context(databases.postgresql())
                setting.say(f"peers: {peer.name}")
                bench = _Bench(setting, environment, address, postgresql, server)
                try:
                    yield bench.figure(peer)
                except PeerFailed as failed:
                    reason = str(failed)
            if reason is not None:
                setting.leave_out(peer.name, reason)


@dataclass(frozen=True, slots=True)
class _Bench:
    setting: Setting
    environment: Environment
    address: str
    postgresql: Postgres | None
    server: Path | None

    def figure(self, peer: Peer) -> Figure:
        workers, each = self._sizes(peer)
        first = count()
        way = Way(threads=1, server=self.postgresql if peer.kept is Kept.POSTGRESQL else None)
        runs: list[Measured] = []
        with self._requests(each) as requests:

            def ours() -> Sample:
                cost = gateway(self.setting, self.address, each, way, first=next(first) * each)
                return Sample.of_speed(each, cost)

            def other() -> Sample:
                runs.append(self._measure(peer, requests, each, workers))
                return Sample.of_speed(each, runs[-1].cost)

            rounds = in_turns(self.setting.size(3, 1), ours, other)
        return Figure(
            f"against_{peer.name}",
            "dossiers/s",
            f"{peer.build.partition(':')[0]} {runs[0].version} on {peer.kept.value}, the same requests and sink",
            Better.HIGHER,
            rounds,
            details={
                "dossiers_per_round": each,
                "workers_of_peer": workers,
                "accept_s_of_peer": [measured.accept_s for measured in runs],
                "durable": peer.durable,
                "not_promised": list(peer.not_promised),
                "server_cpu": "in nobody's processor seconds",
            },
        )

    def _sizes(self, peer: Peer) -> tuple[int, int]:
        """The number of workers that is best for *peer*, and how many dossiers it carries in a round."""
        if self.setting.quick:
            return WORKERS[-1], 20
        with self._requests(_TRIAL) as requests:
            speeds = {number: _TRIAL / self._measure(peer, requests, _TRIAL, number).cost.wall_s for number in WORKERS}
        workers = max(speeds, key=lambda number: speeds[number])
        return workers, max(_LEAST, min(_MOST, round(speeds[workers] * _ROUND_S)))

    def _measure(self, peer: Peer, requests: Path, each: int, workers: int) -> Measured:
        before = sink.taken(self.address)
        with self.setting.scratch() as folder, ExitStack() as stack:
            url = self._place(peer, folder, stack)
            measured = self.environment.run(peer, requests, folder, workers=workers, url=url)
        taken = sink.taken(self.address) - before - WARM
        if taken != each:
            raise PeerFailed(f"the sink took {taken} of {each} dossiers")
        return measured

    def _place(self, peer: Peer, folder: Path, stack: ExitStack) -> str:
        """The address of the engine's server, whose data for it *stack* removes; empty when it needs none."""
        if peer.kept is Kept.POSTGRESQL:
            assert self.postgresql is not None
            database = self.postgresql.fresh_database()
            stack.callback(self.postgresql.drop, database)
            return self.postgresql.url(database)
        if peer.kept is Kept.VALKEY:
            assert self.server is not None
            return stack.enter_context(valkey(self.server, folder))
        return ""

    @contextmanager
    def _requests(self, each: int) -> Iterator[Path]:
        """A file of the requests that the connector makes of *each* dossiers, and of those to warm up with."""
        bodies = list(dossiers(WARM + each, self.setting.seed))
        with self.setting.scratch() as folder:
            path = folder / "requests.jsonl"
            write_requests(path, recorded(self.address, bodies), [body.code.key for body in bodies])
            yield path
