"""The samples of the portal's messages."""

from __future__ import annotations

from pathlib import Path

import pytest

import connectors.national_portal


@pytest.fixture
def samples() -> Path:
    return Path(connectors.national_portal.__path__[0]) / "contract" / "samples"
