"""
Where a broken part may be put in: each method gives back the part to use. As it stands nothing is broken.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from gateway.delivery.courier import Courier
from gateway.ports import Connector
from gateway.store.contract import Store

if TYPE_CHECKING:
    from tests.simulation.process import Process


class Flaw:
    """No flaw."""

    def store(self, store: Store, path: Path) -> Store:
        return store

    def courier(self, courier: Courier) -> Courier:
        return courier

    def network(self, network: httpx.BaseTransport) -> httpx.BaseTransport:
        return network

    def connector(self, connector: Connector, process: Process) -> Connector:
        return connector
