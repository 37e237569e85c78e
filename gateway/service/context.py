"""What every route works with."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.api import Gateway
from gateway.config import ServiceSettings


@dataclass(frozen=True)
class Service:
    """One process's service: the gateway that it opens to the network."""

    gateway: Gateway

    @property
    def settings(self) -> ServiceSettings:
        return self.gateway.settings.service
