"""What the command loads: a person who asks for help does not wait for what only work needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import gateway
from gateway.cli.main import COMMANDS
from gateway.cli.program import Listed

OURS = ("gateway", "connectors", "mappings")
_ASKING = """
import sys
from gateway.cli.main import main
sys.argv[0] = "lienthong"
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", *sys.modules)
"""


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a process has at the end of ``lienthong`` with these arguments."""
    asked = subprocess.run(
        [sys.executable, "-c", _ASKING, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return set(asked.stdout.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize("asked", ["--help", "--version"])
def test_the_list_of_commands_needs_no_command(asked: str) -> None:
    """
    Six modules of ours are enough, and of others' only those that draw.
    """
    loaded = loaded_by(asked)

    ours = {name for name in loaded if name.partition(".")[0] in OURS}
    assert ours == {
        "gateway", "gateway.cli", "gateway.cli.exits", "gateway.cli.main", "gateway.cli.program", "gateway.errors",
    }  # fmt: skip
    assert loaded.isdisjoint({"pydantic", "structlog", "msgspec", "orjson", "rapidfuzz", "sqlite3", "httpx"})


def test_help_on_a_command_opens_neither_gateway_nor_partners() -> None:
    """
    The words of one command need its options and the way errors end: not the database, the network, other commands.
    """
    loaded = loaded_by("status", "--help")

    assert "gateway.cli.status" in loaded
    assert loaded.isdisjoint({"gateway.api", "gateway.delivery", "gateway.cli.serve", "gateway.cli.check"})
    assert loaded.isdisjoint({"connectors", "sqlite3", "sqlalchemy", "httpx", "lxml", "fastapi"})


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_says(name: str) -> None:
    """
    One line in two places: whoever mends one mends the other.
    """
    help_ = Listed(name, COMMANDS[name]).load().help

    assert COMMANDS[name].line == " ".join(help_.partition("\n\n")[0].split())


def test_the_front_page_has_every_public_name() -> None:
    """
    A name is there as soon as somebody asks for it; what is no public name is not there at all.
    """
    assert {getattr(gateway, name).__name__ for name in gateway.__all__} == set(dir(gateway))
    with pytest.raises(AttributeError, match="Outbox"):
        _ = gateway.Outbox  # type: ignore[attr-defined]  # The story is that it does not exist.
