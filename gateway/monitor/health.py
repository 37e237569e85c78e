"""
Whether a process may be sent requests (ready), and whether it should be started anew (live).

A partner that is down, or workers that are missing, leave it ready: what is accepted meanwhile is durable, and leaves
later. They are told as ``degraded``, and alarms are built on their metrics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from gateway.monitor.collector import ALIVE
from gateway.store.views import PartnerStatus
from gateway.store.vitals import Vitals

LEAST_FREE_BYTES: Final = 64 * 1024 * 1024
"""With less room than that nothing is accepted any more."""
LITTLE_FREE: Final = 0.05
"""A disk with a smaller part free is told of."""


class Condition(Enum):
    """How one thing is; the worst of all is how the whole is."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; *text* is Vietnamese with English beside it."""

    name: str
    condition: Condition
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that was looked at."""

    checks: tuple[Check, ...]

    @property
    def condition(self) -> Condition:
        order = list(Condition)
        return max((check.condition for check in self.checks), key=order.index, default=Condition.OK)

    @property
    def good(self) -> bool:
        return self.condition is not Condition.FAILED

    def plain(self) -> dict[str, object]:
        """As it is told over HTTP."""
        return {
            "status": self.condition.value,
            "checks": [
                {"name": check.name, "status": check.condition.value, "text": check.text} for check in self.checks
            ],
        }


def of_process(*, running: bool, stopping: bool) -> Check:
    """*running* tells whether what this process lives for still shows that it works."""
    if stopping:
        return Check("process", Condition.FAILED, "Đang dừng / Stopping")
    if not running:
        return Check("process", Condition.FAILED, "Tiến trình bị treo / The process hangs")
    return Check("process", Condition.OK, "Đang chạy / Running")


def of_store(fault: Exception | None) -> Check:
    """What came of trying to write."""
    if isinstance(fault, TimeoutError):
        return Check(
            "store", Condition.FAILED, "Cơ sở dữ liệu không trả lời kịp / The database does not answer in time"
        )
    if fault is not None:
        return Check("store", Condition.FAILED, str(fault))
    return Check("store", Condition.OK, "Ghi được / Writable")


def of_schema(*, is_ours: bool) -> Check:
    if is_ours:
        return Check("schema", Condition.OK, "Đúng phiên bản / Current")
    return Check(
        "schema", Condition.FAILED,
        "Cơ sở dữ liệu đã lên phiên bản mà bản này không dùng được; hãy nâng cấp"
        " / The database was migrated to a release that this one cannot work with; upgrade",
    )  # fmt: skip


def of_disk(total: int, free: int) -> Check:
    room = f"{free // (1024 * 1024)} MiB"
    if free < LEAST_FREE_BYTES:
        return Check("disk", Condition.FAILED, f"Hết chỗ, còn {room} / No room left, {room} free")
    if free < total * LITTLE_FREE:
        return Check("disk", Condition.DEGRADED, f"Sắp hết chỗ, còn {room} / Little room left, {room} free")
    return Check("disk", Condition.OK, f"Còn {room} / {room} free")


def of_lost_disk(why: str) -> Check:
    return Check("disk", Condition.FAILED, f"Không đọc được đĩa ({why}) / The disk cannot be read ({why})")


def of_workers(found: Vitals, partners: Iterable[str], now: datetime) -> Check:
    """Whether every configured partner has a worker that showed itself lately, on whatever machine."""
    alive = Counter(worker.partner for worker in found.workers if now - worker.seen_at < ALIVE)
    missing = sorted(partner for partner in partners if not alive[partner])
    if missing:
        names = ", ".join(f"«{partner}»" for partner in missing)
        return Check("workers", Condition.DEGRADED, f"Chưa có ai gửi cho {names} / Nobody delivers to {names}")
    return Check("workers", Condition.OK, f"Đang gửi: {sum(alive.values())} / Delivering: {sum(alive.values())}")


def of_partners(told: Sequence[PartnerStatus], now: datetime) -> list[Check]:
    return [_of_partner(status, now) for status in told]


def _of_partner(status: PartnerStatus, now: datetime) -> Check:
    name = f"partner.{status.partner}"
    if status.paused:
        return Check(name, Condition.DEGRADED, "Người vận hành tạm ngừng / Paused by an operator")
    if status.hold_until is not None and status.hold_until > now:
        until = status.hold_until.isoformat(timespec="seconds")
        return Check(name, Condition.DEGRADED, f"Tạm nghỉ đến {until} / Left alone until {until}")
    return Check(name, Condition.OK, "Gọi được / May be called")
