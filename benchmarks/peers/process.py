"""An engine measured once, in a process of its own that ends by itself or is ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.delivering import Wire
from benchmarks.measure import Cost
from benchmarks.peers.catalogue import Peer
from benchmarks.peers.runner import WARM

_PROJECT = Path(__file__).parents[2]
_OF_ONE_REQUEST = {"host", "content-length"}


class PeerFailed(Exception):
    """An engine did not do the whole work; the text says what happened, without any address or body."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run took, *accept_s* of it for accepting; *version* is the engine's."""

    cost: Cost
    accept_s: float
    version: str


@dataclass(frozen=True, slots=True)
class Environment:
    """The folder of the virtual environment with the engines, and the *seconds* after which one of them is ended."""

    folder: Path
    seconds: float

    @property
    def python(self) -> Path:
        return self.folder.absolute() / "bin" / "python"

    def run(self, peer: Peer, requests: Path, folder: Path, *, workers: int, url: str) -> Measured:
        """
        Let *peer* accept and deliver all *requests*, from a new database in *folder* or at *url*.

        Raises PeerFailed when it did not end well or not in time. No process of it is left.
        """
        arguments = [peer.build, str(requests.absolute()), str(folder.absolute()), str(workers), url]
        with subprocess.Popen(
            [self.python, "-m", "benchmarks.peers.runner", *arguments],
            cwd=_PROJECT, env={"PATH": os.environ.get("PATH", ""), "TZ": "UTC"}, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            try:
                printed, _ = process.communicate(timeout=self.seconds)
            except subprocess.TimeoutExpired as exc:
                raise PeerFailed(f"not done after {self.seconds:.0f} s") from exc
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            raise PeerFailed(f"ended with exit code {process.returncode}")
        found = orjson.loads(printed.splitlines()[-1])
        return Measured(Cost(found["wall_s"], found["cpu_s"]), found["accept_s"], found["version"])


def write_requests(path: Path, wires: Sequence[Wire], keys: Sequence[str]) -> None:
    """A file for the runner: *wires* as the connector made them, with the warm ones first, and the key of each."""
    assert len(wires) == len(keys) > WARM
    headers = {name: value for name, value in wires[0].headers.items() if name.lower() not in _OF_ONE_REQUEST}
    with path.open("wb") as file:
        file.write(orjson.dumps({"url": wires[0].url, "headers": headers}) + b"\n")
        for wire, key in zip(wires, keys, strict=True):
            assert wire.url == wires[0].url
            file.write(orjson.dumps({"key": key, "body": wire.content.decode()}) + b"\n")
