"""
Planted secrets and personal values, a portal that repeats what it was sent in every form it can think of, and a search
through what is printed.
"""

from __future__ import annotations

import json
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import orjson

from connectors.mocks import Directive, Request
from connectors.national_portal.mock import Account, Portal, Settings
from connectors.national_portal.mock.seed import shipped_procedures
from gateway.sandbox import VirtualClock

THIRD_PARTY = Path(__file__).parent / "third_party"
PASSWORD = "MatKhau-Gieo-7731"
WRONG_PASSWORD = "SaiMatKhau-Gieo-7732"
SESSION = "phien-gieo-5b1f77c0-9d1e-4c55-8a77-3f00aa11bb22"
OWNER = "Lục Thị Gieo Trồng"
OFFICER = "Mạc Đình Thử Nghiệm"
NUMBER = "099187654321"
PHONE = "0912345678"
EMAIL = "gieo.trong@thu-nghiem.example"
SUBJECT = "Cấp lại giấy tờ cháy cùng căn nhà số bảy ngõ Gieo"
CONTENT = "Gọi điện hẹn chủ hồ sơ mang sổ cũ tới gặp bà Thử"
PLANTED = (PASSWORD, WRONG_PASSWORD, SESSION, OWNER, OFFICER, NUMBER, PHONE, EMAIL, SUBJECT, CONTENT)
PARTS = ("Gieo Trồng", "Thử Nghiệm", "5b1f77c0-9d1e", "gieo.trong", "MatKhau-Gieo", "căn nhà số bảy")
"""What would still give the planted values away when a text is cut."""
GROUPED = ("0991 8765 4321", "0912.345.678")


def folded(text: str) -> str:
    """*text* without marks and case, so that no spelling hides a value."""
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return " ".join(bare.casefold().replace("đ", "d").split())


def leaks(printed: str) -> set[str]:
    """The planted values in *printed*: as they stand, escaped, in capitals, without marks."""
    texts = [printed]
    for line in printed.splitlines():
        try:
            texts.append(json.dumps(json.loads(line), ensure_ascii=False))
        except json.JSONDecodeError:
            continue
    everything = folded("\n".join(texts))
    return {value for value in (*PLANTED, *PARTS, *GROUPED) if folded(value) in everything}


ECHOED = ("DongBoHoSoMC", "CapNhatTienDoHoSoMC", "DongBoHoiDap", "DongBoKetQuaHoiDapGuiTuDVCQG")
Echo = Callable[[Request, Directive], Directive]


def envelope(code: str, text: str) -> bytes:
    return orjson.dumps({"error_code": code, "message": text, "session": SESSION})


def words(request: Request) -> str:
    """What was sent, as a text that a careless portal would show."""
    return request.body.decode("utf-8", "replace")


def values(request: Request) -> str:
    """The values that were sent, without the JSON around them."""
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)
        elif isinstance(value, str):
            found.append(value)

    walk(orjson.loads(request.body or b"{}"))
    return " - ".join(found)


def said(code: str, spell: Callable[[Request], str]) -> Echo:
    """An envelope with *code*, in whose message stands what was sent."""
    return lambda request, answer: replace(answer, status=200, body=envelope(code, spell(request)))


def shown(status: int, kind: str = "text/html") -> Echo:
    """A page that shows what was sent."""

    def echo(request: Request, answer: Directive) -> Directive:
        page = f"<html><body><h1>Lỗi</h1><pre>{words(request)}</pre>{SESSION}</body></html>".encode()
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "X-Request": "".join(c for c in words(request) if c.isascii())[:200],
        }
        return replace(answer, status=status, headers=headers, body=page)

    return echo


def one_by_one(request: Request) -> str:
    """Also what was not sent in this call, as an officer would write it."""
    number, phone = f"{NUMBER[:4]} {NUMBER[4:8]} {NUMBER[8:]}", f"{PHONE[:4]}.{PHONE[4:7]}.{PHONE[7:]}"
    return f"Chủ hồ sơ {OWNER.upper()}, cán bộ {OFFICER}, số {number}, điện thoại {phone}"


ECHOES: tuple[Echo, ...] = (
    said("1", lambda request: f"Dữ liệu không hợp lệ: {words(request)}"),
    said("1", values),
    said("-1", values),
    said("55", lambda request: unicodedata.normalize("NFD", values(request))),
    said("0", lambda request: f"Không lưu được {values(request).upper()}"),
    said("1", lambda request: folded(values(request))),
    said("1", lambda request: values(request)[-250:]),
    said("1", one_by_one),
    shown(200),
    shown(500),
    shown(404),
    shown(400, "text/plain"),
    shown(413),
    shown(403),
)


class Parrot:
    """A portal that answers every push in another wrong way, and everything else well; *logins* may fail too."""

    def __init__(self) -> None:
        self.portal = Portal(Settings(), VirtualClock(datetime.now(UTC), ticking=True), new_session=lambda: SESSION)
        self.portal.add_account(Account.of_province("H99", PASSWORD))
        self.portal.add_procedures(shipped_procedures())
        self._lock = threading.Lock()
        self._pushes = cycle((*ECHOES, None, None))
        self._logins = cycle((said("5", words), said("-1", words), shown(500), shown(401)))
        self.bad_logins = False
        self.echoed: set[str] = set()

    def handle(self, request: Request) -> Directive:
        body = words(request)
        answer = self.portal.handle(request)
        with self._lock:
            if any(service in body for service in ECHOED):
                echo = next(self._pushes)
                if echo is not None:
                    self.echoed |= {value for value in PLANTED if value in body}
                    return echo(request, answer)
            if self.bad_logins and "password" in body:
                return next(self._logins)(request, answer)
        return answer
