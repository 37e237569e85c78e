"""
The columns of a mapping file: which heading is which field of a dossier, of its steps, of its groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from typing import Any

from connectors.provincial.file.mapping import (
    GROUP_FIELDS,
    GROUP_NEEDS,
    STEP_FIELDS,
    TIME_FIELDS,
    Column,
    Group,
    Layout,
    StepColumn,
    WordList,
)
from connectors.provincial.file.mapping_tables import Tables
from connectors.provincial.file.mapping_words import national_status
from gateway.errors import InvalidInput

_NEEDED = ("code", "applicant_name", "applicant_kind", "subject", "agency_name", "result_delivery")
_STEP_NEEDED = ("at", "status", "officer", "content")


def read_columns(tables: Tables, path: str, table: Mapping[str, Any], known: Sequence[str]) -> dict[str, Column]:
    """The fields of *table* that are *known*, each with where it comes from."""
    tables.only(path, table, known)
    return {name: _column(tables, f"{path}.{name}", raw, name) for name, raw in table.items() if name in known}


def _column(tables: Tables, path: str, raw: Any, name: str) -> Column:
    if isinstance(raw, str | list):
        return Column(path, tables.strings(path, raw))
    if not isinstance(raw, dict):
        tables.wrong(path, "phải là tiêu đề, danh sách tiêu đề hoặc bảng", 'Ví dụ: "Mã hồ sơ"')
        return Column(path)
    table = raw
    tables.only(path, table, ("headings", "value", "optional", "time"))
    headings = tables.strings(f"{path}.headings", table.get("headings", ()))
    value, optional = table.get("value"), table.get("optional", False)
    if value is not None and not (isinstance(value, str) and value.strip()):
        tables.wrong(f"{path}.value", "phải là chữ không rỗng", "Viết giá trị trong dấu nháy")
        value = None
    if not isinstance(optional, bool):
        tables.wrong(f"{path}.optional", "phải là true hoặc false", "Ví dụ: optional = true")
        optional = False
    if "headings" in table and "value" in table:
        tables.wrong(path, "có cả headings và value", "Chọn một: đọc từ cột, hoặc giá trị cố định")
    elif not headings and value is None:
        tables.wrong(path, "không có headings và không có value", 'Ví dụ: { headings = ["Mã hồ sơ"] }')
    return Column(path, headings, value, optional, _time_of_day(tables, path, table, name))


def _time_of_day(tables: Tables, path: str, table: Mapping[str, Any], name: str) -> time | None:
    if "time" not in table:
        return None
    if name not in TIME_FIELDS:
        tables.wrong(f"{path}.time", "trường này không phải là ngày", "Bỏ mục time")
        return None
    try:
        return time.fromisoformat(table["time"])
    except (TypeError, ValueError):
        tables.wrong(f"{path}.time", "không phải giờ", 'Ví dụ: time = "17:00"')
        return None


def refuse_too_few(tables: Tables, columns: Mapping[str, Column]) -> None:
    """Without these *columns* no row would ever be a dossier."""
    _refuse_lacking(tables, "columns", columns, _NEEDED)
    if not {"procedure_code", "procedure_name"} & columns.keys():
        remedy = "Khai báo procedure_code hoặc procedure_name"
        tables.wrong("columns.procedure_code", "chưa có cột mã hay tên thủ tục", remedy)
    if "code" in columns and columns["code"].value is not None:
        tables.wrong("columns.code", "mã hồ sơ không thể là giá trị cố định", "Ghi tiêu đề cột mã hồ sơ")


def _refuse_lacking(tables: Tables, path: str, columns: Mapping[str, Column], needed: Iterable[str]) -> None:
    for name in needed:
        if name not in columns:
            remedy = 'Ghi tiêu đề cột, hoặc { value = "..." }'
            tables.wrong(f"{path}.{name}", "bắt buộc nhưng chưa khai báo", remedy)


def read_steps(
    tables: Tables, layout: Layout | None, columns: Mapping[str, Column]
) -> tuple[dict[str, Column], tuple[StepColumn, ...]]:
    """Where steps come from, by *layout*: columns of their own rows, or date columns of the dossier's row."""
    table, raw_columns = tables.table("steps"), tables.raw.get("step_columns", [])
    if layout is Layout.COLUMNS:
        if table:
            tables.wrong("steps", 'không dùng với layout = "columns"', "Dùng [[step_columns]], hoặc đổi layout")
        return {}, _step_columns(tables, raw_columns)
    if raw_columns:
        tables.wrong("step_columns", 'chỉ dùng với layout = "columns"', "Dùng [steps], hoặc đổi layout")
    steps = read_columns(tables, "steps", table, STEP_FIELDS)
    if layout is Layout.FLAT and "code" in steps:
        tables.wrong("steps.code", 'layout = "flat" lấy mã từ columns.code', "Bỏ steps.code")
    if layout is Layout.SHEETS and "code" in columns:
        steps.setdefault("code", Column("steps.code", columns["code"].headings))
    _refuse_lacking(tables, "steps", steps, _STEP_NEEDED)
    return steps, ()


