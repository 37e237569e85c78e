"""The portal on a socket of its own, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import timedelta
from typing import Any

import pytest

from connectors.national_portal.connector import NationalPortal
from connectors.national_portal.mock import Account, Fault, FaultKind, Portal, ProcedureSeed, Settings
from gateway.http import Engine
from gateway.model import DossierStatus
from gateway.ports import Delivered, Outcome
from gateway.sandbox import VirtualClock, serve
from tests.builders import CODE, MORNING, a_step
from tests.portal_scripts import a_message, portal_settings

PASSWORD = "mat-khau-vi-du"


HEADERS = frozenset({"DongBoHoSoMC"})


STEPS = frozenset({"CapNhatTienDoHoSoMC"})


class Setting:
    """A portal on a socket and connectors in front of it."""

    def __init__(self, stack: ExitStack, engine: Engine, **portal: Any) -> None:
        self.engine = engine
        self.clock = VirtualClock()
        self.portal = Portal(Settings(**{"stall_s": 1.0, **portal}), self.clock)
        self.portal.add_account(Account.of_province("H99", PASSWORD))
        self.portal.add_procedures([ProcedureSeed("1.001193", "Thủ tục đăng ký khai sinh", "G15-HT01", "Hộ tịch")])
        self._stack = stack
        self.url = stack.enter_context(serve(self.portal)).url

    def connector(self, **changes: Any) -> NationalPortal:
        values: dict[str, Any] = {
            "adapter_url": self.url,
            "engine": self.engine,
            "password": PASSWORD,
            "read_timeout_s": 0.4,
            "timeout_s": 5.0,
        }
        connector = NationalPortal("cong", portal_settings(**values | changes))
        return self._stack.enter_context(closing(connector))

    def happens(self, kind: FaultKind, services: frozenset[str] = frozenset(), **how: Any) -> None:
        self.portal.inject(Fault(kind, services, **{"count": 1, **how}))

    def statuses(self) -> list[str]:
        record = self.portal.dossier(CODE)
        assert record is not None
        return [step.status for step in record.steps]


both_engines = pytest.mark.parametrize("engine", ["httpx", "fast"])


def history(*statuses: int) -> list[Any]:
    return [
        a_message(
            a_step(status=DossierStatus(status), at=MORNING + timedelta(hours=number), content=f"Bước {number}"),
        )
        for number, status in enumerate(statuses)
    ]


def fine(outcomes: Sequence[Outcome]) -> bool:
    return all(isinstance(outcome, Delivered) for outcome in outcomes)
