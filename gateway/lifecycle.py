"""
The two state machines, as literal tables; every move is decided here and nowhere else.

Messages: what a delivery attempt, a look-up or an operator does to the state of one message. Dossiers: which
status may follow which (``mappings/codes/transitions.csv``), and what an event means that comes late or
after others that we never saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, StrEnum
from types import MappingProxyType

from gateway.errors import IllegalTransition
from gateway.model.enums import DossierStatus


class MessageState(StrEnum):
    """Where a message stands. UNKNOWN: it may have had its effect, so it is looked up before it is sent again."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    """A later message told the partner more than this one could; it was never sent."""
    DEAD = "dead"
    CANCELLED = "cancelled"
    """A person decided that the partner shall not be told."""
    RESOLVED = "resolved"
    """A person found that the partner has the effect."""


class MessageEvent(StrEnum):
    """What happens to a message."""

    CLAIM = "claim"
    """A worker takes it under a lease."""
    DELIVER = "deliver"
    """The partner has taken it."""
    RETRY = "retry"
    """The partner surely has not taken it; try again later."""
    RELEASE = "release"
    """The worker gives it back unsent."""
    LOSE = "lose"
    """The request left and no usable answer came."""
    EXPIRE = "expire"
    """The lease ran out: the worker may have sent it before it vanished."""
    REJECT = "reject"
    """The partner refuses the content for good."""
    APPLIED = "applied"
    """A look-up found the effect."""
    ABSENT = "absent"
    """A look-up found no effect."""
    DEFER = "defer"
    """The look-up failed; ask again later."""
    GIVE_UP = "give_up"
    """The horizon has passed, or no look-up can tell."""
    REQUEUE = "requeue"
    """A person sends it on its way again."""
    LOOK_UP = "look_up"
    """The same, where nobody could tell what became of it: first the partner is asked again."""
    SUPERSEDE = "supersede"
    """A later message of its dossier was taken by the partner in its stead."""
    CANCEL = "cancel"
    """A person decides that the partner shall not be told; of what waits only what cannot be told without that."""
    RESOLVE = "resolve"
    """A person has seen the effect at the partner."""


_S, _E = MessageState, MessageEvent

MESSAGE_MOVES: Mapping[tuple[MessageState, MessageEvent], MessageState] = MappingProxyType(
    {
        (_S.PENDING, _E.CLAIM): _S.IN_FLIGHT,
        (_S.PENDING, _E.GIVE_UP): _S.DEAD,
        (_S.PENDING, _E.CANCEL): _S.CANCELLED,
        (_S.IN_FLIGHT, _E.DELIVER): _S.DELIVERED,
        (_S.IN_FLIGHT, _E.RETRY): _S.PENDING,
        (_S.IN_FLIGHT, _E.RELEASE): _S.PENDING,
        (_S.IN_FLIGHT, _E.LOSE): _S.UNKNOWN,
        (_S.IN_FLIGHT, _E.EXPIRE): _S.UNKNOWN,
        (_S.IN_FLIGHT, _E.REJECT): _S.DEAD,
        (_S.IN_FLIGHT, _E.SUPERSEDE): _S.SUPERSEDED,
        (_S.UNKNOWN, _E.APPLIED): _S.DELIVERED,
        (_S.UNKNOWN, _E.ABSENT): _S.PENDING,
        (_S.UNKNOWN, _E.DEFER): _S.UNKNOWN,
        (_S.UNKNOWN, _E.GIVE_UP): _S.DEAD,
        (_S.UNKNOWN, _E.SUPERSEDE): _S.SUPERSEDED,
        (_S.DEAD, _E.REQUEUE): _S.PENDING,
        (_S.DEAD, _E.LOOK_UP): _S.UNKNOWN,
        (_S.DEAD, _E.CANCEL): _S.CANCELLED,
        (_S.DEAD, _E.RESOLVE): _S.RESOLVED,
    }
)


FINAL = frozenset({_S.DELIVERED, _S.SUPERSEDED, _S.CANCELLED, _S.RESOLVED})
"""States that no event leaves: the message is out of the way of those behind it."""


class ImpossibleMove(ValueError):
    """An event that cannot happen to a message in its present state: a fault of ours, not of any data."""

    def __init__(self, state: MessageState, event: MessageEvent) -> None:
        super().__init__(f"a message in state {state.value} cannot {event.value}")
        self.state = state
        self.event = event


def move(state: MessageState, event: MessageEvent) -> MessageState:
    """The state that follows *event*. Raises ``ImpossibleMove`` for every pair that the table does not know."""
    try:
        return MESSAGE_MOVES[state, event]
    except KeyError:
        raise ImpossibleMove(state, event) from None


_D = DossierStatus

DOSSIER_MOVES: Mapping[DossierStatus | None, frozenset[DossierStatus]] = MappingProxyType(
    {
        None: frozenset({_D.SUBMITTED, _D.ACCEPTED}),
        _D.SUBMITTED: frozenset({_D.ACCEPTED, _D.REFUSED, _D.SUPPLEMENT_REQUESTED, _D.PAYMENT_REQUESTED, _D.WITHDRAWN}),
        _D.ACCEPTED: frozenset(
            {_D.PROCESSING, _D.SUPPLEMENT_REQUESTED, _D.PAYMENT_REQUESTED, _D.WITHDRAWN, _D.STOPPED, _D.FINISHED}
        ),
        _D.REFUSED: frozenset(),
        _D.PROCESSING: frozenset(
            {_D.SUPPLEMENT_REQUESTED, _D.PAYMENT_REQUESTED, _D.WITHDRAWN, _D.STOPPED, _D.FINISHED, _D.ACCEPTED}
        ),
        _D.SUPPLEMENT_REQUESTED: frozenset(
            {_D.PROCESSING, _D.SUBMITTED, _D.ACCEPTED, _D.REFUSED, _D.WITHDRAWN, _D.STOPPED}
        ),
        _D.PAYMENT_REQUESTED: frozenset({_D.PROCESSING, _D.ACCEPTED, _D.FINISHED, _D.WITHDRAWN, _D.STOPPED}),
        _D.WITHDRAWN: frozenset({_D.PROCESSING, _D.STOPPED, _D.RETURNED}),
        _D.STOPPED: frozenset({_D.PROCESSING, _D.FINISHED, _D.RETURNED}),
        _D.FINISHED: frozenset({_D.RETURNED, _D.PROCESSING}),
        _D.RETURNED: frozenset(),
    }
)
"""What may follow each status; none stands for a dossier that does not exist yet."""

# How far a dossier has come: a jump to an equal or higher rank only skips steps that nobody told us about.
_RANK: Mapping[DossierStatus, int] = MappingProxyType(
    {
        _D.SUBMITTED: 0,
        _D.ACCEPTED: 1,
        _D.PROCESSING: 2,
        _D.SUPPLEMENT_REQUESTED: 2,
        _D.PAYMENT_REQUESTED: 2,
        _D.WITHDRAWN: 3,
        _D.STOPPED: 3,
        _D.FINISHED: 3,
        _D.RETURNED: 4,
        _D.REFUSED: 4,
    }
)
_NO_SKIP_FROM = frozenset({_D.REFUSED, _D.WITHDRAWN, _D.STOPPED, _D.RETURNED})


class Advance(Enum):
    """What an accepted fact does to the present status of its dossier."""

    MOVED = "moved"
    """The status follows, by a move of the table."""
    SAME = "same"
    """The status is reported again."""
    LATE = "late"
    """The fact is older than the present status: it enters the history, the status stays (integrity rule 4)."""
    SKIPPED = "skipped"
    """The status follows, and steps in between were never told: worth a look, no reason to refuse."""


def advance(
    current: DossierStatus | None, current_at: datetime | None, incoming: DossierStatus, incoming_at: datetime
) -> Advance:
    """
    Decide what *incoming*, reached at *incoming_at* by the source's clock, does to a dossier at *current*.

    *current* is none for a dossier that we see for the first time, at whatever status that is. Raises
    ``IllegalTransition`` for a move that no law and no missing step explains.
    """
    if current is None:
        return Advance.MOVED if incoming in DOSSIER_MOVES[None] else Advance.SKIPPED
    if current_at is not None and incoming_at < current_at:
        return Advance.LATE
    if incoming is current:
        return Advance.SAME
    if incoming in DOSSIER_MOVES[current]:
        return Advance.MOVED
    if current not in _NO_SKIP_FROM and incoming is not _D.REFUSED and _RANK[incoming] >= _RANK[current]:
        return Advance.SKIPPED
    raise IllegalTransition(
        "status",
        _named(incoming),
        f"không thể theo sau {_named(current)} (cannot follow {current.label_en})",
        _may_follow(current),
    )


def _named(status: DossierStatus) -> str:
    return f"{status.value} {status.label_vi}"


def _may_follow(current: DossierStatus) -> str:
    following = DOSSIER_MOVES[current]
    if not following:
        return (
            "Đây là trạng thái cuối; sửa sai bằng một sự kiện bù, không quay lại "
            "(this status is final: correct by a compensating event)"
        )
    return f"Có thể theo sau (may follow): {', '.join(_named(status) for status in sorted(following))}"
