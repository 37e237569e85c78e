"""The library's front door, with partners in process."""

from __future__ import annotations

import threading
from getpass import getuser
from pathlib import Path
from typing import Any

import pytest

from gateway import Change, Gateway, Settings
from gateway.config import DatabaseSettings, TenantSettings
from gateway.errors import Rejected, StoreUnavailable
from tests.builders import a_dossier
from tests.clocks import TestClock
from tests.partners import ScriptedPartner, failing


def test_a_fault_of_one_engine_ends_them_all(tmp_path: Path) -> None:
    """
    A fault of ours under one partner's engine: the other ends too, and the fault is raised, not slept over.
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
                raise RuntimeError("hỏng / broken")

        engines[0]._store = Failing()  # type: ignore[assignment]

        with pytest.raises(RuntimeError, match="broken"):
            gateway.run(threading.Event(), engines)

    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("engine")]


def test_a_database_that_is_gone_for_a_while_ends_nothing(tmp_path: Path) -> None:
    """
    The database cannot be reached three times, once after it had committed: the service goes on, each dossier is told
    once, in one call.
    """
    settings = Settings(tenant=TenantSettings(code="H99"), database=DatabaseSettings(path=tmp_path / "gateway.db"))
    partner = ScriptedPartner("mot")
    stop = threading.Event()
    with Gateway(settings, connectors=[partner], clock=TestClock()) as gateway:
        for n in range(5):
            code = f"H99.01.01-260302-{n:04d}"
            gateway.submit(Change(source="test", source_id=code, body=a_dossier(code=code)))
        (engine,) = gateway.engines()
        real = engine._store
        outages = iter(["before", "before", "ok", "after"])

        class Shaky:
            def __getattr__(self, name: str) -> object:
                return getattr(real, name)

            def exchange(self, *args: Any, **named: Any) -> object:
                fate = next(outages, "ok")
                if fate == "before":
                    raise StoreUnavailable("đứt / cut")
                turn = real.exchange(*args, **named)
                if fate == "after":
                    raise StoreUnavailable("đứt sau khi ghi / cut after the commit")
                if gateway.status()[0].delivered == 5:
                    stop.set()
                return turn

        engine._store = Shaky()  # type: ignore[assignment]  # The store's part in this story is to be unreachable.
        gateway.run(stop, [engine])

        assert gateway.status()[0].delivered == 5
    assert sorted(dossier for dossier, _, _ in partner.calls) == [f"H99.01.01-260302-{n:04d}" for n in range(5)]


def test_a_requeue_by_program_is_audited_with_its_account(tmp_path: Path) -> None:
    """
    Who let a dead letter go again is never left open.
    """
    settings = Settings(tenant=TenantSettings(code="H99"), database=DatabaseSettings(path=tmp_path / "gateway.db"))
    partner = ScriptedPartner()
    partner.script[a_dossier().code.text] = [failing(Rejected("partner", "4", "Sai / wrong"))]
    with Gateway(settings, connectors=[partner]) as gateway:
        gateway.submit(Change(source="test", source_id="1", body=a_dossier()))
        gateway.run_until_idle()
        (letter,) = gateway.dead_letters()

        assert gateway.requeue([letter.id]) == [letter.id]

        assert [(entry.action, entry.actor) for entry in gateway.operations.audit()] == [("requeue", getuser())]
