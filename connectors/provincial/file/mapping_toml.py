"""
Reads a mapping file and checks it whole: every mistake at once, each with its path and its remedy.
"""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors.provincial.file.dates import DateReader, confusable, pattern_of
from connectors.provincial.file.mapping import (
    DOSSIER_FIELDS,
    GROUP_FIELDS,
    FileMapping,
    Layout,
    ProcedureCheck,
    ProcedureRules,
)
from connectors.provincial.file.mapping_columns import (
    read_columns,
    read_groups,
    read_steps,
    refuse_too_few,
    refuse_useless,
)
from connectors.provincial.file.mapping_tables import Tables
from connectors.provincial.file.mapping_words import WORD_TABLES, read_codes, read_status_words, read_words
from connectors.provincial.file.words import folded, quoted
from gateway.errors import ConfigurationError, Problem
from gateway.model import AgencyCode, ProcedureCode

ENCODINGS = ("auto", "utf-8", "utf-16", "windows-1258")
DELIMITERS = {"auto": None, ",": ",", ";": ";", "tab": "\t", "\t": "\t", "|": "|"}
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_TOP = ("source", "layout", "file", "dates", "columns", "steps", "step_columns", "agencies", "identifiers",
        "procedures", "status", "step_status", *WORD_TABLES, *GROUP_FIELDS)  # fmt: skip


def load_mapping(path: Path) -> FileMapping:
    """The mapping in the TOML file *path*. Raises ConfigurationError with all its mistakes."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = f"không đọc được tệp ánh xạ ({error.strerror})"
        raise ConfigurationError([Problem(str(path), reason, "Kiểm tra đường dẫn và quyền đọc")]) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            [Problem(str(path), f"không phải UTF-8 (byte thứ {error.start + 1})", "Lưu tệp ánh xạ dạng UTF-8")]
        ) from None
    return parse_mapping(text, str(path))


def parse_mapping(text: str, name: str = "ánh xạ") -> FileMapping:
    """As ``load_mapping``, from text; *name* stands in for the path in messages."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        remedy = "Kiểm tra dấu nháy, dấu = và ngoặc vuông ở dòng đó"
        raise ConfigurationError([Problem(name, f"không đúng cú pháp TOML: {error}", remedy)]) from None
    return _mapping(Tables(raw))


def _mapping(tables: Tables) -> FileMapping:
    tables.only("", tables.raw, _TOP)
    layout = _layout(tables)
    columns = read_columns(tables, "columns", tables.table("columns"), DOSSIER_FIELDS)
    steps, step_columns = read_steps(tables, layout, columns)
    refuse_too_few(tables, columns)
    file = tables.table("file")
    tables.only("file", file, ("sheet", "steps_sheet", "delimiter", "encoding", "blank"))
    dates, future = _dates(tables)
    words = {name: read_words(tables, name, *WORD_TABLES[name]) for name in WORD_TABLES}
    words["status"] = read_status_words(tables, "status")
    words["step_status"] = read_status_words(tables, "step_status", words["status"])
    groups = tuple(group for kind in GROUP_FIELDS for group in read_groups(tables, kind))
    refuse_useless(tables, columns, steps, groups, words)
    if layout is not Layout.SHEETS and "steps_sheet" in file:
        tables.wrong("file.steps_sheet", 'chỉ dùng với layout = "sheets"', "Bỏ dòng này hoặc đổi layout")
    source = _source(tables)
    agencies = read_codes(tables, "agencies", tables.table("agencies"), AgencyCode)
    procedures = _procedures(tables)
    sheets = tables.strings("file.sheet", file.get("sheet", ()))
    steps_sheets = tables.strings("file.steps_sheet", file.get("steps_sheet", ()))
    delimiter = _delimiter(tables, file.get("delimiter", "auto"))
    encoding = _encoding(tables, file.get("encoding", "auto"))
    blank = frozenset(folded(word) for word in tables.strings("file.blank", file.get("blank", ())))
    omit = _identifiers(tables)
    if tables.problems or layout is None or dates is None:
        raise ConfigurationError(tables.problems)
    return FileMapping(
        source=source, layout=layout, dates=dates, columns=columns, steps=steps, step_columns=step_columns,
        groups=groups, words=words, agencies=agencies, procedures=procedures, sheets=sheets,
        steps_sheets=steps_sheets, delimiter=delimiter, encoding=encoding, blank=blank, future=future,
        omit_bad_identifiers=omit,
    )  # fmt: skip


