"""``lienthong serve`` as a process."""

from __future__ import annotations

import signal
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import monotonic

import httpx

from gateway import Gateway
from gateway.config import load
from tests.running import run
from tests.serving import served


def test_the_service_publishes_its_schema_and_stops_when_told(tmp_path: Path) -> None:
    """
    Started on a free port, it answers; SIGTERM ends it well.
    """
    (tmp_path / "lienthong.toml").write_text('service.listen = "127.0.0.1:0"\n', "utf-8")

    with served(tmp_path) as (process, url):
        schema = httpx.get(f"{url}/openapi.json", trust_env=False).json()
        process.send_signal(signal.SIGTERM)
        ended = process.wait(30)

    assert schema["info"]["title"] == "Liên Thông"
    assert ended == 0


def test_a_port_that_is_taken_is_a_clear_mistake(tmp_path: Path) -> None:
    """
    The error names the setting and the address, and the exit code says that the configuration is to be mended.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        (tmp_path / "lienthong.toml").write_text(f'service.listen = "{address}"\n', "utf-8")

        ended = run(tmp_path, "serve")

    assert ended.returncode == 3
    assert f"service.listen: không mở được {address}" in ended.stderr


def test_a_database_that_another_holds_does_not_keep_the_process_from_ending(tmp_path: Path) -> None:
    """
    Somebody copies the file and holds it; requests and workers wait for it. SIGTERM ends the process within the time
    for a graceful stop and a little, and who waited is told to come again.
    """
    (tmp_path / "lienthong.toml").write_text('service.listen = "127.0.0.1:0"\ndelivery.stop_s = 1.0\n', "utf-8")
    with Gateway(load(tmp_path / "lienthong.toml")) as gateway:
        key = gateway.keys.create("doc", ["read"], agencies=None, life=timedelta(days=1)).token

    with (
        served(tmp_path) as (process, url),
        httpx.Client(headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=20.0) as client,
        closing(sqlite3.connect(tmp_path / "lienthong.db", isolation_level=None)) as other,
        ThreadPoolExecutor(4) as pool,
    ):
        client.get(f"{url}/v1/dossiers").raise_for_status()
        other.execute("BEGIN IMMEDIATE")
        waiting = [pool.submit(client.get, f"{url}/v1/dossiers") for _ in range(4)]
        assert client.get(f"{url}/health/ready").status_code == 503
        process.send_signal(signal.SIGTERM)
        asked_at = monotonic()
        ended = process.wait(20)
        took_s = monotonic() - asked_at

    assert ended == 0
    assert took_s < 8
    answers = [each.result() for each in waiting]
    assert {answer.status_code for answer in answers} == {503}
    assert all("Retry-After" in answer.headers for answer in answers)
