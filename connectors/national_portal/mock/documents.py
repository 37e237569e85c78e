"""
The personal document store (contract 11): its own address, ``errorCode`` and camelCase.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

OK: Final = "0"
REFUSED: Final = "-1"


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """A digitised result that a person keeps: *owner* is the personal id, *content* the file."""

    owner: str
    result_code: str
    name: str
    number: str
    agency: str
    file_name: str
    content: bytes

    @property
    def path(self) -> str:
        return f"/{self.agency}/{self.result_code}/{self.number}/{self.file_name}"


@dataclass(slots=True)
class DocumentStore:
    """Papers by owner and by path. Guarded by the portal's lock."""

    papers: list[StoredPaper] = field(default_factory=list)

    def list(self, asked: Mapping[str, Any]) -> bytes:
        """The owner's papers among the wanted results; no wish means all."""
        wishes = asked.get("DanhSachDanhMucKetQua")
        rows_wanted = wishes if isinstance(wishes, list) else []
        wanted = {str(row.get("MaKetQua")) for row in rows_wanted if isinstance(row, dict)}
        owner = str(asked.get("SoDinhDanhChuSoHuu", ""))
        if not owner or str(asked.get("KenhThucHien", "")) not in ("1", "2"):
            return _answer(REFUSED, "Dữ liệu không hợp lệ")
        rows = [
            {
                "MaKetQua": paper.result_code,
                "TenGiayTo": paper.name,
                "SoKyHieu": paper.number,
                "CoQuanChuQuan": paper.agency,
                "DanhSachTepDinhKem": [{"TenTep": paper.file_name, "DuongDan": paper.path}],
            }
            for paper in self.papers
            if paper.owner == owner and (not wanted or paper.result_code in wanted)
        ]
        return _answer(OK, "Thành công", {"DanhSachGiayToKetQua": rows})

    def file(self, asked: Mapping[str, Any]) -> bytes:
        """The file as base64 text; empty when there is none."""
        for paper in self.papers:
            if paper.path == asked.get("DuongDan") and paper.agency == asked.get("CoQuanChuQuan"):
                return base64.b64encode(paper.content)
        return b""


def logged_in(session: str | None) -> bytes:
    if session is None:
        return _answer(REFUSED, "Tài khoản hoặc mật khẩu không đúng")
    return _answer(OK, "Đăng nhập thành công", {"session": session})


def _answer(code: str, message: str, result: Mapping[str, Any] | None = None) -> bytes:
    return orjson.dumps({"errorCode": code, "message": message, "signature": "", "result": result})
