"""
One claim, carried to the partner and back: look up what is unknown, send, split what is refused, give back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event as Interrupt

from gateway.causes import cause_key
from gateway.delivery.calls import Calls
from gateway.delivery.gate import Gate
from gateway.delivery.parcel import Parcel, parcel
from gateway.lifecycle import MessageEvent
from gateway.observe import Observer
from gateway.policy import UNDECIDABLE, UNKNOWN_OPERATION
from gateway.ports import Connector, Message, Operation, Previewer
from gateway.store.contract import Attempt, Claim, Settled, Verdict

_DEADLY = frozenset({MessageEvent.REJECT, MessageEvent.GIVE_UP})


@dataclass(frozen=True)
class Courier:
    """
    Carries claims of one partner. Safe for several threads.

    The gate is asked before each call, and *permit* when one more call than was allotted may begin.
    """

    calls: Calls
    gate: Gate
    permit: Callable[[datetime], datetime | None]
    stopping: Callable[[], bool] = field(default=lambda: False)
    interrupt: Interrupt = field(default_factory=Interrupt)

    @property
    def connector(self) -> Connector:
        return self.calls.connector

    @property
    def observer(self) -> Observer:
        return self.calls.observer

    def carry(self, claims: Sequence[Claim]) -> list[Settled]:
        """
        Settle *claims*: all to look up one by one, or all to send and fit for one call.

        Never raises for what a partner can cause.
        """
        if claims[0].messages[0].operation not in self.connector.operations:
            settled = [self._unheard_of(claim) for claim in claims]
        elif claims[0].look_up:
            settled = [self._look_up(claim) for claim in claims]
        elif self._may_call(claims):
            parcels = [parcel(claim, self.connector) for claim in claims]
            verdicts = {v.message: v for v in self._send([m for p in parcels for m in p.sent], claims)}
            settled = [self._settled(each, verdicts) for each in parcels]
        else:
            settled = [_give_back(claim) for claim in claims]
        return [self._explained(item, claim) for item, claim in zip(settled, claims, strict=True)]

    def _explained(self, settled: Settled, claim: Claim) -> Settled:
        """Give verdicts that leave a dead letter its cause, and a print of what failed."""
        if _DEADLY.isdisjoint([verdict.event for verdict in settled.verdicts]):
            return settled
        verdicts = [
            verdict._replace(cause=self._cause(message, verdict), sent=self._print(message, claim))
            if verdict.event in _DEADLY
            else verdict
            for message, verdict in zip(claim.messages, settled.verdicts, strict=True)
        ]
        return settled._replace(verdicts=tuple(verdicts))

    def _cause(self, message: Message, verdict: Verdict) -> str:
        return cause_key(message.partner, message.operation, verdict.code, verdict.text)

    def _print(self, message: Message, claim: Claim) -> str:
        """
        A print of the wire form, where it can be made in what is left of the lease. It explains a verdict and never
        changes it: without a print a later dry run has nothing to compare with.
        """
        if not isinstance(self.connector, Previewer) or not self._may_call((claim,)):
            return ""
        return self.calls.print(message)

    def _settled(self, sent: Parcel, verdicts: dict[int, Verdict]) -> Settled:
        """
        Give one claim back. Where the last message was refused, those that it stood for are still good: they go one by
        one, in their order. It keeps its place behind them and is sent again by itself: perhaps it was refused only
        because they had not been told.
        """
        if not sent.folded or verdicts[sent.sent[0].id].event is not MessageEvent.REJECT:
            return sent.settled(verdicts)
        refused = verdicts[sent.sent[0].id]
        verdicts[refused.message] = refused._replace(event=MessageEvent.RELEASE, code="", text="")
        for message in sent.folded:
            verdict = Verdict(message.id, MessageEvent.RELEASE)
            if self._may_call((sent.claim,), extra=True):
                (verdict,) = self._send([message], (sent.claim,))
            verdicts[message.id] = verdict
            if verdict.event is not MessageEvent.DELIVER:
                break
        left = [message for message in sent.folded if message.id not in verdicts]
        verdicts.update({message.id: Verdict(message.id, MessageEvent.RELEASE) for message in left})
        return sent.settled(verdicts)

    def _may_call(self, claims: Sequence[Claim], *, extra: bool = False) -> bool:
        """
        Not while stopping or held, and only when the call must end before the lease does. A call *extra* to the one
        that was allotted waits for its turn under the partner's limit.
        """
        lease_until = min(claim.lease_until for claim in claims)
        if extra and self.gate.limits.rate is not None:
            start = self.permit(lease_until - self.connector.longest_call)
            if start is None:
                return False
            while self.calls.clock.now() < start and not self.stopping():
                self.calls.clock.wait(self.interrupt, start)
        now = self.calls.clock.now()
        ends = now + self.connector.longest_call
        return not self.stopping() and self.gate.open(now, claims[0].start) and ends <= lease_until

    def _send(self, messages: Sequence[Message], claims: Sequence[Claim]) -> list[Verdict]:
        same_dossier = self._operation(messages[0]).same_dossier
        sent = self.calls.send(messages, same_dossier=same_dossier)
        refused = sent.refused
        one_by_one = same_dossier and len(refused) < len(messages)
        if len(refused) > 1 and not one_by_one:
            (first,) = sent.verdicts[refused[0]].attempts
            parts = self._split([messages[n] for n in refused], first, claims)
            for n, verdict in zip(refused, parts, strict=True):
                sent.verdicts[n] = verdict
        return sent.verdicts

    def _split(self, messages: Sequence[Message], first: Attempt, claims: Sequence[Claim]) -> list[Verdict]:
        """
        Halve a batch that was refused together until the poison message stands alone; the others go through.

        In one lane nothing overtakes the poison: what stands behind it is given back.
        """
        same_dossier = self._operation(messages[0]).same_dossier
        middle = len(messages) // 2
        verdicts: list[Verdict] = []
        for half in (messages[:middle], messages[middle:]):
            blocked = same_dossier and any(v.event is not MessageEvent.DELIVER for v in verdicts)
            if blocked or not self._may_call(claims, extra=True):
                verdicts.extend(Verdict(m.id, MessageEvent.RELEASE) for m in half)
            else:
                verdicts.extend(self._send(half, claims))
        return [_with_attempt(verdict, first) for verdict in verdicts]

    def _look_up(self, claim: Claim) -> Settled:
        """
        Ask about the unknown messages of one lane, in order.

        As soon as one is to be sent again, those behind it are sent again too: order comes before thrift,
        and only where that is harmless.
        """
        verdicts: list[Verdict] = []
        operation = self._operation(claim.messages[0])
        harmless = operation.harmless
        if operation.coalesces > 1 and len(claim.messages) > 1:
            return self._look_up_folded(claim, harmless=harmless)
        for n, message in enumerate(claim.messages):
            if not self._may_call((claim,), extra=n > 0):
                rest = claim.messages[n:]
                verdicts.extend(Verdict(m.id, MessageEvent.DEFER, not_before=self.calls.clock.now()) for m in rest)
                break
            verdict = self.calls.probe(message, harmless=harmless)
            verdicts.append(verdict)
            if verdict.event is MessageEvent.APPLIED:
                continue
            rest = claim.messages[n + 1 :]
            follow = verdict.event if harmless and verdict.event is MessageEvent.ABSENT else MessageEvent.DEFER
            verdicts.extend(Verdict(m.id, follow, not_before=verdict.not_before) for m in rest)
            break
        return Settled(claim.lane, claim.token, tuple(verdicts))

    def _look_up_folded(self, claim: Claim, *, harmless: bool) -> Settled:
        """
        What was folded shares the fate of what was sent in its stead; what stands behind is asked later.

        One of the folded may have arrived by itself before its worker vanished, so what the partner has of a new
        dossier need not be what is asked about.
        """
        sent = parcel(claim, self.connector)
        (message,) = sent.sent
        if sent.folded:
            message = message._replace(established=True)
        if self._may_call((claim,)):
            verdict = self.calls.probe(message, harmless=harmless)
        else:
            verdict = Verdict(message.id, MessageEvent.DEFER, not_before=self.calls.clock.now())
        follow = MessageEvent.ABSENT if verdict.event is MessageEvent.ABSENT else MessageEvent.DEFER
        behind = {left.id: Verdict(left.id, follow, not_before=verdict.not_before) for left in sent.left}
        return sent.settled({message.id: verdict, **behind})

    def _unheard_of(self, claim: Claim) -> Settled:
        """A person decides about what this release can neither send nor look up; what stands behind it comes back."""
        first, *rest = claim.messages
        if claim.look_up:
            text = f"[{UNKNOWN_OPERATION}] {first.operation}"
            dead, behind = Verdict(first.id, MessageEvent.GIVE_UP, code=UNDECIDABLE, text=text), MessageEvent.DEFER
        else:
            dead = Verdict(first.id, MessageEvent.REJECT, code=UNKNOWN_OPERATION, text=first.operation)
            behind = MessageEvent.RELEASE
        return Settled(claim.lane, claim.token, (dead, *(Verdict(message.id, behind) for message in rest)))

    def _operation(self, message: Message) -> Operation:
        return self.connector.operations[message.operation]


def _with_attempt(verdict: Verdict, first: Attempt) -> Verdict:
    return verdict._replace(attempts=(first, *verdict.attempts))


def _give_back(claim: Claim) -> Settled:
    return Settled(claim.lane, claim.token, tuple(Verdict(m.id, MessageEvent.RELEASE) for m in claim.messages))
