"""
Where a broken part may be put in: each method gives back the part to use. As it stands nothing is broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import httpx

from connectors.national_portal.connector import NationalPortal
from gateway.delivery.courier import Courier
from gateway.ports import Connector
from gateway.store.audit import Act
from gateway.store.contract import Store

if TYPE_CHECKING:
    from tests.simulation.process import Process


class Part(Store, Protocol):
    """What may be broken of a store."""

    def cancel(self, ids: Sequence[int], act: Act) -> list[int]: ...


class Flaw:
    """No flaw."""

    def store(self, store: Part, path: Path) -> Part:
        return store

    def courier(self, courier: Courier) -> Courier:
        return courier

    def network(self, network: httpx.BaseTransport) -> httpx.BaseTransport:
        return network

    def connector(self, connector: NationalPortal, process: Process) -> Connector:
        return connector
