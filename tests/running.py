"""The installed command and its sandbox as processes of their own, and a province that the sandbox knows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.provincial.file import read_dossiers
from gateway.api import Gateway
from gateway.config import load
from gateway.demo.compare import Comparison, compare, expected_from
from gateway.demo.site import merged_provinces
from gateway.demo.staging import Place, write_places
from gateway.store.views import PartnerStatus

COMMAND = Path(sys.executable).with_name("lienthong")
PASSWORD_NAME = "LIENTHONG_CONG_DVCQG_PASSWORD"
PASSWORD = "mat-khau-trung-thu"
ENVIRONMENT = {
    **os.environ,
    "COLUMNS": "200",
    "PYTHONWARNINGS": "error",
    PASSWORD_NAME: PASSWORD,
    "LIENTHONG_SANDBOX_PASSWORD": PASSWORD,
}

CONFIGURATION = """
tenant.code = "{unit}"
delivery.concurrency = 4
delivery.block = 8
delivery.lease_s = 5.0
delivery.poll_s = 0.1
delivery.stop_s = {stop_s}
delivery.retry = {{ base_s = 0.05, cap_s = 0.5 }}
delivery.breaker = {{ threshold = 20, base_s = 0.1, cap_s = 0.5 }}

[partners.cong]
connector = "national_portal"
adapter_url = "{url}"
madonvi = "000.00.00.{unit}"
username = "000.00.00.{unit}"
password_env = "LIENTHONG_CONG_DVCQG_PASSWORD"
timeout_s = 1.5
connect_timeout_s = 1.0
read_timeout_s = 1.0

[sources.mot-cua]
mapping = "{mapping}"
"""
"""Short waits, for a portal on this machine; the lease is still longer than the longest call, 4.5 s."""


def start(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """Start the command in *folder*; its output is thrown away unless *options* say otherwise."""
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "encoding": "utf-8", **options}
    return subprocess.Popen([COMMAND, *arguments], cwd=folder, env={**ENVIRONMENT, **(environment or {})}, **options)


def run(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the command in *folder* to its end; *before* is called in the new process."""
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **(environment or {})},
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
        preexec_fn=before,
    )


@dataclass(frozen=True)
class Sandbox:
    """A running ``lienthong sandbox``, as seen through its control interface."""

    url: str

    def ask(self, call: str, body: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{call}", None if body is None else json.dumps(body).encode()
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return json.load(answer)

    def fail(self, *faults: Mapping[str, Any]) -> None:
        """Add faults to those of the profile."""
        self.ask("faults", {"faults": faults})

    def advance(self, seconds: float) -> None:
        """Let time pass for the portal."""
        self.ask("clock", {"advance_s": seconds})

    @property
    def counters(self) -> Mapping[str, int]:
        counters: Mapping[str, int] = self.ask("counters")
        return counters

    @property
    def violations(self) -> dict[str, int]:
        """What a correct client keeps at zero, and is not zero."""
        return {name: count for name, count in self.ask("counters")["violations"].items() if count}


@contextmanager
def sandbox(folder: Path, place: Place, profile: str, seed: int) -> Iterator[Sandbox]:
    """The command ``lienthong sandbox``, ready to take the dossiers of *place*."""
    ready = folder / "sandbox.url"
    merged = [option for code in sorted(merged_provinces(place)) for option in ("--merged", code)]
    process = start(
        folder, "sandbox", "--port", "0", "--profile", profile, "--seed", str(seed),
        "--province", place.locality.unit, *merged, "--ready-file", str(ready),
    )  # fmt: skip
    with process:
        try:
            until(ready.exists, "the sandbox is ready")
            running = Sandbox(ready.read_text("utf-8").strip())
            running.ask("settings", {"stall_s": 1.5})
            yield running
        finally:
            process.kill()


def until(true: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Look again and again until *true*."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.02)


def a_place(folder: Path, name: str, *, dossiers: int, seed: int) -> Place:
    """The exports of one example place, written as ``lienthong demo --write-exports`` does."""
    (place,) = write_places(folder, dossiers=dossiers, seed=seed, only=name)
    return place


def configure(folder: Path, place: Place, url: str, *, stop_s: float = 4.0) -> Path:
    """A configuration for *place* with short waits."""
    path = folder / "lienthong.toml"
    mapping = place.locality.folder / "mapping.toml"
    text = CONFIGURATION.format(unit=place.locality.unit, url=url, stop_s=stop_s, mapping=mapping)
    path.write_text(text, "utf-8")
    return path


def import_command(place: Place, *, later: bool = False) -> list[str]:
    files = place.later if later else place.first
    return ["import", str(files.dossiers), *(["--steps", str(files.steps)] if files.steps else [])]


def backlog(folder: Path) -> PartnerStatus:
    """The state of the database, read without any process of the gateway."""
    with Gateway(load(folder / "lienthong.toml", offline=True), connectors=[]) as gateway:
        return gateway.status()[0]


def verdict(place: Place, portal: Sandbox, exports: Sequence[str] = ("first", "later")) -> Comparison:
    """The portal's ledger against what the files say."""
    read: Iterable[Any] = (
        [
            (history.dossier, history.steps)
            for history in read_dossiers(files.dossiers, place.mapping, steps_path=files.steps)
        ]
        for files in (getattr(place, name) for name in exports)
    )
    return compare(expected_from(read), portal.ask("ledger"))