def _step_columns(tables: Tables, raw: Any) -> tuple[StepColumn, ...]:
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        tables.wrong("step_columns", "phải là danh sách bảng", "Viết [[step_columns]] cho mỗi cột ngày")
        return ()
    found = []
    for index, item in enumerate(raw):
        path = f"step_columns[{index}]"
        columns = read_columns(tables, path, {k: v for k, v in item.items() if k != "status"}, STEP_FIELDS)
        _refuse_lacking(tables, path, columns, ("at", "officer", "content"))
        status = national_status(tables, f"{path}.status", item.get("status"))
        if status and {"at", "officer", "content"} <= columns.keys():
            found.append(StepColumn(
                columns["at"], int(status), columns["officer"], columns["content"],
                columns.get("department"), columns.get("title"),
            ))  # fmt: skip
    return tuple(found)


def read_groups(tables: Tables, kind: str) -> Iterable[Group]:
    """Columns of the dossier's row that together are one paper, fee, result or supplement."""
    raw = tables.raw.get(kind, [])
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        tables.wrong(kind, "phải là danh sách bảng", f"Viết [[{kind}]] cho mỗi nhóm cột")
        return
    for index, item in enumerate(raw):
        path = f"{kind}[{index}]"
        columns = read_columns(tables, path, item, GROUP_FIELDS[kind])
        _refuse_lacking(tables, path, columns, GROUP_NEEDS[kind])
        if columns and all(column.value is not None for column in columns.values()):
            remedy = "Ghi tiêu đề cho ít nhất một trường"
            tables.wrong(path, "mọi trường đều cố định, không có cột nào để đọc", remedy)
        yield Group(kind, path, columns)


def refuse_useless(
    tables: Tables,
    columns: Mapping[str, Column],
    steps: Mapping[str, Column],
    groups: Sequence[Group],
    words: Mapping[str, WordList],
) -> None:
    """A constant that no row could ever use is a mistake of the mapping, not of a row."""
    listed = [(columns[name], words[name]) for name in words.keys() & columns.keys()]
    listed += [(steps["status"], words["step_status"])] if "status" in steps else []
    of_group = {("fees", "kind"): "fee_kind", ("fees", "moment"): "fee_moment", ("documents", "reuse"): "reuse"}
    for group in groups:
        listed += [
            (column, words[of_group[group.kind, name]])
            for name, column in group.columns.items()
            if (group.kind, name) in of_group
        ]
    for column, known in listed:
        if column.value is None:
            continue
        try:
            known.meaning(column.value)
        except InvalidInput as error:
            tables.wrong(column.path, f"«{error.shown}» {error.reason}", error.remedy)
