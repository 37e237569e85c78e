"""What is submitted at the same time is written together; each gets its answer, whoever fails or leaves."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event

import httpx
import pytest

from gateway.api import Gateway
from gateway.errors import InvalidInput
from gateway.model import body_json
from gateway.monitor import Monitor
from gateway.ports import Receipt
from gateway.service import Server, create_app
from gateway.service.requests.submissions import MOST, Submissions
from gateway.store.answers import Answer, Asked, RequestId
from tests.builders import a_change, a_code, a_dossier
from tests.integration.service.conftest import ClientOf
from tests.partners import ScriptedPartner
from tests.running import until
from tests.serving import serving


def an_answer(receipts: list[Receipt]) -> Answer:
    return Answer(201, str(receipts[0].version).encode())


def asked(serial: int) -> Asked:
    code = a_code(serial)
    body = a_change(a_dossier(code=code), source_id=code.text)
    return Asked(RequestId("mot-cua", code.text, bytes(32)), [body], an_answer, backfill=False)


def refused() -> Asked:
    raise InvalidInput("x", "", "sai / wrong", "Sửa / Mend it")


def submit_all(gateway: Gateway, prepared: list[Callable[[], Asked]]) -> list[Answer | BaseException]:
    """Submit all of them before the writing thread begins."""
    submissions = Submissions(gateway)

    async def together() -> list[Answer | BaseException]:
        waiting = [asyncio.ensure_future(submissions.submit(each)) for each in prepared]
        await asyncio.sleep(0)  # Lets each of them come to its wait.
        submissions.start()
        return await asyncio.gather(*waiting, return_exceptions=True)

    try:
        return asyncio.run(together())
    finally:
        submissions.close(10.0)


def test_more_than_fit_into_one_commit_are_all_answered(gateway: Gateway) -> None:
    """
    Two commits' worth and one more; every one is in the ledger, once.
    """
    count = 2 * MOST + 1

    answers = submit_all(gateway, [lambda n=n: asked(n) for n in range(1, count + 1)])  # type: ignore[misc]  # A default binds n.

    assert answers == [Answer(201, b"1")] * count
    assert gateway.totals()["dossiers"] == count


def test_a_body_that_cannot_be_read_does_not_spoil_its_neighbours(gateway: Gateway) -> None:
    """
    The one hears why, the others are accepted.
    """
    answers = submit_all(gateway, [lambda: asked(1), refused, lambda: asked(2)])

    assert [type(each).__name__ for each in answers] == ["Answer", "InvalidInput", "Answer"]


def test_who_leaves_before_the_answer_finds_it_kept(gateway: Gateway) -> None:
    """
    The client is gone when its dossier is written: it is accepted, and the same request later gets its answer.
    """
    submissions, gone = Submissions(gateway), Event()

    def prepare() -> Asked:
        assert gone.wait(10)
        return asked(1)

    async def leave() -> None:
        waiting = asyncio.ensure_future(submissions.submit(prepare))
        submissions.start()
        await asyncio.sleep(0)  # Lets it come to its wait.
        waiting.cancel()
        gone.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(leave())
    submissions.close(10.0)

    assert gateway.totals()["dossiers"] == 1
    (again,) = gateway.submit_once([asked(1)])
    assert again == Answer(201, b"1", repeated=True)


def test_who_waits_at_the_end_is_told_to_come_back(gateway: Gateway, tmp_path: Path) -> None:
    """
    Somebody holds the database when the service stops: it stops in time, two clients are told to send again under their
    key, and then each has one dossier.
    """
    token = gateway.keys.create("mot-cua", ["submit"], agencies=None, life=timedelta(days=1)).token
    quick = gateway.settings.delivery.model_copy(update={"stop_s": 0.5})
    settings = gateway.settings.model_copy(update={"delivery": quick})

    def send(serial: int, client: httpx.Client) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": f'"{serial}"',
        }  # fmt: skip
        return client.post("/v1/dossiers", content=body_json(a_dossier(code=a_code(serial))), headers=headers)

    with (
        Gateway(settings, connectors=[ScriptedPartner()], clock=gateway.clock) as stopping,
        closing(sqlite3.connect(tmp_path / "lienthong.db", isolation_level=None)) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        monitor = Monitor(stopping)
        server = Server(create_app(stopping, monitor), settings.service, stop_s=quick.stop_s)
        assert server.wait_until_ready(time.sleep)
        with httpx.Client(base_url=server.url, trust_env=False, timeout=20.0) as client:
            # Lets the key be believed: to check it would wait for the database, too.
            send(1, client).raise_for_status()
            other.execute("BEGIN IMMEDIATE")
            waiting = [pool.submit(send, serial, client) for serial in (2, 3)]
            until(lambda: next(iter(monitor.meter.under_way.collect())).samples[0].value == 2, "both are under way")
            begun = time.monotonic()
            server.close()
            took_s = time.monotonic() - begun
            told = [each.result() for each in waiting]
        other.execute("ROLLBACK")

    assert took_s < 10.0
    assert [(each.status_code, each.headers.get("retry-after")) for each in told] == [(503, "5")] * 2
    with serving(gateway) as client:
        assert [send(serial, client).is_success for serial in (2, 3)] == [True, True]
    assert gateway.totals()["dossier"] == 3


def test_many_clients_at_once_are_each_answered_for_their_own(gateway: Gateway, client_of: ClientOf) -> None:
    """
    Eight clients over HTTP, each with its own dossiers: nobody gets another's answer.
    """
    client = client_of("submit")

    def send(serial: int) -> tuple[int, str]:
        code = a_code(serial)
        answer = client.post(
            "/v1/dossiers", content=body_json(a_dossier(code=code)), headers={"Idempotency-Key": f'"{serial}"'}
        )
        return answer.status_code, answer.json()["dossier"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(1, 41)))

    assert answers == [(201, a_code(serial).text) for serial in range(1, 41)]
    assert gateway.totals()["dossiers"] == 40
