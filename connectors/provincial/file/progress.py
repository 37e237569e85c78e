"""Telling how far an import is: a port, silence, and plain lines for a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol


class Phase(StrEnum):
    """What is counted: bytes (of a workbook, those of its sheets unpacked) while reading, rows while submitting."""

    READING = "reading"
    SUBMITTING = "submitting"


class Progress(Protocol):
    def update(self, phase: Phase, done: int, total: int | None) -> None:
        """*done* of *total* (None: not known) of this phase; called every few hundred rows."""
        ...


class NoProgress:
    """Says nothing."""

    def update(self, phase: Phase, done: int, total: int | None) -> None:
        del phase, done, total


_TITLES = {Phase.READING: "Đọc tệp", Phase.SUBMITTING: "Ghi nhận hồ sơ"}


class PlainProgress:
    """
    One line every *interval_s* seconds, for a log: share done, rate, time left.

    The rate is the mean since the phase began. *now* is a monotonic clock in seconds.
    """

    def __init__(
        self, write: Callable[[str], None], *, interval_s: float = 5.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._interval_s = interval_s
        self._now = now
        self._phase: Phase | None = None
        self._began = self._told = 0.0

    def update(self, phase: Phase, done: int, total: int | None) -> None:
        now = self._now()
        if phase is not self._phase:
            self._phase, self._began, self._told = phase, now, now
        finished = total is not None and done >= total
        if now - self._told >= self._interval_s or (finished and now > self._began):
            self._told = now
            self._write(line(phase, done, total, now - self._began))


def line(phase: Phase, done: int, total: int | None, seconds: float) -> str:
    """``Ghi nhận hồ sơ: 45% · 12.000 dòng/giây · còn 8 giây``, with what is known."""
    parts = [f"{_TITLES[phase]}: {_share(done, total)}"]
    rate = done / seconds if seconds > 0 else 0.0
    if rate > 0:
        speed = f"{rate / 1e6:.1f} MB".replace(".", ",") if phase is Phase.READING else f"{grouped(int(rate))} dòng"
        parts.append(f"{speed}/giây")
        if total is not None and done < total:
            parts.append(f"còn {duration((total - done) / rate)}")
    return " · ".join(parts)


def _share(done: int, total: int | None) -> str:
    return grouped(done) if not total else f"{min(100, done * 100 // total)}%"


def grouped(number: int) -> str:
    """12000 as Vietnamese readers write it: ``12.000``."""
    return f"{number:,}".replace(",", ".")


def duration(seconds: float) -> str:
    """``8 giây``, ``2 phút 05 giây``, ``1 giờ 10 phút``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} giây"
    if whole < 3600:
        return f"{whole // 60} phút {whole % 60:02d} giây"
    return f"{whole // 3600} giờ {whole % 3600 // 60:02d} phút"
