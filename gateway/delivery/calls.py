"""
One call to a partner, or one question: whatever comes of it, whatever the connector raises, there is a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from time import perf_counter_ns
from typing import Final, NamedTuple

from gateway.errors import DeliveryError, Held, OutcomeUnknown, Rejected
from gateway.lifecycle import MessageEvent
from gateway.observe import Event, Observer, get_logger
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
from gateway.ports import Clock, Connector, Delivered, Failed, Message, Outcome, Previewer
from gateway.rehearsal import prints
from gateway.store.contract import Attempt, Verdict

log = get_logger(__name__)

_DELIVER = MessageEvent.DELIVER

_EXPECTED = frozenset({"delivered", "applied", "absent"})

OUTCOME_WORDS: Final = {
    "Unreachable": "unreachable",
    "Busy": "busy",
    "Faulted": "faulted",
    "AuthenticationFailed": "unauthenticated",
    "Rejected": "rejected",
    "OutcomeUnknown": "unknown",
}
"""How an attempt says the class of an error."""


class Sent(NamedTuple):
    """What came of one call: a verdict for each message, and which messages were *refused*, by their numbers."""

    verdicts: list[Verdict]
    refused: Sequence[int] = ()


@dataclass(frozen=True)
class Calls:
    """
    Calls to one partner. Safe for several threads.

    *report* hears of every call, with the error or None and how long it took.
    """

    connector: Connector
    clock: Clock
    retry: RetryPolicy
    probes: ProbePolicy
    chance: Random
    report: Callable[[DeliveryError | None, timedelta], None]
    observer: Observer

    def send(self, messages: Sequence[Message], *, same_dossier: bool) -> Sent:
        """Tell the partner within one call. With *same_dossier* what failed behind a refusal is given back."""
        at, begun = self.clock.now(), perf_counter_ns()
        with _span("call", messages[0]) as spot:
            outcomes = self._deliver(messages)
            took_us = (perf_counter_ns() - begun) // 1000
            error = next((o.error for o in outcomes if isinstance(o, Failed)), None)
            self._tell(messages[0], "call", "delivered" if error is None else _word(error), took_us, spot)
        self.report(error, self._took(at))
        verdicts = self._verdicts(messages, outcomes, at, took_us, same_dossier=same_dossier)
        if error is None:
            return Sent(verdicts)
        refused = [n for n, o in enumerate(outcomes) if isinstance(o, Failed) and isinstance(o.error, Rejected)]
        return Sent(verdicts, refused)

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

    def _verdicts(
        self,
        messages: Sequence[Message],
        outcomes: Sequence[Outcome],
        at: datetime,
        took_us: int,
        *,
        same_dossier: bool,
    ) -> list[Verdict]:
        now = self.clock.now()
        verdicts: list[Verdict] = []
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

    def probe(self, message: Message, *, harmless: bool) -> Verdict:
        """Ask whether *message* had its effect; *harmless* says that it may be sent again where nobody can tell."""
        with _span("probe", message) as spot:
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

    def print(self, message: Message) -> str:
        """A print of the wire form, where the connector can show it; else ""."""
        if not isinstance(self.connector, Previewer):
            return ""
        try:
            return prints(self.connector.preview(message))
        except DeliveryError:
            return ""
        except Exception as exc:  # noqa: BLE001 - whatever a third party raises, the verdict stands.
            self._fault_of_connector(exc)
            return ""

    def _fault_of_connector(self, fault: Exception) -> OutcomeUnknown:
        """Its text may hold personal values: only the class is shown."""
        name = type(fault).__name__
        log.error(Event.CONNECTOR_FAULT, partner=self.connector.name, error=name)
        return OutcomeUnknown(self.connector.name, CONNECTOR_FAULT, name)

    def _tell(self, message: Message, kind: str, outcome: str, took_us: int, spot: Spot) -> None:
        self.observer.called(self.connector.name, message.operation, kind, outcome, took_us)
        spot.note("outcome", outcome)
        if outcome not in _EXPECTED:
            spot.fail(outcome)

    def _took(self, since: datetime) -> timedelta:
        """By the clock that everybody goes by, which may have been set back meanwhile."""
        return max(timedelta(0), self.clock.now() - since)


def _span(kind: str, message: Message) -> AbstractContextManager[Spot]:
    told = {"partner": message.partner, "operation": message.operation, "key": message.key}
    return span(f"{kind} {message.partner}", "client", told)


def _verdict(message: Message, decision: Decision, attempt: Attempt) -> Verdict:
    attempts = () if decision.event is MessageEvent.RELEASE else (attempt,)
    return Verdict(message.id, decision.event, decision.at, decision.code, decision.text, attempts)


def _attempt(outcome: Outcome, at: datetime, took_us: int) -> Attempt:
    if isinstance(outcome, Delivered):
        return Attempt("call", at, took_us, "delivered", "", outcome.note)
    return Attempt("call", at, took_us, _word(outcome.error), outcome.error.code, outcome.error.text)


def _word(error: DeliveryError) -> str:
    return next((OUTCOME_WORDS[t.__name__] for t in type(error).__mro__ if t.__name__ in OUTCOME_WORDS), "failed")
