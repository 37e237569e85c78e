"""
The portal's answers: the codes of contract 13.2, and their bytes.

Short answers are written as the contract's examples are, so that they can be compared byte for byte.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import orjson

from gateway.model.text import show

JSON: Final = {"Content-Type": "application/json; charset=utf-8"}
HTML: Final = {"Content-Type": "text/html; charset=utf-8"}
TEXT: Final = {"Content-Type": "text/plain; charset=utf-8"}
MISSING: Final = object()

CodeForm = Literal["example", "string", "int", "padded"]
"""How ``error_code`` is written; "example": as contract 19 has it, reads answer 0, pushes "0"."""

DuplicateCode = Literal["3", "-3", "0"]
"""The codes with which a create of a known number was seen answered (contract 6.3)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    An envelope before it is written.

    *result* is a ready list or object, or bytes of JSON; *reads* decides the usual form of code 0.
    """

    code: int
    message: str
    result: Any = MISSING
    reads: bool = False
    session: str | None = None

    @property
    def success(self) -> bool:
        """Code 0 with a message that says so."""
        return self.code == 0 and "thành công" in self.message.lower()


def invalid(field: str) -> Answer:
    return Answer(1, f"Dữ liệu không hợp lệ: {field}")


def unknown_dossier(code: str) -> Answer:
    return Answer(2, f"Mã hồ sơ {code} không tồn tại")


def existing_dossier(code: str, duplicate_code: DuplicateCode) -> Answer:
    """A create for a number that exists, in one of the three forms that were seen (6.3)."""
    texts: dict[DuplicateCode, str] = {
        "3": f"Mã hồ sơ {code} đã tồn tại",
        "-3": "Hồ sơ đã tồn tại",
        "0": f"Mã hồ sơ {code} đã tồn tại trên hệ thống",
    }
    return Answer(int(duplicate_code), texts[duplicate_code])


def unknown_procedure(code: str) -> Answer:
    return Answer(4, f"Mã thủ tục {code} không tồn tại")


def naming(answer: Answer, item: object, among: int) -> Answer:
    """The answer about one *item* of a batch of *among*: it names the number that is at fault (14)."""
    code = show(item.get("MaHoSo", "")) if isinstance(item, dict) else ""
    if among == 1 or not code or code in answer.message:
        return answer
    return Answer(answer.code, f"{answer.message} (hồ sơ {code})")


def found(result: Any) -> Answer:
    return Answer(0, "Thành công", result, reads=True)


SYSTEM_ERROR = Answer(-1, "Lỗi hệ thống")
NO_SERVICE = Answer(-1, "Không tìm thấy dịch vụ")
NO_SESSION = Answer(-2, "Session không hợp lệ hoặc đã hết hạn")
NO_LOGIN = Answer(-4, "Tài khoản hoặc mật khẩu không đúng")
NO_DESTINATION = Answer(-1, "Không tìm thấy hệ thống đích: dstcode")
NO_SUCCESS = Answer(0, "Xử lý thất bại")
NO_RIGHT = Answer(-4, "Đơn vị không có quyền")


def written_code(answer: Answer, form: CodeForm) -> int | str:
    """The code in one of the forms of contract 13.1."""
    if form == "int" or (form == "example" and answer.reads):
        return answer.code
    if form == "padded" and answer.code == 0:
        return "00"
    return str(answer.code)


def body(answer: Answer, form: CodeForm) -> bytes:
    """The envelope's bytes."""
    code = written_code(answer, form)
    if answer.session is not None:
        return _plain({"error_code": code, "message": answer.message, "session": answer.session})
    head = _envelope(code, answer.message)
    if answer.result is MISSING:
        return head
    rows = answer.result if isinstance(answer.result, bytes) else orjson.dumps(answer.result)
    return head[:-1] + b', "result": ' + rows + b"}"


def doubled(envelope: bytes, code: int | str = "0") -> bytes:
    """The envelope as a JSON string inside another one (variant D, and the fault of that name)."""
    return _plain({"error_code": code, "message": envelope.decode()})


@lru_cache(maxsize=256, typed=True)
def _envelope(code: int | str, message: str) -> bytes:
    return _plain({"error_code": code, "message": message})


def _plain(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def page(status: int, title: str) -> bytes:
    """An adapter's error page."""
    return (
        f"<!DOCTYPE html>\n<html><head><title>{status} {title}</title></head>"
        f"<body><center><h1>{status} {title}</h1></center><hr><center>adapter</center></body></html>\n"
    ).encode()
