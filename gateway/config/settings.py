"""
The configuration as frozen values. Units end the names: ``_s`` seconds, ``_days`` days.

Every default is a working one; an empty configuration is a gateway without partners on ``lienthong.db``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, JsonValue, SecretStr, field_validator, model_validator

from gateway.config.base import Count, Hours, Mistake, Seconds, Section
from gateway.config.callbacks import CallbackSettings
from gateway.config.metrics import MetricsSettings
from gateway.config.service import ServiceSettings
from gateway.model.times import VIETNAM

Days = Annotated[float, Field(strict=True, ge=1, le=36_500, allow_inf_nan=False)]
Name = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Option = JsonValue | SecretStr | Mapping[str, JsonValue | SecretStr]


S = TypeVar("S", bound=Section)


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
        return _not_below(self, "cap_s", self.cap_s, self.base_s)


def _not_below(section: S, name: str, value: float, base_s: float) -> S:
    if value < base_s:
        raise Mistake(f"{name} = {value:g} nhỏ hơn / is below base_s = {base_s:g}", f"Tăng {name} / Raise {name}")
    return section


class BreakerSettings(Section):
    """After *threshold* calls in a row without a sign of life a partner rests for *base_s*, doubled up to *cap_s*."""

    threshold: Count = 5
    base_s: Seconds = 5.0
    cap_s: Seconds = 900.0


class ProbeSettings(Section):
    """Look-ups of an unknown outcome: the first after *base_s* at most, doubled up to *cap_s*."""

    base_s: Seconds = 1.0
    cap_s: Seconds = 900.0

    @model_validator(mode="after")
    def _cap_above_base(self) -> Self:
        return _not_below(self, "cap_s", self.cap_s, self.base_s)


class AdaptSettings(Section):
    """
    Slowing down for a partner that answers 429 or 503, or *growth* times slower than usual: by *step* each time, up to
    *most*, and back by *ease*.
    """

    growth: Annotated[float, Field(strict=True, gt=1, allow_inf_nan=False)] = 3.0
    step: Annotated[float, Field(strict=True, gt=1, allow_inf_nan=False)] = 1.5
    ease: Annotated[float, Field(strict=True, gt=1, allow_inf_nan=False)] = 1.25
    most: Annotated[float, Field(strict=True, ge=1, le=1000, allow_inf_nan=False)] = 64.0


class DeliverySettings(Section):
    """
    How messages leave.

    *concurrency* calls at once per process, *block* lanes claimed ahead at most, *lease_s* how long a claim holds,
    *poll_s* how often an idle engine looks, *stop_s* how long a graceful stop may take. What became due within
    *fresh_s* goes before what has waited longer, for the share *live_share*. Requeued dead letters open
    *requeue_per_minute* lanes in a minute, unless the operator says otherwise.
    """

    concurrency: Annotated[int, Field(strict=True, ge=1, le=1024)] = 16
    block: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 256
    lease_s: Seconds = 60.0
    poll_s: Seconds = 0.5
    stop_s: Seconds = 20.0
    fresh_s: Seconds = 2.0
    live_share: Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)] = 0.8
    requeue_per_minute: Count = 60
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    probe: ProbeSettings = ProbeSettings()
    adapt: AdaptSettings = AdaptSettings()


class LimitSettings(Section):
    """
    What a partner bears, over all processes: *rate* calls in *per_s* seconds, of which *burst* may come at once;
    *in_flight* calls at a time; *batch* messages in one call, by operation. What is not given is not limited.
    """

    rate: Count | None = None
    per_s: Seconds = 1.0
    burst: Count = 1
    in_flight: Count | None = None
    batch: Mapping[str, Count] = Field(default_factory=dict)


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class MaintenanceSettings(Section):
    """
    When a partner is closed: once *from* a moment *to* another, or on *days* (mon, tue, ... sun) *from* "22:00" *to*
    "02:00". Times without offset are those of Vietnam.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)

    begin: datetime | time = Field(alias="from")
    end: datetime | time = Field(alias="to")
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    reason: Annotated[str, Field(strict=True)] = ""

    @field_validator("begin", "end", mode="before")
    @classmethod
    def _clock_time(cls, value: object) -> object:
        if isinstance(value, str):
            try:
                return time.fromisoformat(value) if len(value) <= len("22:00:00") else datetime.fromisoformat(value)
            except ValueError:
                raise Mistake(
                    "không phải giờ hay ngày giờ / is neither a time nor a date with time",
                    'Ví dụ / For example: "22:00", 2026-12-05T22:00:00',
                ) from None
        return value

    @model_validator(mode="after")
    def _once_or_weekly(self) -> Self:
        begin, end = self.begin, self.end
        if self.days and isinstance(begin, time) and isinstance(end, time):
            return self
        if not self.days and isinstance(begin, datetime) and isinstance(end, datetime):
            if vietnamese(begin) >= vietnamese(end):
                raise Mistake("to không sau from / to is not after from", "Sửa from hoặc to / Correct from or to")
            return self
        raise Mistake(
            "lẫn lộn hai kiểu / mixes the two kinds",
            'Một lần: from, to là ngày giờ; hằng tuần: days và from, to là giờ, ví dụ "22:00"'
            " / Once: from and to with a date; weekly: days, and from and to are times",
        )


def vietnamese(moment: datetime) -> datetime:
    """*moment* as it was meant: without offset it is Vietnam's."""
    return moment.replace(tzinfo=VIETNAM) if moment.tzinfo is None else moment


class RetentionSettings(Section):
    """
    How many days each class of data is kept after its end, before it is deleted: delivered messages, single calls and
    look-ups, what partners told us, ids under which sources repeated what was known, first answers to requests with
    an ``Idempotency-Key``, import jobs with the rows that they refused, and partners' notices as they arrived. The
    ledger itself stays.
    A service deletes every *every_h* hours.
    """

    delivered_days: Days = 365.0
    attempts_days: Days = 90.0
    inbox_days: Days = 365.0
    repeats_days: Days = 90.0
    answers_days: Days = 7.0
    jobs_days: Days = 30.0
    notices_days: Days = 90.0
    every_h: Hours = 6.0


class PartnerSettings(Section):
    """
    One partner: *connector* names an entry point of ``lienthong.connectors``.

    Only that connector knows what *options* mean. Options named like a secret are ``SecretStr`` and print as stars.
    """

    connector: Annotated[str, Field(strict=True, min_length=1)]
    options: Mapping[str, Option] = Field(default_factory=dict)
    limits: LimitSettings = LimitSettings()
    maintenance: tuple[MaintenanceSettings, ...] = ()
    callbacks: CallbackSettings | None = None


class SourceSettings(Section):
    """A source of dossiers that are imported from files: *mapping* says how to read them."""

    mapping: Path


class LogSettings(Section):
    """*format* ``auto`` is ``console`` on a terminal and ``json`` elsewhere."""

    format: Literal["auto", "console", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Section):
    """The whole configuration, valid as a whole. Build it by ``load`` or its constructor."""

    tenant: TenantSettings = TenantSettings()
    database: DatabaseSettings = DatabaseSettings()
    delivery: DeliverySettings = DeliverySettings()
    partners: Mapping[Name, PartnerSettings] = Field(default_factory=dict)
    sources: Mapping[Name, SourceSettings] = Field(default_factory=dict)
    retention: RetentionSettings = RetentionSettings()
    service: ServiceSettings = ServiceSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
