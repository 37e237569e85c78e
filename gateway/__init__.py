"""Liên Thông: carries dossiers and their statuses between Vietnam's public-service systems, once and in order."""

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
