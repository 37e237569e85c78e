"""The HTTP service for tests: in this process on a real socket, or as the command ``lienthong serve``."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from gateway.api import Gateway
from gateway.service import Server, create_app
from tests.running import start, until


@contextmanager
def serving(gateway: Gateway, **headers: str) -> Iterator[httpx.Client]:
    """A client of a running service of *gateway*; every request carries *headers* (``_`` stands for ``-``)."""
    with Server(create_app(gateway), gateway.settings.service, stop_s=5.0) as server:
        assert server.wait_until_ready(time.sleep)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx.Client(base_url=server.url, headers=named, trust_env=False, timeout=10.0) as client:
            yield client


@contextmanager
def served(folder: Path, *arguments: str, **options: Any) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """
    ``lienthong serve`` in *folder*, ready: the process and its address. The configuration must listen on port 0;
    *options* are those of ``start``.
    """
    ready = folder / "service.url"
    ready.unlink(missing_ok=True)
    options = {"stderr": subprocess.PIPE, **options}
    process = start(folder, "serve", *arguments, "--ready-file", str(ready), **options)
    with process:
        try:
            until(lambda: ready.exists() and ready.read_text("utf-8") != "", "the service is ready")
            yield process, ready.read_text("utf-8")
        finally:
            process.kill()
