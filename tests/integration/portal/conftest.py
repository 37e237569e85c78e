"""What every story of the portal over real sockets begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gateway.http import Engine
from tests.portal_sockets import Setting


@pytest.fixture
def engine() -> Engine:
    return "httpx"


@pytest.fixture
def build(engine: Engine) -> Iterator[Callable[..., Setting]]:
    with ExitStack() as stack:
        yield lambda **portal: Setting(stack, engine, **portal)


@pytest.fixture
def setting(build: Callable[..., Setting]) -> Setting:
    return build()
