"""What the documentation shows works: Python blocks run, console blocks marked ``<!-- run -->`` run too."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.provincial.file.mapping import DOSSIER_FIELDS, GROUP_FIELDS, STEP_FIELDS
from connectors.provincial.file.mapping_words import WORD_TABLES
from gateway.cli.exits import MEANINGS
from gateway.cli.main import COMMANDS
from gateway.config import Settings
from tools import settings_page

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
BLOCK = re.compile(r"^(?P<mark><!-- run -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)")


def blocks(page: Path, language: str) -> list[tuple[bool, str]]:
    """The fenced blocks of one language, with whether they are marked to run."""
    return [(bool(b["mark"]), b["text"]) for b in BLOCK.finditer(page.read_text("utf-8")) if b["language"] == language]


def named(pages: list[Path]) -> list[object]:
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages]


@pytest.mark.parametrize("page", named([page for page in PAGES if blocks(page, "python")]))
def test_python_on_a_page_runs(page: Path, tmp_path: Path) -> None:
    """
    The blocks of one page follow each other, in an empty folder.
    """
    program = "\n".join(text for _, text in blocks(page, "python"))

    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("page", named([page for page in PAGES if any(run for run, _ in blocks(page, "console"))]))
def test_marked_commands_on_a_page_run(page: Path, tmp_path: Path) -> None:
    """
    Each command ends well and prints the lines that the page shows below it.
    """
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "200"}
    for run, text in blocks(page, "console"):
        for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE) if run else []:
            ended = subprocess.run(
                ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
            )
            assert ended.returncode == 0, f"{command}: {ended.stderr}"
            printed = ended.stdout + ended.stderr
            assert [line for line in shown.splitlines() if line.strip() not in printed] == [], command


@pytest.mark.parametrize("page", named(PAGES))
def test_links_on_a_page_lead_somewhere(page: Path) -> None:
    """
    Files exist, and headings that are linked to are there.
    """
    for target, heading in LINK.findall(page.read_text("utf-8")):
        file = (page.parent / target) if target else page
        assert file.exists(), target
        if heading:
            slugs = {
                re.sub(r"[^\w\- ]", "", line.lstrip("# ").strip().lower()).replace(" ", "-")
                for line in file.read_text("utf-8").splitlines()
                if line.startswith("#")
            }
            assert heading in slugs, f"{target}#{heading}"


def test_the_page_on_configuration_names_every_setting() -> None:
    """
    The gateway's own keys with their defaults, and the portal's as ``make docs`` writes them.
    """
    page = settings_page.PAGE.read_text("utf-8")

    for section in ("tenant", "database", "delivery", "retention", "service", "metrics", "log"):
        chapter = page.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        for key, default in flattened(json.loads(Settings().model_dump_json())[section]):
            shown = "–" if default in ("", None) else f"`{json.dumps(default)}`"
            assert f"| `{key}` | {shown} |" in chapter, key
    assert settings_page.with_tables(page) == page


def flattened(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Keys as they are written in TOML, with their values."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def test_the_page_on_import_mappings_names_every_field() -> None:
    """
    Whoever writes a mapping finds each field that can be mapped.
    """
    page = (ROOT / "docs" / "import-mapping.md").read_text("utf-8")
    groups = [field for fields in GROUP_FIELDS.values() for field in fields]

    for name in (*DOSSIER_FIELDS, *STEP_FIELDS, *GROUP_FIELDS, *groups, *WORD_TABLES):
        assert f"`{name}`" in page or f"[{name}]" in page, name


def test_the_page_on_commands_has_every_command_and_exit_code() -> None:
    """
    The table of exit codes is the one that the commands use.
    """
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")

    for code, (vietnamese, english) in MEANINGS.items():
        assert f"| {code:d} | {vietnamese} | {english} |" in page
    for name in COMMANDS:
        assert f"| `{name}" in page
