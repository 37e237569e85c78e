"""``lienthong serve`` as a process."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx

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
