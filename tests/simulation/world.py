"""
One simulated province: its machine, the portal, the sources, an operator, and what goes wrong with all of them.

One seed decides everything. Nothing here knows how the gateway works inside; it sees calls, commits and the portal.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any

from connectors.mocks import Request
from connectors.national_portal.connector import NationalPortal
from connectors.national_portal.dialect import lists
from connectors.national_portal.mock import Account, Portal, ProcedureSeed, Settings
from connectors.national_portal.mock.outbound import promotion
from gateway.errors import StoreError
from gateway.lifecycle import MessageEvent
from gateway.model import Change, DossierCode, ProcessingStep
from gateway.policy import EXPIRED, UNDECIDABLE, Control, PartnerState
from gateway.ports import Message, Receipt
from gateway.store.contract import Settled, Turn
from tests.portal_scripts import PASSWORD, portal_settings
from tests.simulation import ending, proof, sources
from tests.simulation import plan as plans
from tests.simulation.audit import Audit
from tests.simulation.bearing import Bearing
from tests.simulation.clock import MachineClock
from tests.simulation.databases import Database
from tests.simulation.flaws import Flaw
from tests.simulation.person import Operator
from tests.simulation.process import LONGEST_WAIT, Errand, Process
from tests.simulation.scheduler import Scheduler
from tests.simulation.stores import WatchedStore
from tests.simulation.trouble import Trouble

MOST_STEPS = 60_000
"""A world that is not at rest by then never will be."""

_DECIDED = {
    MessageEvent.REQUEUE: "requeued",
    MessageEvent.LOOK_UP: "asked-again",
    MessageEvent.CANCEL: "cancelled",
    MessageEvent.RESOLVE: "resolved",
}
_REFUSALS = frozenset({"1", "unknown-procedure"})


class World:
    """
    Built from a seed and an empty *database*. ``run`` lets everything happen, ``findings`` says what was wrong.
    """

    def __init__(self, seed: int, database: Database, flaw: Flaw | None = None) -> None:
        self.plan = plans.draw(seed)
        self.database = database
        self.flaw = flaw or Flaw()
        self.chance = Random(f"world {seed}")
        self.clock = MachineClock()
        self.scheduler = Scheduler(self.clock)
        self.audit = Audit(database)
        self.facts = proof.Facts()
        self.findings = proof.Findings()
        self.count: Counter[str] = Counter()
        self.trace: list[tuple[float, str]] = []
        self.on_the_wire = 0
        self.trouble = Trouble(self)
        self._under_way: dict[str, Errand] = {}
        self._sent: dict[int, _Sent] = {}
        self.connector_settings = portal_settings(
            steps_per_call=self.plan.steps_per_call,
            dossiers_per_call=self.plan.dossiers_per_call,
            timeline_deduplicated=not self.plan.strict,
            outcome_repeatable=not self.plan.strict,
            coalesce_headers=self.plan.coalesce,
        )
        self.bearing = Bearing(self.plan)
        self.portal = self._portal()
        self._routes = [NationalPortal("cong", self.connector_settings)]
        self.store = WatchedStore(self, None)
        self.operator = Operator(self, self.store)
        self.locals = sources.locals_of(self.plan, self.chance)
        self._foreigners = sources.foreigners_of(self.plan, self.chance)
        self._poison = frozenset().union(*(local.poison for local in self.locals))
        self._lives = itertools.count(1)
        self._processes = [Process(self, number, next(self._lives)) for number in range(self.plan.processes)]

    def _portal(self) -> Portal:
        numbers = itertools.count(1)
        portal = Portal(
            Settings(
                stall_s=60.0,
                retry_after_grace_s=1e9,
                step_text="filled",
                repeated_steps="counted" if self.plan.strict else "ignored",
                keep_requests=0,
                **self.plan.portal,
            ),
            _PortalTime(self.clock),
            new_session=lambda: f"session-{next(numbers)}",
        )
        portal.add_account(Account.of_province("H99", PASSWORD))
        portal.add_procedures([ProcedureSeed(sources.PUBLISHED, "Thủ tục ví dụ", "G15-HT01", "Hộ tịch")])
        return portal

    # The story

    def run(self) -> None:
        """Let the storm pass, then let everything heal, and look at what is there."""
        for local in self.locals:
            self._submit_in_order(local.submissions)
        for foreign in self._foreigners:
            self.scheduler.after(self.chance.random() * 10, self._later(self._file, foreign))
        for process in self._processes:
            process.wake(self.chance.random())
        self.trouble.plan()
        self.scheduler.after(self.plan.duration_s + self.plan.outage_s, self._heal)
        rested = self.scheduler.run(MOST_STEPS)
        if rested and self.plan.mended:
            rested = self._mend()
        if not rested:
            self.violated("the world does not come to rest")
        ending.prove(self)

    def close(self) -> None:
        for process in self._processes:
            if process.alive:
                process.alive = False
                process.store.close()
        self.store.close()
        self.database.close()

    def _later(self, act: Any, *arguments: Any) -> Any:
        return lambda: act(*arguments)

    def _submit_in_order(self, submissions: Sequence[sources.Submission]) -> None:
        """What is told of one dossier, each in its time and after the one before."""
        if submissions:
            began_s = self.clock.elapsed_s
            self.scheduler.after(submissions[0].after_s, self._later(self._submit, submissions, began_s))

    def _submit(self, submissions: Sequence[sources.Submission], began_s: float) -> None:
        """A source that hears of an error submits the same again later."""
        first, rest = submissions[0], submissions[1:]
        try:
            receipts = self.store.accept(first.changes, self._routes, now=self.clock.now())
        except StoreError as error:
            self.note(f"a source hears of {type(error).__name__}")
            self.scheduler.after(1 + self.chance.random() * 30, self._later(self._submit, submissions, began_s))
            return
        refused = [receipt for receipt in receipts if receipt.refusal is not None]
        if refused and not first.refusable:
            self.violated(f"{refused[0].dossier.key}: refused: {type(refused[0].refusal).__name__}")
        self.wake_all()
        if rest:
            delay_s = began_s + rest[0].after_s - self.clock.elapsed_s
            self.scheduler.after(delay_s, self._later(self._submit, rest, began_s))

    def _file(self, foreign: sources.Foreign) -> None:
        """A business files on the portal, which tells the province until it hears a good answer."""
        sent = self.portal.send(promotion(foreign.promotion), "http://127.0.0.1", self._take_in)[0]
        self.note(f"the portal tells of {foreign.code.key}: {sent.status} {sent.error_code}")
        if sent.error_code not in ("0", "1"):
            self.scheduler.after(1 + self.chance.random() * 30, self._later(self._file, foreign))
            return
        self._submit_in_order(foreign.submissions)

    def _take_in(self, url: str, body: bytes) -> tuple[int, bytes]:
        """The province's side of a call from the portal; the call or its answer may be lost."""
        if self.trouble.strikes(self.plan.fault_rate / 2):
            self.count["call-lost"] += 1
            raise ConnectionError
        now = self.clock.now()
        try:
            with self.store.receiving("cong", self._routes, now=now) as inbox:
                reply = self._routes[0].receive(url.rpartition("/")[2], body, inbox, now)
        except StoreError:
            return 503, b""
        assert reply is not None
        self.wake_all()
        if self.trouble.strikes(self.plan.fault_rate / 2):
            self.count["reply-lost"] += 1
            raise ConnectionError
        return reply.status, reply.body

    def wake_all(self) -> None:
        for process in self._processes:
            if process.alive:
                process.wake(self.chance.random() * 0.5)

    def _heal(self) -> None:
        """Nothing goes wrong from here on."""
        self.note("the storm is over")
        self.trouble.over = True
        self.trouble.unlock()
        self.operator.resume_all()
        if self.plan.mended:
            self._publish()
        self.wake_all()

    def _publish(self) -> None:
        self.portal.add_procedures([ProcedureSeed(sources.UNPUBLISHED, "Thủ tục mới", "G15-HT01", "Hộ tịch")])

    def _mend(self) -> bool:
        """Somebody sees to every dead letter that can be helped."""
        for _ in range(50):
            helped = [row for row in self.audit.states() if row[3] == "dead" and self.operator.may_be_helped(row)]
            if not helped:
                return True
            for row in helped:
                # By then nobody believes any more what the portal said of a procedure before it was published.
                self.scheduler.after(400, self._later(self.operator.help, row))
            if not self.scheduler.run(MOST_STEPS):
                return False
        return True

    def note(self, text: str) -> None:
        self.trace.append((self.clock.elapsed_s, text))

    def violated(self, text: str) -> None:
        self.note(f"VIOLATION {text}")
        self.findings.violations.append(text)

    # What parts of the world report

    def portal_asked(self, errand: Errand, request: Request) -> None:
        """A request is about to arrive."""
        self.count["calls"] += 1
        if self.plan.strict and lists.TIMELINE.encode() in request.body:
            message = errand.claims[0].messages[0]
            record = self.portal.dossier(message.dossier)
            before = None if record is None else record.status
            self._sent[message.id] = _Sent(errand.process, before, message.late)

    def answered(self, messages: Sequence[Message]) -> None:
        """The outcome is known, so nobody needs to remember what was there before."""
        for message in messages:
            self._sent.pop(message.id, None)

    def begin(self, errand: Errand, messages: Sequence[Message]) -> None:
        """A courier turns to the portal: nobody else may be there for the same dossier on a lease that lives."""
        now, process = self.clock.now(), errand.process
        if process.hold_until is not None and now < process.hold_until:
            self.violated(f"{process.name} calls although it knows that the partner is held")
        for message in messages:
            other = self._under_way.get(message.dossier)
            if other is not None and other is not errand and other.lives(now) and errand.lives(now):
                self.violated(f"{process.name} and {other.process.name} call for {message.dossier} at once")
            self._under_way[message.dossier] = errand
        live = {id(other): other for other in self._under_way.values() if other.lives(now)}
        for text in self.bearing.begins(errand, messages, now, self.clock.elapsed_s, live.values()):
            self.violated(text)

    def end(self, errand: Errand) -> None:
        self._under_way = {key: other for key, other in self._under_way.items() if other is not errand}

    def exchanged(
        self,
        process: Process,
        now: datetime,
        settled: Sequence[Settled],
        live: Sequence[Settled],
        state: PartnerState | None,
        turn: Turn,
        *,
        asked: bool,
    ) -> None:
        """One exchange was committed; *asked*: the process hears of orders too."""
        for other in self._processes:
            for errand in other.running:
                errand.lease_over = errand.lease_over or not errand.lives(now)
        wrong = self.audit.after_exchange(process.name, now, settled, live, process.finished, state, turn)
        wrong += self.bearing.claimed(process.name, now, turn.claims, self.clock)
        process.knows = self.bearing.known if asked else replace(process.knows, paused=self.bearing.paused)
        for text in wrong:
            self.violated(text)
        for item in live:
            for verdict in item.verdicts:
                self.note(f"{process.name} records {verdict.event.value} of message {verdict.message} {verdict.code}")
                if verdict.event in (MessageEvent.REJECT, MessageEvent.GIVE_UP):
                    self._judge_dead_letter(process, verdict.message, verdict.event, verdict.code)
        for claim in turn.claims:
            ids = [message.id for message in claim.messages]
            what = "look up" if claim.look_up else claim.messages[0].operation
            self.note(f"{process.name} claims {ids} of {claim.messages[0].dossier} to {what}, token {claim.token}")
        process.recorded(live)
        process.hold_until = self.audit.hold_until

    def _judge_dead_letter(self, process: Process, message: int, event: MessageEvent, code: str) -> None:
        """Whether the plan of this world explains that *message* is given to a person."""
        key = self.audit.dossier_of(message)
        effect = self.effect_of(message, key)
        local = next((each for each in self.locals if each.code.key == key), None)
        poison = effect is not None and effect[0] == "step" and effect[-1] == ""
        unpublished = local is not None and local.unpublished and effect is not None and effect[0] == "header"
        if code in _REFUSALS and (poison or unpublished):
            return
        given_up = code == EXPIRED or (code == UNDECIDABLE and event is MessageEvent.GIVE_UP)
        if given_up and self.clock.now() + LONGEST_WAIT > self.audit.since(message) + self.plan.horizon:
            return
        if code == UNDECIDABLE and self.plan.strict and event is MessageEvent.GIVE_UP:
            sent = self._sent.get(message)
            if sent is None or not sent.can_be_told(process, effect):
                return
        self.violated(f"{key}: message {message} dies of «{code}» for no reason of this world")

    def accepted(self, given: Iterable[tuple[Change, Receipt]]) -> None:
        for change, receipt in given:
            wrong = self.facts.note(change, receipt)
            if wrong is not None:
                self.violated(wrong)
            word = "refused" if receipt.refusal else "known" if receipt.duplicate else f"version {receipt.version}"
            kept = ", kept back" if receipt.kept_back else ""
            self.note(f"{change.source} tells {change.body.kind} of {change.dossier.key}: {word}{kept}")
        for text in self.audit.after_accept():
            self.violated(text)

    def decided(self, done: Mapping[int, MessageEvent], asked: Collection[int]) -> None:
        """An operator decided about the letters *asked*; *done* is what became of which message."""
        for event, count in Counter(done.values()).items():
            self.count[_DECIDED[event]] += count
            self.note(f"an operator: {event.value} {[id_ for id_, each in done.items() if each is event]}")
        for text in (*self.audit.after_decision(done), *self._kept_back(done, asked)):
            self.violated(text)

    def _kept_back(self, done: Mapping[int, MessageEvent], asked: Collection[int]) -> Iterator[str]:
        """What else is wrong with messages that went with those that were *asked* about."""
        for message in done.keys() - set(asked):
            self.count["kept-back"] += 1
            told, place = self.facts.by_key[self.audit.dossier_of(message)], self.audit.place_of(message)
            if not told.late[place] or not isinstance(told.bodies[place], ProcessingStep):
                yield f"message {message} goes with {sorted(asked)} and is no late step"

    def paused(self, dossier: DossierCode | None, *, paused: bool) -> None:
        word = "pauses" if paused else "resumes"
        self.note(f"an operator {word} {'the partner' if dossier is None else dossier.key}")
        self.count["paused" if dossier is None else "lane-paused"] += paused
        if dossier is None:
            self.bearing.paused = paused
        elif paused:
            self.bearing.paused_lanes.add(dossier.key)
        else:
            self.bearing.paused_lanes.discard(dossier.key)
        self._after_order()

    def ordered(self, control: Control) -> None:
        self.note(f"an operator orders {control.text()}")
        self.count["orders"] += 1
        self.bearing.order(control)
        self._after_order()

    def _after_order(self) -> None:
        for text in self.audit.after_order():
            self.violated(text)

    def permitted(self, errand: Errand, start: datetime) -> None:
        """One more call for *errand*."""
        at_s = self.clock.second_of(start)
        errand.allotted.starts.append(at_s)
        self.bearing.allot(at_s)

    def died(self, process: Process) -> None:
        """Somebody starts it again."""

        def start() -> None:
            born = Process(self, process.number, next(self._lives))
            self._processes[process.number] = born
            self.note(f"{born.name} starts")
            born.wake(0)

        self.scheduler.after(0.1 + self.chance.random() * self.chance.choice([1, 90]), start)

    # The proof

    def effect_of(self, message: int, key: str) -> proof.Effect | None:
        """What a message tells, by its place in its lane: one message for each told fact."""
        effects = self.facts.by_key[key].effects
        place = self.audit.place_of(message)
        return effects[place] if place < len(effects) else None


@dataclass(frozen=True, slots=True)
class _Sent:
    """A step whose answer is open: who sent it, and the status that the portal showed before."""

    sender: Process
    before: int | None
    late: bool

    def can_be_told(self, process: Process, effect: proof.Effect | None) -> bool:
        """Whether *process* saw the status before it, and the step must have moved that."""
        moved = effect is not None and effect[0] == "step" and effect[2] != str(self.before)
        return self.sender is process and self.before is not None and not self.late and moved


class _PortalTime:
    """The portal's own clock, which nobody sets."""

    def __init__(self, clock: MachineClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.true()
