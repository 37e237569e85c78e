"""The pace and the policies that a configuration asks for."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from gateway.config.settings import (
    DAYS,
    DeliverySettings,
    MaintenanceSettings,
    PartnerSettings,
    RetentionSettings,
    Settings,
    vietnamese,
)
from gateway.delivery.coordinator import Bearing, Pace
from gateway.policy import (
    AdaptPolicy,
    BreakerPolicy,
    Limits,
    ProbePolicy,
    RateLimit,
    RetryPolicy,
    Weekly,
    Window,
    Windows,
)


def pace(settings: DeliverySettings) -> Pace:
    return Pace(
        concurrency=settings.concurrency,
        block=settings.block,
        lease=timedelta(seconds=settings.lease_s),
        poll=timedelta(seconds=settings.poll_s),
        stop=timedelta(seconds=settings.stop_s),
        fresh=timedelta(seconds=settings.fresh_s),
        live=settings.live_share,
    )


def retry_policy(settings: DeliverySettings) -> RetryPolicy:
    retry = settings.retry
    return RetryPolicy(
        timedelta(seconds=retry.base_s), timedelta(seconds=retry.cap_s), timedelta(days=retry.horizon_days)
    )


def breaker_policy(settings: DeliverySettings) -> BreakerPolicy:
    breaker = settings.breaker
    return BreakerPolicy(breaker.threshold, timedelta(seconds=breaker.base_s), timedelta(seconds=breaker.cap_s))


def probe_policy(settings: DeliverySettings) -> ProbePolicy:
    return ProbePolicy(timedelta(seconds=settings.probe.base_s), timedelta(seconds=settings.probe.cap_s))


def adapt_policy(settings: DeliverySettings) -> AdaptPolicy:
    adapt = settings.adapt
    return AdaptPolicy(growth=adapt.growth, step=adapt.step, ease=adapt.ease, most=adapt.most)


def bearing(settings: Settings, partner: str) -> Bearing:
    """What *partner* bears; one that is not configured is bounded by nothing."""
    said = settings.partners.get(partner)
    return Bearing(
        Limits() if said is None else limits_of(said),
        () if said is None else windows_of(said),
        probe_policy(settings.delivery),
        adapt_policy(settings.delivery),
    )


def limits_of(partner: PartnerSettings) -> Limits:
    said = partner.limits
    rate = None if said.rate is None else RateLimit(said.rate, timedelta(seconds=said.per_s), said.burst)
    return Limits(rate, said.in_flight, dict(said.batch))


def windows_of(partner: PartnerSettings) -> tuple[Windows, ...]:
    return tuple(_window(each) for each in partner.maintenance)


def _window(said: MaintenanceSettings) -> Windows:
    if isinstance(said.begin, datetime) and isinstance(said.end, datetime):
        return Window(vietnamese(said.begin), vietnamese(said.end), said.reason)
    assert isinstance(said.begin, time)
    assert isinstance(said.end, time)
    return Weekly(frozenset(DAYS.index(day) for day in said.days), said.begin, said.end, said.reason)


def retention(settings: RetentionSettings) -> dict[str, timedelta]:
    """How long each class of data is kept, by the name that the store knows it under."""
    return {
        "delivered": timedelta(days=settings.delivered_days),
        "attempts": timedelta(days=settings.attempts_days),
        "inbox": timedelta(days=settings.inbox_days),
        "repeats": timedelta(days=settings.repeats_days),
        "answers": timedelta(days=settings.answers_days),
        "jobs": timedelta(days=settings.jobs_days),
        "notices": timedelta(days=settings.notices_days),
        "turned_away": timedelta(days=settings.notices_days),
    }
