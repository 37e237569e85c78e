"""The stage for victims: databases to copy, a portal for each run, and what must be true when all is over."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from psycopg.errors import ObjectInUse
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from connectors.mocks import Directive, Request
from connectors.national_portal.mock import Account, Fault, FaultKind, Portal, Settings
from gateway.api import Gateway
from gateway.demo.compare import compare, expected_from
from gateway.errors import Rejected
from gateway.model import ProcessingStep
from gateway.sandbox import VirtualClock
from gateway.sandbox.control import Sandbox
from gateway.sandbox.server import Server
from gateway.sandbox.serving import furnished_portal
from gateway.store.base import SqlStore
from tests import running
from tests.fault.victims import DOSSIERS, KINDS, LATER, PARTNER, PASSWORD, STEPS, STRANGE, TENANT, Job, changes
from tests.partners import ScriptedPartner, failing
from tools.postgres import PostgresServer

CODES = [dossier.code for dossier in (*DOSSIERS, STRANGE)]
REPEATED = "steps_repeated_after_clean_answer"
STEPS_IN_A_CALL = 2
PUSHES = (b"DongBoHoSoMC", b"CapNhatTienDoHoSoMC")


class Databases:
    """Prepares a database once and copies it for each victim: SQLite files, or databases of a server."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        self._folder = folder
        self._server = server
        self._names = count()

    def new(self) -> str:
        if self._server is None:
            return str(self._folder / f"{next(self._names)}.db")
        return self._server.url(self._server.fresh_database())

    def copy(self, database: str) -> str:
        if self._server is None:
            copied = self.new()
            if Path(database).exists():
                shutil.copy(database, copied)
            return copied
        for attempt in Retrying(
            retry=retry_if_exception_type(ObjectInUse), stop=stop_after_delay(10), wait=wait_fixed(0.01), reraise=True
        ):
            with attempt:
                # A connection that was closed is gone only when its server process has ended.
                return self._server.url(self._server.fresh_database(database.rpartition("/")[2]))
        raise AssertionError("the last attempt returns or raises")


class Mortal:
    """Stands before the portal and kills *pid* when a push arrives (``arrived``) or was worked on (``applied``)."""

    def __init__(self, inner: Sandbox) -> None:
        self._inner = inner
        self.at = ""
        self.pid = 0

    def handle(self, request: Request) -> Directive:
        push = any(word in request.body for word in PUSHES)
        if push and self.at == "arrived":
            self._kill()
        answer = self._inner.handle(request)
        if push and self.at == "applied":
            self._kill()
        return answer

    def _kill(self) -> None:
        self.at = ""
        os.kill(self.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Stage:
    """A portal on a socket, whose first answer to steps is lost on the way."""

    portal: Portal
    door: Mortal
    url: str


@contextmanager
def stage() -> Iterator[Stage]:
    clock = VirtualClock(datetime.now(UTC), ticking=True)
    portal = furnished_portal(clock, Settings(stall_s=1.0), accounts=[Account.of_province(TENANT, PASSWORD)])
    portal.inject(Fault(FaultKind.CUT, frozenset({"CapNhatTienDoHoSoMC"}), count=1))
    door = Mortal(Sandbox(portal, clock))
    server = Server(door)
    try:
        yield Stage(portal, door, server.url)
    finally:
        server.close()


def filled(databases: Databases) -> str:
    """A database that has taken in everything and told nothing."""
    database = databases.new()
    with Gateway(Job("delivery", database).settings) as gateway:
        assert not any(receipt.refusal for receipt in gateway.submit_many(changes()))
    return database


def deadened(databases: Databases) -> tuple[str, tuple[int, ...]]:
    """A database whose first three dossiers the partner refused, and the ids of those letters."""
    database = databases.new()
    with _refusing(database) as gateway:
        letters = sorted(letter.id for letter in gateway.dead_letters())
    assert len(letters) == len(DOSSIERS)
    return database, tuple(letters)


def told(databases: Databases) -> str:
    """A database where much was delivered, by several attempts, some told again, and one dossier still waits."""
    database = databases.new()
    with _refusing(database) as gateway:
        gateway.submit_many(
            [change.model_copy(update={"source_id": f"again-{change.source_id}"}) for change in changes()]
        )
        gateway.requeue([letter.id for letter in gateway.dead_letters()][1:])
        gateway.run_until_idle()
    return database


@contextmanager
def _refusing(database: str) -> Iterator[Gateway]:
    """A gateway that has told everything to a partner who refused each dossier once."""
    partner = ScriptedPartner(name=PARTNER, longest_call=timedelta(seconds=1))
    for dossier in DOSSIERS:
        partner.script[dossier.code.text] = [failing(Rejected(PARTNER, "4", "Sai / wrong"))]
    with Gateway(Job("decisions", database).settings, connectors=[partner]) as gateway:
        gateway.submit_many(changes())
        gateway.run_until_idle()
        yield gateway


def ledger(gateway: Gateway) -> Any:
    """What the ledger holds; every chain must be whole."""
    assert [gateway.broken_link(code) for code in CODES] == [None] * len(CODES)
    return gateway.totals(), dict(gateway.known(CODES))


def judge_delivery(gateway: Gateway, stage: Stage, point: str) -> None:
    """
    After the end: everything at the portal once and in order, one dead letter that it explains, nothing left open.

    A step may have travelled again where a kill fell between its answer and the record of it; it counts once.
    """
    (status,) = gateway.status()
    assert (status.pending, status.in_flight, status.unknown, status.dead) == (0, 0, 0, 1), point
    assert status.delivered == len(DOSSIERS) + len(STEPS)
    assert [letter.dossier for letter in gateway.dead_letters()] == [STRANGE.code.text]
    steps: dict[str, list[ProcessingStep]] = {dossier.code.key: [] for dossier in DOSSIERS}
    for step in STEPS:
        steps[step.dossier.key].append(step)
    held = running.Sandbox(stage.url).ask("ledger")
    findings = compare(expected_from([[(dossier, steps[dossier.code.key]) for dossier in DOSSIERS]]), held).findings
    assert findings == (), point
    counters = stage.portal.counters()
    violations = {name: value for name, value in counters.violations.items() if value}
    assert violations.pop(REPEATED, 0) <= STEPS_IN_A_CALL
    assert violations == {}, point
    assert (counters.creates, counters.steps, counters.steps_counted_twice) == (len(DOSSIERS), len(STEPS), 0)


def judge_decisions(store: SqlStore) -> None:
    """Each letter was decided about once, as ordered."""
    assert store.broken_audit() is None
    assert [entry.action for entry in store.audit()] == ["requeue", "cancel", "resolve"]
    (status,) = store.status()
    assert (status.dead, status.cancelled, status.resolved) == (0, 1, 1)
    assert store.dead_letters() == []


def cleared(store: SqlStore) -> list[int]:
    """Retention once more: how much each kind still had."""
    return [store.clear(kind, timedelta(0), now=LATER) for kind in KINDS]
