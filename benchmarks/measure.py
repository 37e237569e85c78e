"""
Samples taken in turns, and the figures made of them.

Machines are busy and their clocks uneven. So whatever is compared is measured alternately, the ratio is the median of
the ratios of neighbours, and processor seconds stand beside wall seconds.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory


class Better(Enum):
    """Which way a figure improves."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Cost:
    """What some work took: seconds by the clock, and seconds of processor in all threads of this process."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: *value* in the figure's unit, and what doing *items* things took."""

    value: float
    items: int
    cost: Cost

    @classmethod
    def of_speed(cls, items: int, cost: Cost) -> Sample:
        """*items* in a second."""
        return cls(items / cost.wall_s, items, cost)

    def as_dict(self) -> dict[str, float]:
        return {
            "value": self.value,
            "items": self.items,
            "wall_s": self.cost.wall_s,
            "cpu_s": self.cost.cpu_s,
        }


@dataclass(frozen=True, slots=True)
class Round:
    """Two neighbouring measurements."""

    ours: Sample
    other: Sample

    @property
    def ratio(self) -> float:
        return self.ours.value / self.other.value

    def ratio_cpu(self, better: Better) -> float:
        """The same ratio by processor seconds per item: of speeds where higher is better, of costs otherwise."""
        ours = self.ours.cost.cpu_s / self.ours.items
        other = self.other.cost.cpu_s / self.other.items
        return other / ours if better is Better.HIGHER else ours / other


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One line of the result. *ratio* is ours to *compared_to*; *target* bounds it on the side that *better* names.
    """

    name: str
    unit: str
    compared_to: str
    better: Better
    rounds: Sequence[Round]
    target: float | None = None
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def value(self) -> float:
        return median(each.ours.value for each in self.rounds)

    @property
    def other(self) -> float:
        return median(each.other.value for each in self.rounds)

    @property
    def ratio(self) -> float:
        return median(each.ratio for each in self.rounds)

    @property
    def ratio_cpu(self) -> float:
        return median(each.ratio_cpu(self.better) for each in self.rounds)

    @property
    def met(self) -> bool:
        """Whether the ratio by the clock keeps the target; a figure without one has nothing to miss."""
        if self.target is None:
            return True
        return self.ratio >= self.target if self.better is Better.HIGHER else self.ratio <= self.target

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "ratio": self.ratio,
            "ratio_cpu": self.ratio_cpu,
            "compared_to": self.compared_to,
            "other_value": self.other,
            "better": self.better.value,
            "target": self.target,
            "met": self.met,
            "rounds": [{"ours": each.ours.as_dict(), "other": each.other.as_dict()} for each in self.rounds],
            "details": dict(self.details),
        }


@dataclass(frozen=True, slots=True)
class Setting:
    """
    How a run was asked for: *quick* means sizes that prove the benchmark runs, and nothing more.

    *peers* is the virtual environment with the other engines. *left_out* gathers what could not be measured, and why.
    """

    quick: bool
    seed: int
    folder: Path
    say: Callable[[str], None]
    peers: Path = Path(".venv-bench")
    left_out: dict[str, str] = field(default_factory=dict)

    def leave_out(self, name: str, reason: str) -> None:
        self.say(f"left out: {name}: {reason}")
        self.left_out[name] = reason

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder of its own on the disk that is being measured; gone afterwards."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.folder, prefix="bench-") as name:
            yield Path(name)


def cost_of(work: Callable[[], object]) -> Cost:
    """Do *work* and say what it took. Garbage of earlier work is collected first, on nobody's account."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def in_turns(count: int, ours: Callable[[], Sample], other: Callable[[], Sample]) -> tuple[Round, ...]:
    """*count* rounds; who goes first changes each time, as the machine is never quite as the other side found it."""
    rounds = []
    for n in range(count):
        if n % 2 == 0:
            mine = ours()
            rounds.append(Round(mine, other()))
        else:
            theirs = other()
            rounds.append(Round(ours(), theirs))
    return tuple(rounds)
