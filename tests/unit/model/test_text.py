"""
Vietnamese text: keys, cutting without harm, masks.
"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.text import (
    cut,
    mask_email,
    mask_id,
    mask_name,
    mask_phone,
    name_key,
    nfc,
    search_key,
    show,
    squeeze,
)


@pytest.mark.parametrize(
    ("given_name", "stored", "key"),
    [("  Nguyễn   Thị Hoà ", "Nguyễn Thị Hoà", "nguyen thi hoa"), ("ĐỖ ĐỨC HÒA", "ĐỖ ĐỨC HÒA", "do duc hoa")],
)
def test_a_search_key_ignores_marks_case_and_blanks(given_name: str, stored: str, key: str) -> None:
    """
    Where the tone stands (hoà, hòa) does not matter for finding, and đ is a d.
    """
    assert squeeze(nfc(given_name)) == stored
    assert search_key(given_name) == key
    assert search_key(unicodedata.normalize("NFD", given_name)) == key


def test_names_compare_by_key() -> None:
    """
    Doubled blanks, another Unicode form, another case: the same name. Another tone: another name.
    """
    name = "Đăng ký  khai\u00a0sinh"

    assert name_key(unicodedata.normalize("NFD", name)) == name_key("ĐĂNG KÝ KHAI SINH")
    assert name_key("Hoà") != name_key("Hoa")


@given(
    st.text(alphabet="aĐ\u0300\u0323ệ\u200dé 👩🏽️", max_size=40), st.integers(0, 45), st.sampled_from(["", "…", "..."])
)
def test_a_cut_text_fits_and_splits_no_letter(text: str, limit: int, ellipsis: str) -> None:
    """
    A portal counts characters; a mark torn from its letter would change the word.
    """
    short = cut(text, limit, ellipsis)

    assert len(short) <= limit
    if len(text) <= limit:
        assert short == text
    elif limit > len(ellipsis):
        kept = short.removesuffix(ellipsis)
        assert short.endswith(ellipsis)
        assert text.startswith(kept)
        assert not unicodedata.combining(text[len(kept)]) or not kept


def test_a_decomposed_letter_stays_whole() -> None:
    """
    ``ệ`` typed as three code points does not become ``e``.
    """
    decomposed = unicodedata.normalize("NFD", "Việt")

    assert cut(decomposed, 3) == "Vi"
    assert nfc(cut(decomposed, 5)) == "Việ"
    assert cut("abcdef", 5, "...") == "ab..."
    assert cut("abcdef", 2, "...") == ".."


@pytest.mark.parametrize(
    ("masked", "right"),
    [
        (mask_id("042190000001"), "0421*****001"),
        (mask_id("183456780"), "18*****80"),
        (mask_id("12345"), "*****"),
        (mask_phone("0912345678"), "091****678"),
        (mask_phone("091 234 5678"), "091****678"),
        (mask_phone("113"), "***"),
        (mask_email("nguoidung@vidu.example"), "n***@vidu.example"),
        (mask_email("khong-phai-thu"), "***"),
        (mask_name("Nguyễn  Văn Ví Dụ"), "N.V.V.D."),
        (mask_name("đỗ đức hoà"), "Đ.Đ.H."),
    ],
)
def test_masks_keep_the_ends_only(masked: str, right: str) -> None:
    """
    Enough for two people on the phone to mean the same record, too little to know it.
    """
    assert masked == right


def test_a_shown_value_keeps_to_its_line() -> None:
    """
    A refused value must not break the log line or the terminal it is printed in.
    """
    assert show("a\nb\x1b[31m") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[31m"
    assert len(show("x" * 500)) == 60


def test_a_number_in_the_wrong_column_is_masked() -> None:
    """
    An export whose columns slipped puts personal ids where codes belong.
    """
    assert show("mã 099090000017") == "mã 0990*****017"
    assert show("G09.20-20260609-0092637") == "G09.20-20260609-0092637"
    assert show("20260302081503") == "20260302081503"
