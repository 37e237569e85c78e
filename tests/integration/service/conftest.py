"""A gateway with one scripted partner behind a running service, and clients with keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from gateway.api import Gateway
from gateway.config import settings_from
from tests.clocks import TestClock
from tests.partners import ScriptedPartner
from tests.serving import serving

ClientOf = Callable[..., httpx.Client]


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def partner() -> ScriptedPartner:
    return ScriptedPartner()


@pytest.fixture
def gateway(tmp_path: Path, clock: TestClock, partner: ScriptedPartner) -> Iterator[Gateway]:
    settings = settings_from(
        {
            "tenant": {"code": "H99"},
            "service": {"listen": "127.0.0.1:0", "max_body_bytes": 64 * 1024, "max_batch": 5},
            "partners": {"partner": {"connector": "not-asked"}},
        },
        folder=tmp_path,
        offline=True,
    )
    with Gateway(settings, connectors=[partner], clock=clock) as opened:
        yield opened


@pytest.fixture
def client_of(gateway: Gateway) -> Iterator[ClientOf]:
    """Makes clients of one running service: ``client_of("submit", agencies=["H99.01"])``; without rights, no key."""
    with ExitStack() as stack, serving(gateway) as anonymous:

        def make(*rights: str, name: str = "mot-cua", agencies: list[str] | None = None) -> httpx.Client:
            headers = {"Content-Type": "application/json"}
            if rights:
                made = gateway.keys.create(name, rights, agencies=agencies, life=timedelta(days=30))
                headers["Authorization"] = f"Bearer {made.token}"
            return stack.enter_context(
                httpx.Client(base_url=anonymous.base_url, headers=headers, trust_env=False, timeout=10.0)
            )

        yield make
