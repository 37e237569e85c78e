"""The benchmarks run, and what they report hangs together. Their numbers at this size mean nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import pytest

from benchmarks.measure import Better, Cost, Figure, Round, Sample
from benchmarks.peers.catalogue import PEERS, Kept, Peer
from benchmarks.peers.process import Environment, PeerFailed

PROJECT = Path(__file__).parents[2]
FIGURES = [
    "submit",
    "submit_many",
    "accept_8_producers_sqlite",
    "accept_32_producers_sqlite",
    "accept_8_producers_postgresql",
    "accept_32_producers_postgresql",
    "http_fast",
    "http_fast_16_threads",
    "deliver",
    "deliver_same_transport",
    "deliver_postgresql",
    "deliver_batches",
    "deliver_batches_postgresql",
    "deliver_slow_partner",
    "deliver_fast",
    "deliver_fast_batches",
    "deliver_fast_slow_partner",
    "deliver_fast_shared",
    "deliver_fast_batches_shared",
    "against_bare_queue",
    "against_bare_queue_batches",
    "deliver_2_workers_postgresql",
    "deliver_4_workers_postgresql",
    "recovery_drain",
    "recovery_live_p99",
    "serve",
    "serve_p99_at_500",
    "import_memory",
    "claim_backlog",
    "claim_behind_obstacles",
    "scale_claim_sqlite",
    "scale_submit_sqlite",
    "scale_status_sqlite",
    "scale_claim_postgresql",
    "scale_submit_postgresql",
    "scale_status_postgresql",
    "worker_memory",
]


@pytest.mark.timeout(270)
def test_one_quick_run_measures_everything(tmp_path: Path) -> None:
    """
    One run reports every figure that the project promises, with its machine; it prints what it writes. Engines whose
    environment is not there are named with the reason.
    """
    written = tmp_path / "bench.json"
    done = subprocess.run(
        [
            sys.executable, "-m", "benchmarks", "--quick", "--json", "--output", written, "--folder", tmp_path,
            "--peers", tmp_path / "none",
        ],
        cwd=PROJECT, capture_output=True, timeout=240, check=True,
    )  # fmt: skip
    document: dict[str, Any] = orjson.loads(done.stdout)

    assert orjson.loads(written.read_bytes()) == document
    assert [figure["name"] for figure in document["figures"]] == FIGURES
    assert document["quick"] is True
    assert document["machine"]["cores"] >= 1
    assert {"python", "sqlite", "httpx"} <= document["machine"].keys()
    for figure in document["figures"]:
        _is_made_of_two_measurements(figure)
    assert list(document["left_out"]) == [peer.name for peer in PEERS]
    assert all("make bench" in reason for reason in document["left_out"].values())


def _is_made_of_two_measurements(figure: dict[str, Any]) -> None:
    """Nothing is compared with a number from another day: both sides were measured in this run, wall and processor."""
    for each in figure["rounds"]:
        for side in ("ours", "other"):
            assert min(each[side]["value"], each[side]["items"], each[side]["wall_s"], each[side]["cpu_s"]) > 0
    ratios = [each["ours"]["value"] / each["other"]["value"] for each in figure["rounds"]]
    assert figure["ratio"] == pytest.approx(median(ratios))
    assert figure["value"] == pytest.approx(median(each["ours"]["value"] for each in figure["rounds"]))
    assert figure["compared_to"]
    assert isinstance(figure["met"], bool)


@pytest.mark.parametrize(
    ("better", "target", "met"),
    [
        pytest.param(Better.HIGHER, 0.5, True, id="a speed at its target"),
        pytest.param(Better.HIGHER, 0.6, False, id="a speed below it"),
        pytest.param(Better.LOWER, 0.5, True, id="a cost at its target"),
        pytest.param(Better.LOWER, 0.4, False, id="a cost above it"),
        pytest.param(Better.HIGHER, None, True, id="no target, nothing missed"),
    ],
)
def test_a_target_bounds_the_ratio_on_one_side(better: Better, target: float | None, met: bool) -> None:
    """
    A speed must reach its target, a cost must not pass it.
    """
    ours, other = Sample(50.0, 10, Cost(1.0, 0.8)), Sample(100.0, 10, Cost(1.0, 0.4))

    figure = Figure("x", "things/s", "the other", better, (Round(ours, other),), target)

    assert figure.ratio == 0.5
    assert figure.ratio_cpu == (0.5 if better is Better.HIGHER else 2.0)
    assert figure.met is met


def test_an_engine_that_hangs_is_ended(tmp_path: Path) -> None:
    """
    A comparison has a time bound: an engine that does not come back is killed with all its processes.
    """
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\nsleep 60 & echo $! > {tmp_path}/child\nwait\n")
    python.chmod(0o755)

    with pytest.raises(PeerFailed, match="not done after 2 s"):
        Environment(tmp_path, seconds=2.0).run(_A_PEER, tmp_path / "requests", tmp_path, workers=1, url="")

    assert not _runs(int((tmp_path / "child").read_text()))


def test_an_engine_that_fails_is_told_by_its_exit_code(tmp_path: Path) -> None:
    """
    What it printed may hold bodies: the result tells the exit code and no more.
    """
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho something >&2\nexit 3\n")
    python.chmod(0o755)

    with pytest.raises(PeerFailed, match=r"^ended with exit code 3$"):
        Environment(tmp_path, seconds=30).run(_A_PEER, tmp_path / "requests", tmp_path, workers=1, url="")


_A_PEER = Peer("vi-du", "vi_du", Kept.SQLITE, "not at all", ())


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False
