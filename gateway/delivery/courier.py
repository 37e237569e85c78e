"""
One claim, carried to the partner and back: look up what is unknown, send, split what is refused, decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from time import perf_counter_ns

from gateway.delivery.gate import Gate
from gateway.errors import DeliveryError, Held, OutcomeUnknown, Rejected
from gateway.lifecycle import MessageEvent
from gateway.observe import Event, get_logger
from gateway.policy import Decision, RetryPolicy, after_failed_probe, after_failure, after_probe
from gateway.ports import Clock, Connector, Delivered, Failed, Message, Operation, Outcome
from gateway.store.contract import Attempt, Claim, Settled, Verdict

log = get_logger(__name__)

CONNECTOR_FAULT = "connector-fault"

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

    *report* hears of every call, with the error or None; the gate is asked before each one.
    """

    connector: Connector
    clock: Clock
    retry: RetryPolicy
    chance: Random
    gate: Gate
    report: Callable[[DeliveryError | None], None]
    stopping: Callable[[], bool] = field(default=lambda: False)

    def carry(self, claims: Sequence[Claim]) -> list[Settled]:
        """
        Settle *claims*: all to look up one by one, or all to send and fit for one call.

        Never raises for what a partner can cause.
        """
        if claims[0].look_up:
            return [self._look_up(claim) for claim in claims]
        if not self._may_call(claims):
            return [_give_back(claim) for claim in claims]
        messages = [message for claim in claims for message in claim.messages]
        verdicts = self._send(messages, claims)
        settled, at = [], 0
        for claim in claims:
            count = len(claim.messages)
            settled.append(Settled(claim.lane, claim.token, tuple(verdicts[at : at + count])))
            at += count
        return settled

    def _may_call(self, claims: Sequence[Claim]) -> bool:
        """Not while stopping or held, and only when the call must end before the lease does."""
        now = self.clock.now()
        ends = now + self.connector.longest_call
        return not self.stopping() and self.gate.open(now) and all(ends <= claim.lease_until for claim in claims)

    def _send(self, messages: Sequence[Message], claims: Sequence[Claim]) -> list[Verdict]:
        at, begun = self.clock.now(), perf_counter_ns()
        outcomes = self._deliver(messages)
        took_us = (perf_counter_ns() - begun) // 1000
        error = next((o.error for o in outcomes if isinstance(o, Failed)), None)
        self.report(error)
        verdicts = self._verdicts(messages, outcomes, at, took_us)
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
            if blocked or not self._may_call(claims):
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
                verdicts.append(Verdict(message.id, MessageEvent.DELIVER, attempts=(attempt,)))
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
        harmless = self._operation(claim.messages[0]).harmless
        for n, message in enumerate(claim.messages):
            if not self._may_call((claim,)):
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

    def _probe(self, message: Message, *, harmless: bool) -> Verdict:
        at, begun = self.clock.now(), perf_counter_ns()
        try:
            probe = self.connector.probe(message)
        except Held as error:
            not_before = self.clock.now() + (error.retry_after or timedelta(0))
            return Verdict(message.id, MessageEvent.DEFER, not_before=not_before)
        except DeliveryError as error:
            return self._unanswered(message, error, at, begun)
        except Exception as exc:  # noqa: BLE001
            return self._unanswered(message, self._fault_of_connector(exc), at, begun)
        self.report(None)
        took_us = (perf_counter_ns() - begun) // 1000
        attempt = Attempt("probe", at, took_us, probe.finding.name.lower(), "", probe.evidence)
        decision = after_probe(
            probe, harmless=harmless, since=message.accepted_at, now=self.clock.now(), retry=self.retry
        )
        return _verdict(message, decision, attempt)

    def _unanswered(self, message: Message, error: DeliveryError, at: datetime, begun: int) -> Verdict:
        self.report(error)
        attempt = Attempt("probe", at, (perf_counter_ns() - begun) // 1000, _word(error), error.code, error.text)
        decision = after_failed_probe(
            error,
            attempts=message.attempts + 1,
            since=message.accepted_at,
            now=self.clock.now(),
            retry=self.retry,
            chance=self.chance,
        )
        return _verdict(message, decision, attempt)

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
    return Verdict(
        verdict.message, verdict.event, verdict.not_before, verdict.code, verdict.text, (first, *verdict.attempts)
    )


def _give_back(claim: Claim) -> Settled:
    return Settled(claim.lane, claim.token, tuple(Verdict(m.id, MessageEvent.RELEASE) for m in claim.messages))
