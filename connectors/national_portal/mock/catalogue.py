"""
What the portal publishes: procedures, fields, agencies, online services, categories (contract 5).

Rows are given; a procedure may be a short description, of which the full ``LayThuTuc`` object is built on demand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import orjson

Row = dict[str, Any]

_LEVELS: Final = MappingProxyType(
    {"bộ": ("0", "Cấp Bộ"), "tỉnh": ("1", "Cấp Tỉnh"), "huyện": ("2", "Cấp Huyện"), "xã": ("3", "Cấp Xã")}
)
_APPLICANTS: Final = (("1", "Công dân Việt Nam"), ("2", "Doanh nghiệp"))
UNNAMED_FIELD: Final = "G99-VD99"
"""Stands where a seeded procedure has no field code; the letter and number are fictional."""


@dataclass(frozen=True, slots=True)
class ProcedureSeed:
    """A procedure in short. *levels* are Vietnamese words (bộ, tỉnh, huyện, xã), *fee* is đồng, *papers* are names."""

    code: str
    name: str
    field_code: str = ""
    field_name: str = ""
    levels: tuple[str, ...] = ()
    agency: str = "G99"
    results: tuple[tuple[str, str], ...] = ()
    time_limit: str = ""
    time_unit: str = ""
    fee: int | None = None
    papers: tuple[str, ...] = ()
    listed: bool = True

    def as_row(self) -> Row:
        """The ``LayThuTuc`` object (5.4)."""
        fees = [] if not self.fee else [_fee(self.fee)]
        terms = [
            {
                "THOIGIANGIAIQUYET": self.time_limit,
                "DONVITINH": self.time_unit[:1].upper() + self.time_unit[1:],
                "MOTA": "",
                "PHILEPHI": fees,
            }
        ]
        return {
            "ID": self.code.replace(".", ""),
            "MATTHC": self.code,
            "TENTTHC": self.name,
            "MACOQUANCONGBO": self.agency,
            "LOAITTHC": "1",
            "TRANGTHAI": "1" if self.listed else "0",
            "IDQUYETDINHCONGBO": "",
            "LINHVUCTHUCHIEN": [
                {"MALINHVUC": self.field_code or UNNAMED_FIELD, "TENLINHVUC": self.field_name or "Lĩnh vực khác"}
            ],
            "CAPTHUCHIEN": [
                {"CAPTHUCHIEN": _LEVELS[level][0], "TENCAP": _LEVELS[level][1]}
                for level in self.levels
                if level in _LEVELS
            ],
            "CACHTHUCTHUCHIEN": [{"KENH": channel, "THOIGIAN": terms} for channel in ("1", "2", "3")],
            "THANHPHANHOSO": [{"TRUONGHOP": "", "GIAYTO": [_paper(name) for name in self.papers]}]
            if self.papers
            else [],
            "DOITUONGTHUCHIEN": [{"MADOITUONG": code, "TENDOITUONG": name} for code, name in _APPLICANTS],
            "COQUANTHUCHIEN": [],
            "KETQUATHUCHIEN": [
                {"MAKETQUA": code, "TENKETQUA": name, "TENTEP": "", "URL": ""} for code, name in self.results
            ],
            "CANCUPHAPLY": [],
            "YEUCAU": "",
        }


def _fee(amount: int) -> Row:
    """With a dot between thousands, as the portal writes amounts (5.4)."""
    return {
        "MAPHILEPHI": "2",
        "SOTIEN": f"{amount:,}".replace(",", "."),
        "DONVI": "Đồng",
        "MOTA": "",
        "TENTEP": "",
        "URL": "",
    }


def _paper(name: str) -> Row:
    return {
        "MAGIAYTO": "",
        "TENGIAYTO": name,
        "SOBANCHINH": "1",
        "SOBANSAO": "0",
        "TENMAUDON": "",
        "URL": "",
        "MA_KQ_THAYTHE": "",
    }


def _category(*rows: tuple[str, str]) -> list[Row]:
    """Rows of a common category; their layout is unknown, the sandbox has a code and a name."""
    return [{"MA": code, "TEN": name} for code, name in rows]


_CATEGORIES: Final[Mapping[str, list[Row]]] = MappingProxyType(
    {
        "LayDanhMucGioiTinh": _category(("1", "Nam"), ("2", "Nữ"), ("3", "Chưa xác định")),
        "LayDanhMucQuocGia": _category(("VN", "Việt Nam")),
        "LayDanhMucDanToc": _category(("01", "Kinh")),
        "LayDanhMucTonGiao": _category(("00", "Không")),
        "LayDanhMucTinhTrangHonNhan": _category(("1", "Chưa kết hôn"), ("2", "Đã kết hôn")),
        "LayDanhMucDoiTuong": _category(
            ("1", "Công dân"), ("2", "Doanh nghiệp"), ("3", "Cơ quan nhà nước"), ("4", "Tổ chức khác")
        ),
        "LayDanhMucCapThucHien": _category(*_LEVELS.values()),
        "LayDanhMucLePhi": _category(("1", "Phí"), ("2", "Lệ phí")),
    }
)


@dataclass(slots=True)
class Catalogue:
    """The published rows. Guarded by the portal's lock."""

    _procedures: dict[str, ProcedureSeed | Row] = field(default_factory=dict)
    agencies: dict[str, Row] = field(default_factory=dict)
    online_services: list[Row] = field(default_factory=list)
    categories: dict[str, list[Row]] = field(default_factory=lambda: dict(_CATEGORIES))
    tech_ids: dict[str, str] = field(default_factory=dict)
    questions_asked: list[Row] = field(default_factory=list)
    questions_own: list[Row] = field(default_factory=list)
    answers: dict[str, list[Row]] = field(default_factory=dict)
    _list: bytes | None = None

    def add_procedures(self, procedures: Iterable[ProcedureSeed | Row]) -> None:
        """Publish procedures; a full object replaces a description and the other way round."""
        for one in procedures:
            self._procedures[one.code if isinstance(one, ProcedureSeed) else str(one["MATTHC"])] = one
        self._list = None

    def remove_procedure(self, code: str) -> None:
        self._procedures.pop(code, None)
        self._list = None

    def add_agencies(self, agencies: Iterable[tuple[str, str, int]]) -> None:
        """Publish agencies: code, name, level."""
        for code, name, level in agencies:
            self.agencies[code] = {"MADONVI": code, "TENDONVI": name, "CAPDONVI": str(level)}

    def knows(self, code: str) -> bool:
        return code in self._procedures

    def procedure(self, code: str) -> Row | None:
        """The full object; numbers compare exactly."""
        one = self._procedures.get(code)
        return one.as_row() if isinstance(one, ProcedureSeed) else one

    def procedure_list(self) -> bytes:
        """The national list, two columns (5.3)."""
        if self._list is None:
            self._list = orjson.dumps(
                [
                    {"MATTHC": one.code, "TENTTHC": one.name}
                    if isinstance(one, ProcedureSeed)
                    else {"MATTHC": one["MATTHC"], "TENTTHC": one["TENTTHC"]}
                    for one in self._procedures.values()
                    if (one.listed if isinstance(one, ProcedureSeed) else str(one.get("TRANGTHAI", "1")) == "1")
                ]
            )
        return self._list

    def fields(self) -> list[Row]:
        """Fields of all procedures, once each (5.2)."""
        rows: dict[str, Row] = {}
        for one in self._procedures.values():
            if isinstance(one, ProcedureSeed):
                rows.setdefault(
                    one.field_code or UNNAMED_FIELD, _field(one.field_code or UNNAMED_FIELD, one.field_name)
                )
                continue
            for entry in one.get("LINHVUCTHUCHIEN") or ():
                rows.setdefault(entry["MALINHVUC"], _field(entry["MALINHVUC"], entry["TENLINHVUC"]))
        return list(rows.values())

    def term(self, code: str) -> tuple[int, str] | None:
        """The longest time that a procedure may take: number and unit in lower case, None when not stated."""
        row = self.procedure(code)
        terms = [
            (int(str(term["THOIGIANGIAIQUYET"])), str(term["DONVITINH"]).lower())
            for way in (row or {}).get("CACHTHUCTHUCHIEN") or ()
            for term in way.get("THOIGIAN") or ()
            if str(term.get("THOIGIANGIAIQUYET", "")).isdigit()
        ]
        return max(terms, default=None)


def _field(code: str, name: str) -> Row:
    return {"MALINHVUC": code, "TENLINHVUC": name or "Lĩnh vực khác", "MANGANH": code.partition("-")[0]}
