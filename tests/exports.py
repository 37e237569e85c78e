"""Exports of an invented one-stop system for tests, a mapping for each layout, and a ledger in memory."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connectors.provincial.file import FileMapping, ImportReport, import_file, parse_mapping
from gateway.errors import ConflictingRepeat, InvalidInput
from gateway.lifecycle import Advance, advance
from gateway.model import Change, Dossier, DossierCode, DossierStatus, ProcessingStep, body_json
from tests.clocks import TestClock

NOW = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
PERSON = "Nguyễn Văn Ví Dụ"
NUMBER = "099090000017"

COMMON = """
source = "motcua-vidu"
layout = "{layout}"
{file}
[dates]
formats = ["dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy HH:mm", "dd/MM/yyyy"]

[columns]
code = ["Mã hồ sơ", "Số hồ sơ"]
procedure_code = {{ headings = ["Mã TTHC"], optional = true }}
procedure_name = {{ headings = ["Tên thủ tục"], optional = true }}
status = {{ headings = ["Trạng thái"], optional = true }}
accepted_at = "Ngày tiếp nhận"
due_at = {{ headings = ["Ngày hẹn trả"], time = "17:00", optional = true }}
returned_at = {{ headings = ["Ngày trả"], optional = true }}
applicant_name = "Người nộp"
applicant_kind = "Đối tượng"
identifier = {{ headings = ["Số giấy tờ"], optional = true }}
phone = {{ headings = ["Điện thoại"], optional = true }}
subject = "Trích yếu"
agency_name = "Đơn vị"
result_delivery = {{ value = "counter" }}

[status]
"Đã nhận" = 2
"Đang làm" = 4
"Chờ bổ sung" = 5
"Xong" = 9
"Đã trả" = 10

[applicant_kind]
"Công dân" = "citizen"

[[fees]]
name = {{ value = "Lệ phí" }}
amount = {{ headings = ["Lệ phí"], optional = true }}
kind = {{ value = "charge" }}
moment = {{ value = "acceptance" }}
{more}
"""
STEPS = """
[steps]
at = "Thời điểm"
status = "Trạng thái bước"
officer = "Cán bộ"
content = "Nội dung"
"""
STEP_COLUMNS = """
[[step_columns]]
at = "Ngày tiếp nhận"
status = 2
officer = { value = "Bộ phận một cửa" }
content = { value = "Tiếp nhận hồ sơ" }

[[step_columns]]
at = "Ngày trả"
status = 10
officer = { value = "Bộ phận một cửa" }
content = { value = "Trả kết quả" }
"""

Cells = Mapping[str, str]


def a_mapping(layout: str = "flat", *, more: str = "", file: str = "") -> FileMapping:
    """The mapping of the invented system; *more* goes to its end, *file* into ``[file]``."""
    return parse_mapping(mapping_text(layout, more=more, file=file))


def mapping_text(layout: str = "flat", *, more: str = "", file: str = "") -> str:
    """The mapping as it stands in a file."""
    steps = STEP_COLUMNS if layout == "columns" else STEPS
    section = f"[file]\n{file}" if file else ""
    return COMMON.format(layout=layout, file=section, more=steps + more)


def a_header(serial: int = 7, **changes: str) -> dict[str, str]:
    """The dossier columns of one row; keywords replace cells by heading, with ``_`` for a space."""
    cells = {
        "Mã hồ sơ": f"H99.101.01-260302-{serial:04d}",
        "Mã TTHC": "1.001193",
        "Trạng thái": "Đã trả",
        "Ngày tiếp nhận": "02/03/2026 08:15:00",
        "Ngày hẹn trả": "06/03/2026",
        "Ngày trả": "05/03/2026 15:00:00",
        "Người nộp": PERSON,
        "Đối tượng": "Công dân",
        "Số giấy tờ": NUMBER,
        "Trích yếu": "Đăng ký khai sinh",
        "Đơn vị": "UBND xã Ví Dụ",
        "Lệ phí": "75.000 đ",
    }
    return cells | _headings(changes)


def a_step(at: str, status: str, **changes: str) -> dict[str, str]:
    cells = {"Thời điểm": at, "Trạng thái bước": status, "Cán bộ": "Trần Thị Thử", "Nội dung": f"{status} hồ sơ"}
    return cells | _headings(changes)


def a_history(serial: int = 7, **changes: str) -> list[dict[str, str]]:
    """Four rows of the flat layout: accepted, processed, finished, returned."""
    steps = [
        a_step("02/03/2026 08:15:00", "Đã nhận"),
        a_step("02/03/2026 10:00:00", "Đang làm"),
        a_step("05/03/2026 09:30:00", "Xong"),
        a_step("05/03/2026 15:00:00", "Đã trả"),
    ]
    return [a_header(serial, **changes) | step for step in steps]


def _headings(changes: Cells) -> dict[str, str]:
    return {name.replace("_", " "): value for name, value in changes.items()}


def text_of(rows: Sequence[Cells], *, delimiter: str = ",", headings: Sequence[str] | None = None) -> str:
    """The rows as delimited text, headings first."""
    stream = io.StringIO()
    names = headings or list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(stream, names, delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def an_export(path: Path, rows: Sequence[Cells], *, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    """A text export at *path*."""
    path.write_bytes(text_of(rows, delimiter=delimiter).encode(encoding))
    return path


def read_back(path: Path) -> list[dict[str, str]]:
    """A rejects file by heading."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class MemoryReceipt:
    duplicate: bool = False
    refusal: InvalidInput | None = None


