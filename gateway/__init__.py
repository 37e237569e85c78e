"""Liên Thông: carries dossiers and their statuses between Vietnam's public-service systems, once and in order."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.api import Gateway
    from gateway.config import Settings
    from gateway.errors import ConfigurationError, DeliveryError, GatewayError, InvalidInput, StoreError
    from gateway.model import Change, Dossier, DossierCode, ProcessingStep
    from gateway.ports import Receipt
    from gateway.store.views import DeadLetter, PartnerStatus, TimelineEntry

__all__ = [
    "Change",
    "ConfigurationError",
    "DeadLetter",
    "DeliveryError",
    "Dossier",
    "DossierCode",
    "Gateway",
    "GatewayError",
    "InvalidInput",
    "PartnerStatus",
    "ProcessingStep",
    "Receipt",
    "Settings",
    "StoreError",
    "TimelineEntry",
]

_HOMES = {
    "gateway.api": ("Gateway",),
    "gateway.config": ("Settings",),
    "gateway.errors": ("ConfigurationError", "DeliveryError", "GatewayError", "InvalidInput", "StoreError"),
    "gateway.model": ("Change", "Dossier", "DossierCode", "ProcessingStep"),
    "gateway.ports": ("Receipt",),
    "gateway.store.views": ("DeadLetter", "PartnerStatus", "TimelineEntry"),
}


if not TYPE_CHECKING:  # Else every name would pass for one of ours.

    def __getattr__(name: str) -> object:
        # Whoever needs one part, as ``lienthong --help`` does, shall not wait a second for all of them.
        for module, names in _HOMES.items():
            if name in names:
                return getattr(import_module(module), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
