"""
Many worlds one after the other, and the count of what happened in them.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.simulation.databases import FilePlace, Place
from tests.simulation.flaws import Flaw
from tests.simulation.world import World

_NONE = Flaw()
DONE = (
    "requeued",
    "asked-again",
    "cancelled",
    "kept-back",
    "resolved",
    "superseded",
    "orders",
    "paused",
    "lane-paused",
)
"""What was decided, ordered and left out, beside what went wrong."""


@dataclass(slots=True)
class Total:
    """The sum over some seeds; *failed* maps a seed to what was wrong with its world."""

    seeds: int = 0
    messages: int = 0
    claims: int = 0
    kills: int = 0
    lost: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    violations: int = 0
    seconds: float = 0.0
    happened: Counter[str] = field(default_factory=Counter)
    failed: dict[int, list[str]] = field(default_factory=dict)

    def add(self, seed: int, world: World) -> None:
        self.seeds += 1
        self.messages += sum(len(told.effects) for told in world.facts.by_key.values())
        self.claims += world.audit.claimed
        self.kills += world.trouble.kills
        self.happened += world.count
        found = world.findings
        self.lost += len(found.lost)
        self.duplicated += len(found.duplicated)
        self.out_of_order += len(found.out_of_order)
        self.violations += len(found.violations)
        if found:
            self.failed[seed] = found.lines()

    def as_dict(self) -> dict[str, object]:
        happened = dict(sorted(self.happened.items()))
        done = {name: happened.pop(name, 0) for name in ("calls", *DONE)}
        return {
            "seeds": self.seeds,
            "faults": happened,
            "kills": self.kills,
            "lost": self.lost,
            "duplicated": self.duplicated,
            "out_of_order": self.out_of_order,
            "violations": self.violations,
            "seconds": round(self.seconds, 1),
            "messages": self.messages,
            "claims": self.claims,
            **done,
            "failed": sorted(self.failed),
        }


def simulate(
    seeds: Iterable[int],
    *,
    flaw: Flaw = _NONE,
    until: Sequence[str] = (),
    trace: bool = False,
    say: Callable[[str], object] = lambda text: None,
    place: Place | None = None,
) -> Total:
    """
    Run the worlds of *seeds*, each with a *flaw*; *until* stops at the first that shows one of these texts. Their data
    is at *place*, else in SQLite files.
    """
    total = Total()
    began = time.perf_counter()
    where = place or FilePlace()
    logging.disable(logging.CRITICAL)
    try:
        for seed in seeds:
            world = _lived(seed, where, flaw)
            total.add(seed, world)
            if seed in total.failed:
                _report(seed, world, say, whole=trace)
                if any(text in line for line in total.failed[seed] for text in until):
                    break
    finally:
        logging.disable(logging.NOTSET)
        if place is None:
            where.close()
    total.seconds = time.perf_counter() - began
    return total


def _lived(seed: int, place: Place, flaw: Flaw) -> World:
    world = World(seed, place.fresh(seed), flaw)
    try:
        world.run()
    finally:
        world.close()
    return world


def _report(seed: int, world: World, say: Callable[[str], object], *, whole: bool) -> None:
    say(f"seed {seed} failed; see it again with: make simulate SEEDS=1 FROM={seed} ARGS=--trace")
    for line in world.findings.lines():
        say(f"  {line}")
    if whole:
        for at_s, text in world.trace:
            say(f"  {at_s:12.3f}  {text}")
