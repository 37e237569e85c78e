"""systemd units, container file and environment: what they name is there, and they are hardened."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.config import Settings

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*.service"))


def directives(unit: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in unit.read_text("utf-8").splitlines() if re.match(r"[A-Z]\w+=", line))
    return {key: value for key, _, value in lines}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardened_and_outlasts_a_graceful_stop(unit: Path) -> None:
    """
    No rights, no new ones, nothing to write but its own folder; time to stop; reload by SIGHUP; a watchdog.
    """
    found = directives(unit)

    assert found["User"] == "lienthong"
    assert (found["ProtectSystem"], found["NoNewPrivileges"], found["CapabilityBoundingSet"]) == ("strict", "yes", "")
    assert found["Type"] == "notify"
    assert found["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert int(found["TimeoutStopSec"]) > 2 * Settings().delivery.stop_s
    assert int(found["WatchdogSec"]) > 10
    # A start that fails while the database is away must not be the last one.
    assert (found["Restart"], found["StartLimitIntervalSec"]) == ("always", "0")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_exists(unit: Path) -> None:
    """
    The command takes the options that the unit gives.
    """
    program, *arguments = directives(unit)["ExecStart"].split()

    ended = subprocess.run(
        [Path(sys.executable).with_name(Path(program).name), *arguments, "--help"], capture_output=True, check=False
    )

    assert ended.returncode == 0


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_a_unit(unit: Path, tmp_path: Path) -> None:
    """
    By systemd's own check where the machine has it; else every line is a section, a comment or a directive.
    """
    text = unit.read_text("utf-8").replace("/opt/lienthong/bin/lienthong", str(Path(sys.executable)))
    if (program := shutil.which("systemd-analyze")) is None:
        assert all(re.match(r"\[\w+\]$|#|[A-Z]\w+=|$", line) for line in text.splitlines())
        return
    copy = tmp_path / unit.name
    copy.write_text(text, "utf-8")

    ended = subprocess.run([program, "verify", copy], capture_output=True, encoding="utf-8", check=False)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_container_file_copies_what_is_there() -> None:
    """
    Every source exists, and is let through to the builder; the last stage runs without rights and says how it is.
    """
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    let_through = {line[1:] for line in (ROOT / ".containerignore").read_text("utf-8").splitlines() if line[0] == "!"}
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists(), source
            assert source in let_through, source
    last = text.rpartition("\nFROM ")[2]

    assert re.search(r"^USER \d+:\d+$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert text.count("--require-hashes") == 2


def test_what_is_deployed_is_what_is_tested() -> None:
    """
    The lock of the deployment holds the same packages at the same versions with the same hashes, and fewer of them.
    """

    def packages(lock: Path) -> dict[str, str]:
        blocks = re.split(r"\n(?=\w)", lock.read_text("utf-8").strip())
        pinned = (re.match(r"([\w.-]+)==(\S+)", block) for block in blocks)
        return {found[1]: found.string.replace(_marker(found.string), "") for found in pinned if found}

    tested, deployed = packages(ROOT / "requirements.lock"), packages(DEPLOY / "requirements.lock")

    assert {name for name, block in deployed.items() if tested.get(name) != block} == set()
    assert "pytest" not in deployed
    assert {"uvicorn", "psycopg", "prometheus-client", "opentelemetry-sdk"} <= deployed.keys()


def _marker(block: str) -> str:
    found = re.search(r" ; [^\\\n]*(?= \\)", block)
    return found[0] if found else ""


def test_the_environment_names_what_the_code_reads() -> None:
    """
    Only OpenTelemetry's own variables, and those that the example configuration names.
    """
    names = set(re.findall(r"^#? ?([A-Z_]+)=", (DEPLOY / "lienthong.env.example").read_text("utf-8"), re.MULTILINE))
    template = (ROOT / "gateway" / "cli" / "templates" / "lienthong.toml").read_text("utf-8")

    assert {name for name in names if not name.startswith("OTEL_")} <= set(re.findall(r'"([A-Z_]+)"', template))
