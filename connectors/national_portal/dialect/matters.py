"""
Questions, answers and monthly evaluations: what they must look like, and how they are said to be taken (contract 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.national_portal.dialect import lists
from connectors.national_portal.dialect.answers import Answer
from connectors.national_portal.dialect.formats import is_day, is_month, is_number
from connectors.national_portal.dialect.layout import Layout, Need, Scalar

LAYOUTS: Final[Mapping[str, Layout]] = {
    lists.PUSH_QUESTIONS: Layout(
        tuple(Scalar(name, Need.FILLED) for name in ("HOIDAPID", "MaLinhVuc", "NOIDUNG", "MADONVI", "TENDONVI"))
    ),
    lists.PUSH_ANSWERS: Layout(
        (
            Scalar("HOIDAPID", Need.FILLED),
            Scalar("MADONVI", Need.FILLED),
            Scalar("NGUOITRALOI", Need.FILLED),
            Scalar("NGAYTRALOI", Need.FILLED, is_day),
            Scalar("NOIDUNGTRALOI", Need.FILLED),
        )
    ),
    lists.EVALUATION: Layout(
        (
            Scalar("NgayTongHop", Need.FILLED, is_month),
            Scalar("TongSoNguoiDanhGia", Need.FILLED, is_number),
            Scalar("Madonvi", Need.FILLED),
            Scalar("TenDonVi", Need.FILLED),
            Scalar("MaThuTuc", Need.NULLABLE),
        )
    ),
}
"""By service; which fields may be empty is assumed."""

TAKEN: Final[Mapping[str, Answer]] = {
    lists.PUSH_QUESTIONS: Answer(0, "Đồng bộ hỏi đáp thành công"),
    lists.PUSH_ANSWERS: Answer(0, "Đồng bộ kết quả hỏi đáp thành công"),
    lists.EVALUATION: Answer(0, "Đồng bộ đánh giá thành công"),
}
"""One code covers the whole batch."""