@dataclass
class MemoryKnown:
    header_fingerprint: str | None
    status: DossierStatus
    status_at: datetime
    steps: frozenset[str] = frozenset()
    version: int = 0


@dataclass
class MemoryLedger:
    """A ledger with the gateway's rules; *fails_at* is the number of the batch at which it breaks."""

    fails_at: int = 0
    batches: int = 0
    accepted: list[Change] = field(default_factory=list)
    dossiers: dict[str, MemoryKnown] = field(default_factory=dict)
    seen: dict[tuple[str, str], bytes] = field(default_factory=dict)
    backfilled: int = 0

    def submit_many(self, changes: Sequence[Change], *, backfill: bool = False) -> Sequence[MemoryReceipt]:
        self.batches += 1
        self.backfilled += backfill
        if self.batches == self.fails_at:
            raise ConnectionError("the database went away")
        return [self._submit(change) for change in changes]

    def known(self, codes: Sequence[DossierCode]) -> Mapping[str, MemoryKnown]:
        return {code.key: self.dossiers[code.key] for code in codes if code.key in self.dossiers}

    def headers(self, code: str) -> list[Dossier]:
        """The headers accepted for one dossier, in order."""
        return [c.body for c in self.accepted if isinstance(c.body, Dossier) and c.body.code.text == code]

    def told(self, code: str) -> list[str]:
        """What was accepted for one dossier: ``dossier 2``, ``step 4`` ..."""
        bodies = [c.body for c in self.accepted if str(c.dossier) == code]
        return [f"{b.kind} {int(b.status)}" for b in bodies if isinstance(b, Dossier | ProcessingStep)]

    def _submit(self, change: Change) -> MemoryReceipt:
        body, data = change.body, body_json(change.body)
        assert isinstance(body, Dossier | ProcessingStep)
        known = self.dossiers.get(change.dossier.key)
        held = self.seen.setdefault((change.source, change.source_id), data)
        if held is not data:
            if held != data:
                return MemoryReceipt(refusal=ConflictingRepeat("source_id", "", "đã dùng", "Đặt mã khác"))
            return MemoryReceipt(duplicate=True)
        if isinstance(body, ProcessingStep):
            if known is not None and body.identity in known.steps:
                return MemoryReceipt(duplicate=True)
            at, print_, steps = body.at, None, frozenset({body.identity})
        else:
            at, print_, steps = body.status_at, hashlib.sha256(data).hexdigest(), frozenset()
        try:
            effect = advance(known.status if known else None, known.status_at if known else None, body.status, at)
        except InvalidInput as refusal:
            return MemoryReceipt(refusal=refusal)
        if known is None:
            known = self.dossiers[change.dossier.key] = MemoryKnown(None, body.status, at)
        elif effect is not Advance.LATE:
            known.status, known.status_at = body.status, at
        known.header_fingerprint = print_ or known.header_fingerprint
        known.steps |= steps
        known.version += 1
        self.accepted.append(change)
        return MemoryReceipt()


def bring_in(
    path: Path, ledger: MemoryLedger, mapping: FileMapping | None = None, *, steps_path: Path | None = None,
    dry_run: bool = False, backfill: bool = False,
) -> ImportReport:  # fmt: skip
    """Import *path* on a Monday morning; refused rows go to ``rejects.csv`` beside it."""
    return import_file(
        path, mapping or a_mapping(), ledger, steps_path=steps_path, rejects_path=path.with_name("rejects.csv"),
        clock=TestClock(NOW), dry_run=dry_run, backfill=backfill,
    )  # fmt: skip
