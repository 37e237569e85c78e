"""
Takes in what partners tell us: let in or turned away, stored before anything is done, answered within a moment.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Slow
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256

import orjson

from gateway.callbacks.guard import Guard
from gateway.callbacks.processing import GRACE, NOWHERE, Processing
from gateway.callbacks.rates import SourceRates
from gateway.callbacks.strangers import Strangers
from gateway.config.callbacks import CallbackSettings
from gateway.errors import ConfigurationError, Problem, StoreError
from gateway.notices import Naming, PartnerCall, Placed, Questioned, Refusing, Why
from gateway.observe import Event, get_logger
from gateway.policy import RateLimit
from gateway.ports import Clock, Connector, Receiver, Reply, Said
from gateway.store import notices
from gateway.store.audit import Act, append
from gateway.store.base import SqlStore
from gateway.store.views import Notice, TurnedAway

log = get_logger(__name__)

MOST_AT_ONCE = 4
"""Notices that one process works on at a time for requests; the rest wait in the store."""

_STATUS: Mapping[Why, int] = {Why.FORGED: 401, Why.TOO_MANY: 429, Why.CONFLICT: 409}


class Callbacks:
    """
    The one way in for partners' calls, for all *connectors* that are ``Receiver``. Safe for several threads.

    *settings* by partner say who may call; partners without are not called from outside.
    """

    def __init__(
        self,
        store: SqlStore,
        connectors: Sequence[Connector],
        clock: Clock,
        settings: Mapping[str, CallbackSettings | None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="notices")
        self._strangers = Strangers(store)
        self._processing = Processing(store, clock)
        self.reconfigure(connectors, settings)

    def reconfigure(self, connectors: Sequence[Connector], settings: Mapping[str, CallbackSettings | None]) -> None:
        """
        Go on with these; calls under way end with those that they began with, or with these. Raises
        ``ConfigurationError`` when two partners would call at the same place; then nothing has changed.
        """
        receivers = {each.name: each for each in connectors if isinstance(each, Receiver)}
        self._places = _places({name: each for name, each in receivers.items() if settings.get(name) is not None})
        self._connectors = list(connectors)
        self._receivers = receivers
        self._settings = {name: settings.get(name) or CallbackSettings() for name in self._receivers}
        self._guards = {name: Guard(settings.get(name), each) for name, each in self._receivers.items()}
        self._rates = {name: SourceRates(_rate(said)) for name, said in self._settings.items()}
        most = {name: said.most_attempts for name, said in self._settings.items()}
        self._processing.go_by(self._connectors, self._receivers, most)

    def close(self) -> None:
        """What is being processed comes to its end; what waits stays in the store."""
        self._pool.shutdown(cancel_futures=True)
        with suppress(StoreError):
            self._strangers.tell(self._clock.now())

    @property
    def places(self) -> Mapping[str, str]:
        """Those partners that may call from outside, by the paths where their contracts let them."""
        return self._places

    def may_call(self, partner: str) -> bool:
        """Whether *partner* may call from outside at all."""
        return partner in self._guards and self._guards[partner].is_set

    def most_bytes(self, partner: str) -> int:
        """How long a body of *partner* may be."""
        return self._settings[partner].max_body_bytes

    def turned_away(self, partner: str, call: PartnerCall) -> Reply | None:
        """The refusal of a call whose body is not worth reading, or none. *call* has no content yet."""
        now = self._clock.now()
        if not self._rates[partner].admits(call.source, now):
            return self._refused(partner, call, Why.TOO_MANY, now)
        if not self._guards[partner].admits_head(call, now):
            return self._refused(partner, call, Why.FORGED, now)
        return None

    def take(self, partner: str, call: PartnerCall) -> Reply | None:
        """
        Take in a whole *call* that ``turned_away`` let pass, and answer within a moment: when its processing is not
        done by then, it goes on. None when the partner has no such service, or is no longer configured. Raises
        ``StoreError``: nothing was kept.
        """
        now = self._clock.now()
        guard, said = self._guards.get(partner), self._settings.get(partner)
        if guard is None or said is None:
            # It went while the body was read.
            return None
        if not guard.admits(call, now):
            return self._refused(partner, call, Why.FORGED, now)
        return self._taken(partner, call, patience_s=said.answer_s)

    def accept(self, partner: str, call: PartnerCall) -> Reply | None:
        """The same for a *call* whose sender is known, and answered when it is processed, however long that takes."""
        return self._taken(partner, call, patience_s=None)

    def run(self, stop: threading.Event) -> None:
        """Process what others left behind, again and again until *stop* is set."""
        self._processing.run(stop)

    def work_off(self) -> int:
        """Process notices that should have been processed by now, one chunk of them; how many were tried."""
        return self._processing.work_off()

    def recall(self) -> int:
        """Make those due whose dossier came after them, or may have, one chunk of them; how many."""
        return self._processing.recall()

    def waiting(self) -> Mapping[str, int]:
        """How many notices of each partner, configured or not, are still to be processed."""
        with self._store.reading() as sql:
            return notices.waiting(sql)

    def parked(self) -> Mapping[str, Sequence[int]]:
        """Numbers of the notices that failed so often that they wait for a person, by partner."""
        found: dict[str, list[int]] = {}
        with self._store.reading() as sql:
            for id_, partner in notices.parked(sql):
                found.setdefault(partner, []).append(id_)
        return found

    def try_again(self, ids: Collection[int] | None, *, actor: str, reason: str = "") -> list[int]:
        """
        Make the parked notices *ids* due again, all of them without; audited. Which were: whoever runs processes them.
        """
        now = self._clock.now()
        with self._store.writing() as sql:
            wanted = [id_ for id_, _ in notices.parked(sql) if ids is None or id_ in ids]
            for id_ in wanted:
                notices.unpark(sql, id_, now)
                append(sql, Act(actor, now, reason), "try-notice-again", str(id_))
        return wanted

    def newest(self, want: int = 100) -> list[Notice]:
        """The newest notices, newest first."""
        with self._store.reading() as sql:
            return notices.newest(sql, want)

    def strangers(self, want: int = 100) -> list[TurnedAway]:
        """Who was turned away lately, newest first."""
        self._strangers.tell(self._clock.now())
        with self._store.reading() as sql:
            return notices.strangers(sql, want)

    def _taken(self, partner: str, call: PartnerCall, *, patience_s: float | None) -> Reply | None:
        receiver = self._receivers[partner]
        if isinstance(receiver, Questioned) and receiver.is_question(call.path):
            return self._answered(partner, call)
        now = self._clock.now()
        if _NUL in call.path:
            return None
        event_id = receiver.event_id(call.path, call.content) if isinstance(receiver, Naming) else None
        with self._store.writing() as sql:
            arrival = notices.arrive(sql, partner, call, _bearable(event_id), now, now + GRACE)
            if not arrival.same:
                refusal = self._refusal(partner, call.path, Why.CONFLICT)
                notices.finish(sql, partner, arrival.id, refusal, now)
                log.warning(Event.NOTICE_CONFLICT, partner=partner, notice=arrival.id)
                return refusal
        if arrival.first is not None:
            return arrival.first
        done = self._done(partner, arrival.id, patience_s) or _meanwhile(receiver, call.path)
        return None if done is NOWHERE else done

    def _done(self, partner: str, id_: int, patience_s: float | None) -> Reply | None:
        """The answer to a stored notice, or none while it is being processed or that failed."""
        if patience_s is None:
            return self._processing.process(partner, id_)
        try:
            return self._pool.submit(self._processing.process, partner, id_).result(patience_s)
        except (Slow, RuntimeError):
            # RuntimeError: the pool is closed, for this process ends; the notice waits for the next one.
            return None

    def _answered(self, partner: str, call: PartnerCall) -> Reply | None:
        """The answer to a question; reading a dossier is audited."""
        now = self._clock.now()
        with self._store.receiving(partner, self._connectors, now=now) as inbox:
            reply = self._receivers[partner].receive(call.path, call.content, inbox, now)
            if reply is not None and reply.dossier is not None:
                append(inbox.sql, Act(f"partner:{partner}", now), "read", reply.dossier.key)
        return reply

    def _refused(self, partner: str, call: PartnerCall, why: Why, now: datetime) -> Reply:
        with suppress(StoreError):
            self._strangers.note(partner, why, call.source, now)
        return self._refusal(partner, call.path, why)

    def _refusal(self, partner: str, path: str, why: Why) -> Reply:
        receiver = self._receivers[partner]
        if isinstance(receiver, Refusing):
            return receiver.refusal(path, why)
        said = Said.CONFLICT if why is Why.CONFLICT else Said.REFUSED
        return Reply(_STATUS[why], "application/json", orjson.dumps({"error": why.value}), said)


_NUL = "\0"
_LONGEST_ID = 200
_ACCEPTED = Reply(202, "application/json", b'{"accepted":true}')


def _meanwhile(receiver: Receiver, path: str) -> Reply:
    return receiver.meanwhile(path) if isinstance(receiver, Refusing) else _ACCEPTED


def _bearable(event_id: str | None) -> str | None:
    """*event_id* as any database can keep it and look it up: an endless or unprintable one by its print."""
    if event_id is None or (len(event_id) <= _LONGEST_ID and _NUL not in event_id):
        return event_id
    return f"sha256:{sha256(event_id.encode(errors='surrogatepass')).hexdigest()}"


def _places(receivers: Mapping[str, Receiver]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, receiver in receivers.items():
        for place in receiver.places if isinstance(receiver, Placed) else ():
            if found.setdefault(place, name) != name:
                raise _shared(place, found[place], name)
    return found


def _rate(said: CallbackSettings) -> RateLimit:
    return RateLimit(said.rate, timedelta(seconds=said.per_s), said.burst)


def _shared(place: str, one: str, other: str) -> ConfigurationError:
    return ConfigurationError(
        [
            Problem(
                f"partners.{other}.callbacks",
                f"{place} đã là nơi gọi của / is already where {one} calls",
                f"Bỏ [partners.{other}.callbacks] hoặc của {one}, đối tác đó gọi /callbacks/… / Take one of them out",
            )
        ]
    )
