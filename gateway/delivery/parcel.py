"""
What of a claim travels: all of its messages, or one that makes those before it needless.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gateway.lifecycle import MessageEvent
from gateway.ports import Coalescer, Connector, Message
from gateway.store.contract import Claim, Settled, Verdict


class Parcel(NamedTuple):
    """
    *sent* goes to the partner; *folded* are settled by it when it arrives; *left* wait for their turn. In this order:
    *folded*, *sent*, *left* are the messages of the claim.
    """

    claim: Claim
    folded: tuple[Message, ...]
    sent: tuple[Message, ...]
    left: tuple[Message, ...] = ()

    def settled(self, verdicts: Mapping[int, Verdict]) -> Settled:
        """The claim given back; *verdicts* tell what became of what was sent, and of folded ones sent after all."""
        told = [verdicts[message.id] for message in self.sent]
        before = [verdicts.get(message.id) or _with(message, told[0]) for message in self.folded]
        after = [verdicts.get(message.id) or Verdict(message.id, MessageEvent.RELEASE) for message in self.left]
        return Settled(self.claim.lane, self.claim.token, (*before, *told, *after))


def parcel(claim: Claim, connector: Connector) -> Parcel:
    """Fold what the connector finds harmless, as far as it goes without a gap."""
    messages = claim.messages
    operation = connector.operations.get(messages[0].operation)
    if len(messages) == 1 or operation is None or operation.coalesces <= 1 or not isinstance(connector, Coalescer):
        return _whole(claim, messages, alone=operation is None or operation.coalesces > 1)
    last = 0
    while last + 1 < len(messages) and connector.supersedes(messages[last + 1], messages[last]):
        last += 1
    return Parcel(claim, messages[:last], (messages[last],), messages[last + 1 :])


def _whole(claim: Claim, messages: Sequence[Message], *, alone: bool) -> Parcel:
    if alone:
        return Parcel(claim, (), (messages[0],), tuple(messages[1:]))
    return Parcel(claim, (), tuple(messages))


def _with(message: Message, told: Verdict) -> Verdict:
    """What becomes of a message that *told*'s message stood for."""
    if told.event in (MessageEvent.DELIVER, MessageEvent.APPLIED):
        return Verdict(message.id, MessageEvent.SUPERSEDE, text=f"message {told.message}")
    if told.event in (MessageEvent.LOSE, MessageEvent.ABSENT, MessageEvent.DEFER, MessageEvent.GIVE_UP):
        # Given up together, they are decided about together: one that was left would be looked up after a decision
        # about the later one, and could overwrite it.
        return told._replace(message=message.id, attempts=())
    return Verdict(message.id, MessageEvent.RELEASE)
