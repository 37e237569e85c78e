"""Spans of the commands, as a collector gets them."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from pathlib import Path

import httpx

from connectors.mocks import Directive, Request
from connectors.national_portal.mock import Portal
from gateway import Gateway
from gateway.config import load
from gateway.model import ProcedureCode, body_json
from gateway.ports import SystemClock
from gateway.sandbox.server import Server
from tests.builders import a_dossier
from tests.collector import collector
from tests.portal import PASSWORD, a_portal
from tests.running import CONFIGURATION, ENVIRONMENT, PASSWORD_NAME, until
from tests.serving import served

A_DOSSIER = a_dossier(procedure=ProcedureCode.parse("9.000123"))
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Listening:
    """A portal that keeps the traces that calls came with."""

    def __init__(self) -> None:
        self.portal: Portal = a_portal(SystemClock())
        self.heard: list[str] = []

    def handle(self, request: Request) -> Directive:
        if "traceparent" in request.headers:
            self.heard.append(request.headers["traceparent"])
        return self.portal.handle(request)


def test_a_trace_goes_from_the_caller_to_the_partner(tmp_path: Path) -> None:
    """
    A caller's trace goes on through request, acceptance, the database, delivery and call; the log bears its id; of two
    partners the one hears of it for which the configuration says so.
    """
    portal, other = Listening(), Listening()
    servers = [Server(portal), Server(other)]
    text = CONFIGURATION.format(unit="H99", stop_s=5.0, url=servers[0].url, mapping="none.toml")
    first = text[text.index("[partners.cong]") : text.index("[sources")]
    second = first.replace("partners.cong", "partners.khac").replace(servers[0].url, servers[1].url)
    told = first.replace("timeout_s = 1.5", "timeout_s = 1.5\nsend_traceparent = true", 1)
    text = f'service.listen = "127.0.0.1:0"\nlog.level = "debug"\n{text.replace(first, told + second)}'
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
            until(lambda: [each.delivered for each in gateway.status()] == [1, 1], "it has arrived")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    for server in servers:
        server.close()

    assert (answer.status_code, answer.headers["X-Request-ID"]) == (201, TRACE)
    spans = {span.name: span for span in collected.spans if span.trace == TRACE}
    assert spans["POST /v1/dossiers"].parent == PARENT
    assert {spans[name].parent for name in ("accept", "deliver cong")} == {spans["POST /v1/dossiers"].id}
    assert spans["call cong"].parent == spans["deliver cong"].id
    lines = [json.loads(line) for line in (tmp_path / "log").read_text("utf-8").splitlines() if line[0] == "{"]
    carried = [line["correlation"] for line in lines if line["event"] == "delivery.message_carried"]
    assert carried == [TRACE, TRACE]
    assert {"deliver khac", "call khac"} <= spans.keys()
    assert set(portal.heard) == {f"00-{TRACE}-{spans['call cong'].id}-01"}
    assert other.heard == []
