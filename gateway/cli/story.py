"""A dossier's timeline as people read it; programs get the library's own words with ``--json``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.cli import output
from gateway.store.views import TimelineEntry

_KINDS: Mapping[str, str] = {
    "accepted": "Đã nhận / accepted",
    "call": "Gửi / call",
    "probe": "Tra cứu / look-up",
    "message": "Thông điệp / message",
    "notice": "Đối tác báo / notice",
}
_ENDS: Mapping[str, str] = {
    "dossier": "hồ sơ",
    "step": "bước",
    "matter": "việc ngoài hồ sơ",
    "pending": "chờ gửi",
    "in_flight": "đang gửi",
    "delivered": "tới nơi",
    "dead": "chết, chờ người xử lý",
    "superseded": "được bản sau thay thế",
    "cancelled": "người vận hành đã hủy",
    "resolved": "người vận hành xác nhận đã có",
    "unknown": "chưa rõ",
    "unreachable": "không tới được",
    "busy": "đối tác bận",
    "faulted": "đối tác báo hỏng",
    "unauthenticated": "không đăng nhập được",
    "rejected": "bị từ chối",
    "applied": "đã có ở đối tác",
    "absent": "chưa có ở đối tác",
    "differs": "đối tác có khác",
    "cannot_tell": "không biết được",
    "waits": "chờ xử lý",
    "parked": "hỏng nhiều lần, chờ người xử lý",
    "taken": "đã ghi nhận",
    "repeated": "lặp lại, không tác dụng",
    "late": "đến muộn, trạng thái giữ nguyên",
    "conflict": "trùng số, khác nội dung",
    "refused": "không nhận",
    "unreadable": "không đọc được",
    "forged": "không xác thực được",
    "too-many": "gọi quá nhiều",
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")


def show(entries: Sequence[TimelineEntry]) -> None:
    """Print one line for each entry, times as Vietnamese officials write them."""
    output.table(
        ["Lúc", "Việc", "Đối tác", "Chi tiết"],
        [
            [output.local(entry.at), what(entry.what), entry.partner or output.NONE, _with_local_times(entry.detail)]
            for entry in entries
        ],
    )


def what(word: str) -> str:
    """``call.delivered`` as «Gửi / call: tới nơi»; a word that is new here stays as it is."""
    kind, _, end = word.partition(".")
    return f"{_KINDS[kind]}: {end_of(end)}" if kind in _KINDS else word


def end_of(word: str) -> str:
    """How something ended, for people; a word that is new here stays as it is."""
    return _ENDS.get(word, word)


def _with_local_times(detail: str) -> str:
    return _MOMENT.sub(lambda found: output.local(datetime.fromisoformat(found[0])), detail)
