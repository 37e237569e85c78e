"""
Processes that do one job of the gateway and meet their end at a named point of it.

A *point* is a statement of the store before it runs, ``commit`` and ``committed`` around a transaction, ``send`` and
``answered`` around a call; its phase stands before it: ``record/take_lanes`` is that statement after the first answer.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import sqlalchemy as sa

from gateway.callbacks import Callbacks
from gateway.config import Settings, build_connectors
from gateway.config.read import settings_from
from gateway.delivery import Engine, configured
from gateway.model import Change, Dossier, ProcedureCode, ProcessingStep
from gateway.notices import PartnerCall
from gateway.ports import Connector, Message, Outcome, Probe, SystemClock
from gateway.store.audit import Act
from gateway.store.base import SqlStore
from gateway.store.postgresql import PostgresStore
from gateway.store.sqlite import SqliteStore
from tests.builders import MORNING, a_dossier, a_step

TENANT = "H99"
PARTNER = "cong"
PASSWORD = "mat-khau-vi-du"
DOSSIERS = tuple(a_dossier(code=f"H99.01.01-260302-{n:04d}") for n in range(1, 4))
STRANGE = a_dossier(code="H99.01.01-260302-0009", procedure=ProcedureCode.parse("9.999999"))
"""Its procedure is none that the portal publishes: a dead letter."""
STEPS = tuple(
    a_step(dossier=dossier.code, at=MORNING + timedelta(hours=hour), content=f"Bước {hour}")
    for dossier in DOSSIERS
    for hour in (1, 2)
)
PROMOTION = PartnerCall(
    "/addtthcKhuyenMai",
    b'{"MaHoSo":"G22.99-260305-00011","MaTTHC":"2.000033","TenThuongNhan":"Cong ty Vi Du","MaSoThue":"0100233488"}',
)
"""What the portal tells: it does not say when the dossier was filed, so the time of its arrival counts."""
LATER = datetime.fromisoformat("2027-05-01T00:00:00+07:00")
KINDS = ("delivered", "attempts", "inbox", "repeats")

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.fault.victims"])


def changes() -> list[Change]:
    bodies: tuple[Dossier | ProcessingStep, ...] = (*DOSSIERS, STRANGE, *STEPS)
    return [Change(source="mot-cua", source_id=f"{n}", body=body) for n, body in enumerate(bodies)]


@dataclass(frozen=True)
class Job:
    """
    What to do on which *database* (a file's path or a server's address), with the portal at *portal*.

    *letters* are the three dead letters that are decided about.
    """

    role: str
    database: str
    portal: str = "http://127.0.0.1:9"
    letters: tuple[int, ...] = ()

    @property
    def settings(self) -> Settings:
        place = "url" if "://" in self.database else "path"
        return settings_from(
            {
                "tenant": {"code": TENANT},
                "database": {place: self.database},
                "delivery": {
                    "concurrency": 1, "block": 1, "lease_s": 3.0, "poll_s": 0.05,
                    "retry": {"base_s": 0.02, "cap_s": 0.1}, "breaker": {"threshold": 1000},
                    "probe": {"base_s": 0.02, "cap_s": 0.1},
                },
                "partners": {
                    PARTNER: {
                        "connector": "national_portal", "adapter_url": self.portal, "madonvi": "000.00.00.H99",
                        "username": "000.00.00.H99", "password_env": "DEMO_PASSWORD", "timeout_s": 0.7,
                        "connect_timeout_s": 0.5, "read_timeout_s": 0.6,
                    }
                },
            },
            env={"DEMO_PASSWORD": PASSWORD},
            folder=Path(),
        )  # fmt: skip

    def store(self, heard: Callable[[str], None] | None = None) -> SqlStore:
        if "://" in self.database:
            return PostgresStore(self.database, tenant=TENANT, patience=timedelta(seconds=2), heard=heard)
        return SqliteStore(Path(self.database), tenant=TENANT, heard=heard)


@dataclass
class Points:
    """Notes every point when it is reached for the first time, and does *act* at the point *fatal*."""

    act: Callable[[], None]
    fatal: str = ""
    phase: str = ""
    seen: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        point = f"{self.phase}/{name}"
        if point not in self.seen:
            self.seen.append(point)
            if point == self.fatal:
                self.act()


class Watched:
    """The partner's connector, which tells when a call begins and when it is answered."""

    def __init__(self, connector: Connector, points: Points) -> None:
        self._connector = connector
        self._points = points
        self.name = connector.name
        self.operations = connector.operations
        self.longest_call = connector.longest_call
        self.route = connector.route
        self.check = connector.check
        self.close = connector.close

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        self._points("send")
        outcomes = self._connector.deliver(messages)
        self._points("answered")
        self._points.phase = "record"
        return outcomes

    def probe(self, message: Message) -> Probe:
        self._points("look up")
        return self._connector.probe(message)


