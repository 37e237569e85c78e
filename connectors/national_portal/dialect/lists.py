"""
The contract's words and code lists as the portal knows them (contract 4 and 12).
"""

from __future__ import annotations

from typing import Final

LOGIN: Final = "login"
DOSSIERS: Final = "DongBoHoSoMC"
TIMELINE: Final = "CapNhatTienDoHoSoMC"
OUTCOME: Final = "DongBoTrangThaiHoSo"
LOOKUP: Final = "TraCuuHoSo"
PROCEDURE: Final = "LayThuTuc"
PROCEDURES: Final = "LayDanhSachTTHC"
AGENCIES: Final = "LayDanhMucCoQuan"
FIELDS: Final = "LayDanhMucLinhVuc"
ONLINE_SERVICES: Final = "LayDVC"
TECH_ID: Final = "TraCuuTechID"
QUESTIONS_ASKED: Final = "LayDanhSachHoiDapGuiTuDVCQG"
QUESTIONS_OWN: Final = "LayDanhSachHoiDapBoCoQuan"
ANSWERS: Final = "LayNoiDungTraLoiTheoCauHoi"
PUSH_QUESTIONS: Final = "DongBoHoiDap"
PUSH_ANSWERS: Final = "DongBoKetQuaHoiDapGuiTuDVCQG"
EVALUATION: Final = "DongBoDanhGia"

COMMON_CATEGORIES: Final = frozenset(
    {
        "LayDanhMucGioiTinh",
        "LayDanhMucTinhThanh",
        "LayDanhMucQuanHuyen",
        "LayDanhMucPhuongXa",
        "LayDanhMucQuocGia",
        "LayDanhMucDanToc",
        "LayDanhMucTonGiao",
        "LayDanhMucTinhTrangHonNhan",
        "LayDanhMucDoiTuong",
        "LayDanhMucCapThucHien",
        "LayDanhMucCanCuPhapLy",
        "LayDanhMucLePhi",
    }
)
SHARE: Final = frozenset({AGENCIES, FIELDS, PROCEDURES, TECH_ID}) | COMMON_CATEGORIES
INTEGRATION_READS: Final = frozenset({PROCEDURE, ONLINE_SERVICES, LOOKUP, QUESTIONS_ASKED, QUESTIONS_OWN, ANSWERS})
MATTERS: Final = frozenset({PUSH_QUESTIONS, PUSH_ANSWERS, EVALUATION})
PUSHES: Final = frozenset({DOSSIERS, TIMELINE, OUTCOME}) | MATTERS
INTEGRATION: Final = INTEGRATION_READS | PUSHES
READS: Final = SHARE | INTEGRATION_READS
SERVICES: Final = SHARE | INTEGRATION
ABOUT_DOSSIERS: Final = frozenset({DOSSIERS, TIMELINE, OUTCOME, LOOKUP})

STATUSES: Final = frozenset(str(n) for n in range(1, 11))
"""12.1"""

APPLICANT_KINDS: Final = frozenset("1234")
"""12.2"""

CHANNELS: Final = frozenset("123")
"""12.3"""

RETURN_FORMS: Final = frozenset("01")
"""12.4"""

FILING_PLACES: Final = frozenset("12")
"""12.5"""

FLAGS: Final = frozenset("01")
"""12.10"""

REUSES: Final = frozenset("012")
"""6.2.1"""

WORDS: Final = frozenset({"True", "False"})
"""3.2"""

ASSUMED_MOVES: Final = frozenset(
    (old, new)
    for old, news in (("1", "237"), ("2", "456789"), ("4", "56789"), ("5", "4278"), ("6", "4789"), ("9", ("10",)))
    for new in news
)
"""12.1: the status moves that the sandbox expects; others are flagged or refused."""
