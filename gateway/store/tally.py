"""
Counts that a status page reads instead of counting rows: kept in the same commit as what they count.

*what* is ``open``, ``dead``, a final state, ``call``, ``probe``, ``notice:...``, ``turned-away:...``; for the
partner "" ``dossiers`` and ``kind:...``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Self

from gateway.store.sql import Statements


class Tally:
    """What one transaction adds."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    @classmethod
    def of(cls, partner: str, what: str, count: int = 1) -> Self:
        """A single count."""
        tally = cls()
        tally.add(partner, what, count)
        return tally

    def add(self, partner: str, what: str, count: int = 1) -> None:
        self._counts[partner, what] += count

    def write(self, sql: Statements) -> None:
        rows = sorted((partner, what, n) for (partner, what), n in self._counts.items() if n)
        sql.many("add_tally", [{"partner": partner, "what": what, "n": n} for partner, what, n in rows])


def tallies(sql: Statements) -> Mapping[str, Mapping[str, int]]:
    """All counts, by partner."""
    found: dict[str, dict[str, int]] = {}
    for partner, what, count in sql.rows("tallies"):
        found.setdefault(partner, {})[what] = int(count)
    return found
