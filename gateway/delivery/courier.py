"""
One claim, carried to the partner and back: look up what is unknown, send, split what is refused, decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from threading import Event as Interrupt
from time import perf_counter_ns

from gateway.causes import cause_key
from gateway.delivery.gate import Gate
from gateway.delivery.parcel import Parcel, parcel
from gateway.errors import DeliveryError, Held, OutcomeUnknown, Rejected
from gateway.lifecycle import MessageEvent
from gateway.observe import NOBODY, Event, Observer, get_logger
from gateway.observe.tracing import Spot, span
from gateway.policy import (
    CONNECTOR_FAULT,
    Decision,
    ProbePolicy,
    RetryPolicy,
    after_failed_probe,
    after_failure,
    after_probe,
)
from gateway.ports import Clock, Connector, Delivered, Failed, Message, Operation, Outcome, Previewer
from gateway.rehearsal import prints
from gateway.store.contract import Attempt, Claim, Settled, Verdict

log = get_logger(__name__)

_DEADLY = frozenset({MessageEvent.REJECT, MessageEvent.GIVE_UP})
_DELIVER = MessageEvent.DELIVER

_EXPECTED = frozenset({"delivered", "applied", "absent"})

_OUTCOME_WORD = {
    "Unreachable": "unreachable",
    "Busy": "busy",
    "Faulted": "faulted",
    "AuthenticationFailed": "unauthenticated",
    "Rejected": "rejected",
    "OutcomeUnknown": "unknown",
}


@dataclass(frozen=True)
class Courier:
    """
    Carries claims of one partner. Safe for several threads.

    *report* hears of every call, with the error or None and how long it took; the gate is asked before each one, and
    *permit* when one more call than was allotted may begin.
    """

    connector: Connector
    clock: Clock
    retry: RetryPolicy
    chance: Random
    gate: Gate
    report: Callable[[DeliveryError | None, timedelta], None]
    permit: Callable[[datetime], datetime | None]
    stopping: Callable[[], bool] = field(default=lambda: False)
    probes: ProbePolicy = field(default_factory=ProbePolicy)
    interrupt: Interrupt = field(default_factory=Interrupt)
    observer: Observer = NOBODY

    def carry(self, claims: Sequence[Claim]) -> list[Settled]:
        """
        Settle *claims*: all to look up one by one, or all to send and fit for one call.

        Never raises for what a partner can cause.
        """
        if claims[0].look_up:
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
        A print of the wire form, where the connector can show it in what is left of the lease. It explains a verdict
        and never changes it: without a print a later dry run has nothing to compare with.
        """
        if not isinstance(self.connector, Previewer) or not self._may_call((claim,)):
            return ""
        try:
            return prints(self.connector.preview(message))
        except DeliveryError:
            return ""
        except Exception as exc:  # noqa: BLE001 - whatever a third party raises, the verdict stands.
            self._fault_of_connector(exc)
            return ""

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
            while self.clock.now() < start and not self.stopping():
                self.clock.wait(self.interrupt, start)
        now = self.clock.now()
        ends = now + self.connector.longest_call
        return not self.stopping() and self.gate.open(now, claims[0].start) and ends <= lease_until

    def _send(self, messages: Sequence[Message], claims: Sequence[Claim]) -> list[Verdict]:
        at, begun = self.clock.now(), perf_counter_ns()
        with self._span("call", messages[0]) as spot:
            outcomes = self._deliver(messages)
            took_us = (perf_counter_ns() - begun) // 1000
            error = next((o.error for o in outcomes if isinstance(o, Failed)), None)
            self._tell(messages[0], "call", "delivered" if error is None else _word(error), took_us, spot)
        self.report(error, self._took(at))
        verdicts = self._verdicts(messages, outcomes, at, took_us)
        if error is None:
            return verdicts
        refused = [n for n, o in enumerate(outcomes) if isinstance(o, Failed) and isinstance(o.error, Rejected)]
        one_by_one = self._operation(messages[0]).same_dossier and len(refused) < len(messages)
        if len(refused) > 1 and not one_by_one:
            first = _attempt(outcomes[refused[0]], at, took_us)
            parts = self._split([messages[n] for n in refused], first, claims)
            for n, verdict in zip(refused, parts, strict=True):
                verdicts[n] = verdict
        return verdicts

    def _deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """A fault of the connector itself leaves the outcome unknown: one bad message must not stop the others."""
        try:
            outcomes = self.connector.deliver(messages)
        except Exception as exc:  # noqa: BLE001
            return [Failed(self._fault_of_connector(exc))] * len(messages)
        if len(outcomes) == len(messages):
            return outcomes
        text = f"{len(outcomes)} outcomes for {len(messages)} messages"
        return [Failed(OutcomeUnknown(self.connector.name, CONNECTOR_FAULT, text))] * len(messages)

    def _fault_of_connector(self, fault: Exception) -> OutcomeUnknown:
        """Its text may hold personal values: only the class is shown."""
        name = type(fault).__name__
        log.error(Event.CONNECTOR_FAULT, partner=self.connector.name, error=name)
        return OutcomeUnknown(self.connector.name, CONNECTOR_FAULT, name)

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

    def _verdicts(
        self, messages: Sequence[Message], outcomes: Sequence[Outcome], at: datetime, took_us: int
    ) -> list[Verdict]:
        now = self.clock.now()
        verdicts: list[Verdict] = []
        same_dossier = self._operation(messages[0]).same_dossier
        for message, outcome in zip(messages, outcomes, strict=True):
            attempt = _attempt(outcome, at, took_us)
            if isinstance(outcome, Delivered):
                verdicts.append(Verdict(message.id, _DELIVER, attempts=(attempt,)))
                continue
            if same_dossier and any(v.event is MessageEvent.REJECT for v in verdicts):
                verdicts.append(Verdict(message.id, MessageEvent.RELEASE, attempts=(attempt,)))
                continue
            decision = after_failure(
                outcome.error,
                attempts=message.attempts + 1,
                since=message.accepted_at,
                now=now,
                retry=self.retry,
                chance=self.chance,
                probes=self.probes,
            )
            verdicts.append(_verdict(message, decision, attempt))
        return verdicts

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
                verdicts.extend(Verdict(m.id, MessageEvent.DEFER, not_before=self.clock.now()) for m in rest)
                break
            verdict = self._probe(message, harmless=harmless)
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
            verdict = self._probe(message, harmless=harmless)
        else:
            verdict = Verdict(message.id, MessageEvent.DEFER, not_before=self.clock.now())
        follow = MessageEvent.ABSENT if verdict.event is MessageEvent.ABSENT else MessageEvent.DEFER
        behind = {left.id: Verdict(left.id, follow, not_before=verdict.not_before) for left in sent.left}
        return sent.settled({message.id: verdict, **behind})

    def _probe(self, message: Message, *, harmless: bool) -> Verdict:
        with self._span("probe", message) as spot:
            return self._probed(message, spot, harmless=harmless)

    def _probed(self, message: Message, spot: Spot, *, harmless: bool) -> Verdict:
        at, begun = self.clock.now(), perf_counter_ns()
        try:
            probe = self.connector.probe(message)
        except Held as error:
            not_before = self.clock.now() + (error.retry_after or timedelta(0))
            return Verdict(message.id, MessageEvent.DEFER, not_before=not_before)
        except DeliveryError as error:
            return self._unanswered(message, error, at, begun, spot)
        except Exception as exc:  # noqa: BLE001
            return self._unanswered(message, self._fault_of_connector(exc), at, begun, spot)
        took_us = (perf_counter_ns() - begun) // 1000
        self.report(None, self._took(at))
        attempt = Attempt("probe", at, took_us, probe.finding.name.lower(), "", probe.evidence)
        self._tell(message, "probe", attempt.outcome, took_us, spot)
        decision = after_probe(
            probe, harmless=harmless, since=message.accepted_at, now=self.clock.now(), retry=self.retry
        )
        return _verdict(message, decision, attempt)

    def _unanswered(self, message: Message, error: DeliveryError, at: datetime, begun: int, spot: Spot) -> Verdict:
        took_us = (perf_counter_ns() - begun) // 1000
        self.report(error, self._took(at))
        attempt = Attempt("probe", at, took_us, _word(error), error.code, error.text)
        self._tell(message, "probe", attempt.outcome, took_us, spot)
        decision = after_failed_probe(
            error,
            attempts=message.attempts + 1,
            since=message.accepted_at,
            now=self.clock.now(),
            retry=self.retry,
            chance=self.chance,
            probes=self.probes,
        )
        return _verdict(message, decision, attempt)

    def _span(self, kind: str, message: Message) -> AbstractContextManager[Spot]:
        told = {"partner": message.partner, "operation": message.operation, "key": message.key}
        return span(f"{kind} {message.partner}", "client", told)

    def _tell(self, message: Message, kind: str, outcome: str, took_us: int, spot: Spot) -> None:
        self.observer.called(self.connector.name, message.operation, kind, outcome, took_us)
        spot.note("outcome", outcome)
        if outcome not in _EXPECTED:
            spot.fail(outcome)

    def _took(self, since: datetime) -> timedelta:
        """By the clock that everybody goes by, which may have been set back meanwhile."""
        return max(timedelta(0), self.clock.now() - since)

    def _operation(self, message: Message) -> Operation:
        return self.connector.operations[message.operation]


def _verdict(message: Message, decision: Decision, attempt: Attempt) -> Verdict:
    attempts = () if decision.event is MessageEvent.RELEASE else (attempt,)
    return Verdict(message.id, decision.event, decision.at, decision.code, decision.text, attempts)


def _attempt(outcome: Outcome, at: datetime, took_us: int) -> Attempt:
    if isinstance(outcome, Delivered):
        return Attempt("call", at, took_us, "delivered", "", outcome.note)
    return Attempt("call", at, took_us, _word(outcome.error), outcome.error.code, outcome.error.text)


def _word(error: DeliveryError) -> str:
    return next((_OUTCOME_WORD[t.__name__] for t in type(error).__mro__ if t.__name__ in _OUTCOME_WORD), "failed")


def _with_attempt(verdict: Verdict, first: Attempt) -> Verdict:
    return verdict._replace(attempts=(first, *verdict.attempts))


def _give_back(claim: Claim) -> Settled:
    return Settled(claim.lane, claim.token, tuple(Verdict(m.id, MessageEvent.RELEASE) for m in claim.messages))
