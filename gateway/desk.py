"""
The operator's desk: what waits for a person, why, who can mend it, and the person's decision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.choice import EVERYTHING, Choice, Group, chosen, grouped
from gateway.errors import DeliveryError, InvalidInput
from gateway.model.text import squeeze
from gateway.observe import Event, get_logger, redact_text
from gateway.policy import CONNECTOR_FAULT
from gateway.ports import Advice, Clock, Connector, Previewer
from gateway.rehearsal import Comparison, compare
from gateway.remedies import advise
from gateway.store.audit import Act
from gateway.store.letters import Buried
from gateway.store.views import DeadLetter

log = get_logger(__name__)

CHUNK = 500
"""So many letters are decided in one transaction: workers need the database meanwhile."""

LONGEST_REASON = 500


class Letters(Protocol):
    """What the desk asks of the store."""

    def dead_letters(self) -> list[DeadLetter]: ...

    def buried(self, id_: int) -> Buried | None: ...

    def requeue(
        self,
        ids: Sequence[int],
        *,
        now: datetime,
        apart: timedelta = timedelta(0),
        after: timedelta = timedelta(0),
        actor: str = "",
        reason: str = "",
        not_there: bool = False,
    ) -> list[int]: ...

    def cancel(self, ids: Sequence[int], act: Act) -> list[int]: ...

    def resolve(self, ids: Sequence[int], act: Act) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Cause:
    """
    Dead letters that are mended together: how many, since when, how many messages wait behind them, what the partner
    said to the oldest, and who can do what about it.
    """

    cause: str
    count: int
    waiting_behind: int
    since: datetime
    text: str
    owner: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """
    A dead letter as it would be sent now.

    Either *form* says how it would look, personal values masked, and what is other than at the failure; or *refusal*
    says why it would be refused before anything is sent; or neither: its connector cannot show it.
    """

    letter: DeadLetter
    form: Comparison | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Requeued:
    """The letters that will be tried again; their lanes open one after the other, the last *opened_by* then."""

    ids: tuple[int, ...]
    opened_by: datetime


class Desk:
    """
    Dead letters for operators. Safe for several threads; each deed enters the audit with its actor and reason.

    A letter about which somebody else has decided meanwhile is left alone. Without *connectors* the advice is general
    and nothing can be rehearsed.
    """

    def __init__(self, store: Letters, connectors: Sequence[Connector], clock: Clock, *, per_minute: int) -> None:
        self._store = store
        self._connectors = {connector.name: connector for connector in connectors}
        self._clock = clock
        self._per_minute = per_minute

    def letters(self, choice: Choice = EVERYTHING) -> list[DeadLetter]:
        """The letters that *choice* means, oldest first. Raises ``InvalidInput`` when it names what is not there."""
        return chosen(self._store.dead_letters(), choice)

    def causes(self, letters: Sequence[DeadLetter]) -> list[Cause]:
        """*letters* by cause, the most frequent first."""
        return [self._cause(group) for group in grouped(letters)]

    def advice(self, letter: DeadLetter) -> Advice:
        """Who can mend what made *letter* dead, and how."""
        return advise(self._connectors.get(letter.partner), letter.operation, letter.code, letter.text)

    def rehearse(self, letter: DeadLetter) -> Rehearsal:
        """
        What a requeue of *letter* would send now. Sends nothing; its connector may ask the partner for lists.

        Raises ``InvalidInput`` when it is no dead letter any more.
        """
        found = self._store.buried(letter.id)
        if found is None:
            raise InvalidInput(
                "thông điệp chết / dead letter",
                str(letter.id),
                "không còn / is gone",
                "Đã có người quyết định: «lienthong timeline» / Somebody has decided: see «lienthong timeline»",
            )
        connector = self._connectors.get(letter.partner)
        if connector is None or not isinstance(connector, Previewer):
            return Rehearsal(letter)
        try:
            return Rehearsal(letter, compare(connector.preview(found.message), found.sent))
        except DeliveryError as error:
            return Rehearsal(letter, refusal=f"[{error.code}] {error.text}")
        except Exception as exc:  # noqa: BLE001 - a third party's; its text may hold personal values.
            name = type(exc).__name__
            log.error(Event.CONNECTOR_FAULT, partner=letter.partner, error=name)  # noqa: TRY400 - for the same reason.
            return Rehearsal(letter, refusal=f"[{CONNECTOR_FAULT}] {name}")

    def requeue(
        self,
        ids: Sequence[int],
        *,
        actor: str,
        reason: str = "",
        per_minute: int | None = None,
        not_there: bool = False,
    ) -> Requeued:
        """
        Let dead letters try again, at most *per_minute* lanes in a minute (None: as configured), each lane in order.

        What nobody could tell is looked up again first, and only sent when that finds nothing; with *not_there* a
        person has looked, and it is sent at once.

        Raises ``InvalidInput`` for an id that is no dead letter; then nothing happens.
        """
        pace = self._per_minute if per_minute is None else per_minute
        if pace < 1:
            raise InvalidInput(
                "per_minute", str(pace), "nhỏ hơn 1 / is below 1", "Ghi số nguyên từ 1 / Give a whole number from 1"
            )
        numbers = self._dead(ids)
        said = kept_reason(reason)
        apart, now = timedelta(minutes=1) / pace, self._clock.now()
        done: list[int] = []
        for chunk in _chunks(numbers):
            # A letter is at most one lane: what was done before tells when the next lane may open.
            done += self._store.requeue(
                chunk, now=now, apart=apart, after=apart * len(done), actor=_actor(actor), reason=said,
                not_there=not_there,
            )  # fmt: skip
        return Requeued(tuple(done), now + apart * max(0, len(done) - 1))

    def cancel(self, ids: Sequence[int], *, actor: str, reason: str) -> list[int]:
        """
        The partner shall never be told; what waits behind goes on. Returns the ids that were dead letters, and behind
        them those of late steps that go with them, as they would move the public status back.

        Raises ``InvalidInput`` for an id that is none, and without a reason; then nothing happens.
        """
        return self._decide(self._store.cancel, ids, actor, reason)

    def resolve(self, ids: Sequence[int], *, actor: str, reason: str) -> list[int]:
        """
        A person has seen the effect at the partner; what waits behind goes on. Returns the ids that were dead letters.

        Raises ``InvalidInput`` for an id that is none, and without a reason; then nothing happens.
        """
        return self._decide(self._store.resolve, ids, actor, reason)

    def _decide(
        self, decide: Callable[[Sequence[int], Act], list[int]], ids: Sequence[int], actor: str, reason: str
    ) -> list[int]:
        act = Act(_actor(actor), self._clock.now(), needed_reason(reason))
        return [id_ for chunk in _chunks(self._dead(ids)) for id_ in decide(chunk, act)]

    def _dead(self, ids: Sequence[int]) -> list[int]:
        """*ids* in the order of their lanes, all of them dead letters."""
        if not ids:
            return []
        return [letter.id for letter in self.letters(Choice(ids=tuple(ids)))]

    def _cause(self, group: Group) -> Cause:
        oldest = group.letters[0]
        advice = self.advice(oldest)
        return Cause(
            group.cause, len(group.letters), group.waiting_behind, group.oldest, oldest.text, advice.owner,
            advice.remedy,
        )  # fmt: skip


def _chunks(numbers: Sequence[int]) -> list[Sequence[int]]:
    return [numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK)]


def _actor(actor: str) -> str:
    said = squeeze(actor)
    if not said:
        raise InvalidInput(
            "người thực hiện / actor",
            "",
            "để trống / is empty",
            "Ghi tài khoản của người quyết định / Give the account of the person who decides",
        )
    return said


def needed_reason(reason: str) -> str:
    """*reason* as it is kept. Raises ``InvalidInput`` when there is none, or too much of it."""
    said = kept_reason(reason)
    if not said:
        raise InvalidInput(
            "lý do / reason",
            "",
            "để trống / is empty",
            "Ghi vì sao, ví dụ «Đã hỏi đối tác ngày 20/11» / Say why; it is kept in the audit",
        )
    return said


def kept_reason(reason: str) -> str:
    """*reason* on one line and without numbers of people: it is kept for ever. Raises ``InvalidInput``, too long."""
    said = redact_text(squeeze(reason))
    if len(said) > LONGEST_REASON:
        raise InvalidInput(
            "lý do / reason",
            f"{len(said)} ký tự / characters",
            f"dài quá {LONGEST_REASON} / is too long",
            "Rút gọn / Shorten it",
        )
    return said
