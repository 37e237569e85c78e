"""``lienthong keys``: the secret is shown once, on standard output alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Run


@pytest.fixture
def configured(folder: Path) -> Path:
    (folder / "lienthong.toml").write_text('tenant.code = "H99"\n', "utf-8")
    return folder


def test_a_key_is_made_listed_rotated_and_revoked(configured: Path, run: Run) -> None:
    """
    The list shows both keys of the name, the ended one as such, and no secret.
    """
    made = json.loads(run("keys", "create", "mot-cua", "--right", "submit", "--agency", "H99.01", "--json").stdout)
    heir = run("keys", "rotate", made["id"], "--overlap-hours", "0")
    token = heir.stdout.strip()
    ended = run("keys", "revoke", token.split("_")[1], "--reason", "Đã lộ")
    listed = run("keys", "list")

    assert [heir.exit_code, ended.exit_code, listed.exit_code] == [0, 0, 0]
    lines = {line.split()[0]: line for line in listed.stdout.splitlines() if line[:1].strip()}
    assert "hết hạn" in lines[made["id"]]
    assert "thu hồi" in lines[token.split("_")[1]]
    assert made["token"] not in listed.stdout + listed.stderr + heir.stderr
    assert token not in listed.stdout + listed.stderr + heir.stderr


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--right", "submit"], 2, "--all-agencies"),
        (["--right", "submit", "--agency", "H99.01", "--all-agencies"], 2, "--all-agencies"),
        (["--right", "write", "--all-agencies"], 4, "quyền / rights: «write»"),
        (["--right", "submit", "--agency", "H9"], 4, "H9"),
        (["--right", "submit", "--all-agencies", "--days", "0"], 4, "thời hạn / life"),
    ],
)
def test_a_key_with_a_mistake_is_not_made(configured: Path, run: Run, options: list[str], code: int, said: str) -> None:
    """
    What is wrong is named with what would be right.
    """
    ended = run("keys", "create", "mot-cua", *options)

    assert ended.exit_code == code
    assert said in ended.output
    assert json.loads(run("keys", "list", "--json").stdout) == []
