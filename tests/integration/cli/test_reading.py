"""Commands that only read: status, timeline, dead-letters list and show."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.cli.conftest import Run


def test_status_counts_what_waits_and_what_arrived(run: Run, accepted: list[str]) -> None:
    """
    Three wait; after a round two have arrived and one is dead, which only --exit-code turns into an exit code.
    """
    before = json.loads(run("status", "--json").stdout)
    run("sync", "--until-idle")
    after = run("status", "--json")

    assert [(p["partner"], p["pending"], p["delivered"], p["dead"]) for p in before["partners"]] == [("vidu", 3, 0, 0)]
    assert [(p["pending"], p["delivered"], p["dead"]) for p in json.loads(after.stdout)["partners"]] == [(0, 2, 1)]
    assert after.exit_code == 0
    assert run("status", "--exit-code").exit_code == 7


def test_status_needs_no_secret_of_a_partner(run: Run, configured: Path) -> None:
    """
    An operator's shell does not hold the daemon's password.
    """
    configured.write_text('[partners.vidu]\nconnector = "vidu"\npassword_env = "NOT_HERE"\n', "utf-8")

    assert run("status").exit_code == 0
    assert run("sync", "--until-idle").exit_code == 3


def test_the_timeline_tells_the_story_of_one_dossier(run: Run, accepted: list[str]) -> None:
    """
    Accepted, then delivered: for people as a table, for programs as JSON.
    """
    run("sync", "--until-idle")

    table = run("timeline", accepted[0])
    document = json.loads(run("timeline", accepted[0], "--json").stdout)

    assert table.exit_code == 0
    assert "vidu" in table.stdout
    assert len(document["entries"]) >= 2
    assert document["broken_link"] is None


def test_a_code_that_is_none_and_a_dossier_that_is_unknown_are_told_apart(run: Run, accepted: list[str]) -> None:
    """
    Both are bad input; the text says which.
    """
    malformed, unknown = run("timeline", "khong-phai-ma"), run("timeline", "H99.01.01-260302-9999")

    assert (malformed.exit_code, unknown.exit_code) == (4, 4)
    assert "khong-phai-ma" in malformed.stderr
    assert "sổ cái không có" in unknown.stderr


def test_dead_letters_are_listed_by_cause(run: Run, accepted: list[str]) -> None:
    """
    The cause as the partner gave it, whom to ask, the dossier, and its story.
    """
    run("sync", "--until-idle")

    listed = json.loads(run("dead-letters", "list", "--json").stdout)
    letter = listed["letters"][0]
    shown = json.loads(run("dead-letters", "show", str(letter["id"]), "--json").stdout)

    (cause,) = listed["causes"]
    assert cause["cause"].startswith("vidu/dossier/R-7/")
    assert (cause["count"], cause["owner"]) == (1, "Phòng Ví Dụ / The example office")
    assert (letter["dossier"], letter["cause"]) == (accepted[2], cause["cause"])
    assert shown["remedy"] == "Gọi phòng / Call it"
    assert shown["text"] == "Thủ tục không được phép / not allowed"
    assert shown["timeline"]
    assert "vidu/dossier/R-7" in run("dead-letters", "list").stdout
    assert accepted[2] in run("dead-letters", "show", str(letter["id"])).stdout


def test_no_dead_letters_is_said_so(run: Run, configured: Path) -> None:
    """
    An empty answer is an answer.
    """
    assert "There are no dead letters" in run("dead-letters", "list").stderr
    assert json.loads(run("dead-letters", "list", "--json").stdout) == {"causes": [], "letters": []}
    assert run("dead-letters", "show", "17").exit_code == 4


def test_what_waits_for_a_partner_that_is_gone_is_not_forgotten(
    run: Run, accepted: list[str], configured: Path
) -> None:
    """
    Somebody renamed a partner in the configuration: status, check and the log of sync say what waits, and for whom.
    """
    configured.write_text('[partners.moi]\nconnector = "vidu"\n', "utf-8")

    assert "3 tin chờ «vidu»" in run("status").stderr
    checked = run("check", "--json")
    synced = run("sync", "--until-idle")

    assert checked.exit_code == 3
    (finding,) = [each for each in json.loads(checked.stdout)["checks"] if not each["ok"]]
    assert finding["what"] == "partners.vidu"
    assert "sync.unserved" in synced.stderr
    assert json.loads(run("status", "--json").stdout)["partners"][1]["pending"] == 3
