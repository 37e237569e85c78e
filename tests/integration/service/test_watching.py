"""Every request of the service is counted and logged under one id."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from gateway.api import Gateway
from gateway.config import settings_from
from gateway.model import body_json
from gateway.monitor import Monitor
from gateway.service import Server, create_app
from tests.builders import a_dossier
from tests.integration.service.conftest import ClientOf
from tests.partners import ScriptedPartner
from tests.running import until
from tests.serving import serving

PERSONAL = "099090000017"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[httpx.Client, Monitor]]:
    settings = settings_from({"service": {"listen": "127.0.0.1:0"}}, folder=tmp_path)
    with Gateway(settings) as gateway:
        monitor = Monitor(gateway)
        with Server(create_app(gateway, monitor), settings.service, stop_s=5.0) as server:
            assert server.wait_until_ready(time.sleep)
            with httpx.Client(base_url=server.url, trust_env=False, timeout=10.0) as client:
                yield client, monitor


def test_a_database_that_is_held_makes_nobody_call_the_service_dead(tmp_path: Path) -> None:
    """
    Every thread waits for it with a reader's request: alive at once, and not ready after a moment.
    """
    settings = settings_from({"service": {"listen": "127.0.0.1:0", "threads": 1}}, folder=tmp_path)
    with (
        Gateway(settings) as gateway,
        closing(sqlite3.connect(tmp_path / "lienthong.db", isolation_level=None)) as other,
        serving(gateway) as client,
        ThreadPoolExecutor(2) as pool,
    ):
        made = gateway.keys.create("doc", ["read"], agencies=None, life=timedelta(days=1))
        reader = {"Authorization": f"Bearer {made.token}"}
        client.get("/v1/dossiers", headers=reader).raise_for_status()
        other.execute("BEGIN IMMEDIATE")
        readers = [pool.submit(client.get, "/v1/dossiers", headers=reader) for _ in range(2)]

        answers = [client.get(f"/health/{what}").status_code for what in ("live", "ready")]
        waited = [not each.done() for each in readers]
        other.execute("ROLLBACK")

    assert answers == [200, 503]
    assert waited == [True, True]


def test_requests_are_counted_by_route(watched: tuple[httpx.Client, Monitor]) -> None:
    """
    By the template of the route and a known method: whatever stands in a path makes no series of its own.
    """
    client, monitor = watched
    client.get("/health/ready")
    client.get(f"/ho-so/{PERSONAL}")
    client.request("PROPFIND", "/health/live")

    # A request is counted once its answer has left.
    until(lambda: "lienthong_http_requests_under_way 0.0" in monitor.exposition().decode(), "all are answered")
    told = monitor.exposition().decode()

    assert 'lienthong_http_requests_total{method="GET",route="/health/ready",status="200"} 1.0' in told
    assert 'lienthong_http_requests_total{method="GET",route="none",status="404"} 1.0' in told
    assert 'method="other"' in told
    assert PERSONAL not in told
    assert "PROPFIND" not in told


def test_a_refused_request_is_logged_under_the_id_that_its_answer_tells(
    watched: tuple[httpx.Client, Monitor], caplog: pytest.LogCaptureFixture
) -> None:
    """
    The caller's own id, when it has the form of one; else a new one. The log has the id, not the path.
    """
    client, _ = watched
    mine = "7b8e2c1a-5d3f-4e6a-9b0c-1d2e3f4a5b6c"
    with caplog.at_level("INFO", "gateway.service"):
        answer = client.get(f"/ho-so/{PERSONAL}", headers={"X-Request-ID": mine})
        other = client.get("/ho-so", headers={"X-Request-ID": PERSONAL})
        until(lambda: len(caplog.records) >= 2, "both are logged")

    assert answer.headers["X-Request-ID"] == mine.replace("-", "")
    assert re.fullmatch(r"[0-9a-f]{32}", other.headers["X-Request-ID"])
    records = [vars(record) for record in caplog.records if record.msg == "service.request_answered"]
    told = [(record["correlation"], record["status"]) for record in records]
    assert told == [(answer.headers["X-Request-ID"], 404), (other.headers["X-Request-ID"], 404)]
    assert PERSONAL not in str(records)


class Unfinished(ScriptedPartner):
    """A connector with a bug, whose words quote what it was told."""

    def route(self, kind: str, origin: str) -> str | None:
        raise KeyError(PERSONAL)


def test_what_nobody_foresaw_is_a_problem_like_any_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """
    A bug of ours ends one request: under its id, for no cache, with its place in the log and nothing of its words.
    """
    settings = settings_from({"service": {"listen": "127.0.0.1:0"}}, folder=tmp_path)
    with (
        Gateway(settings, connectors=[Unfinished()]) as gateway,
        serving(gateway) as client,
        caplog.at_level("INFO", "gateway.service"),
    ):
        made = gateway.keys.create("mot-cua", ["submit"], agencies=None, life=timedelta(days=1))
        headers = {
            "Authorization": f"Bearer {made.token}",
            "Idempotency-Key": '"1"',
            "Content-Type": "application/json",
        }
        answer = client.post("/v1/dossiers", content=body_json(a_dossier()), headers=headers)
        after = client.get("/health/live")

    assert (answer.status_code, answer.json()["type"]) == (500, "urn:lienthong:problem:unexpected")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    (record,) = [vars(record) for record in caplog.records if record.msg == "service.request_failed"]
    assert (record["error"], record["correlation"]) == ("KeyError", answer.headers["X-Request-ID"])
    assert record["exc_info"] is not None
    assert after.status_code == 200


def test_metrics_on_the_service_need_their_right(client_of: ClientOf) -> None:
    """
    Nobody's, a submitter's, and a monitor's key.
    """
    statuses = [client_of(*rights).get("/metrics").status_code for rights in ((), ("submit",), ("metrics",))]

    assert statuses == [401, 403, 200]
