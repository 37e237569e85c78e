"""The shipped lists and places, read once for these tests."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.demo.cases import Case
from gateway.demo.catalogue import CatalogueEntry, read_calendar, read_catalogue
from gateway.demo.locality import Locality
from gateway.demo.worktime import WorkCalendar
from tests.localities import all_cases, all_localities


@pytest.fixture(scope="session")
def catalogue() -> Mapping[str, CatalogueEntry]:
    return read_catalogue()


@pytest.fixture(scope="session")
def calendar() -> WorkCalendar:
    return read_calendar()


@pytest.fixture(scope="session")
def localities() -> dict[str, Locality]:
    return all_localities()


@pytest.fixture(scope="session")
def cases() -> dict[str, tuple[Case, ...]]:
    """The dossiers of the default demonstration, by place."""
    return all_cases()
