"""Metrics and health as a monitor sees them: over a socket, from a gateway that works."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway import Change, Gateway, Settings
from gateway.config import DatabaseSettings, TenantSettings
from gateway.errors import ConfigurationError, OutcomeUnknown, Rejected
from gateway.monitor import Endpoint, Monitor
from gateway.monitor.endpoint import AT_ONCE
from gateway.monitor.monitor import SILENT_S
from gateway.ports import Message
from tests.builders import a_code, a_dossier
from tests.clocks import TestClock
from tests.partners import ScriptedPartner, failing

Sample = tuple[str, frozenset[tuple[str, str]]]


@contextmanager
def a_gateway(folder: Path, *partners: ScriptedPartner) -> Iterator[tuple[Gateway, TestClock]]:
    settings = Settings(tenant=TenantSettings(code="H99"), database=DatabaseSettings(path=folder / "gateway.db"))
    clock = TestClock()
    with Gateway(settings, connectors=partners, clock=clock) as gateway:
        yield gateway, clock


@contextmanager
def watching(gateway: Gateway, **options: object) -> Iterator[httpx.Client]:
    monitor = Monitor(gateway, **options)  # type: ignore[arg-type]  # Passed through.
    with (
        Endpoint(monitor, "127.0.0.1:0") as endpoint,
        httpx.Client(base_url=endpoint.url, trust_env=False, timeout=10.0) as client,
    ):
        yield client


def samples(client: httpx.Client) -> dict[Sample, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def key(name: str, **labels: str) -> Sample:
    return name, frozenset(labels.items())


def test_a_days_work_is_counted(tmp_path: Path) -> None:
    """
    Three dossiers: one arrives, one is refused, of one the answer is lost and it is looked up. Each can be read off.
    """
    partner = ScriptedPartner("cong")
    partner.script[a_code(2).text] = [failing(Rejected("cong", "-7", "Không nhận / refused"))]
    partner.script[a_code(3).text] = [failing(OutcomeUnknown("cong", "", "mất / lost"))]
    with a_gateway(tmp_path, partner) as (gateway, clock), watching(gateway) as client:
        for serial in (1, 2, 3):
            gateway.submit(Change(source="test", source_id=str(serial), body=a_dossier(code=a_code(serial))))
        gateway.run_until_idle()
        clock.advance(timedelta(hours=1))

        found = samples(client)

    assert found[key("lienthong_store_up")] == 1
    assert found[key("lienthong_changes_accepted_total", kind="dossier")] == 3
    assert found[key("lienthong_messages_ended_total", partner="cong", state="delivered")] == 2
    assert found[key("lienthong_messages", partner="cong", state="dead")] == 1
    assert found[key("lienthong_oldest_message_seconds", partner="cong", state="dead")] >= 3600
    assert found[key("lienthong_oldest_message_seconds", partner="cong", state="waiting")] == 0
    assert found[key("lienthong_dead_letters", partner="cong", operation="dossier", code="-7")] == 1
    called = {"partner": "cong", "operation": "dossier"}
    assert found[key("lienthong_calls_total", **called, kind="call", outcome="rejected")] == 1
    assert found[key("lienthong_calls_total", **called, kind="call", outcome="unknown")] == 1
    assert found[key("lienthong_call_seconds_count", **called, kind="probe")] == len(partner.probes)
    assert found[key("lienthong_messages_carried_total", **called, event="reject")] == 1
    assert found[key("lienthong_workers", partner="cong")] == 0
    assert not [name for name, _ in found if name.endswith("_created")]


def test_a_database_that_is_gone_hides_nothing_else(tmp_path: Path) -> None:
    """
    The database is closed under the monitor: that is a metric, and what the process itself counts is still told.
    """
    with a_gateway(tmp_path, ScriptedPartner("cong")) as (gateway, _), watching(gateway) as client:
        gateway.submit(Change(source="test", source_id="1", body=a_dossier()))
        gateway.run_until_idle()
        gateway.close()

        found = samples(client)
        ready = client.get("/health/ready")
        live = client.get("/health/live")

    assert found[key("lienthong_store_up")] == 0
    assert key("lienthong_messages", partner="cong", state="dead") not in found
    carried = key("lienthong_messages_carried_total", partner="cong", operation="dossier", event="deliver")
    assert found[carried] == 1
    assert (ready.status_code, ready.json()["status"]) == (503, "failed")
    assert (live.status_code, live.json()["status"]) == (200, "ok")


def test_ready_without_workers_and_not_when_stopping(tmp_path: Path) -> None:
    """
    Nobody delivers: told as degraded, still ready. Asked to end: no longer ready, still alive.
    """
    stopping: list[bool] = []
    with (
        a_gateway(tmp_path, ScriptedPartner("cong")) as (gateway, _),
        watching(gateway, stopping=lambda: bool(stopping)) as client,
    ):
        before = client.get("/health/ready")
        stopping.append(True)
        after = client.get("/health/ready")
        live = client.get("/health/live")

    assert before.status_code == 200
    states = {check["name"]: check["status"] for check in before.json()["checks"]}
    assert states == {
        "process": "ok", "disk": "ok", "store": "ok", "schema": "ok", "workers": "degraded", "partner.cong": "ok",
    }  # fmt: skip
    assert "Nobody delivers to «cong»" in before.text
    assert after.status_code == 503
    assert live.status_code == 200


def test_connections_left_open_are_few(tmp_path: Path) -> None:
    """
    Somebody opens as many connections as there are seats and says nothing: who comes then is sent away at once, and
    served again when they have left.
    """
    with a_gateway(tmp_path) as (gateway, _), Endpoint(Monitor(gateway), "127.0.0.1:0") as endpoint:
        host, port = endpoint.url.removeprefix("http://").split(":")
        idle = [socket.create_connection((host, int(port)), timeout=5) for _ in range(AT_ONCE)]
        with httpx.Client(base_url=endpoint.url, trust_env=False, timeout=5.0) as client:
            with pytest.raises(httpx.TransportError):
                client.get("/health/live")
            for connection in idle:
                connection.close()
            for _ in range(100):
                try:
                    answer = client.get("/health/live")
                    break
                except httpx.TransportError:
                    continue

    assert answer.status_code == 200


def test_nobody_keeps_a_seat_by_one_byte_now_and_then(tmp_path: Path) -> None:
    """
    All seats are taken by callers that never come to the end of their question: their time is over all the same.
    """
    with a_gateway(tmp_path) as (gateway, _), Endpoint(Monitor(gateway), "127.0.0.1:0", whole_s=0.3) as endpoint:
        host, port = endpoint.url.removeprefix("http://").split(":")
        slow = [socket.create_connection((host, int(port)), timeout=5) for _ in range(AT_ONCE)]
        shown_out = 0
        for connection in slow:
            with closing(connection), suppress(ConnectionError):
                connection.settimeout(0.05)
                for _ in range(60):
                    connection.sendall(b"G")
                    with suppress(TimeoutError):
                        shown_out += connection.recv(1) == b""
                        break
        with httpx.Client(base_url=endpoint.url, trust_env=False, timeout=5.0) as client:
            answer = client.get("/health/live")

    assert answer.status_code == 200
    assert shown_out >= 1


def test_a_disk_and_a_database_that_are_gone_hide_nothing_else(tmp_path: Path) -> None:
    """
    The folder vanished, and another program holds the file: not ready, and the metrics tell both.
    """
    folder = tmp_path / "gone"
    folder.mkdir()
    with a_gateway(folder) as (gateway, _), closing(sqlite3.connect(folder / "gateway.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        folder.rename(tmp_path / "elsewhere")
        with watching(gateway) as client:
            ready, found = client.get("/health/ready"), samples(client)

    assert ready.status_code == 503
    states = {check["name"]: check["status"] for check in ready.json()["checks"]}
    assert states == {"process": "ok", "disk": "failed", "store": "failed"}
    assert found[key("lienthong_store_writable")] == 0
    assert key("lienthong_disk_free_bytes") not in found
    assert key("process_open_fds") in found


def test_an_address_that_is_taken_names_its_setting(tmp_path: Path) -> None:
    """
    The port belongs to another program: a mistake of the configuration, not a traceback.
    """
    with a_gateway(tmp_path) as (gateway, _), socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match=rf"metrics\.listen: không mở được {address}"):
            Endpoint(Monitor(gateway), address)


def test_a_service_that_hangs_is_not_alive(tmp_path: Path) -> None:
    """
    Its event loop gives no sign of life for a while; one that has ended as it should owes none.
    """
    now = [100.0]
    with a_gateway(tmp_path) as (gateway, _):
        monitor = Monitor(gateway, monotonic=lambda: now[0])
        monitor.beat()
        now[0] += SILENT_S - 1
        before = monitor.live().good
        now[0] += 1
        hanging = monitor.live().good
        monitor.rest()

        assert (before, hanging, monitor.live().good) == (True, False, True)


@dataclass
class FetchingPartner(ScriptedPartner):
    """Fetches what it is to be told."""

    lease: timedelta = timedelta(minutes=1)

    def told(self, message: Message) -> bytes:
        return message.body


def test_who_fetches_by_itself_needs_no_worker(tmp_path: Path) -> None:
    """
    Nobody is alarmed that no worker delivers to it.
    """
    with a_gateway(tmp_path, FetchingPartner("mot-cua"), ScriptedPartner("cong")) as (gateway, _):
        told = Monitor(gateway).exposition().decode()
        ready = Monitor(gateway).ready()

    assert 'lienthong_workers{partner="cong"} 0.0' in told
    assert 'lienthong_workers{partner="mot-cua"}' not in told
    assert [check.text for check in ready.checks if check.name == "workers"] == [
        "Chưa có ai gửi cho «cong» / Nobody delivers to «cong»"
    ]
