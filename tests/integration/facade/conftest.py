"""A gateway in the portal's place, for one test or for all that leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fronting import Fronted, fronted
from tests.portal import a_portal


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Fronted]:
    with fronted(tmp_path, a_portal()) as built:
        yield built


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    """One for all calls that leave nothing behind."""
    with fronted(tmp_path_factory.mktemp("idle"), a_portal()) as built:
        yield built
