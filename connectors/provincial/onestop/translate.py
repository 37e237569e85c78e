"""A message of ours in the words of the sink."""

from __future__ import annotations

from connectors.provincial.onestop.wire import Told
from gateway.ports import Message


def told(message: Message) -> Told:
    """The message as the one-stop system is told it. The operation's name is the kind of the change."""
    return Told(
        key=message.key,
        sequence=message.sequence,
        dossier=message.dossier,
        kind=message.operation,
        accepted_at=message.accepted_at,
        late=message.late,
        body=message.body,
    )
