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

PROJECT = Path(__file__).parents[2]
FIGURES = [
    "submit",
    "submit_many",
    "accept_8_producers_sqlite",
    "accept_32_producers_sqlite",
    "accept_8_producers_postgresql",
    "accept_32_producers_postgresql",
    "deliver",
    "deliver_same_transport",
    "deliver_postgresql",
    "deliver_batches",
    "deliver_batches_postgresql",
    "deliver_slow_partner",
    "deliver_2_workers_postgresql",
    "deliver_4_workers_postgresql",
    "recovery_drain",
    "recovery_live_p99",
    "import_memory",
    "claim_backlog",
    "claim_behind_obstacles",
]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``--quick --json`` prints, which is also what it writes."""
    folder = tmp_path_factory.mktemp("bench")
    written = folder / "bench.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--json", "--output", written, "--folder", folder],
        cwd=PROJECT, capture_output=True, timeout=100, check=True,
    )  # fmt: skip
    printed: dict[str, Any] = orjson.loads(done.stdout)
    assert orjson.loads(written.read_bytes()) == printed
    return printed


def test_every_figure_is_reported_with_its_machine(document: dict[str, Any]) -> None:
    """
    One quick run measures everything that the project promises a number for.
    """
    assert [figure["name"] for figure in document["figures"]] == FIGURES
    assert document["quick"] is True
    assert document["machine"]["cores"] >= 1
    assert {"python", "sqlite", "httpx"} <= document["machine"].keys()


@pytest.mark.parametrize("name", FIGURES)
def test_a_ratio_is_made_of_two_measurements(document: dict[str, Any], name: str) -> None:
    """
    Nothing is compared with a number from another day: both sides were measured in this run, wall and processor.
    """
    figure = next(each for each in document["figures"] if each["name"] == name)
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
