"""
The partners of one configuration: their connectors, by who calls whom, and taken over while calls are under way.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import ConfigurationError, Problem
from gateway.fronts import Front, Fronting
from gateway.operations import known_partner
from gateway.ports import Connector, Pulled, Receiver


class Partners:
    """The *connectors* in use, and those in whose place they stand. Threads may share it."""

    def __init__(self, connectors: Sequence[Connector]) -> None:
        self.connectors = list(connectors)
        self._retired: list[Connector] = []

    def take_over(self, before: Partners) -> None:
        """Stand in the place of *before*. Its connectors are closed the next time only: a call may be under way."""
        _close(before._retired)
        self._retired = before.connectors

    def close(self) -> None:
        _close([*self._retired, *self.connectors])

    def pushed(self) -> list[Connector]:
        """Those that workers deliver to."""
        return [connector for connector in self.connectors if not isinstance(connector, Pulled)]

    def must_deliver(self) -> None:
        """Raises ``ConfigurationError`` when there is no partner that workers could deliver to."""
        if not self.pushed():
            raise ConfigurationError(
                [
                    Problem(
                        "partners",
                        "chưa có đối tác nào để gửi tới / there is no partner to deliver to",
                        "Thêm [partners.…], hoặc chỉ nhận bằng «lienthong serve»"
                        " / Add one, or only take in by «lienthong serve»",
                    )
                ]
            )

    def pulled(self) -> dict[str, Pulled]:
        """Those that fetch their messages, by name."""
        return {connector.name: connector for connector in self.connectors if isinstance(connector, Pulled)}

    def puller(self, name: str) -> Connector:
        """The one of ``pulled`` with this *name*. Raises ``InvalidInput``."""
        return self._named(name, list(self.pulled()))

    def receiver(self, name: str) -> Receiver | None:
        """The partner *name*, where it calls us; None where it does not. Raises ``InvalidInput`` for an unknown one."""
        connector = self._named(name, [connector.name for connector in self.connectors])
        return connector if isinstance(connector, Receiver) else None

    def fronts(self) -> list[tuple[str, Front]]:
        """Those in whose place the gateway answers, and what answers."""
        found = [(each.name, each.front) for each in self.connectors if isinstance(each, Fronting)]
        return [(partner, front) for partner, front in found if front is not None]

    def front_at(self, path: str) -> tuple[str, Front] | None:
        """The one in whose place the gateway answers calls to *path*, and what answers; None where it does not."""
        return next(((partner, front) for partner, front in self.fronts() if front.serves(path)), None)

    def _named(self, name: str, names: Sequence[str]) -> Connector:
        return {connector.name: connector for connector in self.connectors}[known_partner(name, names)]


def _close(connectors: Sequence[Connector]) -> None:
    for connector in connectors:
        connector.close()
