"""First answers are kept in the commit of what they answer, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from gateway.errors import AlreadyRunning, InvalidInput, KeyReused
from gateway.ports import Receipt
from gateway.store.answers import Answer, RequestId
from gateway.store.base import SqlStore
from tests.builders import a_code, a_dossier, a_step
from tests.contract.store.telling import CLOCK, PARTNER, change
from tests.stores import Backend

DAY = timedelta(days=1)


def a_request(key: str = "k", content: bytes = b"1", client: str = "mot-cua") -> RequestId:
    return RequestId(client, key, content.rjust(32, b"\0"))


def said(receipts: list[Receipt]) -> Answer:
    return Answer(201, str([(receipt.version, receipt.duplicate) for receipt in receipts]).encode())


def ask(store: SqlStore, request: RequestId, serial: int = 7) -> Answer:
    return store.accept_once(request, [change(a_dossier(code=a_code(serial)))], [PARTNER], said, now=CLOCK.now())


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
        store.accept_once(a_request(), changes, [PARTNER], refuse, now=CLOCK.now())

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

    answer = one.accept_once(a_request(), [change(a_dossier())], [PARTNER], meanwhile, now=CLOCK.now())

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
