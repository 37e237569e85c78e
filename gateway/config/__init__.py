"""The configuration: one TOML file, secrets from the environment, read once and validated whole."""

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
    "Settings",
    "SourceSettings",
    "TenantSettings",
]