def _source(tables: Tables) -> str:
    source = tables.raw.get("source")
    if not isinstance(source, str) or not _SOURCE.fullmatch(source):
        tables.wrong("source", "thiếu hoặc không hợp lệ", 'Đặt tên nguồn không dấu, ví dụ source = "motcua-xa"')
        return ""
    return source


def _layout(tables: Tables) -> Layout | None:
    try:
        return Layout(tables.raw.get("layout", ""))
    except ValueError:
        tables.wrong("layout", "thiếu hoặc không hợp lệ", f"Chọn một trong {quoted(Layout)}")
        return None


def _dates(tables: Tables) -> tuple[DateReader | None, timedelta]:
    table = tables.table("dates")
    tables.only("dates", table, ("formats", "future_minutes"))
    minutes = table.get("future_minutes", 60)
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 <= minutes <= 525_600:
        tables.wrong("dates.future_minutes", "phải là số phút từ 0 đến 525600", "Ví dụ: future_minutes = 60")
        minutes = 60
    formats = tables.strings("dates.formats", table.get("formats", ()))
    before = len(tables.problems)
    for index, form in enumerate(formats):
        try:
            pattern_of(form)
        except ValueError as error:
            tables.wrong(f"dates.formats[{index}]", f"mẫu «{form}» {error}", "Ví dụ: dd/MM/yyyy HH:mm:ss")
    if not formats:
        tables.wrong("dates.formats", "chưa có mẫu ngày nào", 'Ví dụ: formats = ["dd/MM/yyyy"]')
    if len(tables.problems) > before:
        return None, timedelta(minutes=minutes)
    if (pair := confusable(formats)) is not None:
        tables.wrong("dates.formats", f"{quoted(pair)} đọc cùng một chữ thành hai ngày khác nhau", "Giữ lại một mẫu")
    return DateReader(formats), timedelta(minutes=minutes)


def _delimiter(tables: Tables, raw: Any) -> str | None:
    if not isinstance(raw, str) or raw not in DELIMITERS:
        tables.wrong("file.delimiter", f"«{raw}» không dùng được", 'Chọn auto, ",", ";", "tab" hoặc "|"')
        return None
    return DELIMITERS[raw]


def _encoding(tables: Tables, raw: Any) -> str | None:
    if isinstance(raw, str) and raw.lower() in ENCODINGS:
        return None if raw.lower() == "auto" else raw.lower()
    advice = f"Chọn một trong {quoted(ENCODINGS)}"
    if isinstance(raw, str) and raw.lower() in ("tcvn3", "abc", "vni"):
        advice = "Chuyển tệp sang Unicode (UniKey, Ctrl+Shift+F6), lưu dạng CSV UTF-8, rồi bỏ dòng này"
    tables.wrong("file.encoding", f"«{raw}» không đọc được", advice)
    return None


def _identifiers(tables: Tables) -> bool:
    table = tables.table("identifiers")
    tables.only("identifiers", table, ("malformed",))
    choice = table.get("malformed", "refuse")
    if choice not in ("refuse", "omit"):
        tables.wrong("identifiers.malformed", f"«{choice}» không hợp lệ", 'Chọn "refuse" hoặc "omit"')
    return bool(choice == "omit")


def _procedures(tables: Tables) -> ProcedureRules:
    table = tables.table("procedures")
    tables.only("procedures", table, ("check", "codes", "names"))
    try:
        check = ProcedureCheck(table.get("check", "national"))
    except ValueError:
        tables.wrong("procedures.check", "không hợp lệ", f"Chọn một trong {quoted(ProcedureCheck)}")
        check = ProcedureCheck.NONE
    listed = tables.strings("procedures.codes", table.get("codes", ()))
    codes = read_codes(tables, "procedures.codes", {code: code for code in listed}, ProcedureCode)
    if check is ProcedureCheck.LIST and not listed:
        tables.wrong("procedures.codes", 'check = "list" nhưng danh sách trống', "Liệt kê các mã thủ tục")
    named = tables.table("procedures.names", table.get("names", {}))
    names = read_codes(tables, "procedures.names", named, ProcedureCode)
    return ProcedureRules(check, tuple(codes.values()), names)
