"""What a source wrote in the portal's form, where ours would be written otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.national_portal.wording import Misfit, paths_of, worded, wording_of
from gateway.model import Wording, explain

FORM = "DongBoHoSoMC/v2"
KEYS = st.sampled_from(["GhiChu", "Fax", "a.b", "Rieng"])
SCALARS = st.sampled_from(["", "x", "7", 7, True, None])
OBJECTS = st.dictionaries(KEYS, SCALARS, max_size=3)
BODIES = st.dictionaries(KEYS, SCALARS | st.lists(OBJECTS, max_size=2) | OBJECTS, max_size=4)


def _meant(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: meant for key, inner in value.items() if (meant := _meant(inner)) not in ("", None, [])}
    if isinstance(value, list):
        return [_meant(inner) for inner in value]
    return value


def _as_strings(value: Any) -> Any:
    """What we write: scalars are strings."""
    if isinstance(value, dict):
        return {key: _as_strings(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_strings(inner) for inner in value]
    return "" if value is None else str(value)


@given(sent=BODIES, ours=BODIES.map(_as_strings))
def test_whatever_we_would_write_the_words_of_the_source_are_put_back(
    sent: dict[str, Any], ours: dict[str, Any]
) -> None:
    """
    Empty stands for absent, and numbers for their digits; all else is as it was sent.
    """
    ours |= {"MaHoSo": "1", "TrangThaiHoSo": "2"}
    sent |= {"MaHoSo": "1", "TrangThaiHoSo": "2"}

    put_back = worded(ours, wording_of(sent, ours, FORM), FORM)

    assert _as_strings(_meant(put_back)) == _as_strings(_meant(sent))


def test_what_the_portals_catalogue_says_stays_its_own() -> None:
    """
    6.1: names and field of the procedure come from the portal's list, however the source wrote them.
    """
    ours = {"MaTTHC": "1.001193", "TenTTHC": "Đăng ký khai sinh", "GhiChu": ""}

    found = wording_of({"MaTTHC": "1.001193.H99", "TenTTHC": "Khai sinh", "GhiChu": "x"}, ours, FORM)

    assert paths_of(found) == {("GhiChu",)}
    assert worded(ours, found, FORM) == {**ours, "GhiChu": "x"}


def test_the_words_of_one_form_say_nothing_in_another() -> None:
    """
    The layout was changed after the dossier was taken.
    """
    wording = Wording(form="DongBoHoSoMC/v1", words='[[["SoBienNhan"],"7"]]')

    assert worded({"GhiChu": ""}, wording, FORM) == {"GhiChu": ""}


@pytest.mark.parametrize(
    "words",
    ['[[["MaHoSo"],"x"]]', '[[["TrangThaiHoSo"],"9"]]', '[[["MaTTHC"],"x"]]', '[[["TaiLieuNop",3,"a"],"x"]]',
     '[[["TaiLieuNop",-1,"a"],"x"]]', '[[["GhiChu","a"],"x"]]', '[[["TaiLieuNop","a"],"x"]]'],
    ids=["number", "status", "procedure", "no-such-row", "from-the-end", "no-object", "no-number"],
)  # fmt: skip
def test_words_that_do_not_fit_or_would_decide_are_refused(words: str) -> None:
    """
    Which dossier it is, and how it stands, is never a matter of wording.
    """
    with pytest.raises(Misfit):
        worded({"GhiChu": "", "TaiLieuNop": [{}]}, Wording(form=FORM, words=words), FORM)


def test_words_stay_out_of_sight() -> None:
    """
    They may hold anything, so nothing of them is printed.
    """
    assert "Nguyễn" not in repr(Wording(form=FORM, words='[[["ChuHoSo"],"Nguyễn Văn Ví Dụ"]]'))


@pytest.mark.parametrize(
    "words", ["", "{", "{}", "[1]", '[["GhiChu","x"]]', '[[[],"x"]]', '[[[0],"x"]]', '[[["a",true],"x"]]', '[[["a"]]]',
              '[[["a"],' + "[" * 30 + "]" * 30 + "]]"],
    ids=["empty", "broken", "object", "no-pair", "no-path", "nowhere", "no-key", "no-step", "no-value", "deep"],
)  # fmt: skip
def test_what_is_no_wording_is_refused_where_it_is_told(words: str) -> None:
    """
    A change may come from any program, so nothing waits in the outbox that no worker can read.
    """
    with pytest.raises(ValidationError, match="list of pairs") as caught:
        Wording(form=FORM, words=words)

    assert explain(caught.value)[0].field == "words"
