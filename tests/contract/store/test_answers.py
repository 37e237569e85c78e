"""First answers are kept in the commit of what they answer, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from gateway.errors import AlreadyRunning, InvalidInput, KeyReused
from gateway.model import Change
from gateway.ports import Receipt
from gateway.store.answers import MOST_CHANGES, Answer, Asked, RequestId, alike
from gateway.store.base import SqlStore
from tests.builders import a_code, a_dossier, a_step
from tests.contract.store.telling import CLOCK, PARTNER, change
from tests.stores import Backend

Said = Callable[[list[Receipt]], Answer]
DAY = timedelta(days=1)


def a_request(key: str = "k", content: bytes = b"1", client: str = "mot-cua") -> RequestId:
    return RequestId(client, key, content.rjust(32, b"\0"))


def said(receipts: list[Receipt]) -> Answer:
    return Answer(201, str([(receipt.version, receipt.duplicate) for receipt in receipts]).encode())


def ask(store: SqlStore, request: RequestId, serial: int = 7) -> Answer:
    return _ask(store, request, change(a_dossier(code=a_code(serial))))


def _ask(store: SqlStore, request: RequestId, *changes: Change, answer: Said = said) -> Answer:
    (answered,) = store.accept_once([Asked(request, changes, answer, backfill=False)], [PARTNER], now=CLOCK.now())
    if isinstance(answered, Exception):
        raise answered
    return answered


def test_a_request_has_one_effect_and_one_answer(backend: Backend) -> None:
    """
    The second time the first answer comes back, from another process too.
    """
    first = ask(backend.open(), a_request())

    again = ask(backend.open(), a_request())

    assert (first, again) == (Answer(201, b"[(1, False)]"), Answer(201, b"[(1, False)]", repeated=True))
    assert backend.open().totals()["dossier"] == 1


def test_another_content_under_the_same_key_is_refused(backend: Backend) -> None:
    """
    Nothing of it is accepted.
    """
    store = backend.open()
    ask(store, a_request())

    with pytest.raises(KeyReused, match="Idempotency-Key: «k»"):
        ask(store, a_request(content=b"2"), serial=8)

    assert store.totals()["dossiers"] == 1


def test_keys_belong_to_a_client_and_a_tenant(backend: Backend) -> None:
    """
    The same word of another client or of another province is another request.
    """
    answers = [
        ask(backend.open(), a_request()),
        ask(backend.open(), a_request(client="khac"), serial=8),
        ask(backend.open(tenant="H98"), a_request()),
    ]

    assert [answer.repeated for answer in answers] == [False, False, False]


def test_what_the_answer_refuses_leaves_nothing(backend: Backend) -> None:
    """
    Neither change nor answer: the request may come again, mended, under its key.
    """
    store = backend.open()

    def refuse(receipts: list[Receipt]) -> Answer:
        assert receipts[-1].refusal is not None
        raise receipts[-1].refusal

    changes = [change(a_dossier(), "1"), change(a_step(dossier=a_code(9)), "2")]
    with pytest.raises(InvalidInput):
        _ask(store, a_request(), *changes, answer=refuse)

    assert store.totals()["dossiers"] == 0
    assert not ask(store, a_request()).repeated


def test_the_same_request_at_once_has_one_effect(backend: Backend) -> None:
    """
    Eight processes get it together: one does it, each other says the same or that it is being done.
    """
    stores = [backend.open() for _ in range(8)]
    start = Barrier(len(stores))

    def one(store: SqlStore) -> Answer | None:
        start.wait(10)
        try:
            return ask(store, a_request())
        except AlreadyRunning:
            return None

    with ThreadPoolExecutor(len(stores)) as pool:
        answers = [answer for answer in pool.map(one, stores) if answer is not None]

    assert [answer.repeated for answer in answers].count(False) == 1
    assert {answer.body for answer in answers} == {b"[(1, False)]"}
    assert stores[0].totals()["dossier"] == 1


def test_a_request_that_another_process_works_on_is_told_so(postgres_backend: Backend) -> None:
    """
    On PostgreSQL nobody waits for the other: the answer is "being done". On SQLite there is one writer.
    """
    one, other = postgres_backend.open(), postgres_backend.open()

    def meanwhile(receipts: list[Receipt]) -> Answer:
        with pytest.raises(AlreadyRunning):
            ask(other, a_request(), serial=8)
        return said(receipts)

    answer = _ask(one, a_request(), change(a_dossier()), answer=meanwhile)

    assert answer.body == b"[(1, False)]"


def test_answers_are_forgotten_after_their_time(backend: Backend) -> None:
    """
    Then the ledger still knows the source's id: a repeat, said as one.
    """
    store = backend.open()
    ask(store, a_request())

    assert store.clear("answers", 7 * DAY, now=CLOCK.now() + 7 * DAY) == 0
    assert store.clear("answers", 7 * DAY, now=CLOCK.now() + 7 * DAY + timedelta(seconds=1)) == 1
    assert ask(store, a_request()) == Answer(201, b"[(1, True)]")


def step_before_its_dossier() -> Change:
    return change(a_step(dossier=a_code(99)), "too early")


def refusing(receipts: list[Receipt]) -> Answer:
    """Ends the request with the first refusal."""
    for receipt in receipts:
        if receipt.refusal is not None:
            raise receipt.refusal
    return said(receipts)


def asked(key: str, *changes: Change, content: bytes = b"1", backfill: bool = False) -> Asked:
    return Asked(a_request(key, content), changes, refusing, backfill)


def a_dossier_of(serial: int) -> Change:
    code = a_code(serial)
    return change(a_dossier(code=code), code.text)


def in_short(results: list[Answer | Exception]) -> list[str]:
    return [
        f"{each.status}{' again' if each.repeated else ''}" if isinstance(each, Answer) else type(each).__name__
        for each in results
    ]


def test_requests_that_come_together_share_a_commit_and_nothing_else(backend: Backend) -> None:
    """
    New, answered before, under a used key, refused, the same twice, of an archive: each gets its own answer.
    """
    commits: list[str] = []
    store = backend.open(heard=commits.append)
    ask(store, a_request("known"), serial=1)
    commits.clear()

    results = store.accept_once(
        [
            asked("new", a_dossier_of(2)),
            asked("known", a_dossier_of(1)),
            asked("known", a_dossier_of(3), content=b"2"),
            asked("early", step_before_its_dossier()),
            asked("twice", a_dossier_of(4)),
            asked("twice", a_dossier_of(4)),
            asked("archive", a_dossier_of(5), backfill=True),
            asked("also new", a_dossier_of(6)),
        ],
        [PARTNER],
        now=CLOCK.now(),
    )

    assert in_short(results) == ["201", "201 again", "KeyReused", "InvalidInput", "201", "201 again", "201", "201"]
    assert store.totals()["dossiers"] == 5
    # The third and the sixth have keys of the first turn, so they share the second; the archive is another class.
    assert commits.count("committed") == 1 + 2


def test_a_refusal_that_must_undo_leaves_the_others_alone(backend: Backend) -> None:
    """
    A request of two changes, the second refused: its first must not stay, and its neighbours must.
    """
    store = backend.open()

    results = store.accept_once(
        [
            asked("one", a_dossier_of(1)),
            asked("half", a_dossier_of(2), step_before_its_dossier()),
            asked("other", a_dossier_of(3)),
        ],
        [PARTNER],
        now=CLOCK.now(),
    )

    assert in_short(results) == ["201", "InvalidInput", "201"]
    assert [store.known([a_code(n)]) != {} for n in (1, 2, 3)] == [True, False, True]
    assert not ask(store, a_request("half"), serial=2).repeated


def test_a_change_that_cannot_be_written_spoils_no_other(backend: Backend) -> None:
    """
    An id that no database can keep, which no reader of ours lets through: its neighbours are accepted.
    """
    store = backend.open()
    broken = Change.model_construct(source="mot-cua", source_id="\ud800", body=a_dossier(code=a_code(2)))

    results = store.accept_once(
        [asked("one", a_dossier_of(1)), asked("broken", broken), asked("other", a_dossier_of(3))],
        [PARTNER],
        now=CLOCK.now(),
    )

    assert in_short(results) == ["201", "UnicodeEncodeError", "201"]
    assert store.totals()["dossiers"] == 2


def test_large_requests_do_not_pile_up_in_one_commit() -> None:
    """
    Forty batches of a thousand dossiers are more locks than a server has; small ones and one large still share.
    """
    half, whole, too_many = ([a_dossier_of(1)] * n for n in (MOST_CHANGES // 2, MOST_CHANGES, MOST_CHANGES + 1))
    requests = [asked(str(n), *changes) for n, changes in enumerate([too_many, half, whole, half, half])]

    turns, left = [], list(range(len(requests)))
    while left:
        turn, left = alike(requests, left)
        turns.append(turn)

    assert turns == [[0], [1, 3], [2], [4]]


def test_a_store_that_fails_says_so_to_everyone(backend: Backend) -> None:
    """
    Nobody is told that it was accepted.
    """
    store = backend.open()
    backend.execute("DROP TABLE lt_answer")

    results = store.accept_once([asked("a", a_dossier_of(1)), asked("b", a_dossier_of(2))], [PARTNER], now=CLOCK.now())

    assert in_short(results) == ["StoreUnavailable", "StoreUnavailable"]
    assert store.totals()["dossiers"] == 0
