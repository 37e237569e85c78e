"""
Questions, answers and monthly evaluations that a province pushes (contract 8). One code covers the whole batch.
"""

from __future__ import annotations

import re
from typing import Any, Final

from connectors.national_portal.dialect import lists
from connectors.national_portal.dialect.answers import Answer, invalid
from connectors.national_portal.dialect.asks import Ask
from connectors.national_portal.mock.state import State

_MANDATORY: Final = {
    lists.PUSH_QUESTIONS: ("HOIDAPID", "MaLinhVuc", "NOIDUNG", "MADONVI", "TENDONVI"),
    lists.PUSH_ANSWERS: ("HOIDAPID", "MADONVI", "NGUOITRALOI", "NGAYTRALOI", "NOIDUNGTRALOI"),
    lists.EVALUATION: ("NgayTongHop", "TongSoNguoiDanhGia", "Madonvi", "TenDonVi"),
}
_FORMS: Final = {
    "NGAYTRALOI": re.compile(r"(0[1-9]|[12]\d|3[01])/(0[1-9]|1[0-2])/\d{4}"),
    "NgayTongHop": re.compile(r"([1-9]|1[0-2])-\d{4}"),
    "TongSoNguoiDanhGia": re.compile(r"\d+"),
}
_TEXTS: Final = {
    lists.PUSH_QUESTIONS: "Đồng bộ hỏi đáp thành công",
    lists.PUSH_ANSWERS: "Đồng bộ kết quả hỏi đáp thành công",
    lists.EVALUATION: "Đồng bộ đánh giá thành công",
}


def push(state: State, ask: Ask) -> Answer:
    """Take a batch whole or not at all."""
    items = ask.data
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        return invalid("data")
    for item in items:
        bad = _mistake(item, _MANDATORY[ask.service])
        if bad is not None:
            state.watch.count.invalid_items += 1
            return invalid(bad)
    store = state.ledger.evaluations if ask.service == lists.EVALUATION else state.ledger.questions
    store.extend(items)
    return Answer(0, _TEXTS[ask.service])


def _mistake(item: dict[str, Any], mandatory: tuple[str, ...]) -> str | None:
    for name in mandatory:
        text = str(item.get(name) or "")
        form = _FORMS.get(name)
        if not text and item.get(name) != 0:
            return name
        if form is not None and form.fullmatch(text or "0") is None:
            return name
    return None
