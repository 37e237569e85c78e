"""
Numbers of people and organisations; every number here is made up.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidInput
from gateway.model import IdentifierKind, PersonalId, Phone, TaxCode
from gateway.model.identifiers import is_placeholder


@pytest.mark.parametrize(
    ("text", "place", "birth_year"),
    [
        ("042190000001", "Hà Tĩnh", 1990),
        ("038085000002", "Thanh Hóa", 1985),
        ("060301000003", "Bình Thuận", 2001),
        ("019202000004", "Thái Nguyên", 2002),
        ("001199000005", "Hà Nội", 1999),
    ],
)
def test_a_personal_id_tells_place_and_year(text: str, place: str, birth_year: int) -> None:
    """
    The place is the old province, whatever became of it in 2025.
    """
    number = PersonalId.parse(f" {text} ")

    assert (number.number, number.kind) == (text, IdentifierKind.PERSONAL)
    assert (number.place, number.birth_year, number.suspicious) == (place, birth_year, False)


def test_an_old_card_tells_nothing() -> None:
    """
    Nine digits are the card that is no longer issued, still found in old dossiers.
    """
    card = PersonalId.parse("183456780")

    assert (card.kind, card.birth_year, card.place, card.suspicious) == (IdentifierKind.OLD_CARD, None, None, False)


@pytest.mark.parametrize("text", ["003090000001", "099090000017", "001999000001"])
def test_an_odd_id_is_flagged_and_not_refused(text: str) -> None:
    """
    No old province has that place code, or the birth lies ahead: a person looks, the dossier goes on.
    """
    assert PersonalId.parse(text).suspicious


@pytest.mark.parametrize(
    "text", ["000000000001", "000000001", "123456789", "012345678901", "111111111111", "987654321"]
)
def test_placeholders_are_refused(text: str) -> None:
    """
    A number typed to get past a mandatory field must not reach a partner as somebody's identity.
    """
    with pytest.raises(InvalidInput, match="điền cho có") as refused:
        PersonalId.parse(text)

    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("42190000001", "số 0 ở đầu"),
        ("83456780", "số 0 ở đầu"),
        ("0421900000012", "13 chữ số"),
        ("04219000000A", "không phải chữ số"),
        ("042 190 000 001", "không phải chữ số"),
        ("٠٤٢١٩٠٠٠٠٠٠١", "không phải chữ số"),
        ("", "để trống"),
    ],
)
def test_a_malformed_id_says_what_is_wrong_without_showing_it(text: str, says: str) -> None:
    """
    The message may end in a log: it shows at most the ends of the number.
    """
    with pytest.raises(InvalidInput, match=says) as refused:
        PersonalId.parse(text)

    assert not text or text not in str(refused.value)


@given(st.from_regex(r"0[0-9]{2}[0-3][0-9]{8}", fullmatch=True))
def test_no_id_shows_in_a_repr(number: str) -> None:
    """
    Tracebacks print values with ``repr``.
    """
    if not is_placeholder(number):
        assert number not in repr(PersonalId.parse(number))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("0100233488", "0100233488"),
        ("0314409058-002", "0314409058002"),
        ("0314409058002", "0314409058002"),
        ("0312687878-001", "0312687878001"),
        ("042190000001", "042190000001"),
    ],
)
def test_tax_codes_of_firms_branches_and_people(text: str, key: str) -> None:
    """
    Since 2025-07-01 a person's tax code is the personal id; the check digit cannot apply to it.
    """
    code = TaxCode.parse(text)

    assert (str(code), code.key) == (text, key)
    assert text not in repr(code)


@pytest.mark.parametrize("text", ["0100233480", "12345", "0000000000", "000000000001"])
def test_wrong_tax_codes_are_refused(text: str) -> None:
    """
    A wrong check digit, a wrong length, and fillers.
    """
    with pytest.raises(InvalidInput) as refused:
        TaxCode.parse(text)

    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("0912345678", "+84912345678"),
        ("+84912345678", "+84912345678"),
        ("84 24 3822 0228", "+842438220228"),
        ("02438220228", "+842438220228"),
        ("1900 1234", "+8419001234"),
    ],
)
def test_phones_have_one_form_behind_many_spellings(text: str, e164: str) -> None:
    """
    What was typed is printed; the international form compares.
    """
    phone = Phone.parse(text)

    assert (str(phone), phone.e164) == (text, e164)
    assert text not in repr(phone)


@pytest.mark.parametrize("text", ["0123456789", "0241234567", "gọi chị Mẫu", ""])
def test_numbers_outside_the_plan_are_refused(text: str) -> None:
    """
    Prefixes withdrawn in 2017 and 2018, and what is no number.
    """
    with pytest.raises(InvalidInput) as refused:
        Phone.parse(text)

    assert not text or text not in str(refused.value)
