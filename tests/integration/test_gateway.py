"""The library's front door, with partners in process."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gateway import Change, Gateway, Settings, StoreError
from gateway.config import DatabaseSettings, TenantSettings
from gateway.errors import StoreUnavailable
from tests.builders import a_dossier
from tests.partners import ScriptedPartner


def test_a_fault_of_one_engine_ends_them_all(tmp_path: Path) -> None:
    """
    The store fails under one partner's engine: the other ends too, and the fault is raised, not slept over.
    """
    settings = Settings(tenant=TenantSettings(code="H99"), database=DatabaseSettings(path=tmp_path / "gateway.db"))
    partners = [ScriptedPartner("mot"), ScriptedPartner("hai")]
    with Gateway(settings, connectors=partners) as gateway:
        gateway.submit(Change(source="test", source_id="1", body=a_dossier()))
        engines = gateway.engines()
        broken = engines[0]._store

        class Failing:
            def __getattr__(self, name: str) -> object:
                return getattr(broken, name)

            def exchange(self, *args: object, **named: object) -> object:
                raise StoreUnavailable("hỏng / broken")

        engines[0]._store = Failing()  # type: ignore[assignment]

        with pytest.raises(StoreError, match="broken"):
            gateway.run(threading.Event(), engines)

    assert threading.active_count() < 20
