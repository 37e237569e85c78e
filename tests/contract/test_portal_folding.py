"""Headers that stand for earlier ones: the portal ends the same, and a citizen misses nothing (contract 6.3, 14)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.national_portal.connector import NationalPortal
from connectors.national_portal.deliveries import OUTCOME
from connectors.national_portal.mock import Account, DossierRecord, Portal, ProcedureSeed, Settings
from connectors.national_portal.mock.transport import MockTransport
from gateway.delivery.parcel import parcel
from gateway.model import Dossier, DossierStatus, ProcedureCode
from gateway.ports import Delivered, Message
from gateway.sandbox import VirtualClock
from gateway.store.contract import Claim
from tests.builders import CODE, MORNING, a_document, a_dossier, a_fee, a_result, a_step, a_supplement, an_applicant
from tests.portal_scripts import PASSWORD, a_connector, a_message, portal_settings, scripted

S = DossierStatus


def supersedes(later: Dossier, earlier: Dossier, *, established: bool = True) -> bool:
    messages = [a_message(header, established=established) for header in (later, earlier)]
    return a_connector(scripted({})).supersedes(*messages)


HARMLESS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the same again": ({}, {}),
    "a corrected subject": ({"subject": "một"}, {"subject": "hai"}),
    "a due date that was not known yet": ({"due_at": None}, {}),
    "one more file": ({}, {"documents": (a_document(), a_document(id="5502"))}),
    "a file that was to be deleted, and still is": (
        {"documents": (a_document(deleted=True),)},
        {"documents": (a_document(deleted=True),)},
    ),
    "a fee of another amount": ({"fees": (a_fee(amount=1),)}, {}),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_the_later_of_two_like_headers_is_enough(case: str) -> None:
    """
    Nothing that the earlier one says is lost.
    """
    earlier, later = HARMLESS[case]

    assert supersedes(a_dossier(**later), a_dossier(**earlier))


NEEDED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another status": ({}, {"status": S.PROCESSING}),
    "another procedure": ({}, {"procedure": ProcedureCode.parse("1.004873")}),
    "a due date that a citizen was promised": ({}, {"due_at": MORNING + timedelta(days=30)}),
    "an acceptance that is taken back": ({}, {"status": S.ACCEPTED, "accepted_at": None}),
    "a file that only the earlier one brings": ({}, {"documents": ()}),
    "a file that only the earlier one deletes": ({"documents": (a_document(deleted=True),)}, {"documents": ()}),
    "a nameless file that the later one does not replace": (
        {"documents": (a_document(id=None),)},
        {"documents": (a_document(id="5501"),)},
    ),
    "a fee that the later one does not ask": ({}, {"fees": ()}),
    "a result that the later one does not show": ({"results": (a_result(),)}, {}),
    "a request for papers that the later one forgets": ({"supplements": (a_supplement(),)}, {}),
    "a new due date that the later one moves again": (
        {"supplements": (a_supplement(due_after=MORNING + timedelta(days=9)),)},
        {"supplements": (a_supplement(due_after=MORNING + timedelta(days=19)),)},
    ),
    "a fee for papers that the later one does not ask": (
        {"supplements": (a_supplement(fees=(a_fee(),)),)},
        {"supplements": (a_supplement(),)},
    ),
    "a database that the later one does not name": ({"databases": ("dân cư",)}, {"databases": ()}),
    "an id of the owner that the later one does not give": ({}, {"applicant": an_applicant(identifiers=())}),
    "another day of refusal": (
        {"status": S.REFUSED, "status_at": MORNING},
        {"status": S.REFUSED, "status_at": MORNING + timedelta(days=1)},
    ),
}


@pytest.mark.parametrize("case", NEEDED)
def test_what_only_the_earlier_header_says_is_sent(case: str) -> None:
    """
    A citizen could have seen it, or the portal would keep it: the earlier one goes as well.
    """
    earlier, later = NEEDED[case]

    assert not supersedes(a_dossier(**later), a_dossier(**earlier))


def test_a_dossier_is_not_born_with_a_file_to_be_deleted() -> None:
    """
    Only an update deletes: before the first header arrived, one that deletes does not stand for it.
    """
    deleting = a_dossier(documents=(a_document(deleted=True),))
    among_papers = a_dossier(supplements=(a_supplement(documents=(a_document(deleted=True),)),))

    for later in (deleting, among_papers):
        assert supersedes(later, a_dossier())
        assert not supersedes(later, a_dossier(), established=False)


def test_steps_outcomes_and_what_cannot_be_read_are_never_left_out() -> None:
    """
    Each step is a line that citizens read; a body that cannot be read is refused at its own turn.
    """
    connector = a_connector(scripted({}))
    header = a_message(a_dossier())

    assert not connector.supersedes(a_message(a_step()), a_message(a_step()))
    assert not connector.supersedes(a_message(a_dossier(), OUTCOME), a_message(a_dossier(), OUTCOME))
    assert not connector.supersedes(header, header._replace(body=b"{}"))
    assert [name for name, one in connector.operations.items() if one.coalesces > 1] == ["dossier"]


def test_an_operator_may_forbid_it() -> None:
    """
    With coalesce_headers = 1 every header is sent.
    """
    assert a_connector(scripted({}), coalesce_headers=1).operations["dossier"].coalesces == 1


files = st.lists(
    st.builds(a_document, id=st.sampled_from(["1", "2", None]), name=st.sampled_from("ab"), deleted=st.booleans()),
    max_size=3,
    unique_by=lambda file: file.id,
)
headers = st.builds(
    a_dossier,
    status=st.sampled_from([S.ACCEPTED, S.ACCEPTED, S.ACCEPTED, S.PROCESSING]),
    subject=st.sampled_from(["một", "hai", "ba"]),
    due_at=st.sampled_from([None, MORNING + timedelta(days=3), MORNING + timedelta(days=3)]),
    documents=files.map(tuple),
    fees=st.lists(st.builds(a_fee, amount=st.sampled_from([1, 2])), max_size=1).map(tuple),
)


def a_portal(*, merges: bool) -> tuple[Portal, NationalPortal]:
    portal = Portal(Settings(merge_documents=merges), VirtualClock())
    portal.add_account(Account.of_province("H99", PASSWORD))
    portal.add_procedures([ProcedureSeed("1.001193", "Thủ tục đăng ký khai sinh", "G15-HT01", "Hộ tịch")])
    return portal, NationalPortal("cong", portal_settings(), transport=MockTransport(portal))


def told(messages: Sequence[Message], *, merges: bool, fold: bool) -> DossierRecord:
    """What the portal has after *messages*, each sent, or with those left out that the engine leaves out."""
    portal, connector = a_portal(merges=merges)
    waiting = list(messages)
    while waiting:
        sent = 1
        if fold:
            claim = Claim(1, 1, MORNING, look_up=False, messages=tuple(waiting))
            sent = len(parcel(claim, connector).folded) + 1
        assert connector.deliver([waiting[sent - 1]]) == [Delivered()]
        waiting = [message._replace(established=True) for message in waiting[sent:]]
    connector.close()
    record = portal.dossier(CODE)
    assert record is not None
    return record


def ending(record: DossierRecord) -> object:
    """The header as it stands, files in any order, and every public status on the way."""
    files = sorted(map(repr, record.header["TaiLieuNop"]))
    moves = [(move.old, move.new) for move in record.moves]
    return {**record.header, "TaiLieuNop": files}, record.status, moves, record.creates


@settings(max_examples=60)
@given(st.lists(headers, min_size=2, max_size=5), st.booleans())
def test_the_portal_ends_the_same_with_and_without_folding(told_headers: Sequence[Dossier], merges: bool) -> None:
    """
    Whatever headers wait, and whether the portal merges files or replaces them: the same header, the same statuses.
    """
    messages = [a_message(header) for header in told_headers]

    assert ending(told(messages, merges=merges, fold=True)) == ending(told(messages, merges=merges, fold=False))
