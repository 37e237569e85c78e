"""What the portal's answers mean: the acceptance rule and the code classes, row by row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.national_portal.codes import Meaning
from connectors.national_portal.envelope import Answer
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.verdict import Judge, Verdict


def settings(**changes: Any) -> PortalSettings:
    values: dict[str, Any] = {"adapter_url": "http://127.0.0.1:9", "madonvi": "H99"}
    return PortalSettings(**values | changes)


def answered(code: int | None, message: str) -> Answer:
    return Answer(code, str(code), message)


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        pytest.param(0, "Đồng bộ hồ sơ thành công", Verdict.ACCEPTED, id="code 0 and the success phrase"),
        pytest.param(0, "ĐỒNG BỘ THÀNH CÔNG", Verdict.ACCEPTED, id="in capitals"),
        pytest.param(0, "dong bo thanh cong", Verdict.ACCEPTED, id="without marks"),
        pytest.param(0, "Đồng bộ thành công", Verdict.ACCEPTED, id="decomposed letters"),
        pytest.param(0, "Đã ghi nhận", Verdict.FAULTED, id="code 0 without the phrase"),
        pytest.param(0, "", Verdict.FAULTED, id="code 0 without a message"),
        pytest.param(0, "Thành công nhưng có lỗi", Verdict.FAULTED, id="success and failure in one text"),
        pytest.param(0, "Dữ liệu không hợp lệ", Verdict.FAULTED, id="code 0 that denies itself"),
        pytest.param(
            0, "Gửi thành công tới quyền lợi viên", Verdict.FAULTED, id="a word that reads as lỗi without marks"
        ),
        pytest.param(0, "Thành công, loìng", Verdict.ACCEPTED, id="a failure word only inside a longer word"),
        pytest.param(3, "Mã hồ sơ H99-1 đã tồn tại", Verdict.EXISTS, id="taken with 3"),
        pytest.param(-3, "Hồ sơ đã tồn tại", Verdict.EXISTS, id="taken with -3"),
        pytest.param(0, "Mã hồ sơ H99-1 đã tồn tại trên hệ thống", Verdict.EXISTS, id="taken with 0"),
        pytest.param(1, "DA TON TAI", Verdict.EXISTS, id="taken with any code, without marks"),
        pytest.param(None, "đã tồn tại", Verdict.EXISTS, id="taken with a code that is no number"),
        pytest.param(3, "", Verdict.EXISTS, id="taken by the code alone"),
        pytest.param(2, "Mã hồ sơ H99-1 không tồn tại", Verdict.MISSING, id="unknown number"),
        pytest.param(99, "Hồ sơ không tồn tại", Verdict.MISSING, id="unknown number, unfamiliar code"),
        pytest.param(0, "Hồ sơ không tồn tại", Verdict.MISSING, id="unknown number with 0"),
        pytest.param(4, "Mã thủ tục 9.000123 không tồn tại", Verdict.REJECTED, id="unknown procedure is not that"),
        pytest.param(1, "Dữ liệu không hợp lệ: NgayNopHoSo", Verdict.REJECTED, id="refused content"),
        pytest.param(-1, "Lỗi hệ thống", Verdict.FAULTED, id="system fault"),
        pytest.param(-2, "Session không hợp lệ hoặc đã hết hạn", Verdict.SESSION, id="session by code"),
        pytest.param(77, "Phiên làm việc đã hết hạn", Verdict.SESSION, id="session by word"),
        pytest.param(77, "Vui lòng đăng nhập lại", Verdict.SESSION, id="session by another word"),
        pytest.param(0, "Phiên làm việc đã hết hạn", Verdict.FAULTED, id="a session word with code 0"),
        pytest.param(-4, "Đơn vị không có quyền", Verdict.UNAUTHORISED, id="not this account's unit"),
        pytest.param(77, "Một câu lạ", Verdict.FAULTED, id="anything else"),
    ],
)
def test_every_answer_has_one_meaning(code: int | None, message: str, expected: Verdict) -> None:
    """
    Codes and phrases decide as contract 6.3 and 13 say, whatever the capitals and marks.
    """
    assert Judge(settings()).verdict(answered(code, message)) is expected


def test_code_0_in_unfamiliar_words_is_accepted_only_when_the_operator_says_so() -> None:
    """
    One vendor looks at the code alone; whoever wants that sets ``require_success_phrase`` to false.
    """
    judge = Judge(settings(require_success_phrase=False))

    assert judge.verdict(answered(0, "Đã ghi nhận")) is Verdict.UNFAMILIAR
    assert judge.verdict(answered(0, "Đồng bộ thất bại")) is Verdict.FAULTED


def test_right_after_a_login_a_session_word_is_only_a_word() -> None:
    """
    "Phiên bản không hợp lệ" mentions a phiên too; a second login would not mend it.
    """
    judge = Judge(settings())
    answer = answered(1, "Phiên bản biểu mẫu không hợp lệ")

    assert judge.verdict(answer) is Verdict.SESSION
    assert judge.verdict(answer, fresh_session=True) is Verdict.REJECTED


def test_an_operator_teaches_a_new_code() -> None:
    """
    The list of codes is not public; what a province learns goes into the settings, the other rows stay.
    """
    judge = Judge(settings(error_codes={"12": "rejected"}))

    assert judge.verdict(answered(12, "Sai mẫu")) is Verdict.REJECTED
    assert judge.verdict(answered(3, "")) is Verdict.EXISTS


def test_the_sandbox_table_is_complete() -> None:
    """
    Every code of contract 13.2 but 0 has a meaning.
    """
    assert set(settings().error_codes) == {1, 2, 3, -3, 4, -1, -2, -4}
    assert set(settings().error_codes.values()) == set(Meaning)


@given(code=st.none() | st.integers(), message=st.text(max_size=200))
def test_no_answer_is_accepted_by_chance(code: int | None, message: str) -> None:
    """
    Acceptance always needs code 0 and the phrase.
    """
    verdict = Judge(settings()).verdict(answered(code, message))

    assert verdict is not Verdict.ACCEPTED or code == 0
    assert verdict is not Verdict.UNFAMILIAR


def test_a_text_too_long_to_be_a_message_confirms_nothing() -> None:
    """
    Nobody can say what else it says.
    """
    assert Judge(settings()).verdict(answered(0, "thành công " * 1000)) is Verdict.FAULTED


@pytest.mark.parametrize(
    ("text", "good"),
    [("Cập nhật tiến độ thành công", True), ("Cập nhật thất bại, không thành công", False), ("Xin chào", False)],
)
def test_plain_text_affirms_by_its_phrase(text: str, good: bool) -> None:
    """
    One vendor's proxy answers the timeline in plain text (contract 13.3).
    """
    assert Judge(settings()).affirms(text) is good
