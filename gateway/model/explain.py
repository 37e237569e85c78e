"""
Validation errors in words for the person who sent the data.

A refused value is shown only where it cannot be personal; otherwise its length stands for it.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from gateway.errors import InvalidInput, UnknownCode
from gateway.model.text import show
from gateway.model.verbatim import REFUSAL
from mappings import NotInList

_OPEN_FIELDS = frozenset(
    {
        "kind",
        "code",
        "procedure",
        "status",
        "status_at",
        "channel",
        "submitted_at",
        "accepted_at",
        "due_at",
        "completed_at",
        "returned_at",
        "refused_at",
        "result_delivery",
        "online_payment",
        "origin",
        "account_verified",
        "amount",
        "quantity",
        "moment",
        "reuse",
        "deleted",
        "digitised",
        "from_national_store",
        "requested_at",
        "received_at",
        "due_before",
        "due_after",
        "dossier",
        "at",
        "started_at",
        "source",
    }
)

# pydantic error type -> (reason, remedy); {…} are filled from the error's own context.
_WORDS: dict[str, tuple[str, str]] = {
    "missing": ("đang thiếu (is missing)", "Bổ sung trường này (give this field)"),
    "extra_forbidden": (
        "là trường không có trong mô hình (is no field of the model)",
        "Xóa trường hoặc sửa tên trường (remove it or correct its name)",
    ),
    "string_type": ("không phải là chuỗi ký tự (is not a text)", "Truyền giá trị dạng chuỗi (pass a text)"),
    "string_pattern_mismatch": ("đang để trống (is empty)", "Điền nội dung thật (fill in the real value)"),
    "string_unicode": ("có ký tự hỏng (has broken characters)", "Đọc lại nguồn đúng bảng mã (read the source again)"),
    "enum": ("không thuộc danh sách (is not in the list)", "Giá trị đúng (right values): {expected}"),
    "literal_error": ("không thuộc danh sách (is not in the list)", "Giá trị đúng (right values): {expected}"),
    "timezone_aware": (
        "không có múi giờ (has no time zone)",
        "Thêm múi giờ, ví dụ +07:00 (add a time zone)",
    ),
    "int_type": ("không phải số nguyên (is not a whole number)", "Truyền số nguyên (pass a whole number)"),
    "int_from_float": ("không phải số nguyên (is not a whole number)", "Truyền số nguyên (pass a whole number)"),
    "greater_than_equal": ("nhỏ quá mức cho phép (is too small)", "Nhỏ nhất là (at least) {ge}"),
    "bool_type": ("không phải đúng/sai (is not true or false)", "Truyền true hoặc false (pass true or false)"),
    "union_tag_invalid": ("không rõ loại nội dung (is of unknown kind)", "kind = dossier | step"),
    "union_tag_not_found": ("không rõ loại nội dung (is of unknown kind)", "kind = dossier | step"),
    "json_invalid": ("không phải JSON đọc được (is not readable JSON)", "Gửi lại nội dung nguyên vẹn (send it again)"),
}
_TIME_WORDS = (
    "không phải thời điểm (is not a moment)",
    "Dùng ISO 8601 có múi giờ, ví dụ 2026-03-02T08:15:03+07:00 (use ISO 8601 with an offset)",
)
_TIME_SIGNS = frozenset("0123456789-/.:+TZ ")
_TOO_MANY_WORDS = (
    "lỗi, quá nhiều để liệt kê (mistakes, too many to list)",
    "Đối chiếu với tài liệu mô hình (compare with the model's documentation)",
)
_MOST_LISTED = 1000
_LONGEST_NAME = 200
_OTHER_WORDS = (
    "không hợp lệ (is not valid)",
    "Đối chiếu với tài liệu mô hình (compare with the model's documentation)",
)


def explain(error: ValidationError) -> list[InvalidInput]:
    """
    Every mistake of *error* as a refusal of ours: field, value as it may be shown, reason, remedy.

    Thousands of them are one: who sends so many is helped by no list, and would be paid with work for them.
    """
    if error.error_count() > _MOST_LISTED:
        return [InvalidInput("body", f"{error.error_count()}", *_TOO_MANY_WORDS)]
    return [_one(entry) for entry in error.errors(include_url=False)]


def unknown_code(field: str, error: NotInList) -> UnknownCode:
    """A failed look-up as the refusal of the field that held the code."""
    return UnknownCode(
        field, show(error.code), f"không có trong danh mục {error.list} (is not in the list {error.list})", error.remedy
    )


def _one(entry: Any) -> InvalidInput:
    kind: str = entry["type"]
    context: dict[str, Any] = entry.get("ctx") or {}
    parts = [str(part) for part in entry["loc"] if part not in ("body", "dossier:", "step:")]
    if kind == "extra_forbidden":
        # The only name that is not ours: of any length, and maybe somebody's number.
        parts[-1:] = [show(part[:_LONGEST_NAME]) for part in parts[-1:]]
    field = ".".join(parts)
    if kind == REFUSAL:
        # A contradiction between fields has no place of its own; the refusal names the field to look at.
        said = (str(context[part]) for part in ("shown", "reason", "remedy"))
        return InvalidInput(field or str(context["field"]), *said)
    if _is_time(kind):
        reason, remedy = _TIME_WORDS
    else:
        reason, remedy = _WORDS.get(kind, _OTHER_WORDS)
    return InvalidInput(field or "body", _shown(entry), reason, remedy.format_map(_Blank(context)))


def _is_time(kind: str) -> bool:
    return kind.startswith("datetime")


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def _shown(entry: Any) -> str:
    value = entry.get("input")
    if entry["type"] == "missing" or value is None:
        return ""
    named = [part for part in entry["loc"] if isinstance(part, str)]
    open_field = bool(named) and named[-1] in _OPEN_FIELDS and isinstance(value, str | int | float | bool)
    # A column that slipped may have put a name where a time belongs.
    if open_field and (not _is_time(entry["type"]) or set(str(value)) <= _TIME_SIGNS):
        return show(value)
    if isinstance(value, str | bytes):
        return f"… {len(value)} ký tự (characters)"
    return type(value).__name__
