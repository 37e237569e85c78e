"""A gateway that knows a source of one file and one of two, behind a running service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.api import Gateway
from gateway.config import settings_from
from tests.clocks import TestClock
from tests.exports import mapping_text
from tests.partners import ScriptedPartner
from tests.serving import serving
from tests.uploads import token


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def gateway(tmp_path: Path, clock: TestClock) -> Iterator[Gateway]:
    (tmp_path / "mot-cua.toml").write_text(mapping_text(), "utf-8")
    (tmp_path / "hai-tep.toml").write_text(mapping_text("sheets"), "utf-8")
    settings = settings_from(
        {
            "service": {"listen": "127.0.0.1:0", "max_import_bytes": 64 * 1024},
            "sources": {"mot-cua": {"mapping": "mot-cua.toml"}, "hai-tep": {"mapping": "hai-tep.toml"}},
        },
        folder=tmp_path,
    )
    with Gateway(settings, connectors=[ScriptedPartner()], clock=clock) as opened:
        yield opened


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    with serving(gateway) as opened:
        opened.headers["Authorization"] = f"Bearer {token(gateway, 'nhap-tep')}"
        yield opened
