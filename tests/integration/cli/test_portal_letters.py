"""Dead letters of the national portal from the command line: from the portal's refusal to the mended dossier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.national_portal.mock import Account, Portal, ProcedureSeed, Settings
from gateway.api import Gateway
from gateway.config import load
from gateway.sandbox import VirtualClock, serve
from tests.builders import CODE, a_change, a_dossier, a_step
from tests.integration.cli.conftest import Run

PASSWORD = "mat-khau-vi-du"
SECRETS = {"CONG_PASSWORD": PASSWORD}


@pytest.fixture
def portal() -> Portal:
    portal = Portal(Settings(), VirtualClock())
    portal.add_account(Account.of_province("H99", PASSWORD))
    portal.add_procedures([ProcedureSeed("1.001193", "Thủ tục đăng ký khai sinh", "G15-HT01", "Hộ tịch")])
    return portal


@pytest.fixture
def configuration(folder: Path, portal: Portal) -> Iterator[Path]:
    """One partner, the portal, with a code of no database that the portal does not know."""
    with serve(portal) as served:
        path = folder / "lienthong.toml"
        path.write_text(
            f'[partners.cong]\nconnector = "national_portal"\nadapter_url = "{served.url}"\n'
            'username = "000.00.00.H99"\npassword_env = "CONG_PASSWORD"\nmadonvi = "000.00.00.H99"\n'
            'no_database_code = "99"\n',
            "utf-8",
        )
        yield path


def test_a_refused_dossier_is_explained_mended_and_sent(run: Run, configuration: Path, portal: Portal) -> None:
    """
    The portal does not take a code. The list names its field and who mends it, the dry run shows the masked form, after
    the configuration was mended the one field that changed, and after the requeue header and step are on the portal.
    """
    with Gateway(load(configuration, SECRETS)) as gateway:
        gateway.submit_many([a_change(a_dossier(databases=())), a_change(a_step())])
    run("sync", "--until-idle", env=SECRETS)

    (cause,) = json.loads(run("dead-letters", "list", "--json", env=SECRETS).stdout)["causes"]
    assert cause["cause"].startswith("cong/dossier/1/")
    assert (cause["count"], cause["waiting_behind"]) == (1, 1)
    assert "no_database_code" in cause["remedy"] and "MaCSDL" in cause["text"]

    rehearse = ("dead-letters", "requeue", "--all", "--dry-run")
    (unchanged,) = json.loads(run(*rehearse, "--json", env=SECRETS).stdout)["dry_run"]
    configuration.write_text(configuration.read_text("utf-8").replace('"99"', '"7"'), "utf-8")
    (mended,) = json.loads(run(*rehearse, "--json", env=SECRETS).stdout)["dry_run"]
    page = run(*rehearse, env=SECRETS).stdout

    assert unchanged["differs"] is False
    assert [field["path"] for field in mended["fields"] if field["difference"] != "same"] == ["DSKetNoiCSDL[0].MaCSDL"]
    assert "N.V.V.D." in page and "Nguyễn" not in page and "099090000017" not in page
    assert portal.dossier(CODE) is None

    run("dead-letters", "requeue", "--all", "--yes", env=SECRETS)
    assert run("sync", "--until-idle", env=SECRETS).exit_code == 0
    record = portal.dossier(CODE)
    assert record is not None
    assert (record.creates, [step.status for step in record.steps]) == (1, ["2"])
