"""The fence around logs: nothing personal or secret passes, and what an operator needs does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.observe import redact, redact_text

around = st.text(alphabet=st.sampled_from(" abcđệ,;:()«»\n"), max_size=12)


def digits(*lengths: int) -> st.SearchStrategy[str]:
    """Numbers as text, of one of *lengths*."""
    return st.sampled_from(lengths).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n))


@given(before=around, number=digits(9, 10, 12, 13), after=around)
def test_identity_tax_and_phone_numbers_are_hidden(before: str, number: str, after: str) -> None:
    """
    Whatever stands around a number of nine to thirteen digits, the number does not pass.
    """
    assert number not in redact_text(before + number + after)


@given(
    before=around,
    name=st.from_regex(r"[a-z][a-z0-9._+-]{0,20}", fullmatch=True),
    host=st.from_regex(r"[a-z][a-z0-9-]{0,12}(\.[a-z]{2,5}){1,2}", fullmatch=True),
)
def test_mail_addresses_are_hidden(before: str, name: str, host: str) -> None:
    """
    Neither the name nor the house of a mail address passes.
    """
    assert f"{name}@{host}" not in redact_text(f"{before} {name}@{host}")


@pytest.mark.parametrize(
    "phone",
    [
        "0912345678",
        "0912 345 678",
        "091.234.5678",
        "+84 912 345 678",
        "+84912345678",
        "(024) 3823 4567",
        "0243-823-4567",
    ],
)
def test_phones_are_hidden_as_people_write_them(phone: str) -> None:
    """
    Grouped or not, national or international.
    """
    shown = redact_text(f"gọi {phone} nhé")

    assert phone not in shown
    assert "gọi" in shown


@given(
    key=st.sampled_from(["password", "PASSWORD", "session", "token", "access_token", "apiKey", "Set-Cookie"]),
    sign=st.sampled_from(["=", ": ", '": "', " = '"]),
    secret=st.from_regex(r"[A-Za-z0-9+/._~-]{8,40}", fullmatch=True),
)
def test_a_secret_after_its_name_is_hidden(key: str, sign: str, secret: str) -> None:
    """
    As it stands in a query, a header, a JSON text or a message of another library.
    """
    assert secret not in redact_text(f"GET /x?{key}{sign}{secret}")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def-ghi",
        "sent Basic dXNlcjpwYXNz",
        "https://user:hunter22@cong.invalid/x",
        "token='a b c'",
    ],
)
def test_credentials_in_headers_and_addresses_are_hidden(text: str) -> None:
    """
    The forms in which HTTP libraries print them.
    """
    shown = redact_text(text)

    assert not any(part in shown for part in ("abc.def", "dXNl", "hunter22", "a b c"))


@pytest.mark.parametrize(
    "text",
    [
        "000.17.22.H56-210531-0001",
        "H15.50.05.13-261008-0975",
        "H15.50.05.13-261008-1800123",
        "G09.20-20260609-0092637",
        "1.001193.000.00.00.H40",
        "2026-11-20T09:30:00+07:00",
        "20261120093000",
        "delivery.started",
        "http-503",
        "0123456789012345678901234567890123456789012345678901234567890123"[:64],
        "Quầy một cửa Hà Tĩnh: 165 thủ tục, 40 hồ sơ",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    """
    Dossier and procedure codes, times, digests and plain sentences pass unchanged.
    """
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "key",
    ["password", "session_id", "applicant", "applicant_name", "officer", "email", "phone", "cccd", "body", "payload"],
)
def test_some_keys_never_show_their_value(key: str) -> None:
    """
    Names cannot be recognised in text, so their keys are.
    """
    assert redact({"outer": [{key: "Nguyễn Văn Ví Dụ"}]}) == {"outer": [{key: "[…]"}]}


def test_numbers_and_flags_stay_what_they_are() -> None:
    """
    Counts are not identities: they stay numbers for the tools that read JSON lines.
    """
    values = {"delivered": 123456789, "seconds": 1.5, "idle": True, "hold_until": None}

    assert redact(values) == values


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=12,
    )
)
def test_anything_can_be_logged(value: object) -> None:
    """
    Redaction never raises, and redacting twice changes nothing more.
    """
    once = redact(value)

    assert redact(once) == once
