"""Spans of the commands, as a collector gets them."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from connectors.mocks import Directive, Request
from connectors.national_portal.mock import Portal
from gateway import Change, Gateway
from gateway.config import load
from gateway.model import ProcedureCode, body_json
from gateway.ports import SystemClock
from gateway.sandbox.server import Server
from tests.builders import a_dossier
from tests.collector import collector
from tests.portal import PASSWORD, a_portal
from tests.running import CONFIGURATION, ENVIRONMENT, PASSWORD_NAME, run, until
from tests.serving import served

A_DOSSIER = a_dossier(procedure=ProcedureCode.parse("9.000123"))
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_delivery_is_traced_to_the_partner(tmp_path: Path) -> None:
    """
    The partner is out of reach: a span for what was carried, and within it one for the call, which failed.
    """
    text = CONFIGURATION.format(unit="H99", stop_s=5.0, url="http://127.0.0.1:9", mapping="none.toml")
    text = text.replace("cap_s = 0.5 }", "cap_s = 0.5, horizon_days = 0.0000001 }", 1)
    (tmp_path / "lienthong.toml").write_text(text, "utf-8")
    with Gateway(load(tmp_path / "lienthong.toml", ENVIRONMENT)) as gateway:
        gateway.submit(Change(source="test", source_id="1", body=a_dossier()))

    with collector() as collected:
        run(tmp_path, "sync", "--until-idle", environment=collected.environment)

    carried = next(span for span in collected.spans if span.name == "deliver cong")
    calls = [span for span in collected.spans if span.name == "call cong" and span.parent == carried.id]
    assert carried.attributes["lienthong.operation"] == "dossier"
    assert [(call.failed, call.attributes["lienthong.outcome"]) for call in calls] == [("unreachable", "unreachable")]


class Listening:
    """A portal that keeps the traces that calls came with."""

    def __init__(self) -> None:
        self.portal: Portal = a_portal(SystemClock())
        self.heard: list[str] = []

    def handle(self, request: Request) -> Directive:
        if "traceparent" in request.headers:
            self.heard.append(request.headers["traceparent"])
        return self.portal.handle(request)


@pytest.mark.parametrize("told", [True, False], ids=["the partner is told", "the partner is not told"])
def test_a_trace_goes_from_the_caller_to_the_partner(tmp_path: Path, told: bool) -> None:
    """
    A caller's trace goes on through request, acceptance, the database, delivery and call; the log bears its id; the
    partner hears of it only where the configuration says so.
    """
    portal = Listening()
    server = Server(portal)
    text = CONFIGURATION.format(unit="H99", stop_s=5.0, url=server.url, mapping="none.toml")
    more = "send_traceparent = true\n" if told else ""
    text = f'service.listen = "127.0.0.1:0"\nlog.level = "debug"\n{text}'.replace(
        "timeout_s = 1.5\n", f"timeout_s = 1.5\n{more}"
    )
    (tmp_path / "lienthong.toml").write_text(text, "utf-8")
    environment = {**ENVIRONMENT, PASSWORD_NAME: PASSWORD}
    log = (tmp_path / "log").open("w", encoding="utf-8")
    with log, collector() as collected, Gateway(load(tmp_path / "lienthong.toml", environment)) as gateway:
        token = gateway.keys.create("mot-cua", ["submit"], agencies=None, life=timedelta(days=1)).token
        with served(tmp_path, "--with-workers", environment={**environment, **collected.environment}, stderr=log) as (
            process,
            url,
        ):
            headers = {
                "Authorization": f"Bearer {token}", "Idempotency-Key": '"1"', "Content-Type": "application/json",
                "traceparent": f"00-{TRACE}-{PARENT}-01",
            }  # fmt: skip
            answer = httpx.post(
                f"{url}/v1/dossiers", content=body_json(A_DOSSIER), headers=headers, trust_env=False, timeout=20.0
            )
            until(lambda: gateway.status()[0].delivered == 1, "it has arrived")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    server.close()

    assert (answer.status_code, answer.headers["X-Request-ID"]) == (201, TRACE)
    spans = {span.name: span for span in collected.spans if span.trace == TRACE}
    assert spans["POST /v1/dossiers"].parent == PARENT
    assert {spans[name].parent for name in ("accept", "deliver cong")} == {spans["POST /v1/dossiers"].id}
    assert spans["call cong"].parent == spans["deliver cong"].id
    lines = [json.loads(line) for line in (tmp_path / "log").read_text("utf-8").splitlines() if line[0] == "{"]
    carried = [line["correlation"] for line in lines if line["event"] == "delivery.message_carried"]
    assert carried == [TRACE]
    expected = {f"00-{TRACE}-{spans['call cong'].id}-01"} if told else set()
    assert set(portal.heard) == expected
