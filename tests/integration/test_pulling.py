"""The one-stop system fetches its changes: nothing is lost with a reader, each dossier in order, on both databases."""

from __future__ import annotations

import base64
import zlib
from datetime import timedelta

import orjson
import pytest

from connectors.provincial.onestop.connector import build
from gateway.errors import InvalidInput
from gateway.model import Change, Dossier, DossierStatus, Origin, ProcessingStep
from gateway.policy import Limits
from gateway.pulling import Page, Pulling
from gateway.store.base import SqlStore
from tests.builders import MORNING, a_dossier, a_step
from tests.clocks import TestClock

LEASE = timedelta(seconds=60)
CONNECTOR = build("motcua", {"kind": "pull", "told_of": ["cong"]})


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def pulling(store: SqlStore, clock: TestClock) -> Pulling:
    return Pulling(store, CONNECTOR, clock, Limits(), ())


def filled(store: SqlStore, clock: TestClock, dossiers: int, steps: int = 0) -> None:
    """What the portal told: *dossiers* born there, each with *steps*."""
    for number in range(1, dossiers + 1):
        code = f"G22.99-260305-{number:05d}"
        bodies: list[Dossier | ProcessingStep] = [
            a_dossier(
                code=code, origin=Origin.PORTAL, status=DossierStatus.SUBMITTED, status_at=MORNING, accepted_at=None,
                due_at=None,
            )
        ]  # fmt: skip
        for hour in range(1, steps + 1):
            at = MORNING + timedelta(hours=hour)
            bodies.append(a_step(dossier=code, at=at, status=DossierStatus.SUBMITTED, content=f"Bước {hour}"))
        changes = [Change(source="cong", source_id=f"{code}/{n}", body=body) for n, body in enumerate(bodies)]
        store.accept(changes, [CONNECTOR], now=clock.now())


def keys(page: Page) -> list[str]:
    return [message.key for message in page.messages]


def test_a_reader_that_dies_before_it_acknowledges_loses_nothing(
    store: SqlStore, clock: TestClock, pulling: Pulling
) -> None:
    """
    It read three changes and was gone: nobody gets them until the lease has run out, then they come again, the same.
    Acknowledged, they are delivered; acknowledged again, nothing happens.
    """
    filled(store, clock, 3)
    lost = pulling.read("a", 10)
    assert pulling.read("b", 10) == Page([], "")
    clock.advance(LEASE + timedelta(seconds=1))
    again = pulling.read("b", 10)

    assert keys(again) == keys(lost)
    done = [pulling.acknowledge("b", again.cursor) for _ in range(2)]
    assert [(each.dossiers, each.expired) for each in done] == [(3, 0), (0, 3)]
    (status,) = store.status()
    assert (status.delivered, status.pending, status.unknown) == (3, 0, 0)
    clock.advance(LEASE * 2)
    assert pulling.read("a", 10).messages == []


def test_each_dossier_comes_in_order_whoever_reads(store: SqlStore, clock: TestClock, pulling: Pulling) -> None:
    """
    Two readers at once share the dossiers; a step is seen by nobody before its dossier is acknowledged.
    """
    filled(store, clock, 4, steps=12)
    seen: dict[str, list[int]] = {}
    for turn in range(40):
        one, other = pulling.read("a", 2), pulling.read("b", 2)
        assert not {m.dossier for m in one.messages} & {m.dossier for m in other.messages}
        for message in (*one.messages, *other.messages):
            seen.setdefault(message.dossier, []).append(message.sequence)
        if turn % 5 == 4:
            # One of them is gone without a word: its page does not count.
            for message in other.messages:
                seen[message.dossier].remove(message.sequence)
            clock.advance(LEASE + timedelta(seconds=1))
            other = Page([], "")
        for page in (one, other):
            if page.cursor:
                pulling.acknowledge("x", page.cursor)

    assert [len(sequences) for sequences in seen.values()] == [13] * 4
    assert all(sequences == sorted(sequences) for sequences in seen.values())
    assert store.status()[0].delivered == 52


def test_who_comes_too_late_does_not_settle_for_another(store: SqlStore, clock: TestClock, pulling: Pulling) -> None:
    """
    The first reader acknowledges after its lease, while another one has the dossier: only the other's word counts.
    """
    filled(store, clock, 1)
    slow = pulling.read("a", 1)
    clock.advance(LEASE + timedelta(seconds=1))
    quick = pulling.read("b", 1)

    assert pulling.acknowledge("a", slow.cursor).expired == 1
    assert store.status()[0].delivered == 0
    assert pulling.acknowledge("b", quick.cursor).dossiers == 1


