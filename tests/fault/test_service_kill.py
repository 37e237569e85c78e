"""The service is killed under load, again and again: what it answered is in the ledger, and nothing is there twice."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from gateway.api import Gateway
from gateway.config import load
from gateway.model import body_json
from tests.builders import a_code, a_dossier
from tests.running import until
from tests.serving import served

pytestmark = pytest.mark.slow

CLIENTS = 8
EACH = 25
"""Requests of each client."""
KILLS = 3
CONFIGURATION = """
tenant.code = "H99"
service.listen = "127.0.0.1:0"
"""


@pytest.fixture
def token(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "lienthong.toml").write_text(CONFIGURATION, "utf-8")
    with Gateway(load(tmp_path / "lienthong.toml")) as gateway:
        yield gateway.keys.create("mot-cua", ["submit"], agencies=None, life=timedelta(days=1)).token


def test_nothing_answered_is_lost_and_nothing_doubled_when_the_service_is_killed(tmp_path: Path, token: str) -> None:
    """
    Eight clients repeat every request, under its key, until it is answered; meanwhile the service dies three times.

    Each request ends with 201 and version 1: also where the first process had accepted it and died before it said so.
    """
    address = [""]
    answers: dict[int, tuple[int, str]] = {}
    over = threading.Event()

    def client(number: int) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=5.0) as http:
            for serial in range(number * EACH, (number + 1) * EACH):
                answers[serial] = repeat(http, serial)

    def repeat(http: httpx.Client, serial: int) -> tuple[int, str]:
        content = body_json(a_dossier(code=a_code(serial)))
        headers = {"Idempotency-Key": f'"{serial}"', "Content-Type": "application/json"}
        while not over.is_set():
            try:
                answer = http.post(f"{address[0]}/v1/dossiers", content=content, headers=headers)
            except (httpx.TransportError, httpx.UnsupportedProtocol):
                time.sleep(0.01)  # The service is down: a real process that takes its time to come back.
                continue
            if answer.status_code in {200, 201}:
                return answer.status_code, answer.text
        raise AssertionError("never answered")

    def more_than(count: int) -> Callable[[], bool]:
        goal = min(len(answers) + count, CLIENTS * EACH)
        return lambda: len(answers) >= goal

    chance = random.Random(1)
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(client, number) for number in range(CLIENTS)]
        try:
            for life in range(KILLS + 1):
                with served(tmp_path) as (process, url):
                    address[0] = url
                    until(more_than(chance.randrange(5, 30) if life < KILLS else CLIENTS * EACH), "the clients went on")
                    process.kill()
        finally:
            over.set()
        for each in running:
            each.result()

    assert {status for status, _ in answers.values()} == {201}
    assert len(answers) == CLIENTS * EACH
    with closing(sqlite3.connect(tmp_path / "lienthong.db")) as database:
        assert database.execute("SELECT count(*), count(DISTINCT dossier_id) FROM lt_change").fetchone() == (200, 200)
        assert database.execute("SELECT count(*) FROM lt_answer").fetchone() == (200,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
