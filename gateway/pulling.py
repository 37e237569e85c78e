"""
A partner that fetches its messages by itself: lent out like to a worker, settled when it acknowledges.

What was read and not acknowledged comes again when its lease has run out; several readers never hold the same dossier
at once, and each dossier's changes come in order.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Annotated, Final

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from gateway.errors import InvalidInput, StoreUnavailable
from gateway.lifecycle import MessageEvent
from gateway.policy import Limits, Windows
from gateway.ports import Clock, Connector, Message, Pulled
from gateway.store.base import SqlStore
from gateway.store.contract import Claim, Settled, Verdict, Wish

MOST_DOSSIERS: Final = 200
"""In one page, so that a cursor fits into an address."""
MOST_CURSOR: Final = 6_000
"""Characters."""
_MOST_UNPACKED = 64 * 1024
_TRIES = 3

_Number = Annotated[int, Field(ge=0, lt=2**63)]
_Lent = tuple[_Number, _Number, bool, list[_Number]]
_LENT: TypeAdapter[list[_Lent]] = TypeAdapter(list[_Lent])


@dataclass(frozen=True, slots=True)
class Page:
    """*messages* in the order of each dossier; *cursor* acknowledges all of them, "" when there are none."""

    messages: Sequence[Message]
    cursor: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """
    Of how many *dossiers* the changes are delivered now; those of *expired* ones were acknowledged before, or come
    again because the lease ran out and somebody else has them.
    """

    dossiers: int
    expired: int


class Pulling:
    """One partner's messages for its readers. Safe for several threads and processes."""

    def __init__(
        self, store: SqlStore, connector: Connector, clock: Clock, limits: Limits, windows: tuple[Windows, ...]
    ) -> None:
        """*connector* is ``Pulled``."""
        assert isinstance(connector, Pulled)
        self._store = store
        self._connector = connector
        self._lease = connector.lease
        self._clock = clock
        self._limits = limits
        self._windows = windows

    def read(self, reader: str, dossiers: int) -> Page:
        """
        The next changes of up to *dossiers* dossiers, lent to *reader* for the partner's lease. Raises ``StoreError``.
        """
        wish = Wish(min(dossiers, MOST_DOSSIERS), self._lease, self._limits, self._windows, ahead=timedelta(0))
        turn = self._store.exchange(
            self._connector.name, self._connector.operations,
            worker=f"pull:{reader}", settled=[], state=None, wish=wish, now=self._clock.now(),
        )  # fmt: skip
        return Page(list(chain.from_iterable(claim.messages for claim in turn.claims)), _cursor(turn.claims))

    def acknowledge(self, reader: str, cursor: str, *, through: int | None = None) -> Acknowledged:
        """
        What the page of *cursor* held has arrived; with *through*, what it held up to the change of that sequence. Of
        the dossier of that change the rest may be read at once, of the others when their lease has run out. A repeat
        changes nothing. Raises ``InvalidInput``, ``StoreError``.
        """
        lent = _lent(cursor)
        settled = _arrived(lent) if through is None else _arrived_through(lent, through)
        told = len(settled)
        expired = 0
        for _ in range(_TRIES):
            turn = self._store.exchange(
                self._connector.name, self._connector.operations,
                worker=f"pull:{reader}", settled=settled, state=None, wish=None, now=self._clock.now(),
            )  # fmt: skip
            expired += turn.stale
            settled = list(turn.postponed)
            if not settled:
                return Acknowledged(told - expired, expired)
        raise StoreUnavailable("Hồ sơ đang được ghi, thử lại sau. / A dossier is being written to, try again later.")


_DONE = {False: MessageEvent.DELIVER, True: MessageEvent.APPLIED}
_NOT_DONE = {False: MessageEvent.RELEASE, True: MessageEvent.ABSENT}


def _arrived(lent: Sequence[_Lent]) -> list[Settled]:
    return [
        Settled(lane, token, tuple(Verdict(id_, _DONE[look_up]) for id_ in ids)) for lane, token, look_up, ids in lent
    ]


def _arrived_through(lent: Sequence[_Lent], last: int) -> list[Settled]:
    """The lanes up to that of the message *last*, of which what follows it has not arrived."""
    for number, (lane, token, look_up, ids) in enumerate(lent):
        if last in ids:
            after = ids.index(last) + 1
            verdicts = [Verdict(id_, _DONE[look_up]) for id_ in ids[:after]]
            verdicts += [Verdict(id_, _NOT_DONE[look_up]) for id_ in ids[after:]]
            return [*_arrived(lent[:number]), Settled(lane, token, tuple(verdicts))]
    raise InvalidInput(
        "through",
        str(last),
        "không thuộc trang này / is not in this page",
        "Dùng «sequence» của một thay đổi trong trang / Use the «sequence» of a change of the page",
    )


def _cursor(claims: Sequence[Claim]) -> str:
    if not claims:
        return ""
    lent = [(claim.lane, claim.token, claim.look_up, [message.id for message in claim.messages]) for claim in claims]
    return base64.urlsafe_b64encode(zlib.compress(orjson.dumps(lent), 9)).decode().rstrip("=")


def _each_once(lent: Sequence[_Lent]) -> bool:
    return len({lane for lane, *_ in lent}) == len(lent) and all(len(set(ids)) == len(ids) for *_, ids in lent)


def _lent(cursor: str) -> list[_Lent]:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        lent = _LENT.validate_json(unpacker.decompress(packed, _MOST_UNPACKED))
        if unpacker.eof and not unpacker.unused_data and len(lent) <= MOST_DOSSIERS and _each_once(lent):
            return lent
    except (binascii.Error, zlib.error, ValueError, ValidationError):
        pass
    raise InvalidInput(
        "cursor",
        f"({len(cursor)} ký tự / characters)",
        "không đúng / is not valid",
        "Dùng nguyên văn «cursor» đã nhận / Use the «cursor» that was given, as it is",
    )
