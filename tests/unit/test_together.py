"""How many messages may go together: alone after a refusal that could not be split, and more with every success."""

from __future__ import annotations

from gateway.delivery.together import ENOUGH, after
from gateway.lifecycle import MessageEvent
from gateway.store.contract import Attempt, Settled, Verdict
from tests.builders import MORNING


def came_back(*events: MessageEvent, outcome: str = "rejected") -> Settled:
    attempt = Attempt("call", MORNING, 1, outcome)
    return Settled(1, 1, tuple(Verdict(n, event, attempts=(attempt,)) for n, event in enumerate(events)))


def test_what_was_refused_and_not_split_goes_alone() -> None:
    """
    All of it came back as it was, with a refusal in its story.
    """
    assert after(None, [came_back(MessageEvent.RELEASE, MessageEvent.RELEASE)]) == 1


def test_a_refusal_that_was_split_changes_nothing() -> None:
    """
    Something got somewhere: what stands behind it keeps its place. Neither does an unsent batch, or a failed one.
    """
    assert after(None, [came_back(MessageEvent.DELIVER, MessageEvent.REJECT, MessageEvent.RELEASE)]) is None
    assert after(None, [came_back(MessageEvent.RELEASE, outcome="busy")]) is None
    assert after(4, [came_back(MessageEvent.RETRY, outcome="faulted")]) == 4


def test_it_grows_back() -> None:
    """
    Twice as many with every return that got somewhere, until the bound is none.
    """
    bound: int | None = 1
    seen = []
    while bound is not None:
        seen.append(bound)
        bound = after(bound, [came_back(MessageEvent.DELIVER, outcome="delivered")])

    assert seen == [1, 2, 4, 8, 16, 32, ENOUGH]
