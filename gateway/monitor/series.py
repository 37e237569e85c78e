"""What of the series is told."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric


class WithoutBirthdays(CollectorRegistry):
    """The metrics of *behind* without the moment at which each series began, which nobody asks for."""

    def __init__(self, behind: CollectorRegistry) -> None:
        super().__init__()
        self._behind = behind

    def collect(self) -> Iterator[Metric]:
        for family in self._behind.collect():
            told = Metric(family.name, family.documentation, family.type, family.unit)
            told.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield told
