"""``lienthong dead-letters requeue``, ``cancel`` and ``resolve``: one, a cause, or all, and never by accident."""

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


CHOICES = {
    "cause": ["--cause", "vidu/dossier/R-7"],
    "partner and operation": ["--partner", "vidu", "--operation", "dossier"],
    "code": ["--code", "R-7"],
    "since": ["--since", "2026-01-01"],
    "all": ["--all"],
}


@pytest.mark.parametrize("choice", ["number", "dossier", *CHOICES])
def test_a_mended_cause_is_tried_again(choice: str, run: Run, dead: int, accepted: list[str], configured: Path) -> None:
    """
    The partner allows the procedure now: after the requeue everything has arrived.
    """
    configured.write_text('[partners.vidu]\nconnector = "vidu"\n', "utf-8")
    arguments = {"number": [str(dead)], "dossier": ["--dossier", accepted[2]], **CHOICES}[choice]

    requeued = run("dead-letters", "requeue", *arguments, "--yes", "--json")

    assert json.loads(requeued.stdout)["requeued"] == [dead]
    assert run("sync", "--until-idle").exit_code == 0
    assert json.loads(run("status", "--json").stdout)["partners"][0]["delivered"] == 3


def test_without_a_person_to_ask_it_wants_yes(run: Run, dead: int) -> None:
    """
    A script that forgot --yes changes nothing.
    """
    assert run("dead-letters", "requeue", "--all").exit_code == 2
    assert run("status", "--exit-code").exit_code == 7


@pytest.mark.parametrize(
    "arguments",
    [[], ["17", "--all"], ["--all", "--cause", "x"], ["17", "--partner", "vidu"], ["--since", "hôm qua"]],
)
def test_the_choice_must_be_one(arguments: list[str], run: Run, configured: Path) -> None:
    """
    Nothing, or two ways at once, is a wrong command line; so is a moment that is none.
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


def deeds(run: Run) -> list[tuple[str, str, str]]:
    """What was written down: who, what, why."""
    entries = json.loads(run("audit", "--json").stdout)["entries"]
    return [(entry["actor"], entry["action"], entry["reason"]) for entry in entries]


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(run: Run, dead: int, configured: Path) -> None:
    """
    The configuration was mended: one field is other than at the failure, the name is masked, the letter stays dead.
    """
    unchanged = json.loads(run("dead-letters", "requeue", "--all", "--dry-run", "--json").stdout)["dry_run"]
    with configured.open("a", encoding="utf-8") as file:
        file.write('channel = "2"\n')

    changed = json.loads(run("dead-letters", "requeue", "--all", "--dry-run", "--json").stdout)["dry_run"]
    shown = run("dead-letters", "requeue", "--all", "--dry-run").stdout

    assert [(letter["id"], letter["differs"]) for letter in unchanged] == [(dead, False)]
    assert [(field["path"], field["difference"]) for field in changed[0]["fields"]] == [
        ("maHoSo", "same"), ("kenh", "changed"), ("nguoiNop", "same"),
    ]  # fmt: skip
    assert "đã đổi / changed" in shown and "N.V.V.D." in shown
    assert "Ví Dụ" not in shown
    assert run("status", "--exit-code").exit_code == 7


def test_a_dry_run_needs_the_partner(run: Run, dead: int, configured: Path) -> None:
    """
    Without the password there is no connector that could show anything; the list works, with general advice.
    """
    configured.write_text('[partners.vidu]\nconnector = "vidu"\npassword_env = "NOT_HERE"\n', "utf-8")

    assert run("dead-letters", "requeue", "--all", "--dry-run").exit_code == 3
    (cause,) = json.loads(run("dead-letters", "list", "--json").stdout)["causes"]
    assert "partner" in cause["owner"]


@pytest.mark.parametrize(("decision", "word"), [("cancel", "cancelled"), ("resolve", "resolved")])
def test_a_decision_is_written_down_with_its_reason(
    decision: str, word: str, run: Run, dead: int, configured: Path
) -> None:
    """
    Who, what, why; afterwards nothing waits for a person.
    """
    arguments = ["--reason", "Đã hỏi đối tác", "--actor", "an", "--json"]
    # By number it is meant; a whole cause is asked about first, and here nobody answers.
    assert run("dead-letters", decision, "--cause", "vidu/dossier/R-7", *arguments).exit_code == 2

    decided = run("dead-letters", decision, str(dead), *arguments)

    assert json.loads(decided.stdout) == {word: [dead]}
    assert run("status", "--exit-code").exit_code == 0
    assert deeds(run) == [("an", decision, "Đã hỏi đối tác")]


@pytest.mark.parametrize("decision", ["cancel", "resolve"])
def test_a_decision_without_a_reason_changes_nothing(decision: str, run: Run, dead: int) -> None:
    """
    Left out it is a wrong command line, empty it is bad input.
    """
    assert run("dead-letters", decision, str(dead), "--yes").exit_code == 2
    assert run("dead-letters", decision, str(dead), "--yes", "--reason", " ").exit_code == 4
    assert run("status", "--exit-code").exit_code == 7


def test_the_account_behind_sudo_is_who_decided(run: Run, dead: int, configured: Path) -> None:
    """
    Nobody is asked for a name: the audit still has one.
    """
    run("dead-letters", "requeue", "--all", "--yes", env={"SUDO_USER": "binh"})

    assert deeds(run) == [("binh", "requeue", "")]


def test_a_mistyped_cause_is_answered_with_the_nearest(run: Run, dead: int) -> None:
    """
    The operator sees what was probably meant.
    """
    refused = run("dead-letters", "requeue", "--cause", "vidu/dosier/R-7", "--yes")

    assert refused.exit_code == 4
    assert "vidu/dossier/R-7" in refused.stderr


def test_the_pace_can_be_given(run: Run, dead: int) -> None:
    """
    One letter opens at once; no pace at all is a wrong command line.
    """
    assert run("dead-letters", "requeue", "--all", "--yes", "--per-minute", "0").exit_code == 2
    assert run("dead-letters", "requeue", "--all", "--yes", "--per-minute", "6").exit_code == 0
