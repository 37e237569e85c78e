"""Dashboard, alert rules and documentation against what a real run exposes: every name and every label."""

from __future__ import annotations

import json
import re
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gateway import Change, Gateway
from gateway.config import settings_from
from gateway.errors import OutcomeUnknown, Rejected
from gateway.janitor import Janitor
from gateway.monitor import Monitor
from gateway.service import Server, create_app
from tests.builders import a_code, a_dossier
from tests.callers import HEADER, SECRET, CallingPartner, notice, signed
from tests.clocks import TestClock
from tests.partners import ScriptedPartner, failing

ROOT = Path(__file__).parents[3]
ALERTS = ROOT / "deploy" / "prometheus" / "lienthong-alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "lienthong.json"
PAGE = ROOT / "docs" / "operations.md"

OF_THE_SCRAPER = {"up": {"job", "instance"}}
ADDED = {"job", "instance"}
"""Labels that the scraper adds to every series."""
_STRING = re.compile(r'"[^"]*"')
_METRIC = re.compile(r"\b(lienthong_\w+|process_\w+|up)\b(?:\{([^}]*)\})?")
_GROUPING = re.compile(r"\b(?:by|on|without)\s*\(([^)]*)\)")
_ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|([^|]*)\| (process|database) \|", re.MULTILINE)

Exposed = Mapping[str, set[str]]


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    """Every series' name after a day's work with all kinds of endings, with its labels."""
    folder = tmp_path_factory.mktemp("gateway")
    callbacks = {"signature_header": HEADER, "signature_secret_env": "THU"}
    settings = settings_from(
        {
            "tenant": {"code": "H99"}, "service": {"listen": "127.0.0.1:0"},
            "partners": {"thu": {"connector": "not-asked", "callbacks": callbacks}},
        },
        env={"THU": SECRET}, folder=folder, offline=True,
    )  # fmt: skip
    partner = ScriptedPartner("cong")
    partner.script[a_code(2).text] = [failing(Rejected("cong", "-7", "Không nhận / refused"))]
    partner.script[a_code(3).text] = [failing(OutcomeUnknown("cong", "", "mất / lost"))]
    clock = TestClock()
    with Gateway(settings, connectors=[partner, CallingPartner()], clock=clock) as gateway:
        monitor = Monitor(gateway)
        for serial in (1, 2, 3):
            gateway.submit(Change(source="test", source_id=str(serial), body=a_dossier(code=a_code(serial))))
        gateway.run_until_idle()
        clock.advance(timedelta(days=2))
        Janitor(gateway._store, clock, {"delivered": timedelta(days=1)}, monitor.meter).sweep()
        app = create_app(gateway, monitor)
        with Server(app, settings.service, stop_s=5.0, refused=monitor.meter.refused) as server:
            assert server.wait_until_ready(time.sleep)
            assert httpx.get(f"{server.url}/health/live", trust_env=False).status_code == 200
            for proof, status in ((signed(notice()), 200), ({}, 401)):
                told = httpx.post(f"{server.url}/callbacks/thu/paid", content=notice(), headers=proof, trust_env=False)
                assert told.status_code == status
            host, port = server.url.removeprefix("http://").split(":")
            with socket.create_connection((host, int(port)), timeout=10) as no_http:
                no_http.sendall(b"no HTTP at all\r\n\r\n")
                assert no_http.recv(100).startswith(b"HTTP/1.1 400")
        found: dict[str, set[str]] = defaultdict(set)
        for family in text_string_to_metric_families(monitor.exposition().decode()):
            assert family.samples, f"{family.name} was never set: the run misses something"
            for sample in family.samples:
                found[sample.name] |= set(sample.labels)
        return found


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(ALERTS.read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> Iterator[dict[str, Any]]:
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        yield from (panel, *panel.get("panels", ()))


def expressions() -> dict[str, str]:
    found = {rule["alert"]: rule["expr"] for rule in rules()}
    for panel in panels():
        for target in panel.get("targets", ()):
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    variables = json.loads(DASHBOARD.read_text("utf-8"))["templating"]["list"]
    for variable in variables:
        asked = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable.get("definition", ""))
        if asked:
            found[variable["name"]] = f"max by ({asked[2]}) ({asked[1]})"
    return found


def wrong(expression: str, exposed: Exposed) -> list[str]:
    """What *expression* names and no series has."""
    used = _METRIC.findall(_STRING.sub('""', expression))
    known = {**exposed, **OF_THE_SCRAPER}
    found = [name for name, _ in used if name not in known]
    for name, matchers in used:
        labels = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)
        found += [f"{name}{{{label}}}" for label in labels if label not in known.get(name, set()) | ADDED]
    there = ADDED.union(*(known.get(name, set()) for name, _ in used))
    grouped = [label.strip() for group in _GROUPING.findall(expression) for label in group.split(",")]
    return found + [f"by ({label})" for label in grouped if label not in there]


def test_every_question_of_dashboard_and_alerts_can_be_answered(exposed: Exposed) -> None:
    """
    No panel stays empty and no alarm silent because a name changed.
    """
    asked = expressions()

    assert {name: wrong(text, exposed) for name, text in asked.items() if wrong(text, exposed)} == {}
    assert len(asked) > 40


@pytest.mark.parametrize(
    "expression",
    [
        "max by (partner) (lienthong_no_such) > 0",
        'lienthong_messages{stat="dead"}',
        "max by (operation) (lienthong_workers)",
        'up{place="x"}',
    ],
)
def test_a_wrong_name_would_be_found(expression: str, exposed: Exposed) -> None:
    """
    The check above can fail: for a metric, a label in a filter, and a label to group by.
    """
    assert wrong(expression, exposed)


def test_the_page_names_every_metric_with_its_labels(exposed: Exposed) -> None:
    """
    Neither a metric that nobody explains, nor an explanation of one that is gone.
    """
    told = {
        name: set(re.findall(r"`(\w+)`", labels))
        for names, labels, _ in _ROW.findall(PAGE.read_text("utf-8"))
        for name in re.findall(r"`(\w+)`", names)
    }
    ours = {
        re.sub(r"_(bucket|sum|count)$", "", name): labels - {"le"}
        for name, labels in exposed.items()
        if not name.startswith("process_")
    }

    assert told == ours


def test_rules_are_complete_and_speak_vietnamese_first() -> None:
    """
    Each has a severity, a text in both languages, and a section of the page that says what to do.
    """
    page = PAGE.read_text("utf-8")
    for rule in rules():
        notes = rule["annotations"]
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        for text in (notes["summary"], notes["description"]):
            vietnamese, _, english = text.partition(" / ")
            assert english, rule["alert"]
            assert re.search(r"[^\x00-\x7f]", vietnamese), rule["alert"]
        assert f"### {rule['alert']}\n" in page
        assert notes["runbook_url"] == f"docs/operations.md#{rule['alert'].lower()}"


def test_the_dashboard_can_be_imported() -> None:
    """
    Ids and places are distinct, and panels ask the source that is chosen.
    """
    found = list(panels())
    places = [tuple(panel["gridPos"].values()) for panel in found]

    assert len({panel["id"] for panel in found}) == len(found)
    assert len(set(places)) == len(places)
    assert {panel["datasource"]["uid"] for panel in found if panel["type"] != "row"} == {"${datasource}"}
