"""
What one seed decides: the machine, the portal, and everything that goes wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from random import Random
from typing import Any

from connectors.national_portal.mock import FaultKind
from gateway.policy import Limits, RateLimit, Weekly, Window, Windows
from tests.simulation.clock import START

PORTAL_FAULTS = tuple(sorted(set(FaultKind) - {FaultKind.FILE_404}))
"""What the portal itself does wrong."""

DONE_BUT_DENIED = frozenset({FaultKind.PARTIAL})
"""Done, and answered as not done: where a repeat counts twice, nobody can keep a partner from two effects then."""

LOST_REQUEST = "request-lost"
DOUBLED_REQUEST = "request-doubled"
LOST_ANSWER = "answer-lost"
LATE_ANSWER = "answer-late"
WIRE_FAULTS = (LOST_REQUEST, DOUBLED_REQUEST, LOST_ANSWER, LATE_ANSWER)
"""What the network between does wrong."""

STORE_BUSY = "store-busy"
STORE_FULL = "store-full"
STORE_UNSURE = "store-error-after-commit"
STORE_FAULTS = (STORE_BUSY, STORE_FULL, STORE_UNSURE)


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Drawn from the seed at the start. Rates are per opportunity: a call, a boundary, a transaction.

    In a *strict* world the portal counts a repeated step twice, so that the gateway may not send again on suspicion.
    """

    strict: bool
    processes: int
    concurrency: int
    block: int
    steps_per_call: int
    dossiers_per_call: int
    horizon: timedelta
    breaker_threshold: int
    portal: dict[str, Any]
    faults: tuple[str, ...]
    fault_rate: float
    kill_rate: float
    freeze_rate: float
    suspend_rate: float
    store_rate: float
    store_faults: tuple[str, ...]
    set_backs: int
    closures: int
    lockouts: int
    decisions: int
    limits: Limits
    windows: tuple[Windows, ...]
    orders: int
    coalesce: int
    outage_s: float
    mended: bool
    cancels: bool
    dossiers: int
    portal_born: int
    longest: int
    duration_s: float
    seed: int = field(repr=False)


def draw(seed: int) -> Plan:
    """The plan of *seed*. Each kind of trouble is left out of many worlds, so that none hides behind another."""
    chance = Random(f"plan {seed}")

    def sometimes(value: float, share: float = 0.5) -> float:
        return value if chance.random() < share else 0.0

    strict = chance.random() < 0.3
    kinds: list[str] = [*PORTAL_FAULTS, *WIRE_FAULTS]
    if strict:
        kinds = [kind for kind in kinds if kind not in DONE_BUT_DENIED and kind != DOUBLED_REQUEST]
    outage_s = chance.choice([120.0, 1200.0, 5400.0])
    duration_s = chance.choice([20.0, 300.0, 1800.0])
    return Plan(
        strict=strict,
        processes=chance.choice([1, 1, 2, 3]),
        concurrency=chance.choice([1, 2, 3]),
        block=chance.choice([1, 4, 16]),
        steps_per_call=chance.choice([1, 3, 10]),
        dossiers_per_call=chance.choice([1, 1, 4]),
        horizon=timedelta(days=14) if chance.random() < 0.8 else timedelta(minutes=30),
        breaker_threshold=chance.choice([3, 5, 50]),
        portal={
            "partial_batches": chance.random() < 0.3,
            "code_form": chance.choice(["example", "string", "int", "padded"]),
            "duplicate_code": chance.choice(["3", "-3", "0"]),
            "expired_as": chance.choice(["code", "http-401", "http-403"]),
            "merge_documents": chance.random() < 0.5,
            "session_life": timedelta(minutes=chance.choice([1, 10])),
        },
        faults=tuple(chance.sample(kinds, chance.randint(1, 6))) if chance.random() < 0.9 else (),
        fault_rate=chance.choice([0.05, 0.15, 0.35]),
        kill_rate=sometimes(chance.choice([0.002, 0.01, 0.03]), 0.6),
        freeze_rate=sometimes(chance.choice([0.003, 0.01]), 0.5),
        suspend_rate=sometimes(0.004, 0.3),
        store_rate=sometimes(chance.choice([0.01, 0.04]), 0.5),
        store_faults=tuple(chance.sample(STORE_FAULTS, chance.randint(1, 3))),
        set_backs=chance.choice([0, 0, 1, 3]),
        closures=chance.choice([0, 0, 0, 1]),
        lockouts=chance.choice([0, 0, 0, 1]),
        decisions=chance.choice([0, 1, 4]),
        limits=draw_limits(chance) if chance.random() < 0.5 else Limits(),
        windows=_windows(duration_s, chance),
        orders=chance.choice([0, 0, 2, 4]),
        coalesce=chance.choice([1, 3, 10]),
        outage_s=outage_s,
        mended=chance.random() < 0.7,
        cancels=chance.random() < 0.5,
        dossiers=chance.choice([2, 2, 3, 4]),
        portal_born=chance.choice([0, 0, 1]),
        longest=chance.choice([4, 8, 8, 12, 20]),
        duration_s=duration_s,
        seed=seed,
    )


def draw_limits(chance: Random) -> Limits:
    """What a partner bears; at least one of the three, never so little that a world does not come to rest."""
    rate = RateLimit(
        chance.choice([1, 2, 10]), timedelta(seconds=chance.choice([1, 5, 40])), burst=chance.choice([1, 2, 5])
    )
    batch: Mapping[str, int] = {"dossier": chance.choice([1, 2]), "step": chance.choice([1, 2, 5])}
    return Limits(
        rate if chance.random() < 0.7 else None,
        chance.choice([None, 1, 2]),
        batch if chance.random() < 0.5 else {},
    )


def a_window(duration_s: float, chance: Random) -> Window:
    """A closure that was announced, within the story."""
    begin = START + timedelta(seconds=chance.random() * duration_s)
    return Window(begin, begin + timedelta(seconds=chance.choice([5.0, 60.0, 600.0])), "bảo trì")


def _windows(duration_s: float, chance: Random) -> tuple[Windows, ...]:
    """Closures in the configuration: none, one, or some minutes of every Monday morning, which it is."""
    kind = chance.choice(["none", "none", "once", "weekly"])
    if kind == "once":
        return (a_window(duration_s, chance),)
    if kind == "weekly":
        return (Weekly(frozenset({0}), time(8, 1), time(8, chance.choice([3, 11]))),)
    return ()
