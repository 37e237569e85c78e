"""The demonstration in process: what its verdict is made of, and that it can be a bad one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.demo.run import Options, run
from gateway.demo.site import SiteProgress
from gateway.errors import InvalidInput


class Notes:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.last: Sequence[SiteProgress] = ()

    def stage(self, vi: str, en: str) -> None:
        self.stages.append(en)

    def update(self, sites: Sequence[SiteProgress]) -> None:
        self.last = sites


def test_a_calm_run_carries_both_exports_of_every_place(tmp_path: Path) -> None:
    """
    Each step is one message, each header one or more; the second week adds steps that only its file has.
    """
    notes = Notes()
    report = run(Options(profile="calm", dossiers=60, keep=tmp_path), notes)

    assert report.clean
    assert report.findings == ()
    assert report.steps + 60 < report.messages == report.delivered
    assert [site.name for site in report.sites] == [site.name for site in notes.last]
    assert len(report.sites) == 5
    assert notes.stages == [
        "Writing the exports",
        "Carrying dossiers to the sandbox portal",
        "Comparing the portal's ledger with the source files",
    ]


def test_a_run_that_never_delivered_counts_everything_as_lost() -> None:
    """
    Stopped before it began: the verdict comes from the files and the portal, so it cannot look good.
    """
    stop = threading.Event()
    stop.set()

    report = run(Options(profile="calm", dossiers=10, locality="ha-tinh"), Notes(), stop)

    assert not report.clean
    assert report.comparison.lost == report.dossiers + report.steps > 50
    assert (report.comparison.duplicated, report.comparison.out_of_order) == (0, 0)


def test_a_kept_folder_is_not_used_twice(tmp_path: Path) -> None:
    """
    The second run would find the first one's database and tell nothing new.
    """
    options = Options(profile="calm", dossiers=2, locality="ha-tinh", keep=tmp_path)
    assert run(options, Notes()).clean

    with pytest.raises(InvalidInput, match=r"ha-tinh\.db"):
        run(options, Notes())


def test_tet_passes_on_a_virtual_clock(tmp_path: Path) -> None:
    """
    The portal is closed for nine days, no message dies, and nobody waits for them.
    """
    report = run(Options(profile="tet", dossiers=5, locality="ham-tan", keep=tmp_path), Notes())

    assert report.clean
    assert report.attempts > report.messages
    assert report.seconds < 60
