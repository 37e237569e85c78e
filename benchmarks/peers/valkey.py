"""A Valkey or Redis server for as long as it is measured, with nothing left unwritten."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("valkey-server", "redis-server")
PATIENCE_S = 10


def program(environment: Path) -> Path | None:
    """The server's program: from a wheel in *environment*, else the system's; None when there is none."""
    for name in PROGRAMS:
        wheels = sorted(environment.glob(f"lib/python*/site-packages/*/_binaries/*/{name}"))
        found = str(wheels[0]) if wheels else shutil.which(name)
        if found:
            return Path(found)
    return None


@contextmanager
def valkey(server: Path, folder: Path) -> Iterator[str]:
    """*server* running in *folder*, as its address. Each write is on the disk before it is answered."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    command = [
        str(server.resolve()), "--bind", "127.0.0.1", "--port", str(port), "--dir", ".", "--save", "",
        "--appendonly", "yes", "--appendfsync", "always",
    ]  # fmt: skip
    with (folder / "valkey.log").open("wb") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as it:
        try:
            _wait(port, it)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            it.kill()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # A server says nothing when it is ready; it is asked again.
    raise RuntimeError(f"the server did not start within {PATIENCE_S} s")
