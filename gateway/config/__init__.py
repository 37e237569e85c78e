"""The configuration: one TOML file, secrets from the environment, read once and validated whole."""

from gateway.config.connectors import build_connector, build_connectors
from gateway.config.read import load, settings_from
from gateway.config.service import ServiceSettings
from gateway.config.settings import (
    BreakerSettings,
    DatabaseSettings,
    DeliverySettings,
    LogSettings,
    PartnerSettings,
    RetrySettings,
    Settings,
    SourceSettings,
    TenantSettings,
)

__all__ = [
    "BreakerSettings",
    "DatabaseSettings",
    "DeliverySettings",
    "LogSettings",
    "PartnerSettings",
    "RetrySettings",
    "ServiceSettings",
    "Settings",
    "SourceSettings",
    "TenantSettings",
    "build_connector",
    "build_connectors",
    "load",
    "settings_from",
]
