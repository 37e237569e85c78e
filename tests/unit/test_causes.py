"""Causes: what is mended together has one key, what is not has another."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.causes import LONGEST_TEXT, belongs, cause_key, code_of, normalised

figures = st.from_regex(r"\d{1,12}", fullmatch=True)
dates = st.dates().map(lambda day: day.strftime("%d/%m/%Y")) | st.datetimes().map(lambda at: at.isoformat())
dossiers = st.builds("H99.01.{:02d}-26{:04d}-{:04d}".format, *[st.integers(1, 12)] * 3)
names = st.sampled_from(["Nguyễn Văn Ví Dụ", "trích lục", "", "Xã Mẫu"]).map("«{}»".format)
values = figures | dates | dossiers | names


@pytest.mark.parametrize(
    "text",
    [
        "Cổng trả lời / the portal says: «Hồ sơ {} không đúng thủ tục»",
        "{}: NgayNopHoSo không có ngày nộp / there is no submission date",
        "Lỗi tại dòng {} của gói tin",
        'Giá trị "{}" không thuộc danh mục',
    ],
)
@given(one=figures | dates | dossiers, other=figures | dates | dossiers)
def test_texts_that_differ_in_a_value_are_one_cause(text: str, one: str, other: str) -> None:
    """
    The partner wrote the dossier, a date or a number into its refusal: the sentence is the same.
    """
    assert cause_key("cong", "dossier", "-7", text.format(one)) == cause_key(
        "cong", "dossier", "-7", text.format(other)
    )


@given(one=names, other=names)
def test_quoted_values_do_not_make_causes(one: str, other: str) -> None:
    """
    A word without a code is quoted within the sentence; every such word is mended in the same place.
    """
    text = "channel: {} không có mã trên Cổng"

    assert normalised(text.format(one)) == normalised(text.format(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Sai thủ tục", "Sai đơn vị", id="sentences of our own"),
        pytest.param("the portal says: «Sai thủ tục»", "the portal says: «Sai đơn vị»", id="the partner's sentence"),
        pytest.param("[http-502] hỏng", "[http-503] hỏng", id="an earlier fault's code"),
    ],
)
def test_other_words_are_another_cause(one: str, other: str) -> None:
    """
    One code for everything is a habit of partners: the words tell what it is about.
    """
    keys = {cause_key("cong", "dossier", "-1", text) for text in (one, other)}

    assert len(keys) == 2
    assert {code_of(key) for key in keys} == {"cong/dossier/-1"}
    assert all(belongs(key, "cong/dossier/-1") and belongs(key, key) for key in keys)
    assert not any(belongs(key, "cong/dossier") for key in keys)


def test_composed_and_decomposed_letters_are_one_cause() -> None:
    """
    The same Vietnamese sentence from two machines.
    """
    text = "Hồ sơ đã tồn tại"

    assert normalised(normalize("NFD", text)) == normalised(normalize("NFC", text))


@given(st.text() | st.text(alphabet="aé «»“”\"':*#…[]1.-", max_size=60))
def test_what_is_normal_stays_so(text: str) -> None:
    """
    Whatever a partner writes: once normalised it does not change any more, and it is bounded.
    """
    once = normalised(text)

    assert normalised(once) == once
    assert len(once) <= LONGEST_TEXT


@given(st.text(max_size=20), st.text(max_size=400))
def test_a_key_can_be_typed(code: str, text: str) -> None:
    """
    Whatever the partner's code is: four parts, no blanks, the same again.
    """
    key = cause_key("cong", "dossier", code, text)

    assert len(key.split("/")) == 4
    assert len(key.split()) == 1
    assert key == cause_key("cong", "dossier", code, text)
