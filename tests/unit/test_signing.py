"""A signed notice: who verifies it is sure of sender, time, key and every byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.signing import KEY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, NotAuthentic, signed_headers, verified

NOW = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
SECRET, OTHER = b"khoa-bi-mat-vi-du", b"khoa-khac-vi-du-1"
BODY = '{"body": "Hồ sơ"}'.encode()
HEADERS = signed_headers(SECRET, "k1", BODY, NOW)


def test_what_was_signed_is_believed_whatever_the_case_of_its_headers() -> None:
    """
    Servers hand headers on in any case; while a secret is replaced both are good.
    """
    lowered = {name.lower(): f" {value} " for name, value in HEADERS.items()}

    assert verified([OTHER, SECRET], lowered, BODY, NOW + timedelta(minutes=4)) == "k1"


@pytest.mark.parametrize(
    ("headers", "body", "late", "reason"),
    [
        (HEADERS, BODY + b" ", 0, "wrong signature"),
        ({**HEADERS, KEY_HEADER: "k2"}, BODY, 0, "wrong signature"),
        ({**HEADERS, KEY_HEADER: "k\udce9"}, BODY, 0, "wrong signature"),
        ({**HEADERS, SIGNATURE_HEADER: "v1=\udce9"}, BODY, 0, "wrong signature"),
        (signed_headers(b"", "k1", BODY, NOW), BODY, 0, "wrong signature"),
        ({**HEADERS, TIMESTAMP_HEADER: str(int(NOW.timestamp()) + 400)}, BODY, 400, "wrong signature"),
        (signed_headers(OTHER, "k1", BODY, NOW), BODY, 0, "wrong signature"),
        ({**HEADERS, SIGNATURE_HEADER: "é"}, BODY, 0, "wrong signature"),
        ({**HEADERS, SIGNATURE_HEADER: ""}, BODY, 0, "not signed"),
        ({}, BODY, 0, "not signed"),
        (HEADERS, BODY, 301, "replay window"),
        (HEADERS, BODY, -301, "replay window"),
    ],
    ids=[
        "body",
        "key",
        "key-bytes",
        "bytes",
        "no-secret",
        "time",
        "secret",
        "letters",
        "empty",
        "none",
        "old",
        "future",
    ],
)
def test_whatever_was_touched_is_refused(headers: dict[str, str], body: bytes, late: int, reason: str) -> None:
    """
    Another byte, key, time or secret, no signature at all, or one from outside the replay window.
    """
    with pytest.raises(NotAuthentic, match=reason):
        verified([SECRET, b""], headers, body, NOW + timedelta(seconds=late))


@pytest.mark.parametrize("apart_s", [-300, -1, 0, 1, 300])
def test_the_edges_of_the_window_belong_to_it(apart_s: int) -> None:
    """
    Clocks may be five minutes apart, either way.
    """
    assert verified([SECRET], HEADERS, BODY, NOW + timedelta(seconds=apart_s)) == "k1"
