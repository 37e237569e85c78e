"""A worker that stands still past its lease and goes on, and a network that breaks before its database."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.api import Gateway
from gateway.errors import StoreUnavailable
from tests.fault.matrix import Databases, Stage, filled, judge_delivery, ledger, stage
from tests.fault.victims import ROLES, Job, Points, begun, changes, points_of
from tests.proxy import Proxy
from tests.running import until
from tools.postgres import PostgresServer

pytestmark = pytest.mark.slow


def frozen(process: BaseProcess) -> bool:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def thawed(process: BaseProcess) -> None:
    os.kill(process.pid or 0, signal.SIGCONT)
    process.join(60)


@pytest.mark.parametrize(
    "point", ["claim/committed", "claim/send", "claim/answered", "record/send", "record/committed"]
)
def test_a_worker_that_slept_past_its_lease_changes_nothing(databases: Databases, point: str) -> None:
    """
    It stands still at a bad moment; another worker finds its lease run out and does the work. Then the first goes on:
    what it holds is out of date, it sends nothing any more and its record is refused.
    """
    full = filled(databases)
    with stage() as portal:
        job = Job("delivery", full, portal.url)
        sleeper = begun(job, point, signal.SIGSTOP)
        until(lambda: frozen(sleeper), "the worker stands still")
        with Gateway(job.settings) as gateway:
            gateway.run_until_idle()
            judge_delivery(gateway, portal, point)
            thawed(sleeper)
            assert sleeper.exitcode == 0
            judge_delivery(gateway, portal, point)


@pytest.mark.parametrize("point", ["claim/commit", "record/commit"])
def test_a_worker_frozen_inside_a_transaction_does_not_hold_up_the_others(
    postgres_server: PostgresServer, tmp_path: Path, point: str
) -> None:
    """
    The rows that it has locked are free again when the server has lost patience with its transaction.
    """
    databases = Databases(tmp_path, postgres_server)
    full = filled(databases)
    with stage() as portal:
        job = Job("delivery", full, portal.url)
        sleeper = begun(job, point, signal.SIGSTOP)
        until(lambda: frozen(sleeper), "the worker stands still")
        with Gateway(job.settings) as gateway:
            gateway.run_until_idle()
            judge_delivery(gateway, portal, point)
            thawed(sleeper)
            judge_delivery(gateway, portal, point)


TURNING = ("commit", "committed", "send", "answered", "look up")
BREAKS: dict[str, Callable[[Proxy], None]] = {"cut": Proxy.cut, "the answer lost": Proxy.deafen}


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("role", ["intake", "delivery"])
def test_the_line_to_the_database_breaks_at_every_point(
    postgres_server: PostgresServer, tmp_path: Path, role: str, how: str, every_point: bool
) -> None:
    """
    Cut, or cut just after the request went through: a commit may have happened without anybody hearing of it. The next
    try ends well, and nothing was done twice. All points with ``--every-point``, else those around commits and calls.
    """
    databases = Databases(tmp_path, postgres_server)
    full = filled(databases) if role == "delivery" else databases.new()
    Job(role, full).store().close()
    port = urlsplit(full).port or 0
    with stage() as calm:
        points = points_of(Job(role, databases.copy(full), calm.url))
    if not every_point:
        points = [point for point in points if point.partition("/")[2] in TURNING]
    with ExitStack() as stack:
        hurt: list[tuple[str, Job, Stage, bool]] = []
        for point in points:
            portal, proxy = stack.enter_context(stage()), stack.enter_context(Proxy(port))
            job = Job(role, databases.copy(full), portal.url)
            through = replace(job, database=job.database.replace(f":{port}/", f":{proxy.port}/"))
            heard = Points(lambda proxy=proxy: BREAKS[how](proxy), point)  # type: ignore[misc]  # A lambda's default has no type.
            hurt.append((point, job, portal, breaks(ROLES[role], through, heard)))
        for point, job, portal, _ in hurt:
            with Gateway(job.settings) as gateway:
                if role == "delivery":
                    gateway.run_until_idle()
                    judge_delivery(gateway, portal, point)
                else:
                    judge_intake(gateway, point)
    assert any(broken for *_, broken in hurt)


def breaks(work: Callable[[Job, Points], None], job: Job, points: Points) -> bool:
    """Whether *work* found its database out of reach."""
    try:
        work(job, points)
    except StoreUnavailable:
        return True
    return False


def judge_intake(gateway: Gateway, point: str) -> None:
    gateway.submit_many(changes())
    assert all(receipt.duplicate for receipt in gateway.submit_many(changes())), point
    assert gateway.status()[0].pending == len(changes()), point
    assert ledger(gateway)[0] == {"dossiers": 4, "dossier": 4, "step": 6}, point


def test_a_line_that_stalls_past_the_lease(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """
    The worker's record hangs in the network; another worker takes over, and the late record is refused.
    """
    databases = Databases(tmp_path, postgres_server)
    full = filled(databases)
    port = urlsplit(full).port or 0
    with stage() as portal, Proxy(port) as proxy:
        job = Job("delivery", full, portal.url)
        through = replace(job, database=full.replace(f":{port}/", f":{proxy.port}/"))
        stalled = begun(through, "")
        until(lambda: portal.portal.counters().creates > 0, "the worker works")
        proxy.stall()
        with Gateway(job.settings) as gateway:
            gateway.run_until_idle()
            judge_delivery(gateway, portal, "stalled")
            proxy.resume()
            stalled.join(60)
            with suppress(StoreUnavailable):
                gateway.run_until_idle()
            judge_delivery(gateway, portal, "resumed")
