"""
The operator's code tables, ready for use: our word in, the portal's code out, and no default.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from connectors.national_portal.code_settings import CodeTables
from gateway.errors import UnknownCode
from gateway.model.text import show

K = TypeVar("K", bound=Hashable)


class Table(dict[K, str]):
    """
    One list of the portal's codes. A word without a code raises ``UnknownCode``, naming the *field* of the message and
    the *name* of the table. A plain look-up otherwise: a dossier takes a dozen of them.
    """

    def __init__(self, rows: Mapping[K, str], field: str, name: str) -> None:
        super().__init__(rows)
        self._field = field
        self._name = name

    def __missing__(self, word: K) -> str:
        raise UnknownCode(
            self._field,
            show(word),
            f"không có mã trên Cổng, bảng «{self._name}» / has no code in the table «{self._name}»",
            f"Thêm dòng vào codes.{self._name} của đối tác này / Add a row to codes.{self._name} of this partner",
        )


class Tables:
    """All tables that dossiers are written with."""

    def __init__(self, codes: CodeTables) -> None:
        self.channels = Table(codes.channels, "KenhThucHien", "channels")
        self.applicants = Table(codes.applicants, "LoaiDoiTuong", "applicants")
        self.identifiers = Table(codes.identifiers, "LoaiDinhDanh", "identifiers")
        self.result_deliveries = Table(codes.result_deliveries, "HinhThuc", "result_deliveries")
        self.filed_at = Table(codes.filed_at, "NoiNopHoSo", "filed_at")
        self.online_payments = Table(codes.online_payments, "DuocThanhToanTrucTuyen", "online_payments")
        self.fee_moments = Table(codes.fee_moments, "HinhThucThu", "fee_moments")
        self.fee_kinds = Table(codes.fee_kinds, "LoaiPhiLePhi", "fee_kinds")
        self.reuses = Table(codes.reuses, "DuocTaiSuDung", "reuses")
        self.other_papers = Table(codes.other_papers, "LoaiGiayTo", "other_papers")
        self.databases = Table(codes.databases, "MaCSDL", "databases")
