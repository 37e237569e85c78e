"""
The configuration as frozen values. Units end the names: ``_s`` seconds, ``_days`` days.

Every default is a working one; an empty configuration is a gateway without partners on ``lienthong.db``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, field_validator, model_validator

Count = Annotated[int, Field(strict=True, ge=1)]
Seconds = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Name = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Option = JsonValue | SecretStr


class Mistake(ValueError):
    """A refusal with its remedy, as pydantic lets it through."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}. {remedy}")
        self.reason = reason
        self.remedy = remedy


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TenantSettings(Section):
    """Whose gateway this is: a province or a ministry. *code* is its agency code, for example ``H27``."""

    code: Annotated[str, Field(strict=True, min_length=1, max_length=64)] = "local"
    name: Annotated[str, Field(strict=True)] = ""


class DatabaseSettings(Section):
    """
    Where the ledger and the outbox live: an SQLite file *path* (also ``sqlite:///path``), or PostgreSQL at *url*,
    ``postgresql://account@host:5432/database``.

    *url_env* names an environment variable with the whole url, so that a password stands in no file. *pool* is how many
    connections to PostgreSQL one process keeps.
    """

    path: Path = Path("lienthong.db")
    url: SecretStr | None = None
    pool: Annotated[int, Field(strict=True, ge=2, le=256)] = 4

    @model_validator(mode="before")
    @classmethod
    def _one_of_both(cls, values: object) -> object:
        if isinstance(values, dict) and "path" in values and "url" in values:
            raise Mistake(
                "path và url cùng có mặt / both path and url are given",
                "Bỏ một trong hai: path cho SQLite, url cho PostgreSQL / Keep one: path for SQLite, url for PostgreSQL",
            )
        return values

    @field_validator("path", mode="before")
    @classmethod
    def _sqlite_only(cls, value: object) -> object:
        if isinstance(value, str):
            scheme, mark, rest = value.partition("://")
            if mark and scheme == "sqlite":
                return rest.removeprefix("/")
            if mark:
                raise Mistake(
                    f"«{scheme}» không phải là tệp SQLite / «{scheme}» is no SQLite file",
                    "Ghi đường dẫn một tệp; PostgreSQL thì dùng url / Give the path of a file; for PostgreSQL use url",
                )
            if not value.strip():
                raise Mistake("để trống / is empty", "Ghi đường dẫn một tệp SQLite / Give the path of an SQLite file")
        return value

    @field_validator("url", mode="after")
    @classmethod
    def _postgresql_only(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise Mistake(
                "không phải địa chỉ PostgreSQL / is no address of PostgreSQL",
                "Ví dụ / For example: postgresql://lienthong@127.0.0.1:5432/lienthong",
            )
        return value


class RetrySettings(Section):
    """Backoff after a fault: full jitter from *base_s*, doubled up to *cap_s*, given up after *horizon_days*."""

    base_s: Seconds = 2.0
    cap_s: Seconds = 3600.0
    horizon_days: Annotated[float, Field(strict=True, gt=0, le=366, allow_inf_nan=False)] = 14.0

    @model_validator(mode="after")
    def _cap_above_base(self) -> Self:
        if self.cap_s < self.base_s:
            raise Mistake(
                f"cap_s = {self.cap_s:g} nhỏ hơn / is below base_s = {self.base_s:g}", "Tăng cap_s / Raise cap_s"
            )
        return self


class BreakerSettings(Section):
    """After *threshold* calls in a row without a sign of life a partner rests for *base_s*, doubled up to *cap_s*."""

    threshold: Count = 5
    base_s: Seconds = 5.0
    cap_s: Seconds = 900.0


class DeliverySettings(Section):
    """
    How messages leave.

    *concurrency* calls at once per process, *block* lanes claimed at a time, *lease_s* how long a claim holds,
    *poll_s* how often an idle engine looks, *stop_s* how long a graceful stop may take.
    """

    concurrency: Annotated[int, Field(strict=True, ge=1, le=1024)] = 16
    block: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 64
    lease_s: Seconds = 60.0
    poll_s: Seconds = 0.5
    stop_s: Seconds = 20.0
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()


class PartnerSettings(Section):
    """
    One partner: *connector* names an entry point of ``lienthong.connectors``.

    Only that connector knows what *options* mean. Options named like a secret are ``SecretStr`` and print as stars.
    """

    connector: Annotated[str, Field(strict=True, min_length=1)]
    options: Mapping[str, Option] = Field(default_factory=dict)


class SourceSettings(Section):
    """A source of dossiers that are imported from files: *mapping* says how to read them."""

    mapping: Path


class LogSettings(Section):
    """*format* ``auto`` is ``console`` on a terminal and ``json`` elsewhere."""

    format: Literal["auto", "console", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Section):
    """The whole configuration, valid as a whole. Build it by ``load``, ``from_mapping`` or its constructor."""

    tenant: TenantSettings = TenantSettings()
    database: DatabaseSettings = DatabaseSettings()
    delivery: DeliverySettings = DeliverySettings()
    partners: Mapping[Name, PartnerSettings] = Field(default_factory=dict)
    sources: Mapping[Name, SourceSettings] = Field(default_factory=dict)
    log: LogSettings = LogSettings()
