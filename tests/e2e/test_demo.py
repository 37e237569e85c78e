"""The demonstration as a person starts it: another process, real sockets, the verdict of the portal's own ledger."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ZERO = ("dead", "lost", "duplicated", "out_of_order")


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from gateway.cli.main import main; main()", "demo", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)


def last_line(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return document


@pytest.mark.parametrize("profile", ["calm", "flaky", "liar", "tet"])
def test_nothing_is_lost_doubled_or_out_of_order(profile: str) -> None:
    """
    Five places, whatever the portal does: exit 0, zeros, every message delivered, no misbehaviour seen by the portal.
    """
    done = demo("--profile", profile, "--dossiers", "20", "--seed", "11", "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    told = last_line(done)
    assert {name: told[name] for name in ZERO} == dict.fromkeys(ZERO, 0)
    assert set(told["violations"].values()) == {0}
    assert told["dossiers"] == 20
    assert told["steps"] >= 20 * 4.2
    assert told["delivered"] == told["messages"] > told["steps"]


def test_one_place_alone_in_words(tmp_path: Path) -> None:
    """
    Without --json the closing table stands on standard output, Vietnamese first; files and database stay with --keep.
    """
    kept = tmp_path / "demo"
    done = demo("--locality", "ha-tinh", "--dossiers", "6", "--profile", "calm", "--keep", str(kept))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Thành phố Hà Tĩnh" in done.stdout
    assert "Mất" in done.stdout
    assert {path.name for path in kept.iterdir()} >= {"ha-tinh.xlsx", "ha-tinh-tuan-sau.xlsx", "ha-tinh.db"}


def test_exports_can_be_written_for_use_by_hand(tmp_path: Path) -> None:
    """
    ``--write-exports`` writes both exports of a place and ends.
    """
    done = demo("--write-exports", str(tmp_path), "--locality", "ham-tan", "--json")

    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ham-tan-tien-do.csv",
        "ham-tan-tuan-sau-tien-do.csv",
        "ham-tan-tuan-sau.csv",
        "ham-tan.csv",
    ]


@pytest.mark.parametrize(
    ("options", "known"),
    [(("--profile", "stormy"), "flaky"), (("--locality", "ha-noi"), "ha-tinh")],
    ids=["profile", "locality"],
)
def test_an_unknown_name_is_answered_with_the_known_ones(options: tuple[str, ...], known: str) -> None:
    """
    A mistyped option ends at once and says what could be meant.
    """
    done = demo(*options)

    assert done.returncode not in (0, 1)
    assert known in done.stderr
