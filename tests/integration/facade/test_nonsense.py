"""Whatever is sent to the façade, it answers in the dialect, and never with more than it should."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.national_portal.dialect import lists
from connectors.national_portal.mock import PREFIXES
from tests.fronting import Fronted
from tests.portal import CODE, a_wire_dossier

INTEGRATION = f"{PREFIXES[0]}/mapi/integration"


def test_a_stranger_gets_no_long_body_read(idle: Fronted) -> None:
    """
    Megabytes of JSON cost nothing but their way here, unless a session or a trusted place comes with them.
    """
    idle.province.log_in()
    long = b'{"session": "%s", "x": "' + b"x" * 200_000
    good = idle.province.session.encode()

    replies = [
        idle.province.wire.send("POST", INTEGRATION, {}, {}, long % session)
        for session in (b"", b"c0ffee00-0000-4000-8000-00000000d7c9", good)
    ]

    assert [(reply.code, reply.message.split(" ")[0]) for reply in replies] == [
        ("-2", "Session"), ("-2", "Session"), ("1", "Dữ"),
    ]  # fmt: skip


DEEP = b"[" * 60_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>400</body></html>",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        DEEP,
        b'{"data": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"session": "\xff"}',
        '{"data": 1}'.encode("utf-16"),
        b'{"mahoso": 123456789012345678901234567890}',
        b"\x1f\x8b\x08\x00",
    ],
    ids=["empty", "html", "cut", "array", "null", "text", "deeper", "deep", "latin", "utf-16", "long-number", "gzip"],
)
def test_what_cannot_be_read_is_refused_in_the_dialect(idle: Fronted, body: bytes) -> None:
    """
    Never a fault of ours, whatever comes.
    """
    reply = idle.province.wire.send("POST", INTEGRATION, {}, {}, body)

    assert (reply.status, reply.json) == (200, {"error_code": "1", "message": "Dữ liệu không hợp lệ: JSON"})


@pytest.mark.parametrize("data", [None, [], {}, "x", [1], [None], [[]], [{}], [{"MaHoSo": {}}], [{"MaHoSo": ["x"]}]])
@pytest.mark.parametrize("service", sorted({*lists.PUSHES, lists.LOOKUP}))
def test_nonsense_is_refused_in_the_dialect(idle: Fronted, service: str, data: Any) -> None:
    """
    The right envelope around anything.
    """
    reply = idle.province.call(service, isUpdating="False", type="2", data=data)

    assert (reply.status, reply.code) == (200, "1")


def test_a_mark_of_byte_order_is_welcome(idle: Fronted) -> None:
    """
    Some systems write one.
    """
    idle.province.log_in()
    message = {"session": idle.province.session, "madonvi": "H99", "service": "TraCuuHoSo", "mahoso": CODE}

    reply = idle.province.post("mapi/integration", b"\xef\xbb\xbf" + json.dumps(message).encode())

    assert reply.code == "0"


def test_an_answer_repeats_no_number_of_any_length(idle: Fronted) -> None:
    """
    14: the message names the number at fault; a number that is none may be as long as a body.
    """
    reply = idle.province.push(a_wire_dossier("H" * 100_000), a_wire_dossier())

    assert (reply.code, len(reply.body) < 1000) == ("1", True)
    assert reply.message.startswith("Dữ liệu không hợp lệ: MaHoSo «HHHH")
