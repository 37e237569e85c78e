"""An unchanged one-stop system syncs through the gateway while the portal is away."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from connectors.national_portal.mock import Counters, DossierRecord
from gateway.ports import SystemClock
from gateway.sandbox import serve
from tests.portal import PASSWORD, UNIT, a_portal
from tests.running import until
from tests.serving import served

CLIENT = Path(__file__).parents[2] / "examples" / "onestop_client.py"
DOSSIERS = 1000
ENDED = DOSSIERS // 10
"""How many the client tells once more, with their end."""
QUESTIONS = 5
"""How many it tells beside dossiers, and one evaluation."""

CONFIGURATION = """
tenant.code = "H99"
service.listen = "127.0.0.1:0"
delivery.poll_s = 0.1
delivery.lease_s = 10.0
delivery.retry = {{ base_s = 0.1, cap_s = 0.5 }}
delivery.breaker = {{ threshold = 5, base_s = 0.1, cap_s = 0.5 }}

[partners.cong]
connector = "national_portal"
adapter_url = "http://127.0.0.1:{port}"
madonvi = "{unit}"
username = "{unit}"
password_env = "PORTAL_PASSWORD"
timeout_s = 2.0
read_timeout_s = 2.0

[partners.cong.facade]
username = "{unit}"
password_env = "PORTAL_PASSWORD"
session_secret_file = "phien.khoa"
"""


def closed_port() -> int:
    """A port of this machine at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def read_until(line: str, lines: IO[str]) -> None:
    for said in lines:
        if said.strip() == line:
            return
    pytest.fail(f"the client ended before «{line}»")


@pytest.mark.slow
def test_an_unchanged_one_stop_system_syncs_while_the_portal_is_away(tmp_path: Path) -> None:
    """
    A thousand dossiers with their steps, pushed over plain HTTP to the gateway's address instead of the adapter's; for
    the first half nobody answers at the portal. In the end the portal has each dossier created once, every step once
    and in order, and each question and evaluation once.
    """
    port = closed_port()
    (tmp_path / "phien.khoa").write_text("khoa-ky-phien-cua-mat-tien-vi-du-00001", "utf-8")
    (tmp_path / "lienthong.toml").write_text(CONFIGURATION.format(port=port, unit=UNIT), "utf-8")
    environment = {**os.environ, "PORTAL_PASSWORD": PASSWORD}
    portal = a_portal(SystemClock())
    with served(tmp_path, "--with-workers", environment=environment, stderr=subprocess.DEVNULL) as (_, url):
        client = subprocess.Popen(
            [sys.executable, str(CLIENT), url, "--dossiers", str(DOSSIERS)],
            env=environment, stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        with client:
            assert client.stdout is not None
            read_until(f"{DOSSIERS // 2} synced", client.stdout)
            assert portal.calls() == []
            with serve(portal, port):
                client.stdout.read()
                assert client.wait(60) == 0
                until(lambda: _told(portal.counters()) == (DOSSIERS, 3 * DOSSIERS, ENDED), "all has arrived")
                until(lambda: len(portal.pushed_questions() + portal.evaluations()) == QUESTIONS + 1, "the rest, too")

    counters = portal.counters()
    assert (counters.steps_out_of_order, counters.steps_counted_twice, counters.steps_before_dossier) == (0, 0, 0)
    assert (counters.status_moved_backwards, counters.invalid_items) == (0, 0)
    records = portal.dossiers()
    assert [record.creates for record in records] == [1] * DOSSIERS
    assert all(map(_is_whole, records))
    assert sum(record.header["NgayKetThucXuLy"] != "" for record in records) == ENDED
    assert sorted(question["HOIDAPID"] for question in portal.pushed_questions()) == [*range(1, QUESTIONS + 1)]
    assert [evaluation["NgayTongHop"] for evaluation in portal.evaluations()] == ["3-2026"]


def _told(counters: Counters) -> tuple[int, int, int]:
    return counters.creates, counters.steps, counters.updates


def _is_whole(record: DossierRecord) -> bool:
    return [step.status for step in record.steps] == ["2", "4", "9"] and record.status == 9
