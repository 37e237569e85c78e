"""
What an operator orders while workers run; each order takes effect with a worker's next exchange, and is audited.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rapidfuzz import process

from gateway.config.base import MOST, YEAR_S
from gateway.desk import kept_reason
from gateway.errors import InvalidInput
from gateway.janitor import Janitor
from gateway.model import Subject
from gateway.model.text import show
from gateway.policy import Control, RateLimit, Window
from gateway.ports import Clock
from gateway.store.audit import Act
from gateway.store.base import SqlStore
from gateway.store.views import AuditEntry, Worker

_SECOND = timedelta(seconds=1)
SILENT = timedelta(minutes=5)
"""A worker that did not show itself for so long is gone."""


@dataclass(frozen=True)
class Operations:
    """Orders of *actor* to the workers of one gateway. *partners* are the configured ones."""

    store: SqlStore
    clock: Clock
    partners: Sequence[str]
    actor: str

    def pause(self, partner: str, *, dossier: Subject | None = None, reason: str) -> None:
        """Send nothing more to *partner*, or nothing more of one dossier. Raises ``InvalidInput``."""
        self._switch(partner, dossier, reason, paused=True)

    def resume(self, partner: str, *, dossier: Subject | None = None, reason: str = "") -> None:
        """Go on where a pause stopped. Raises ``InvalidInput``."""
        self._switch(partner, dossier, reason, paused=False)

    def limits(self, partner: str) -> Control:
        """What was ordered for *partner* in place of its configuration."""
        return self.store.control(self._known(partner))

    def set_limits(
        self, partner: str, *, rate: RateLimit | None = None, in_flight: int | None = None, reason: str = ""
    ) -> Control:
        """Let other limits hold at once; what is not given stays. Raises ``InvalidInput``."""
        if rate is not None:
            _bounded("rate", rate.calls)
            _bounded("burst", rate.burst)
            _bounded("per_s", rate.per / _SECOND, most=YEAR_S)
        if in_flight is not None:
            _bounded("in_flight", in_flight)
        return self.store.change_control(
            self._known(partner),
            lambda present: replace(present, rate=rate or present.rate, in_flight=in_flight or present.in_flight),
            self._act(reason),
            "limits.set",
        )

    def reset_limits(self, partner: str, reason: str = "") -> None:
        """Let the configured limits hold again; announced windows stay. Raises ``InvalidInput``."""
        self.store.change_control(
            self._known(partner),
            lambda present: Control(windows=present.windows),
            self._act(reason),
            "limits.reset",
        )

    def announce(self, partner: str, begin: datetime, end: datetime, reason: str) -> None:
        """*partner* is closed from *begin* to *end*. Raises ``InvalidInput`` when that is no time."""
        if end <= begin:
            raise InvalidInput(
                "maintenance", f"{begin.isoformat()} – {end.isoformat()}",
                "kết thúc trước khi bắt đầu / ends before it begins",
                "Sửa --from hoặc --to. / Correct --from or --to.",
            )  # fmt: skip
        act = self._act(reason)
        window = Window(begin, end, act.reason)

        def added(present: Control) -> Control:
            # Those that are over say nothing any more, and every exchange would read them.
            ahead = [each for each in present.windows if each.end > act.at]
            return replace(present, windows=(*ahead, window))

        self.store.change_control(self._known(partner), added, act, "maintenance.add")

    def withdraw(self, partner: str, reason: str = "") -> None:
        """Forget all announced windows of *partner*; those of the configuration stay. Raises ``InvalidInput``."""
        self.store.change_control(
            self._known(partner), lambda present: replace(present, windows=()), self._act(reason), "maintenance.remove"
        )

    def workers(self) -> list[Worker]:
        """Every engine that showed itself lately, on all machines."""
        forgotten = self.clock.now() - SILENT
        return [worker for worker in self.store.workers() if worker.seen_at >= forgotten]

    def drain(self, place: str = "", reason: str = "") -> list[Worker]:
        """
        Ask the workers at *place* ("": all) to finish what they hold and end; returns them. Raises ``InvalidInput``.
        """
        asked = [worker for worker in self.workers() if place in ("", worker.place)]
        if place and not asked:
            raise InvalidInput(
                "place", place, "không có ai làm việc ở đó / nobody works there",
                "Xem «lienthong workers». / See «lienthong workers».",
            )  # fmt: skip
        self.store.drain(self._act(reason), place)
        return asked

    def audit(self) -> list[AuditEntry]:
        """Every deed, oldest first."""
        found: list[AuditEntry] = []
        while page := self.store.audit(after=found[-1].n if found else 0):
            found += page
        return found

    def clear(self, kept: Mapping[str, timedelta]) -> dict[str, int]:
        """Delete what is older than *kept* says, class by class in small commits; returns how many rows went."""
        return Janitor(self.store, self.clock, kept).sweep()

    def _switch(self, partner: str, dossier: Subject | None, reason: str, *, paused: bool) -> None:
        act = self._act(_needed(reason) if paused else reason)
        if not self.store.pause(self._known(partner), act, dossier=dossier, paused=paused):
            raise InvalidInput(
                "dossier", str(dossier), f"chưa có gì gửi cho «{partner}» / nothing was ever to be told to «{partner}»",
                "Kiểm tra mã hồ sơ: «lienthong timeline». / Check the code: «lienthong timeline».",
            )  # fmt: skip

    def _known(self, partner: str) -> str:
        return known_partner(partner, self.partners)

    def _act(self, reason: str) -> Act:
        return Act(self.actor, self.clock.now(), kept_reason(reason))


def account(look_up: Callable[[], str] = getpass.getuser) -> str:
    """The account of this process, for the audit."""
    try:
        return look_up()
    except (KeyError, OSError):
        # A container may run under a number that no account has.
        return f"uid-{os.getuid()}"


def known_partner(partner: str, partners: Sequence[str]) -> str:
    """*partner*, where it is one of the configured *partners*; else raises ``InvalidInput`` that names the nearest."""
    if partner in partners:
        return partner
    nearest = process.extractOne(partner, list(partners), score_cutoff=60)
    raise InvalidInput(
        "partner", show(partner), "không có trong cấu hình / is not configured",
        f"Có phải «{nearest[0]}»? / Did you mean «{nearest[0]}»?" if nearest
        else f"Các đối tác / Partners: {', '.join(partners) or '–'}",
    )  # fmt: skip


def _needed(reason: str) -> str:
    if not reason.strip():
        raise InvalidInput("reason", reason, "để trống / is empty", 'Ghi lý do: --reason "…". / Say why: --reason "…".')
    return reason


def _bounded(field: str, value: float, *, most: float = MOST) -> None:
    if value <= 0:
        raise InvalidInput(
            field, f"{value:g}", "phải lớn hơn 0 / must be more than zero",
            "Muốn dừng hẳn thì dùng «lienthong pause». / To stop it altogether use «lienthong pause».",
        )  # fmt: skip
    if value > most:
        raise InvalidInput(field, f"{value:g}", "quá lớn / is too large", f"Ghi tối đa / Give at most {most:g}")
