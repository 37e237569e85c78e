"""
Reads a mapping file and checks it whole: every mistake at once, each with its path and its remedy.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from connectors.provincial.file.dates import DateReader, confusable, pattern_of
from connectors.provincial.file.mapping import (
    DOSSIER_FIELDS,
    GROUP_FIELDS,
    GROUP_NEEDS,
    STEP_FIELDS,
    TIME_FIELDS,
    Column,
    FileMapping,
    Group,
    Layout,
    ProcedureCheck,
    ProcedureRules,
    StepColumn,
    WordList,
)
from connectors.provincial.file.words import did_you_mean, folded, quoted
from gateway.errors import ConfigurationError, InvalidInput, Problem
from gateway.model import (
    AgencyCode,
    ApplicantKind,
    Channel,
    DossierStatus,
    FeeKind,
    FeeMoment,
    OnlinePayment,
    ProcedureCode,
    ResultDelivery,
    Reuse,
)

ENCODINGS = ("auto", "utf-8", "utf-16", "windows-1258")
DELIMITERS = {"auto": None, ",": ",", ";": ";", "tab": "\t", "\t": "\t", "|": "|"}
_NEEDED = ("code", "applicant_name", "applicant_kind", "subject", "agency_name", "result_delivery")
_STEP_NEEDED = ("at", "status", "officer", "content")
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

WORD_TABLES: Mapping[str, tuple[str, type[StrEnum]]] = {
    "channel": ("hình thức nộp", Channel),
    "applicant_kind": ("đối tượng", ApplicantKind),
    "result_delivery": ("hình thức trả kết quả", ResultDelivery),
    "online_payment": ("thanh toán trực tuyến", OnlinePayment),
    "fee_kind": ("loại phí", FeeKind),
    "fee_moment": ("thời điểm thu", FeeMoment),
    "reuse": ("tái sử dụng", Reuse),
}
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
    return _Checker(raw).mapping()


class _Checker:
    """Walks the raw tables once, collecting problems instead of stopping at the first."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.problems: list[Problem] = []

    def wrong(self, path: str, reason: str, remedy: str) -> None:
        self.problems.append(Problem(path, reason, remedy))

    def mapping(self) -> FileMapping:
        self.only("", self.raw, _TOP)
        layout = self.layout()
        columns = self.columns("columns", self.table("columns"), DOSSIER_FIELDS)
        steps, step_columns = self.steps(layout, columns)
        self.enough(columns)
        file = self.table("file")
        self.only("file", file, ("sheet", "steps_sheet", "delimiter", "encoding", "blank"))
        dates, future = self.dates()
        words = {name: self.words(name, *WORD_TABLES[name]) for name in WORD_TABLES}
        words["status"] = self.status_words("status")
        words["step_status"] = self.status_words("step_status", words["status"])
        groups = tuple(group for kind in GROUP_FIELDS for group in self.groups(kind))
        self.constants(columns, steps, groups, words)
        if layout is not Layout.SHEETS and "steps_sheet" in file:
            self.wrong("file.steps_sheet", 'chỉ dùng với layout = "sheets"', "Bỏ dòng này hoặc đổi layout")
        source, agencies, procedures = self.source(), self.agencies(), self.procedures()
        sheets = self.strings("file.sheet", file.get("sheet", ()))
        steps_sheets = self.strings("file.steps_sheet", file.get("steps_sheet", ()))
        delimiter, encoding = self.delimiter(file.get("delimiter", "auto")), self.encoding(file.get("encoding", "auto"))
        blank = frozenset(folded(word) for word in self.strings("file.blank", file.get("blank", ())))
        omit = self.identifiers()
        if self.problems or layout is None or dates is None:
            raise ConfigurationError(self.problems)
        return FileMapping(
            source=source, layout=layout, dates=dates, columns=columns, steps=steps, step_columns=step_columns,
            groups=groups, words=words, agencies=agencies, procedures=procedures, sheets=sheets,
            steps_sheets=steps_sheets, delimiter=delimiter, encoding=encoding, blank=blank, future=future,
            omit_bad_identifiers=omit,
        )  # fmt: skip

    # Small readers, each reporting what is wrong with one entry.

    def only(self, path: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
        for name in table:
            if name not in known:
                where = f"{path}.{name}" if path else name
                remedy = did_you_mean(name, known, f"Các mục có thể dùng: {quoted(known)}")
                self.wrong(where, "không có mục này", remedy)

    def table(self, path: str, raw: Any = None) -> Mapping[str, Any]:
        value = self.raw.get(path, {}) if raw is None else raw
        if not isinstance(value, dict):
            self.wrong(path, "phải là một bảng", f"Viết [{path}] rồi mỗi mục một dòng")
            return {}
        return value

    def strings(self, path: str, value: Any) -> tuple[str, ...]:
        items = (value,) if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(item, str) and item.strip() for item in items):
            self.wrong(path, "phải là chữ hoặc danh sách chữ", 'Ví dụ: "Mã hồ sơ" hoặc ["Mã hồ sơ", "Số hồ sơ"]')
            return ()
        return tuple(items)

    def source(self) -> str:
        source = self.raw.get("source")
        if not isinstance(source, str) or not _SOURCE.fullmatch(source):
            self.wrong("source", "thiếu hoặc không hợp lệ", 'Đặt tên nguồn không dấu, ví dụ source = "motcua-xa"')
            return ""
        return source

    def layout(self) -> Layout | None:
        try:
            return Layout(self.raw.get("layout", ""))
        except ValueError:
            self.wrong("layout", "thiếu hoặc không hợp lệ", f"Chọn một trong {quoted(Layout)}")
            return None

    def dates(self) -> tuple[DateReader | None, timedelta]:
        table = self.table("dates")
        self.only("dates", table, ("formats", "future_minutes"))
        minutes = table.get("future_minutes", 60)
        if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 <= minutes <= 525_600:
            self.wrong("dates.future_minutes", "phải là số phút từ 0 đến 525600", "Ví dụ: future_minutes = 60")
            minutes = 60
        formats = self.strings("dates.formats", table.get("formats", ()))
        before = len(self.problems)
        for index, form in enumerate(formats):
            try:
                pattern_of(form)
            except ValueError as error:
                self.wrong(f"dates.formats[{index}]", f"mẫu «{form}» {error}", "Ví dụ: dd/MM/yyyy HH:mm:ss")
        if not formats:
            self.wrong("dates.formats", "chưa có mẫu ngày nào", 'Ví dụ: formats = ["dd/MM/yyyy"]')
        if len(self.problems) > before:
            return None, timedelta(minutes=minutes)
        if (pair := confusable(formats)) is not None:
            self.wrong("dates.formats", f"{quoted(pair)} đọc cùng một chữ thành hai ngày khác nhau", "Giữ lại một mẫu")
        return DateReader(formats), timedelta(minutes=minutes)

    def column(self, path: str, raw: Any, name: str) -> Column:
        if isinstance(raw, str | list):
            return Column(path, self.strings(path, raw))
        if not isinstance(raw, dict):
            self.wrong(path, "phải là tiêu đề, danh sách tiêu đề hoặc bảng", 'Ví dụ: "Mã hồ sơ"')
            return Column(path)
        table = raw
        self.only(path, table, ("headings", "value", "optional", "time"))
        headings = self.strings(f"{path}.headings", table.get("headings", ()))
        value, optional = table.get("value"), table.get("optional", False)
        if value is not None and not (isinstance(value, str) and value.strip()):
            self.wrong(f"{path}.value", "phải là chữ không rỗng", "Viết giá trị trong dấu nháy")
            value = None
        if not isinstance(optional, bool):
            self.wrong(f"{path}.optional", "phải là true hoặc false", "Ví dụ: optional = true")
            optional = False
        if "headings" in table and "value" in table:
            self.wrong(path, "có cả headings và value", "Chọn một: đọc từ cột, hoặc giá trị cố định")
        elif not headings and value is None:
            self.wrong(path, "không có headings và không có value", 'Ví dụ: { headings = ["Mã hồ sơ"] }')
        return Column(path, headings, value, optional, self.fill(path, table, name))

    def fill(self, path: str, table: Mapping[str, Any], name: str) -> time | None:
        if "time" not in table:
            return None
        if name not in TIME_FIELDS:
            self.wrong(f"{path}.time", "trường này không phải là ngày", "Bỏ mục time")
            return None
        try:
            return time.fromisoformat(table["time"])
        except (TypeError, ValueError):
            self.wrong(f"{path}.time", "không phải giờ", 'Ví dụ: time = "17:00"')
            return None

    def columns(self, path: str, table: Mapping[str, Any], known: Sequence[str]) -> dict[str, Column]:
        self.only(path, table, known)
        return {name: self.column(f"{path}.{name}", raw, name) for name, raw in table.items() if name in known}

    def lacking(self, path: str, columns: Mapping[str, Column], needed: Iterable[str]) -> None:
        for name in needed:
            if name not in columns:
                remedy = 'Ghi tiêu đề cột, hoặc { value = "..." }'
                self.wrong(f"{path}.{name}", "bắt buộc nhưng chưa khai báo", remedy)

    def enough(self, columns: Mapping[str, Column]) -> None:
        self.lacking("columns", columns, _NEEDED)
        if not {"procedure_code", "procedure_name"} & columns.keys():
            remedy = "Khai báo procedure_code hoặc procedure_name"
            self.wrong("columns.procedure_code", "chưa có cột mã hay tên thủ tục", remedy)
        if "code" in columns and columns["code"].value is not None:
            self.wrong("columns.code", "mã hồ sơ không thể là giá trị cố định", "Ghi tiêu đề cột mã hồ sơ")

    def steps(
        self, layout: Layout | None, columns: Mapping[str, Column]
    ) -> tuple[dict[str, Column], tuple[StepColumn, ...]]:
        table, raw_columns = self.table("steps"), self.raw.get("step_columns", [])
        if layout is Layout.COLUMNS:
            if table:
                self.wrong("steps", 'không dùng với layout = "columns"', "Dùng [[step_columns]], hoặc đổi layout")
            return {}, self.step_columns(raw_columns)
        if raw_columns:
            self.wrong("step_columns", 'chỉ dùng với layout = "columns"', "Dùng [steps], hoặc đổi layout")
        steps = self.columns("steps", table, STEP_FIELDS)
        if layout is Layout.FLAT and "code" in steps:
            self.wrong("steps.code", 'layout = "flat" lấy mã từ columns.code', "Bỏ steps.code")
        if layout is Layout.SHEETS and "code" in columns:
            steps.setdefault("code", Column("steps.code", columns["code"].headings))
        self.lacking("steps", steps, _STEP_NEEDED)
        return steps, ()

    def step_columns(self, raw: Any) -> tuple[StepColumn, ...]:
        if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
            self.wrong("step_columns", "phải là danh sách bảng", "Viết [[step_columns]] cho mỗi cột ngày")
            return ()
        found = []
        for index, item in enumerate(raw):
            path = f"step_columns[{index}]"
            columns = self.columns(path, {k: v for k, v in item.items() if k != "status"}, STEP_FIELDS)
            self.lacking(path, columns, ("at", "officer", "content"))
            status = self.status(f"{path}.status", item.get("status"))
            if status and {"at", "officer", "content"} <= columns.keys():
                found.append(StepColumn(
                    columns["at"], int(status), columns["officer"], columns["content"],
                    columns.get("department"), columns.get("title"),
                ))  # fmt: skip
        return tuple(found)

    def groups(self, kind: str) -> Iterable[Group]:
        raw = self.raw.get(kind, [])
        if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
            self.wrong(kind, "phải là danh sách bảng", f"Viết [[{kind}]] cho mỗi nhóm cột")
            return
        for index, item in enumerate(raw):
            path = f"{kind}[{index}]"
            columns = self.columns(path, item, GROUP_FIELDS[kind])
            self.lacking(path, columns, GROUP_NEEDS[kind])
            if columns and all(column.value is not None for column in columns.values()):
                remedy = "Ghi tiêu đề cho ít nhất một trường"
                self.wrong(path, "mọi trường đều cố định, không có cột nào để đọc", remedy)
            yield Group(kind, path, columns)

    def status(self, path: str, raw: Any) -> str:
        if isinstance(raw, int) and not isinstance(raw, bool) and raw in DossierStatus.__members__.values():
            return str(raw)
        if isinstance(raw, str):
            for status in DossierStatus:
                if folded(raw) == folded(status.label_vi):
                    return str(int(status))
        listed = ", ".join(f"{int(s)} {s.label_vi}" for s in DossierStatus)
        self.wrong(path, f"«{raw}» không phải trạng thái quốc gia", f"Dùng số hoặc tên: {listed}")
        return ""

    def status_words(self, name: str, base: WordList | None = None) -> WordList:
        meanings = dict(base.meanings) if base else {folded(s.label_vi): str(int(s)) for s in DossierStatus}
        own = {word: self.status(f"{name}.{word}", raw) for word, raw in self.table(name).items()}
        self.twice(name, own)
        meanings.update({folded(word): code for word, code in own.items()})
        spelled = base.spelled if base else tuple(status.label_vi for status in DossierStatus)
        return WordList("trạng thái", name if own or base is None else base.table, meanings, (*own, *spelled))

    def words(self, name: str, field: str, codes: type[StrEnum]) -> WordList:
        own: dict[str, str] = {}
        for word, code in self.table(name).items():
            if code not in set(codes):
                self.wrong(f"{name}.{word}", f"«{code}» không có trong danh mục", f"Chọn một trong {quoted(codes)}")
            own[word] = str(code)
        self.twice(name, own)
        meanings = {str(code): str(code) for code in codes} | {folded(word): code for word, code in own.items()}
        return WordList(field, name, meanings, (*own, *map(str, codes)))

    def twice(self, name: str, own: Mapping[str, str]) -> None:
        seen: dict[str, str] = {}
        for word, code in own.items():
            if seen.setdefault(folded(word), code) != code:
                self.wrong(f"{name}.{word}", "một từ (khác cách viết) có hai nghĩa", "Giữ lại một dòng")

    def constants(
        self,
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
                self.wrong(column.path, f"«{error.shown}» {error.reason}", error.remedy)

    def delimiter(self, raw: Any) -> str | None:
        if not isinstance(raw, str) or raw not in DELIMITERS:
            self.wrong("file.delimiter", f"«{raw}» không dùng được", 'Chọn auto, ",", ";", "tab" hoặc "|"')
            return None
        return DELIMITERS[raw]

    def encoding(self, raw: Any) -> str | None:
        if isinstance(raw, str) and raw.lower() in ENCODINGS:
            return None if raw.lower() == "auto" else raw.lower()
        advice = f"Chọn một trong {quoted(ENCODINGS)}"
        if isinstance(raw, str) and raw.lower() in ("tcvn3", "abc", "vni"):
            advice = "Chuyển tệp sang Unicode (UniKey, Ctrl+Shift+F6), lưu dạng CSV UTF-8, rồi bỏ dòng này"
        self.wrong("file.encoding", f"«{raw}» không đọc được", advice)
        return None

    def agencies(self) -> dict[str, str]:
        return self.codes("agencies", self.table("agencies"), AgencyCode)

    def codes(self, path: str, table: Mapping[str, Any], kind: type[AgencyCode | ProcedureCode]) -> dict[str, str]:
        found = {}
        for name, code in table.items():
            try:
                kind.parse(code if isinstance(code, str) else "")
            except InvalidInput as error:
                self.wrong(f"{path}.{name}", f"«{code}» {error.reason}", error.remedy)
            else:
                found[folded(name)] = code
        return found

    def identifiers(self) -> bool:
        table = self.table("identifiers")
        self.only("identifiers", table, ("malformed",))
        choice = table.get("malformed", "refuse")
        if choice not in ("refuse", "omit"):
            self.wrong("identifiers.malformed", f"«{choice}» không hợp lệ", 'Chọn "refuse" hoặc "omit"')
        return bool(choice == "omit")

    def procedures(self) -> ProcedureRules:
        table = self.table("procedures")
        self.only("procedures", table, ("check", "codes", "names"))
        try:
            check = ProcedureCheck(table.get("check", "national"))
        except ValueError:
            self.wrong("procedures.check", "không hợp lệ", f"Chọn một trong {quoted(ProcedureCheck)}")
            check = ProcedureCheck.NONE
        listed = self.strings("procedures.codes", table.get("codes", ()))
        codes = self.codes("procedures.codes", {code: code for code in listed}, ProcedureCode)
        if check is ProcedureCheck.LIST and not listed:
            self.wrong("procedures.codes", 'check = "list" nhưng danh sách trống', "Liệt kê các mã thủ tục")
        names = self.codes("procedures.names", self.table("procedures.names", table.get("names", {})), ProcedureCode)
        return ProcedureRules(check, tuple(codes.values()), names)
