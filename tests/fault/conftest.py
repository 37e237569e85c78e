"""Databases for victims, on both servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.matrix import Databases


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    return Databases(tmp_path, None if request.param == "sqlite" else request.getfixturevalue("postgres_server"))