def test_a_reader_acknowledges_up_to_a_change(store: SqlStore, clock: TestClock, pulling: Pulling) -> None:
    """
    It stops in the middle of the second of three dossiers. What it has is delivered; the rest of that dossier comes
    with the next page, the third when the lease has run out. Told again, or too late, the page settles nothing more.
    """
    filled(store, clock, 3, steps=4)
    heads = pulling.read("a", 3)
    pulling.acknowledge("a", heads.cursor)
    page = pulling.read("a", 3)
    assert [message.dossier[-1] for message in page.messages] == [*"1111", *"2222", *"3333"]

    last = page.messages[5]
    done = [pulling.acknowledge("a", page.cursor, through=last.sequence) for _ in range(2)]
    rest = pulling.read("b", 3)
    clock.advance(LEASE + timedelta(seconds=1))
    again = pulling.read("b", 3)
    late = pulling.acknowledge("a", page.cursor)

    assert [(each.dossiers, each.expired) for each in done] == [(2, 0), (0, 2)]
    assert keys(rest) == [message.key for message in page.messages[6:8]]
    assert (late.dossiers, late.expired) == (0, 3)
    assert sorted(keys(again)) == sorted(message.key for message in page.messages[6:])
    assert pulling.acknowledge("b", again.cursor, through=again.messages[0].sequence).dossiers == 1
    clock.advance(LEASE + timedelta(seconds=1))
    assert len(pulling.read("b", 3).messages) == 5


def test_further_changes_of_a_page_are_acknowledged_one_after_the_other(
    store: SqlStore, clock: TestClock, pulling: Pulling
) -> None:
    """
    A reader that stores one dossier at a time says so each time, with the same cursor.
    """
    filled(store, clock, 3)
    page = pulling.read("a", 3)

    done = [pulling.acknowledge("a", page.cursor, through=message.sequence) for message in page.messages]

    assert [(each.dossiers, each.expired) for each in done] == [(1, 0), (1, 1), (1, 2)]
    assert store.status()[0].delivered == 3


def test_a_change_of_another_page_acknowledges_nothing(store: SqlStore, clock: TestClock, pulling: Pulling) -> None:
    """
    It is said as a mistake of the reader, and the page can still be acknowledged.
    """
    filled(store, clock, 2)
    page, other = pulling.read("a", 1), pulling.read("a", 1)

    with pytest.raises(InvalidInput, match="through"):
        pulling.acknowledge("a", page.cursor, through=other.messages[0].sequence)

    assert pulling.acknowledge("a", page.cursor).dossiers == 1


def packed(lent: str) -> str:
    return base64.urlsafe_b64encode(zlib.compress(lent.encode())).decode().rstrip("=")


def test_a_page_acknowledges_each_change_once(store: SqlStore, clock: TestClock, pulling: Pulling) -> None:
    """
    A cursor that somebody made up of ours, with a dossier or a change in it twice, is none; the true one still works.
    """
    filled(store, clock, 1)
    page = pulling.read("a", 1)
    ((lane, token, unknown, ids),) = orjson.loads(zlib.decompress(base64.urlsafe_b64decode(page.cursor + "===")))
    for twice in ([[lane, token, unknown, ids]] * 2, [[lane, token, unknown, ids * 2]]):
        with pytest.raises(InvalidInput, match="cursor"):
            pulling.acknowledge("a", packed(orjson.dumps(twice).decode()))

    assert pulling.acknowledge("a", page.cursor).dossiers == 1


BOMB = base64.urlsafe_b64encode(zlib.compress(b"[" * 10_000_000)).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor", ["x", "AAAA", "eJw", "é", "eJyLjgUAARUAuQ" * 2, BOMB, packed(f"[[{2**70},1,false,[1]]]")]
)
def test_a_cursor_that_was_never_given_is_refused(pulling: Pulling, cursor: str) -> None:
    """
    Not ours, cut, blown up, or with numbers beyond those of any dossier: said as a mistake of the reader.
    """
    with pytest.raises(InvalidInput, match="cursor"):
        pulling.acknowledge("a", cursor)
