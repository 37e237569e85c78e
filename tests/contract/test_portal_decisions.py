"""Create or update: every row of the decision table, with scripted answers (contract 6.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from gateway.errors import AuthenticationFailed, DeliveryError, Faulted, OutcomeUnknown, Rejected
from gateway.model import DossierStatus, Origin
from gateway.ports import Delivered, Failed, Finding, Outcome
from tests.builders import a_code, a_dossier, a_step
from tests.portal_scripts import Answer, a_connector, a_message, said, scripted

GOOD = said("0", "Đồng bộ hồ sơ thành công")
TAKEN = "Mã hồ sơ H99.01.01-260302-0007 đã tồn tại"
GONE = "Mã hồ sơ H99.01.01-260302-0007 không tồn tại"


def error_of(outcome: Outcome) -> DeliveryError:
    assert isinstance(outcome, Failed)
    return outcome.error


CREATE, UPDATE = "DongBoHoSoMC", "DongBoHoSoMC+"


@pytest.mark.parametrize(
    ("established", "answers", "calls", "expected"),
    [
        pytest.param(False, [GOOD], [CREATE], Delivered(), id="never accepted, create, accepted"),
        pytest.param(False, [said("3", TAKEN), GOOD], [CREATE, UPDATE], Delivered, id="create, taken with 3, update"),
        pytest.param(False, [said("-3", "Hồ sơ đã tồn tại"), GOOD], [CREATE, UPDATE], Delivered, id="taken with -3"),
        pytest.param(False, [said("0", TAKEN), GOOD], [CREATE, UPDATE], Delivered, id="taken with 0"),
        pytest.param(False, [said("9", "DA TON TAI"), GOOD], [CREATE, UPDATE], Delivered, id="taken with any code"),
        pytest.param(False, [httpx.ReadTimeout("")], [CREATE], OutcomeUnknown, id="create, no answer in time"),
        pytest.param(False, [httpx.Response(200)], [CREATE], OutcomeUnknown, id="create, no body"),
        pytest.param(True, [GOOD], [UPDATE], Delivered(), id="accepted before, update, accepted"),
        pytest.param(True, [said("2", GONE), GOOD], [UPDATE, CREATE], Delivered, id="update, lost there, created once"),
        pytest.param(
            True,
            [said("2", GONE), said("2", GONE)],
            [UPDATE, CREATE],
            Faulted,
            id="update, lost, and cannot be created",
        ),
        pytest.param(
            True, [said("2", GONE), said("3", TAKEN)], [UPDATE, CREATE], Faulted, id="the portal contradicts itself"
        ),
        pytest.param(
            False, [said("3", TAKEN), said("2", GONE)], [CREATE, UPDATE], Faulted, id="taken, yet unknown to the update"
        ),
        pytest.param(True, [said("0", TAKEN)], [UPDATE], Faulted, id="an update answered with taken"),
        pytest.param(False, [said("2", GONE)], [CREATE], Faulted, id="a create answered with unknown"),
        pytest.param(False, [said("-1", "Lỗi hệ thống")], [CREATE], Faulted, id="anything else: a system fault"),
        pytest.param(False, [said("0", "Đã ghi nhận")], [CREATE], Faulted, id="anything else: code 0, strange words"),
        pytest.param(False, [said("55", "???")], [CREATE], Faulted, id="anything else: a strange code"),
        pytest.param(False, [said("1", "Dữ liệu không hợp lệ: Email")], [CREATE], Rejected, id="content refused"),
        pytest.param(False, [said("4", "Mã thủ tục x không tồn tại")], [CREATE], Rejected, id="procedure unknown"),
        pytest.param(False, [said("-4", "Đơn vị không có quyền")], [CREATE], AuthenticationFailed, id="not our unit"),
        pytest.param(
            False, [said("3", TAKEN), httpx.ReadTimeout("")], [CREATE, UPDATE], OutcomeUnknown, id="the update is lost"
        ),
    ],
)
def test_the_decision_table(established: bool, answers: Sequence[Answer], calls: list[str], expected: object) -> None:
    """
    The own record says create or update; the answer says what follows.
    """
    portal = scripted({"DongBoHoSoMC": answers})
    connector = a_connector(portal)

    (outcome,) = connector.deliver([a_message(a_dossier(), established=established)])

    assert portal.calls[2:] == calls
    if isinstance(expected, Delivered):
        assert outcome == expected
    elif expected is Delivered:
        assert isinstance(outcome, Delivered)
        assert outcome.note
    else:
        assert isinstance(expected, type)
        assert type(error_of(outcome)) is expected


def test_a_dossier_keeps_its_first_spelling() -> None:
    """
    A later export writes the code in small letters: a portal that minds the case must not see a second dossier.
    """
    portal = scripted({"DongBoHoSoMC": [GOOD], "CapNhatTienDoHoSoMC": [GOOD]})
    connector = a_connector(portal)
    first = str(a_dossier().code)

    connector.deliver([a_message(a_dossier(code=first.lower()), dossier=first, established=True)])
    connector.deliver([a_message(a_step(dossier=first.lower()), dossier=first)])

    assert [body["data"][0]["MaHoSo"] for body in portal.bodies if "data" in body] == [first, first]


def test_a_dossier_that_the_portal_lost_raises_an_alarm() -> None:
    """
    It is created again, and the outcome says so.
    """
    portal = scripted({"DongBoHoSoMC": [said("2", GONE), GOOD]})

    (outcome,) = a_connector(portal).deliver([a_message(a_dossier(), established=True)])

    assert isinstance(outcome, Delivered)
    assert "CẢNH BÁO" in outcome.note


def test_without_the_phrase_a_strange_success_is_accepted_with_a_warning() -> None:
    """
    ``require_success_phrase = false`` (contract 6.3).
    """
    portal = scripted({"DongBoHoSoMC": [said("0", "Đã ghi nhận")]})

    (outcome,) = a_connector(portal, require_success_phrase=False).deliver([a_message(a_dossier())])

    assert isinstance(outcome, Delivered)
    assert "unfamiliar" in outcome.note


def test_a_refusal_says_what_the_portal_said_and_no_more() -> None:
    """
    Code, words and the dossier's number, the owner masked.
    """
    portal = scripted(
        {"DongBoHoSoMC": [said("1", "Dữ liệu không hợp lệ: Email của NGUYEN VAN VI DU (vidu@vidu.example)")]}
    )

    error = error_of(a_connector(portal).deliver([a_message(a_dossier())])[0])

    assert error.code == "1"
    assert "không hợp lệ: Email" in error.text
    for private in ("NGUYEN", "vidu@"):
        assert private not in str(error)


def three(**changes: Any) -> list[Any]:
    return [a_message(a_dossier(code=a_code(n)), **changes) for n in (1, 2, 3)]


def test_a_batch_of_dossiers_travels_in_one_call_per_kind() -> None:
    """
    ``isUpdating`` stands once per call, so creates and updates part (contract 2.5, 14).
    """
    portal = scripted({})
    messages = [*three(), *three(established=True)]

    outcomes = a_connector(portal, dossiers_per_call=6).deliver(messages)

    assert outcomes == [Delivered()] * 6
    assert portal.calls[2:] == [CREATE, UPDATE]
    assert [len(body["data"]) for body in portal.bodies[2:]] == [3, 3]


def test_a_batch_in_which_one_is_taken_is_settled_one_by_one() -> None:
    """
    One code speaks for the whole batch; whether the portal stored none or the good ones, each ends accepted.
    """
    portal = scripted({"DongBoHoSoMC": [said("3", TAKEN), GOOD, said("3", TAKEN), GOOD, GOOD]})

    outcomes = a_connector(portal, dossiers_per_call=3).deliver(three())

    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert portal.calls[2:] == [CREATE, CREATE, CREATE, UPDATE, CREATE]


def test_a_refused_batch_is_refused_as_a_whole() -> None:
    """
    The engine splits it until the poison stands alone.
    """
    portal = scripted({"DongBoHoSoMC": [said("1", "Dữ liệu không hợp lệ: Email")]})

    outcomes = a_connector(portal, dossiers_per_call=3).deliver(three())

    assert [type(error_of(outcome)) for outcome in outcomes] == [Rejected] * 3


def test_a_batch_with_one_that_cannot_be_said_does_not_leave() -> None:
    """
    Ours is the poison then, and it is found the same way.
    """
    portal = scripted({})
    messages = [*three(), a_message(a_dossier(code=a_code(4), submitted_at=None))]

    outcomes = a_connector(portal, dossiers_per_call=4).deliver(messages)

    assert [type(error_of(outcome)) for outcome in outcomes] == [Rejected] * 4
    assert CREATE not in portal.calls


def test_ten_steps_travel_in_one_call_in_order() -> None:
    """
    ``CapNhatTienDoHoSoMC`` (contract 6.4, 14).
    """
    portal = scripted({})
    messages = [a_message(a_step(content=f"Bước {n}")) for n in range(10)]

    outcomes = a_connector(portal).deliver(messages)

    assert outcomes == [Delivered()] * 10
    assert portal.calls == ["login", "CapNhatTienDoHoSoMC"]
    assert [each["NoiDungXuLy"] for each in portal.bodies[1]["data"]] == [f"Bước {n}" for n in range(10)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(said("-1", "Lỗi hệ thống"), Faulted, id="a fault: the same chunk again"),
        pytest.param(said("2", GONE), Faulted, id="the dossier is not there yet"),
        pytest.param(said("1", "Dữ liệu không hợp lệ: ThoiDiemXuLy"), Rejected, id="refused: split"),
        pytest.param(said("0", TAKEN), Faulted, id="taken proves nothing about a step"),
        pytest.param(httpx.ReadTimeout(""), OutcomeUnknown, id="lost"),
    ],
)
def test_a_chunk_of_steps_has_one_outcome(answer: Answer, expected: type) -> None:
    """
    No step is marked as told unless the whole chunk was accepted (contract 14).
    """
    portal = scripted({"CapNhatTienDoHoSoMC": [answer]})

    outcomes = a_connector(portal).deliver([a_message(a_step()), a_message(a_step(content="Thẩm định"))])

    assert [type(error_of(outcome)) for outcome in outcomes] == [expected] * 2


def test_an_operator_may_trust_that_a_taken_step_is_there() -> None:
    """
    With ``step_exists_accepted`` alone it is done; among others they are told apart first.
    """
    portal = scripted({"CapNhatTienDoHoSoMC": [said("3", TAKEN), said("3", TAKEN)]})
    connector = a_connector(portal, step_exists_accepted=True)

    pair = connector.deliver([a_message(a_step()), a_message(a_step(content="Thẩm định"))])
    (alone,) = connector.deliver([a_message(a_step())])

    assert [type(error_of(outcome)) for outcome in pair] == [Rejected] * 2
    assert isinstance(alone, Delivered)


def test_plain_text_after_a_step_counts_when_the_operator_says_so() -> None:
    """
    One vendor's proxy answers the timeline in words only (contract 13.3).
    """
    words = httpx.Response(200, text="Cập nhật tiến độ thành công")
    plain = scripted({"CapNhatTienDoHoSoMC": [words]})
    strict = scripted({"CapNhatTienDoHoSoMC": [httpx.Response(200, text="Cập nhật tiến độ thành công")]})

    assert a_connector(plain, plain_text_success=True).deliver([a_message(a_step())]) == [Delivered()]
    assert type(error_of(a_connector(strict).deliver([a_message(a_step())])[0])) is OutcomeUnknown


def test_a_portal_born_dossier_is_answered_with_its_outcome() -> None:
    """
    ``DongBoTrangThaiHoSo`` with type 2 and a single object, never ``DongBoHoSoMC`` (contract 7.6).
    """
    portal = scripted({})
    dossier = a_dossier(origin=Origin.PORTAL, status=DossierStatus.PROCESSING, local_code="H99.02-260305-0003")

    assert a_connector(portal).deliver([a_message(dossier, "outcome")]) == [Delivered()]
    assert portal.calls == ["login", "DongBoTrangThaiHoSo"]
    assert portal.bodies[1]["type"] == "2"
    assert portal.bodies[1]["data"]["TrangThai"] == "2"


def test_a_dossier_just_filed_on_the_portal_needs_no_call() -> None:
    """
    There is nothing to tell, and the outcome says so.
    """
    portal = scripted({})
    dossier = a_dossier(origin=Origin.PORTAL, status=DossierStatus.SUBMITTED)

    (outcome,) = a_connector(portal).deliver([a_message(dossier, "outcome")])

    assert isinstance(outcome, Delivered)
    assert portal.calls == []


def test_a_lost_outcome_is_not_guessed() -> None:
    """
    The portal does not show outcomes; only its absence decides.
    """
    dossier = a_dossier(origin=Origin.PORTAL, status=DossierStatus.PROCESSING)
    portal = scripted({"TraCuuHoSo": [said(0, "", result=[{"MAHOSO": dossier.code.text}])]})
    connector = a_connector(portal)

    assert connector.probe(a_message(dossier, "outcome")).finding is Finding.CANNOT_TELL
    assert connector.probe(a_message(dossier, "outcome")).finding is Finding.ABSENT


@pytest.mark.parametrize(
    ("body", "operation"), [(a_dossier(), "step"), (a_step(), "dossier"), (a_step(), "outcome")], ids=str
)
def test_a_body_of_the_wrong_kind_is_refused(body: Any, operation: str) -> None:
    """
    A wrong routing shows as a dead letter, not as a crash.
    """
    (outcome,) = a_connector(scripted({})).deliver([a_message(body, operation)])

    assert type(error_of(outcome)) is Rejected


def test_an_unreadable_body_is_refused_without_showing_it() -> None:
    """
    What is stored may be from another release or damaged.
    """
    body = '{"kind":"dossier","subject":"Nguyễn Văn Ví Dụ"}'.encode()
    message = a_message(a_dossier())._replace(body=body)

    error = error_of(a_connector(scripted({})).deliver([message])[0])

    assert isinstance(error, Rejected)
    assert error.__cause__ is None
    assert "Nguyễn" not in repr(error)


def test_steps_that_cannot_be_repeated_are_settled_by_what_moved() -> None:
    """
    The status is noted before the step; when the answer is lost, only the step explains the new one.
    """
    rows = [said(0, "", result=[{"MAHOSO": a_code().text, "TRANGTHAIHOSO": status}]) for status in ("2", "4")]
    portal = scripted({"TraCuuHoSo": rows, "CapNhatTienDoHoSoMC": [httpx.ReadTimeout("")]})
    connector = a_connector(portal, timeline_deduplicated=False)
    message = a_message(a_step(status=DossierStatus.PROCESSING))

    (outcome,) = connector.deliver([message])

    assert type(error_of(outcome)) is OutcomeUnknown
    assert connector.probe(message).finding is Finding.APPLIED
    assert portal.calls == ["login", "TraCuuHoSo", "CapNhatTienDoHoSoMC", "TraCuuHoSo"]


def test_a_late_step_that_moves_nothing_is_not_called_absent() -> None:
    """
    It is older than what the portal shows, so the status stays whether the step is there or not: no proof, no repeat.
    """
    rows = [said(0, "", result=[{"MAHOSO": a_code().text, "TRANGTHAIHOSO": "9"}]) for _ in range(2)]
    portal = scripted({"TraCuuHoSo": rows, "CapNhatTienDoHoSoMC": [httpx.ReadTimeout("")]})
    connector = a_connector(portal, timeline_deduplicated=False)
    message = a_message(a_step(status=DossierStatus.PROCESSING), late=True)

    connector.deliver([message])

    assert connector.probe(message).finding is Finding.CANNOT_TELL


def test_after_a_restart_such_a_step_waits_for_a_person() -> None:
    """
    The note is gone with the process; nothing is proved.
    """
    row = said(0, "", result=[{"MAHOSO": a_code().text, "TRANGTHAIHOSO": "4"}])
    connector = a_connector(scripted({"TraCuuHoSo": [row]}), timeline_deduplicated=False)

    probe = connector.probe(a_message(a_step(status=DossierStatus.PROCESSING)))

    assert probe.finding is Finding.CANNOT_TELL
    assert not connector.operations["step"].harmless
