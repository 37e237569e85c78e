"""``lienthong dead-letters requeue``: one, a cause, or all, and never by accident."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Run


@pytest.fixture
def dead(run: Run, accepted: list[str]) -> int:
    """The number of a dead letter."""
    run("sync", "--until-idle")
    return int(json.loads(run("dead-letters", "list", "--json").stdout)["letters"][0]["id"])


@pytest.mark.parametrize("choice", ["number", "cause", "all"])
def test_a_mended_cause_is_tried_again(choice: str, run: Run, dead: int, configured: Path) -> None:
    """
    The partner allows the procedure now: after the requeue everything has arrived.
    """
    configured.write_text('[partners.vidu]\nconnector = "vidu"\n', "utf-8")
    arguments = {"number": [str(dead)], "cause": ["--cause", "vidu/dossier/R-7"], "all": ["--all"]}[choice]

    requeued = run("dead-letters", "requeue", *arguments, "--yes", "--json")

    assert json.loads(requeued.stdout) == {"requeued": [dead]}
    assert run("sync", "--until-idle").exit_code == 0
    assert json.loads(run("status", "--json").stdout)["partners"][0]["delivered"] == 3


def test_without_a_person_to_ask_it_wants_yes(run: Run, dead: int) -> None:
    """
    A script that forgot --yes changes nothing.
    """
    assert run("dead-letters", "requeue", "--all").exit_code == 2
    assert run("status", "--exit-code").exit_code == 7


@pytest.mark.parametrize("arguments", [[], ["17", "--all"], ["--all", "--cause", "x"]])
def test_the_choice_must_be_one(arguments: list[str], run: Run, configured: Path) -> None:
    """
    Nothing, or two ways at once, is a wrong command line.
    """
    assert run("dead-letters", "requeue", *arguments, "--yes").exit_code == 2


def test_a_number_that_is_no_dead_letter_changes_nothing(run: Run, dead: int) -> None:
    """
    A mistyped number is named, and the right one beside it is not requeued either.
    """
    refused = run("dead-letters", "requeue", str(dead), "999", "--yes")

    assert refused.exit_code == 4
    assert "999" in refused.stderr
    assert run("status", "--exit-code").exit_code == 7
