"""The installed command as a process: exit codes, streams and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.api import Gateway
from gateway.cli.exits import MEANINGS, ExitCode
from gateway.config import settings_from
from tests.builders import a_change, a_code, a_dossier

COMMAND = Path(sys.executable).with_name("lienthong")
THIRD_PARTY = Path(__file__).parents[1] / "third_party"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(THIRD_PARTY), "COLUMNS": "200", "PYTHONWARNINGS": "error"}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in *folder* to its end."""
    return subprocess.run(
        [COMMAND, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with one partner, whose calls take a while when it is silent."""
    (tmp_path / "lienthong.toml").write_text('[partners.vidu]\nconnector = "vidu"\n', "utf-8")
    return tmp_path


def with_dossiers(folder: Path, *serials: int) -> None:
    """Accept dossiers for the partner of the configuration in *folder*."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(THIRD_PARTY)
        values = {"partners": {"vidu": {"connector": "vidu"}}}
        with Gateway(settings_from(values, folder=folder)) as gateway:
            gateway.submit_many(
                [a_change(a_dossier(code=a_code(serial)), source_id=f"dossier:{serial}") for serial in serials]
            )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["--version"], ExitCode.OK, id="version"),
        pytest.param(["--help"], ExitCode.OK, id="help"),
        pytest.param(["stauts"], ExitCode.USAGE, id="a misspelt command"),
        pytest.param(["status", "--jsn"], ExitCode.USAGE, id="a misspelt option"),
        pytest.param(["status", "-c", "none.toml"], ExitCode.CONFIGURATION, id="no configuration"),
        pytest.param(["timeline", "x"], ExitCode.BAD_INPUT, id="no dossier code"),
        pytest.param(["status", "-c", "blocked.toml"], ExitCode.DATABASE, id="no database"),
        pytest.param(["check", "-c", "refused.toml"], ExitCode.PARTNER, id="refused login"),
        pytest.param(["sync", "--until-idle"], ExitCode.OK, id="nothing to do"),
    ],
)
def test_exit_codes(arguments: list[str], code: ExitCode, folder: Path) -> None:
    """
    Scripts and supervisors decide by the exit code; standard error explains without a traceback.
    """
    (folder / "blocked.toml").write_text('database.path = "lienthong.toml/x.db"', "utf-8")
    (folder / "refused.toml").write_text('[partners.vidu]\nconnector = "vidu"\npassword = "sai"\n', "utf-8")

    ended = run(folder, *arguments)

    assert ended.returncode == code
    assert "Traceback" not in ended.stderr + ended.stdout


def test_help_lists_every_exit_code(folder: Path) -> None:
    """
    The epilogue is made from the table that the commands use.
    """
    shown = " ".join(run(folder, "--help").stdout.split())

    for code, (vietnamese, english) in MEANINGS.items():
        assert f"{code:d} {vietnamese} / {english}" in shown


def test_json_is_alone_on_standard_output(folder: Path) -> None:
    """
    A program reads one document; the log goes elsewhere, one JSON object per line.
    """
    with_dossiers(folder, 1, 2)

    ended = run(folder, "sync", "--until-idle", "--json")

    assert json.loads(ended.stdout)["delivered"] == 2
    assert {"sync.started", "sync.stopped"} <= {json.loads(line)["event"] for line in ended.stderr.splitlines()}


@pytest.fixture
def daemon(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """``lienthong sync`` at work on a dossier whose partner takes its time."""
    with_dossiers(folder, 1)
    (folder / "lienthong.toml").write_text(
        'delivery.stop_s = 1.0\n[partners.vidu]\nconnector = "vidu"\nsilent = true\ncall_s = 30\n', "utf-8"
    )
    with subprocess.Popen(
        [COMMAND, "sync"], cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if json.loads(line)["event"] == "vidu.called":
                break
        yield process
        process.kill()


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, ExitCode.OK), (signal.SIGINT, ExitCode.INTERRUPTED)])
def test_a_daemon_stops_within_its_time(
    sent: signal.Signals, code: ExitCode, daemon: subprocess.Popen[str], folder: Path
) -> None:
    """
    A call that does not end is abandoned after stop_s; what it carried is still known.
    """
    daemon.send_signal(sent)

    _, log = daemon.communicate(timeout=15)

    assert daemon.returncode == code
    assert "sync.stopped" in log
    partner = json.loads(run(folder, "status", "--json").stdout)["partners"][0]
    assert partner["in_flight"] == 1


def test_a_second_signal_stops_at_once(daemon: subprocess.Popen[str], folder: Path) -> None:
    """
    An impatient operator loses nothing either: the lease tells the next run.
    """
    assert daemon.stderr is not None
    daemon.send_signal(signal.SIGINT)
    for line in daemon.stderr:
        if json.loads(line)["event"] == "sync.stopping":
            break
    daemon.send_signal(signal.SIGINT)

    assert daemon.wait(timeout=15) in {-signal.SIGINT, ExitCode.INTERRUPTED}
    partner = json.loads(run(folder, "status", "--json").stdout)["partners"][0]
    assert partner["in_flight"] == 1
