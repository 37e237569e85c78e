"""Both HTTP engines, for whoever tells a story of either."""

from __future__ import annotations

import pytest

from gateway.http import Engine


@pytest.fixture(params=["httpx", "fast"])
def engine(request: pytest.FixtureRequest) -> Engine:
    name: Engine = request.param
    return name
