"""Where metrics are opened: said on the command line, checked before anything runs."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli.conftest import Run


def test_an_address_that_is_none_is_a_wrong_command_line(folder: Path, run: Run) -> None:
    """
    Nothing is started with half of what was asked for.
    """
    (folder / "lienthong.toml").write_text('[partners.vidu]\nconnector = "vidu"\n', "utf-8")

    ended = run("sync", "--metrics", "9464")

    assert ended.exit_code == 2
    assert "--metrics" in ended.output