def _intake(job: Job, points: Points) -> None:
    points.phase = "intake"
    with closing(job.store(points)) as store, _connectors(job) as connectors:
        store.accept(changes(), connectors, now=SystemClock().now())


def _work(job: Job, points: Points) -> None:
    points.phase = "claim"
    delivery = job.settings.delivery
    with closing(job.store(points)) as store, _connectors(job) as (connector,):
        Engine(
            store, Watched(connector, points), SystemClock(), pace=configured.pace(delivery),
            retry=configured.retry_policy(delivery), breaker=configured.breaker_policy(delivery), roster=store,
        ).run_until_idle()  # fmt: skip


def _decide(job: Job, points: Points) -> None:
    act = Act("truc", SystemClock().now(), "Diễn tập / Exercise")
    requeued, cancelled, resolved = job.letters
    with closing(job.store(points)) as store:
        points.phase = "requeue"
        store.requeue([requeued], now=act.at, actor=act.actor, reason=act.reason)
        points.phase = "cancel"
        store.cancel([cancelled], act)
        points.phase = "resolve"
        store.resolve([resolved], act)


def _hear(job: Job, points: Points) -> None:
    points.phase = "hear"

    def heard(name: str) -> None:
        points(name)
        if name == "committed":
            points.phase = "process"

    with (
        closing(job.store(heard)) as store,
        _connectors(job) as connectors,
        closing(Callbacks(store, connectors, SystemClock(), {})) as callbacks,
    ):
        callbacks.accept(PARTNER, PROMOTION)


def _retain(job: Job, points: Points) -> None:
    with closing(job.store(points)) as store:
        for kind in KINDS:
            points.phase = kind
            while store.clear(kind, timedelta(0), now=LATER, chunk=2):
                pass


def _migrate(job: Job, points: Points) -> None:
    """The statements of a migration have no names: they are counted."""
    points.phase = "migration"
    count = 0

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def before(*_: object) -> None:
        nonlocal count
        count += 1
        points(f"statement {count}")

    @sa.event.listens_for(sa.Engine, "commit")
    def commit(_: object) -> None:
        points("commit")

    job.store().close()
    points("committed")


ROLES: Mapping[str, Callable[[Job, Points], None]] = {
    "intake": _intake,
    "delivery": _work,
    "decisions": _decide,
    "notices": _hear,
    "retention": _retain,
    "migration": _migrate,
}


@contextmanager
def _connectors(job: Job) -> Iterator[list[Connector]]:
    connectors = list(build_connectors(job.settings).values())
    try:
        yield connectors
    finally:
        for connector in connectors:
            connector.close()


def _live(job: Job, fatal: str, how: int, report: Connection | None = None) -> None:
    points = Points(lambda: os.kill(os.getpid(), how), fatal)
    ROLES[job.role](job, points)
    if report is not None:
        report.send(points.seen)


def points_of(job: Job) -> list[str]:
    """The points of an undisturbed run, in their order."""
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_live, args=(job, "", 0, theirs), daemon=True)
    process.start()
    theirs.close()
    with ours:
        seen: list[str] = ours.recv()
    process.join(30)
    assert process.exitcode == 0
    return seen


def begun(job: Job, fatal: str, how: int = signal.SIGKILL) -> BaseProcess:
    """A process that sends itself the signal *how* at the point *fatal*."""
    process = FORK.Process(target=_live, args=(job, fatal, how), daemon=True)
    process.start()
    return process
