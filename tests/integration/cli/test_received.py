"""``lienthong received``: what partners told, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.api import Gateway
from gateway.config import load
from gateway.notices import PartnerCall
from tests.callers import CallingPartner, notice, settings
from tests.integration.cli.conftest import Run


def test_an_operator_has_a_notice_tried_again_that_always_failed(run: Run, configured: Path) -> None:
    """
    It stands in the status, with an exit code for monitors; a wrong number is said so; tried again, it is gone from it.
    """
    partner = CallingPartner(bursts=99)
    with Gateway(load(configured, {}), connectors=[partner]) as gateway:
        gateway.callbacks.reconfigure([partner], {"thu": settings(most_attempts=1)})
        gateway.receive("thu", "/paid", notice())

    (number,) = json.loads(run("received", "--json").stdout)["parked"]
    before, wrong = run("status", "--json", "--exit-code"), run("received", "--again", str(number + 1))
    again = run("received", "--again", str(number), "--actor", "an")
    after = run("status", "--json", "--exit-code")

    assert (before.exit_code, json.loads(before.stdout)["parked_notices"]) == (7, {"thu": 1})
    assert (wrong.exit_code, again.exit_code, after.exit_code) == (4, 0, 0)
    assert json.loads(after.stdout)["parked_notices"] == {}


def test_an_operator_sees_that_a_notice_waits_for_a_partner_that_is_gone(run: Run, configured: Path) -> None:
    """
    Not one that failed: it says for whom it waits, and how it goes on.
    """
    with Gateway(load(configured, {}), connectors=[CallingPartner(bursts=1)]) as gateway:
        gateway.receive("thu", "/paid", notice())
        assert gateway.unserved_notices() == {}

    status, received = run("status"), run("received")

    assert json.loads(run("status", "--json").stdout)["unserved_notices"] == {"thu": 1}
    assert json.loads(run("received", "--json").stdout)["unserved"] == {"thu": 1}
    for shown in (status, received):
        assert (shown.exit_code, "[partners.thu]" in shown.stderr) == (0, True)
    assert "chờ đối tác" in received.stdout


def test_an_operator_sees_what_was_told_and_who_was_turned_away(run: Run, configured: Path) -> None:
    """
    A notice taken and told again, one refused, and a stranger at the door; the dossier's timeline has its own.
    """
    with Gateway(load(configured, {}), connectors=[CallingPartner()]) as gateway:
        for body in (notice(), notice(), notice(2, amount=-1)):
            gateway.receive("thu", "/paid", body)
        gateway.callbacks.turned_away("thu", PartnerCall("/paid", b"", source="192.0.2.1"))

    said = json.loads(run("received", "--json").stdout)
    shown = run("received", "--last", "1")
    told = json.loads(run("timeline", "G22.99-260305-00001", "--json").stdout)["entries"]

    assert [(each["said"], each["times"], each["event_id"]) for each in said["notices"]] == [
        ("refused", 1, None),
        ("taken", 2, "gd-1"),
    ]
    assert [(each["why"], each["source"], each["times"]) for each in said["turned_away"]] == [
        ("forged", "192.0.2.1", 1)
    ]
    assert shown.exit_code == 0
    assert "192.0.2.1" in shown.stderr
    assert [entry["what"] for entry in told][:2] == ["notice.taken", "accepted.dossier"]
