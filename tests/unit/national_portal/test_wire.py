"""The portal's messages: every form in which an answer was seen, and what is none."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.national_portal.envelope import Answer, NoAnswerKind, NotAnAnswer, code_of, read_answer
from connectors.national_portal.rows import rows_in, text_in, upper


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (0, 0), ("0", 0), ("00", 0), (" 00 ", 0), (0.0, 0), ("-3", -3), (-3, -3), ("03", 3), ("4", 4),
        ("", None), (None, None), ("không", None), (True, None), (1.5, None), ("1.0", None), ("٣", None), ([], None),
        ("9" * 11, None),
    ],
)  # fmt: skip
def test_a_code_is_read_in_every_form(raw: object, code: int | None) -> None:
    """
    Numbers, numeric strings and zero-padded strings are one code; anything else is none (contract 2.5).
    """
    assert code_of(raw) == code


def test_an_answer_hides_its_message_from_repr() -> None:
    """
    Messages and sessions may hold what must not be logged.
    """
    answer = read_answer('{"error_code":"0","message":"Nguyễn Văn Ví Dụ","session":"s3ss10n"}'.encode())

    assert "Nguyễn" not in repr(answer)
    assert "s3ss10n" not in repr(answer)
    assert answer.session == "s3ss10n"


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_a_doubly_encoded_answer_is_unwrapped(layers: int) -> None:
    """
    A façade puts the portal's envelope as a string into its own message (contract 2.6 D).
    """
    body = '{"error_code":"3","message":"đã tồn tại","result":[{"mahoso":"x"}]}'
    for _ in range(layers):
        body = orjson.dumps({"error_code": 0, "message": body}).decode()

    answer = read_answer(body.encode())

    assert (answer.code, answer.message) == (3, "đã tồn tại")
    assert answer.rows == [{"MAHOSO": "x"}]


def test_an_answer_that_is_a_string_of_json_is_unwrapped_too() -> None:
    """
    Some proxies encode the whole body once more.
    """
    body = orjson.dumps('{"error_code":0,"message":"Thành công"}')

    assert read_answer(body).message == "Thành công"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(b"", NoAnswerKind.EMPTY, id="empty"),
        pytest.param(b" \r\n ", NoAnswerKind.EMPTY, id="blank"),
        pytest.param(b"<html><body>502</body></html>", NoAnswerKind.HTML, id="html"),
        pytest.param(b"\xef\xbb\xbf<?xml version='1.0'?><soap/>", NoAnswerKind.HTML, id="xml after a byte order mark"),
        pytest.param("Cập nhật thành công".encode(), NoAnswerKind.TEXT, id="plain text"),
        pytest.param(b'"thanh cong"', NoAnswerKind.TEXT, id="a string"),
        pytest.param(b'{"error_code":"0","mess', NoAnswerKind.BROKEN, id="half"),
        pytest.param(b'{"error_code":"0","message":"\xff"}', NoAnswerKind.BROKEN, id="broken UTF-8"),
        pytest.param(b'[{"error_code":0}]', NoAnswerKind.SHAPE, id="an array"),
        pytest.param(b'{"message":"ok"}', NoAnswerKind.SHAPE, id="no error_code"),
        pytest.param(b"null", NoAnswerKind.SHAPE, id="null"),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(body: bytes, kind: NoAnswerKind) -> None:
    """
    It does not say what became of the request, and never shows its content.
    """
    with pytest.raises(NotAnAnswer) as caught:
        read_answer(body)

    assert caught.value.kind is kind
    assert str(caught.value.size) in str(caught.value)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    """
    Whatever comes is an answer or is said to be none.
    """
    try:
        answer = read_answer(body)
    except NotAnAnswer:
        return
    assert isinstance(answer.message, str)


@pytest.mark.parametrize(
    ("result", "count"),
    [(None, 0), ([], 0), ([{"A": 1}, None, "x"], 1), ({"data": []}, 1), ("", 0)],
)
def test_rows_are_the_objects_of_the_result(result: object, count: int) -> None:
    """
    ``result`` is an array, an object (LayDVC), or missing.
    """
    assert len(Answer(0, "0", "", result).rows) == count


def test_rows_have_upper_case_keys_at_every_depth() -> None:
    """
    ``Url`` and ``URL`` were both seen (contract 5.4).
    """
    row = upper({"GiayTo": [{"Url": "https://vidu.example/a"}]})

    assert text_in(rows_in(row, "GIAYTO")[0], "URL") == "https://vidu.example/a"


def test_an_answer_nested_without_end_is_read_to_a_depth() -> None:
    """
    A reader that follows every level would run out of stack.
    """
    deep = b'{"error_code":0,"message":"","result":[' + b'{"a":[' * 400 + b"]}" * 400 + b"]}"

    assert len(read_answer(deep).rows) == 1


@pytest.mark.parametrize("value", [None, "", 5, {}, [None, 3]], ids=str)
def test_an_odd_array_is_empty(value: object) -> None:
    """
    Any array may be missing, null or something else (contract 5.4).
    """
    assert rows_in({"LINHVUCTHUCHIEN": value}, "LINHVUCTHUCHIEN") == []


def test_every_sample_is_read(samples: Path) -> None:
    """
    The samples beside the connector are what its reader takes.
    """
    for name in ("login", "laythutuc", "dongbohosomc", "capnhattiendohosomc", "nhanhsdvcqg"):
        assert read_answer((samples / f"{name}.answer.json").read_bytes()).code == 0
    forms = [orjson.dumps(each) for each in orjson.loads((samples / "dongbohosomc.duplicates.json").read_bytes())]
    assert [read_answer(form).code for form in forms] == [3, -3, 0]
