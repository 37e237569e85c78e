"""SIGHUP to a running service: the whole new configuration, or nothing of it."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.national_portal.mock import Account, Portal, Settings
from connectors.national_portal.mock.seed import shipped_procedures
from gateway import Change, Gateway
from gateway.config import load
from gateway.sandbox import VirtualClock
from gateway.sandbox.server import Server
from tests.builders import a_dossier
from tests.running import CONFIGURATION, ENVIRONMENT, PASSWORD, start, until

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def portal() -> Iterator[tuple[Portal, str]]:
    portal = Portal(Settings(), VirtualClock(datetime.now(UTC), ticking=True))
    portal.add_account(Account.of_province("H99", PASSWORD))
    portal.add_procedures(shipped_procedures())
    server = Server(portal)
    yield portal, server.url
    server.close()


def configure(folder: Path, url: str, more: str = "") -> None:
    text = CONFIGURATION.format(unit="H99", stop_s=5.0, url=url, mapping="none.toml")
    (folder / "lienthong.toml").write_text(f'service.listen = "127.0.0.1:0"\n{more}{text}', "utf-8")


def test_a_partner_that_moved_is_reached_after_a_reload(tmp_path: Path, portal: tuple[Portal, str]) -> None:
    """
    The portal's address is wrong; a new file with a mistake changes nothing and says what is wrong, nor does one that
    leaves the workers nobody to deliver to; the right one takes effect in the same process, and the dossier arrives.
    systemd hears of all of it.
    """
    configure(tmp_path, NOWHERE)
    with Gateway(load(tmp_path / "lienthong.toml", ENVIRONMENT)) as gateway:
        gateway.submit(Change(source="test", source_id="1", body=a_dossier()))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(str(tmp_path / "notify"))
            systemd.settimeout(30)
            log = (tmp_path / "log").open("w+", encoding="utf-8")
            process = start(
                tmp_path, "serve", "--with-workers", environment={"NOTIFY_SOCKET": str(tmp_path / "notify")}, stderr=log
            )
            with process, log:
                try:
                    heard = [systemd.recv(100)]
                    configure(tmp_path, portal[1], "delivery.concurency = 4\n")
                    process.send_signal(signal.SIGHUP)
                    heard += [systemd.recv(100), systemd.recv(100)]
                    assert gateway.status()[0].delivered == 0
                    (tmp_path / "lienthong.toml").write_text('tenant.code = "H99"\n', "utf-8")
                    process.send_signal(signal.SIGHUP)
                    heard += [systemd.recv(100), systemd.recv(100)]
                    configure(tmp_path, portal[1])
                    process.send_signal(signal.SIGHUP)
                    until(lambda: gateway.status()[0].delivered == 1, "the dossier has arrived")
                    heard += [systemd.recv(100), systemd.recv(100)]
                finally:
                    process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0
                heard.append(systemd.recv(100))
                said = (tmp_path / "log").read_text("utf-8")

    assert [each.partition(b"\n")[0] for each in heard] == [
        b"READY=1", *[b"RELOADING=1", b"READY=1"] * 3, b"STOPPING=1",
    ]  # fmt: skip
    assert "delivery.concurency" in said
    assert "«concurrency»" in said
    assert "there is no partner to deliver to" in said
    assert '"configuration.reloaded"' in said


def test_workers_without_a_service_reload_too(tmp_path: Path, portal: tuple[Portal, str]) -> None:
    """
    ``lienthong sync`` hands over to new engines; what the old ones counted stays in its last words.
    """
    configure(tmp_path, NOWHERE)
    with Gateway(load(tmp_path / "lienthong.toml", ENVIRONMENT)) as gateway:
        gateway.submit(Change(source="test", source_id="1", body=a_dossier()))
        process = start(tmp_path, "sync", "--json", stdout=subprocess.PIPE)
        with process:
            try:
                until(lambda: gateway.status()[0].attempts > 0, "the wrong address was tried")
                configure(tmp_path, portal[1])
                process.send_signal(signal.SIGHUP)
                until(lambda: gateway.status()[0].delivered == 1, "the dossier has arrived")
            finally:
                process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=30)

    assert process.returncode == 0
    assert '"delivered":1' in said
    assert '"retried":0' not in said
