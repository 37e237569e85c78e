"""Spans of the commands, as a collector gets them."""

from __future__ import annotations

from pathlib import Path

from gateway import Change, Gateway
from gateway.config import load
from tests.builders import a_dossier
from tests.collector import collector
from tests.running import CONFIGURATION, ENVIRONMENT, run


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
