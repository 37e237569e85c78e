"""What an answer to a question, its answer or an evaluation means for it (contract 8, 13)."""

from __future__ import annotations

import httpx
import pytest

from connectors.national_portal.mock.transport import MockTransport
from gateway.errors import Faulted, OutcomeUnknown, Rejected
from gateway.model import Matter, MatterCode
from gateway.ports import Delivered, Finding
from tests.portal import PASSWORD as PORTAL_PASSWORD
from tests.portal import UNIT, a_portal
from tests.portal_scripts import Answer, a_connector, a_message, error_of, said, scripted

SERVICE = "DongBoKetQuaHoiDapGuiTuDVCQG"
REPLY = Matter(
    code=MatterCode.parse("cong/tra-loi/H99/42"), form=SERVICE,
    data={"HOIDAPID": 42, "MADONVI": "H99", "NGUOITRALOI": "Lò Thị Mẫu", "CHUCVUNGUOITRALOI": "Phó phòng Mẫu",
          "NGAYTRALOI": "05/03/2026", "NOIDUNGTRALOI": "Mời chị tới xã", "GhiRieng": "gọi lại buổi chiều"},
)  # fmt: skip
THERE = said("3", "Hỏi đáp 42 đã tồn tại")


@pytest.mark.parametrize(
    ("answer", "established", "expected"),
    [
        pytest.param(THERE, False, None, id="from before: it is there"),
        pytest.param(THERE, True, Rejected, id="a change that is not taken"),
        pytest.param(said("2", "Câu hỏi 42 không tồn tại"), False, Rejected, id="no such question"),
        pytest.param(said("1", "Dữ liệu không hợp lệ: NOIDUNGTRALOI"), False, Rejected, id="refused"),
        pytest.param(said("-1", "Lỗi hệ thống"), False, Faulted, id="may pass"),
        pytest.param(said("0", "Xử lý thất bại"), False, Faulted, id="no success"),
        pytest.param(httpx.ReadTimeout(""), False, OutcomeUnknown, id="lost"),
    ],
)
def test_the_portals_answer_decides(answer: Answer, established: bool, expected: type | None) -> None:
    """
    What it has is told, what it will never take waits for a person, the rest is tried again or settled.
    """
    portal = scripted({SERVICE: [answer]})

    (outcome,) = a_connector(portal).deliver([a_message(REPLY, established=established)])

    assert portal.bodies[-1]["data"] == [REPLY.data]
    if expected is None:
        assert isinstance(outcome, Delivered)
    else:
        assert type(error_of(outcome)) is expected


def test_what_was_told_stands_in_no_error() -> None:
    """
    The portal repeats all that it was told: a name, an office, the text, and what stood under a key that nobody knows.
    """
    words = "Lò Thị Mẫu (Phó phòng Mẫu), câu 42: «Mời chị tới xã», gọi lại buổi chiều"
    portal = scripted({SERVICE: [said("1", words)]})

    (outcome,) = a_connector(portal).deliver([a_message(REPLY)])

    assert "*** (***), câu 42: «***», ***" in error_of(outcome).text


def test_nothing_can_be_looked_up_of_it() -> None:
    """
    8 knows no look-up, so none is tried.
    """
    portal = scripted({})

    assert a_connector(portal).probe(a_message(REPLY)).finding is Finding.CANNOT_TELL
    assert portal.calls == []


@pytest.mark.parametrize("variant", ["A", "B", "C"])
def test_it_leaves_by_the_way_that_the_adapter_wants(variant: str) -> None:
    """
    2.6: in the envelope, or as a bare array at the service's own path.
    """
    portal = a_portal()
    connector = a_connector(MockTransport(portal), variant=variant, username=UNIT, password=PORTAL_PASSWORD)

    assert connector.deliver([a_message(REPLY)]) == [Delivered()]
    assert portal.pushed_questions() == [REPLY.data]
