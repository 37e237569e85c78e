"""A partner that is to be told of everything and is never called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.ports import Delivered, Finding, Health, Message, Operation, Outcome, Probe


@dataclass(frozen=True)
class Listener:
    """Makes the gateway write the messages that a real partner would get."""

    name: str = "cong"
    longest_call: timedelta = timedelta(seconds=5)
    operations: Mapping[str, Operation] = field(
        default_factory=lambda: {
            "dossier": Operation("dossier", batch=1, same_dossier=False, harmless=True),
            "step": Operation("step", batch=10, harmless=True),
        }
    )

    def route(self, kind: str, origin: str) -> str | None:
        return kind if origin == "local" else None

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        return [Delivered()] * len(messages)

    def probe(self, message: Message) -> Probe:
        return Probe(Finding.APPLIED, message.dossier)

    def check(self) -> Sequence[Health]:
        return ()

    def close(self) -> None:
        """Holds nothing."""
