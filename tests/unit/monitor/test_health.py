"""What counts as healthy: pure decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.errors import StoreUnavailable
from gateway.monitor import Check, Condition, Report, health
from gateway.store.views import PartnerStatus, Worker
from gateway.store.vitals import Vitals

NOW = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
STATUS = PartnerStatus("cong", 0, 0, 0, 0, 0, 0, 0, None, None)
MIB = 1024 * 1024


def vitals(*seen_ago_s: float) -> Vitals:
    workers = [
        Worker("cong", str(n), "may-1:7", "0.1.0", NOW, NOW - timedelta(seconds=ago), False, 0)
        for n, ago in enumerate(seen_ago_s)
    ]
    return Vitals((STATUS,), {}, {}, {}, {}, {}, tuple(workers))


@pytest.mark.parametrize(
    ("check", "condition"),
    [
        pytest.param(health.of_process(running=True, stopping=False), "ok", id="running"),
        pytest.param(health.of_process(running=True, stopping=True), "failed", id="stopping"),
        pytest.param(health.of_process(running=False, stopping=False), "failed", id="a part has ended"),
        pytest.param(health.of_store(None), "ok", id="writable"),
        pytest.param(health.of_store(StoreUnavailable("đứt / cut")), "failed", id="cut"),
        pytest.param(health.of_store(TimeoutError()), "failed", id="silent"),
        pytest.param(health.of_schema(is_ours=True), "ok", id="current"),
        pytest.param(health.of_schema(is_ours=False), "failed", id="too new"),
        pytest.param(health.of_disk(1000 * MIB, 500 * MIB), "ok", id="room"),
        pytest.param(health.of_disk(10_000 * MIB, 499 * MIB), "degraded", id="little room"),
        pytest.param(health.of_disk(10_000 * MIB, 63 * MIB), "failed", id="no room"),
        pytest.param(health.of_workers(vitals(4), ["cong"], NOW), "ok", id="a worker"),
        pytest.param(health.of_workers(vitals(31), ["cong"], NOW), "degraded", id="a worker long ago"),
        pytest.param(health.of_workers(vitals(4), ["cong", "buu-dien"], NOW), "degraded", id="none for one of two"),
        pytest.param(health.of_workers(vitals(), [], NOW), "ok", id="nobody to tell"),
        pytest.param(*health.of_partners([STATUS], NOW), "ok", id="partner open"),
        pytest.param(*health.of_partners([replace(STATUS, paused=True)], NOW), "degraded", id="partner paused"),
        pytest.param(
            *health.of_partners([replace(STATUS, hold_until=NOW + timedelta(seconds=1))], NOW), "degraded",
            id="partner held",
        ),
        pytest.param(*health.of_partners([replace(STATUS, hold_until=NOW)], NOW), "ok", id="hold over"),
    ],
)  # fmt: skip
def test_each_condition(check: Check, condition: str) -> None:
    """
    Only what keeps a process from accepting durably fails; a partner that is down degrades. Both languages are there.
    """
    assert check.condition.value == condition
    assert " / " in check.text


def test_the_worst_decides() -> None:
    """
    Degraded is still good; one failure is not. Nothing that was looked at is nothing wrong.
    """
    ok, degraded, failed = (Check(c.value, c, "") for c in Condition)

    assert (Report((ok, degraded, ok)).condition, Report((ok, degraded, ok)).good) == (Condition.DEGRADED, True)
    assert not Report((ok, failed, degraded)).good
    assert Report(()).good
