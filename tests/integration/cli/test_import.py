"""``lienthong import`` in process: what its options let happen later."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.exports import COMMON, STEPS, a_history, an_export
from tests.integration.cli.conftest import Run


@pytest.mark.parametrize(("options", "kept"), [([], 0), (["--backfill"], 1)])
def test_an_archive_waits_behind_what_is_live(
    run: Run, folder: Path, configured: Path, options: list[str], kept: int
) -> None:
    """
    The lanes of an archive are marked as such, and only those.
    """
    (folder / "mapping.toml").write_text(COMMON.format(layout="flat", file="", more=STEPS), "utf-8")
    an_export(folder / "ho-so.csv", a_history(1))

    assert run("import", "ho-so.csv", "--mapping", "mapping.toml", *options).exit_code == 0

    with closing(sqlite3.connect(folder / "lienthong.db")) as database:
        assert database.execute("SELECT DISTINCT backfill FROM lt_lane").fetchall() == [(kept,)]
