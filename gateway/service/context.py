"""What every route works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.api import Gateway
from gateway.config import ServiceSettings
from gateway.service.access import Access
from gateway.service.requests.idempotency import Running
from gateway.service.requests.submissions import Submissions


@dataclass(frozen=True)
class Service:
    """One process's service: the gateway that it opens to the network, and who may use it."""

    gateway: Gateway
    access: Access
    submissions: Submissions
    running: Running = field(default_factory=Running)

    @property
    def settings(self) -> ServiceSettings:
        return self.gateway.settings.service
