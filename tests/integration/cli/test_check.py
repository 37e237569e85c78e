"""``lienthong check`` and ``init``: from nothing to a gateway that could start."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from gateway.cli.init import configuration
from gateway.config import Settings
from tests.integration.cli.conftest import Run


def checks(run: Run, *arguments: str) -> tuple[int, dict[str, tuple[bool, str]]]:
    """The exit code, and for everything that was looked at whether it is right and what was seen."""
    result = run("check", "--json", *arguments)
    found = json.loads(result.stdout)["checks"]
    return result.exit_code, {finding["what"]: (finding["ok"], finding["detail"]) for finding in found}


def test_everything_right_is_said_so(run: Run, folder: Path, configured: Path) -> None:
    """
    Configuration, database, mapping file and partner: each with a line of its own.
    """
    run("init", "mau")
    with configured.open("a", encoding="utf-8") as file:
        file.write('[sources.mot-cua]\nmapping = "mau/mot-cua.toml"\n')

    code, found = checks(run)

    assert code == 0
    assert list(found) == ["lienthong.toml", "database lienthong.db", "sources.mot-cua", "vidu: đăng nhập / login"]
    assert all(ok for ok, _ in found.values())
    assert run("check").exit_code == 0


def test_every_mistake_is_found_at_once(run: Run, folder: Path) -> None:
    """
    A misspelt key, a missing secret, a partner's option, a lease too short, a mapping that is not there: one run.
    """
    (folder / "lienthong.toml").write_text(
        """
        delivery.lease_s = 10
        [partners.vidu]
        connector = "vidu"
        password_env = "NOT_HERE"
        call_s = 12
        [partners.other]
        connector = "vidu"
        refuse = ["x"]
        [sources.mot-cua]
        mapping = "gone.toml"
        """,
        "utf-8",
    )

    code, found = checks(run)

    wrong = {what for what, (ok, _) in found.items() if not ok}
    assert code == 3
    assert wrong == {"delivery.lease_s", "partners.vidu.password_env", "partners.other.refuse", "sources.mot-cua"}
    assert "10 s" in found["delivery.lease_s"][1]
    assert "12 s" in found["delivery.lease_s"][1]
    assert "«refuses»" in found["partners.other.refuse"][1]


def test_a_wrong_password_is_a_matter_of_the_partner(run: Run, configured: Path) -> None:
    """
    The file is right, the account is not: another exit code, the partner's own words.
    """
    configured.write_text('[partners.vidu]\nconnector = "vidu"\npassword_env = "VIDU_PASSWORD"\n', "utf-8")

    result = run("check", env={"VIDU_PASSWORD": "sai-mat-khau"})

    assert result.exit_code == 5
    assert "Sai tài khoản" in result.stdout
    assert "sai-mat-khau" not in result.output


HEARERS = """
[partners.vidu]
connector = "vidu"
[partners.motcua]
connector = "onestop"
kind = "pull"
told_of = {names}
"""


def test_a_source_that_nobody_is_was_misspelt(run: Run, configured: Path) -> None:
    """
    The one-stop system would never hear of «vidu», and nobody would say why: check names the field, the value and what
    was meant, and whoever delivers says it as it starts.
    """
    configured.write_text(HEARERS.format(names='["vidu", "vdu", "chang-giong-ai"]'), "utf-8")

    code, found = checks(run)
    listed = run("check").stdout
    synced = run("sync", "--until-idle")

    assert code == 3
    assert not found["partners.motcua.told_of"][0]
    assert "no source is called «vdu»" in listed
    assert "Did you mean «vidu»?" in listed
    assert "no source is called «chang-giong-ai»" in listed
    assert "The known sources: vidu" in listed
    assert synced.exit_code == 0
    assert synced.stderr.count("configuration.doubtful") == 2


def test_every_kind_of_source_may_be_told_of(run: Run, configured: Path) -> None:
    """
    A partner, a file's system under the name in its mapping, and a client with a key.
    """
    run("init", "mau")
    configured.write_text(
        HEARERS.format(names='["vidu", "motcua-vidu", "phong-tai-chinh"]')
        + '[sources.tep]\nmapping = "mau/mot-cua.toml"\n',
        "utf-8",
    )
    before, _ = checks(run)
    run("keys", "create", "phong-tai-chinh", "--right", "submit", "--all-agencies")

    after, _ = checks(run)

    assert (before, after) == (3, 0)


def test_an_unwritable_database_is_found(run: Run, folder: Path) -> None:
    """
    The path leads through a file: nothing can be written there.
    """
    (folder / "taken").write_text("", "utf-8")
    (folder / "lienthong.toml").write_text('database.path = "taken/lienthong.db"', "utf-8")

    code, found = checks(run)

    assert code == 6
    assert not found["database taken/lienthong.db"][0]


def test_a_missing_configuration_advises_init(run: Run, folder: Path) -> None:
    """
    The first thing a newcomer meets.
    """
    result = run("check")

    assert result.exit_code == 3
    assert "lienthong init" in result.stdout


def test_init_writes_what_check_accepts_but_for_the_secret(run: Run, folder: Path) -> None:
    """
    The written configuration lacks nothing but the password and the partner's answer.
    """
    assert run("init").exit_code == 0

    _, found = checks(run)

    assert [what for what, (ok, _) in found.items() if not ok] == ["partners.cong-dvcqg.password_env"]


def test_init_overwrites_nothing_unasked(run: Run, folder: Path) -> None:
    """
    A second run changes no file; --force does.
    """
    run("init")
    (folder / "lienthong.toml").write_text("# mine", "utf-8")

    refused = run("init")

    assert refused.exit_code == 3
    assert "--force" in refused.stderr
    assert (folder / "lienthong.toml").read_text("utf-8") == "# mine"
    assert run("init", "--force").exit_code == 0
    assert (folder / "lienthong.toml").read_text("utf-8") == configuration()


@pytest.mark.parametrize("section", ["database", "delivery", "log"])
def test_the_defaults_shown_by_init_are_the_defaults(section: str) -> None:
    """
    A setting behind «#» shows its true default, and none is left out.
    """
    shown = tomllib.loads(re.sub(r"(?m)^# (\w+ = )", r"\1", configuration()))[section]

    defaults = json.loads(Settings().model_dump_json())[section]
    assert shown == {key: default for key, default in defaults.items() if default is not None}
