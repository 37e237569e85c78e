"""
SIGKILL at any moment: real processes, real files, real sockets, and the portal's own ledger as the judge.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connectors.provincial.file import read_dossiers
from gateway.api import Gateway
from gateway.cli.exits import ExitCode
from gateway.config import load
from gateway.demo.staging import Place
from gateway.model import DossierCode
from tests.running import (
    Sandbox,
    a_place,
    backlog,
    configure,
    import_command,
    run,
    sandbox,
    start,
    until,
    verdict,
)

pytestmark = pytest.mark.slow

DOSSIERS = 40
REPEATED = "steps_repeated_after_clean_answer"
LONGEST_HOLD_S = 3.0
"""Longer than any ``Retry-After`` of the profile "flaky"."""


@contextmanager
def killed(process: subprocess.Popen[str]) -> Iterator[None]:
    """Do something beside *process*, then kill it."""
    with process:
        try:
            yield
        finally:
            process.kill()


def calls(portal: Sandbox) -> int:
    return portal.counters["calls"]


def imported(folder: Path, place: Place, *, later: bool = False) -> dict[str, Any]:
    done = run(folder, *import_command(place, later=later), "--json")
    assert done.returncode == ExitCode.OK, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def delivered(folder: Path) -> dict[str, Any]:
    """Run to the end, cleanly."""
    done = run(folder, "sync", "--until-idle", "--json")
    assert done.returncode == ExitCode.OK, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize(
    ("profile", "kills", "seed"), [pytest.param("flaky", 5, 3, id="flaky"), pytest.param("calm", 2, 4, id="calm")]
)
def test_kills_lose_double_and_disorder_nothing(profile: str, kills: int, seed: int, tmp_path: Path) -> None:
    """
    ``sync`` killed again and again while it has work, the second export imported in between, then a clean run.

    A step may be sent again after a clean answer only where a kill fell between the answer and its record: not more
    than were claimed at the kills. The portal counts such a repeat once.
    """
    chance = Random(seed)
    place = a_place(tmp_path, "ha-tinh", dossiers=DOSSIERS, seed=seed)
    in_flight = 0
    with sandbox(tmp_path, place, profile, seed) as portal:
        portal.fail({"kind": "slow", "probability": 0.5, "delay_s": 0.08})
        configure(tmp_path, place, portal.url)
        imported(tmp_path, place)
        for number in range(kills):
            if number == kills // 2:
                imported(tmp_path, place, later=True)
            before = calls(portal)
            with killed(start(tmp_path, "sync", "--until-idle")):
                if number % 5:
                    until(lambda seen=before: calls(portal) > seen, "the process calls the portal")  # type: ignore[misc]
                time.sleep(chance.uniform(0.0, 0.4))
            state = backlog(tmp_path)
            assert state.pending + state.in_flight + state.unknown > 0, "the kill came too late to prove anything"
            in_flight += state.in_flight
            # What the portal said to a process that died before writing it down cannot be known to the next one.
            portal.advance(LONGEST_HOLD_S)
        delivered(tmp_path)
        outcome, counters, violations = verdict(place, portal), portal.counters, portal.violations

    repeated = violations.pop(REPEATED, 0)
    print(f"{profile}: {repeated} steps repeated after a clean answer, {in_flight} claimed at {kills} kills")  # noqa: T201
    assert outcome.findings == ()
    assert violations == {}
    assert counters["steps_counted_twice"] == 0
    assert counters["creates"] == outcome.dossiers == DOSSIERS
    assert counters["steps"] == outcome.steps
    assert repeated <= in_flight


def test_a_hold_outlives_the_process_that_was_told(tmp_path: Path) -> None:
    """
    ``Retry-After`` is kept by the next process too, once it was written down.
    """
    place = a_place(tmp_path, "ha-tinh", dossiers=5, seed=1)
    with sandbox(tmp_path, place, "calm", 1) as portal:
        configure(tmp_path, place, portal.url)
        imported(tmp_path, place)
        portal.fail({"kind": "too-many", "services": ["DongBoHoSoMC"], "count": 1, "retry_after_s": 4})
        with killed(start(tmp_path, "sync")):
            until(lambda: backlog(tmp_path).hold_until is not None, "the hold is written down")
        delivered(tmp_path)

        assert portal.violations == {}
        assert verdict(place, portal, ["first"]).findings == ()


def test_a_killed_import_is_completed_by_the_next(tmp_path: Path) -> None:
    """
    Killed twice and run again: the ledger is the one that an undisturbed import makes, and a repeat adds nothing.
    """
    chance = Random(5)
    place = a_place(tmp_path, "dai-tu", dossiers=250, seed=5)
    disturbed, calm = tmp_path / "disturbed", tmp_path / "calm"
    for folder in (disturbed, calm):
        folder.mkdir()
        configure(folder, place, "http://127.0.0.1:9")
    whole = imported(calm, place)
    cut_short = 0
    for _ in range(2):
        database = disturbed / "lienthong.db"
        with killed(start(disturbed, *import_command(place))):
            until(database.exists, "the import opens the database")
            time.sleep(chance.uniform(0.1, 0.8))
        cut_short += stored(disturbed).get("dossiers", 0) < whole["dossiers"]
    rest = imported(disturbed, place)
    again = imported(disturbed, place)

    assert cut_short > 0
    assert rest["refused_rows"] == again["refused_rows"] == again["accepted"] == 0
    assert stored(disturbed) == stored(calm)
    assert ledger(disturbed, place) == ledger(calm, place)
    assert backlog(disturbed).pending == backlog(calm).pending == whole["accepted"]


def stored(folder: Path) -> dict[str, int]:
    with Gateway(load(folder / "lienthong.toml", offline=True), connectors=[]) as gateway:
        return gateway.totals()


def ledger(folder: Path, place: Place) -> dict[str, Any]:
    """What the ledger holds of each dossier; its hash chain must be whole."""
    codes = [DossierCode.parse(code) for code in codes_of(place)]
    with Gateway(load(folder / "lienthong.toml", offline=True), connectors=[]) as gateway:
        assert [gateway.broken_link(code) for code in codes] == [None] * len(codes)
        return dict(gateway.known(codes))


def codes_of(place: Place) -> list[str]:
    files = place.first
    return [
        str(history.dossier.code) for history in read_dossiers(files.dossiers, place.mapping, steps_path=files.steps)
    ]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param(["sync"], ExitCode.OK, id="service"),
        pytest.param(["sync", "--until-idle"], ExitCode.INTERRUPTED, id="one round"),
    ],
)
def test_sigterm_leaves_nothing_open(options: list[str], code: ExitCode, tmp_path: Path) -> None:
    """
    The calls under way are finished and recorded within stop_s; nothing stays in flight or unknown.
    """
    place = a_place(tmp_path, "ha-tinh", dossiers=40, seed=2)
    with sandbox(tmp_path, place, "calm", 2) as portal:
        portal.fail({"kind": "slow", "probability": 1.0, "delay_s": 0.3})
        configure(tmp_path, place, portal.url, stop_s=4.0)
        imported(tmp_path, place)
        with start(tmp_path, *options) as process:
            until(lambda: calls(portal) > 8, "the process works")
            process.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            ended = process.wait(timeout=30)
            took = time.monotonic() - asked
        state = backlog(tmp_path)

        assert ended == code
        assert took < 4.0
        assert (state.in_flight, state.unknown, state.dead) == (0, 0, 0)
        assert state.pending > 0
        assert portal.violations == {}


def test_two_processes_on_one_file_and_one_of_them_killed(tmp_path: Path) -> None:
    """
    They share the work; what the dead one held is looked up by the other when its lease has run out.
    """
    place = a_place(tmp_path, "ha-tinh", dossiers=30, seed=6)
    with sandbox(tmp_path, place, "flaky", 6) as portal, ExitStack() as stack:
        portal.fail({"kind": "slow", "probability": 0.5, "delay_s": 0.08})
        configure(tmp_path, place, portal.url)
        imported(tmp_path, place)
        survivor = stack.enter_context(start(tmp_path, "sync", "--until-idle"))
        stack.callback(survivor.kill)
        with killed(start(tmp_path, "sync", "--until-idle")):
            until(lambda: logins(portal) >= 2, "both work")
            time.sleep(0.5)
        held = backlog(tmp_path).in_flight
        assert survivor.wait(timeout=60) == ExitCode.OK
        violations = portal.violations

        assert held > 0
        assert verdict(place, portal, ["first"]).findings == ()
        assert violations.pop(REPEATED, 0) <= held
        assert violations == {}


def logins(portal: Sandbox) -> int:
    return portal.counters["logins"]
