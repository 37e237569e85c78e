"""Orders to running workers, as an operator gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Run


def test_a_pause_is_ordered_kept_and_lifted(run: Run, configured: Path) -> None:
    """
    Paused with a reason, resumed, and both stand in the audit.
    """
    assert run("pause", "vidu", "--reason", "Đối tác yêu cầu").exit_code == 0
    assert "«vidu» đang tạm ngừng" in run("status").stderr
    assert run("resume", "vidu").exit_code == 0

    said = json.loads(run("audit", "--json").stdout)

    assert [(entry["action"], entry["reason"]) for entry in said["entries"]] == [
        ("pause", "Đối tác yêu cầu"),
        ("resume", ""),
    ]
    assert said["broken_at"] is None
    assert "Đối tác yêu cầu" in run("audit").stdout


def test_limits_are_shown_changed_and_reset(run: Run, configured: Path) -> None:
    """
    What is in force is shown; an order wins over the file until it is taken back.
    """
    ordered = json.loads(run("limits", "vidu", "--rate", "20", "--burst", "5", "--in-flight", "8", "--json").stdout)
    assert (ordered["effective"]["rate"]["calls"], ordered["effective"]["in_flight"]) == (20, 8)
    assert "20 / 1 s, burst 5" in run("limits", "vidu").stdout

    reset = json.loads(run("limits", "vidu", "--reset", "--json").stdout)

    assert (reset["effective"]["rate"], reset["effective"]["in_flight"]) == (None, None)


def test_maintenance_is_announced_and_withdrawn(run: Run, configured: Path) -> None:
    """
    Times are those of Vietnam.
    """
    told = ("--from", "2026-12-05T22:00:00", "--to", "2026-12-06T04:00:00", "--reason", "Nâng cấp")
    said = json.loads(run("maintenance", "vidu", *told, "--json").stdout)

    assert [(w["begin"], w["reason"]) for w in said["windows"]] == [("2026-12-05T22:00:00+07:00", "Nâng cấp")]
    assert json.loads(run("maintenance", "vidu", "--remove", "--json").stdout)["windows"] == []


def test_retention_says_what_it_deleted(run: Run, configured: Path) -> None:
    """
    A young database has nothing to delete, class by class.
    """
    said = json.loads(run("retention", "--json").stdout)

    assert set(said["deleted"].values()) == {0}
    assert set(said["deleted"]) >= {"delivered", "attempts", "inbox", "repeats", "notices"}


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (("pause", "vidu", "--reason", " "), "reason"),
        (("pause", "vidy", "--reason", "x"), "«vidu»"),
        (("pause", "vidu", "--reason", "x", "--dossier", "H99.01.01-260302-0001"), "nothing was ever to be told"),
        (("limits", "vidu", "--rate", "0"), "must be more than zero"),
        (("limits", "vidu", "--in-flight", "0"), "must be more than zero"),
        (("limits", "vidu", "--rate", "1", "--burst", "100000000000000"), "is too large"),
        (("limits", "vidu", "--in-flight", "100000000000000"), "is too large"),
        (("limits", "vidy", "--reset"), "«vidu»"),
        (("maintenance", "vidu", "--from", "2026-12-06", "--to", "2026-12-05"), "ends before it begins"),
        (("maintenance", "vidy", "--remove"), "«vidu»"),
        (("dead-letters", "cancel", "4711", "--reason", "x"), "4711"),
        (("dead-letters", "resolve", "1", "--reason", ""), "reason"),
    ],
    ids=[
        "no reason",
        "unknown partner",
        "unknown lane",
        "rate zero",
        "cap zero",
        "burst",
        "cap",
        "reset of nobody",
        "backwards",
        "removed of nobody",
        "no letter",
        "empty",
    ],
)
def test_a_wrong_order_is_refused_and_nothing_is_written(
    run: Run, configured: Path, command: tuple[str, ...], text: str
) -> None:
    """
    Field, value and remedy are told; the audit stays empty.
    """
    result = run(*command)

    assert result.exit_code == 4
    assert text in result.stderr
    assert json.loads(run("audit", "--json").stdout)["entries"] == []


@pytest.mark.parametrize(
    "arguments",
    [("--burst", "5"), ("--per-s", "2"), ("--rate", "1", "--per-s", "nan"), ("--rate", "1", "--per-s", "1e300"),
     ("--reset", "--rate", "5")],
)  # fmt: skip
def test_half_an_order_is_a_wrong_command_line(run: Run, configured: Path, arguments: tuple[str, ...]) -> None:
    """
    A burst without its rate, a period that is no time, new limits and none at once: nobody is left to believe that it
    holds.
    """
    assert run("limits", "vidu", *arguments).exit_code == 2
    assert json.loads(run("audit", "--json").stdout)["entries"] == []


def test_a_reason_for_maintenance_is_kept_without_numbers_of_people(run: Run, configured: Path) -> None:
    """
    It stands in the list, and in the audit twice: nowhere with a telephone number. What is over leaves the list.
    """
    past = ("--from", "2026-01-05T22:00:00", "--to", "2026-01-06T04:00:00", "--reason", "Đã qua")
    told = ("--from", "2099-12-05T22:00:00", "--to", "9999-12-31T23:59:59", "--reason", "Gọi 0912345678")
    run("maintenance", "vidu", *past)

    shown = run("maintenance", "vidu", *told, "--json").stdout

    assert len(json.loads(shown)["windows"]) == 1
    assert "0912345678" not in shown + run("audit", "--json").stdout
