"""
The source files against the portal's own ledger: what was lost, what counts twice, what came in the wrong order.

Pure, and deliberately ignorant of the connector: the wire words are spelled here once more, so that a fault of the
translation is found and not repeated. Our own store is not asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.model import Channel, Dossier, DossierCode, DossierStatus, IdentifierKind, OnlinePayment, ProcessingStep
from gateway.model.text import nfc
from gateway.model.times import to_wire14

Kind = Literal["lost", "duplicated", "out_of_order"]
StepKey = tuple[str, str, str]
"""Time as 14 digits, status, text in NFC: what tells two steps of one dossier apart (contract 6.4)."""

_CHANNELS = {Channel.COUNTER: "1", Channel.ONLINE: "2", Channel.POST: "3", None: ""}
_PAYMENTS = {
    OnlinePayment.NONE: "0",
    OnlinePayment.PORTAL: "1",
    OnlinePayment.PROVINCE: "2",
    OnlinePayment.OFFLINE: "3",
}
_IDENTIFIERS = {
    IdentifierKind.PERSONAL: "1",
    IdentifierKind.OLD_CARD: "2",
    IdentifierKind.PASSPORT: "3",
    IdentifierKind.TAX: "4",
}
_SUBJECT_LIMIT = 1000
_OFFICER_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement. *what* names the field or the step by its time, never a personal value."""

    kind: Kind
    dossier: str
    what: str


@dataclass(slots=True)
class Expected:
    """
    One dossier as the files tell it.

    *steps* maps each step to its rank: the export that brought it first, then its time. Steps of one rank may come in
    either order.
    """

    header: Dossier
    steps: dict[StepKey, tuple[int, str]] = field(default_factory=dict)
    counts: Counter[StepKey] = field(default_factory=Counter)
    officers: dict[StepKey, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict. *findings* are in order of dossier; each is one of the three counts."""

    dossiers: int
    steps: int
    findings: tuple[Finding, ...]

    def count(self, kind: Kind) -> int:
        return sum(finding.kind == kind for finding in self.findings)

    @property
    def lost(self) -> int:
        return self.count("lost")

    @property
    def duplicated(self) -> int:
        return self.count("duplicated")

    @property
    def out_of_order(self) -> int:
        return self.count("out_of_order")


Histories = Iterable[tuple[Dossier, Sequence[ProcessingStep]]]


def expected_from(exports: Iterable[Histories]) -> dict[str, Expected]:
    """
    What the portal must hold after *exports* (of one place, oldest first) were delivered, by dossier key.

    A later export's header stands; a step counts once however many exports repeat it.
    """
    expected: dict[str, Expected] = {}
    for number, histories in enumerate(exports):
        for dossier, steps in histories:
            entry = expected.setdefault(dossier.code.key, Expected(dossier))
            entry.header = dossier
            told = Counter(_key_of(step) for step in steps)
            entry.counts |= told
            for step in steps:
                key = _key_of(step)
                entry.steps.setdefault(key, (number, key[0]))
                entry.officers[key] = step.officer
    return expected


def compare(expected: Mapping[str, Expected], ledger: Iterable[Mapping[str, Any]]) -> Comparison:
    """
    Compare with the portal's *ledger*: one mapping per dossier with ``code``, ``status``, ``header`` as pushed, and
    ``steps``, each with ``arrival`` and ``body`` as pushed.

    Lost: a dossier, a step or a fact of a header that the files have and the portal has not. Duplicated: what the
    portal has beyond the files, above all twice. Out of order: a step that arrived after one that follows it.
    """
    findings: list[Finding] = []
    seen: Counter[str] = Counter()
    for record in ledger:
        key = DossierCode.parse(str(record["code"])).key
        seen[key] += 1
        if key not in expected or seen[key] > 1:
            findings.append(Finding("duplicated", key, "hồ sơ / dossier"))
            continue
        findings += _of_header(key, expected[key].header, record)
        findings += _of_steps(key, expected[key], record["steps"])
    for key, entry in expected.items():
        if key not in seen:
            findings.append(Finding("lost", key, "hồ sơ / dossier"))
            findings += (Finding("lost", key, f"bước / step {step[0]}") for step in entry.counts.elements())
    steps = sum(entry.counts.total() for entry in expected.values())
    return Comparison(len(expected), steps, tuple(sorted(findings, key=lambda finding: finding.dossier)))


def _of_steps(key: str, expected: Expected, entries: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    arrived = [entry["body"] for entry in sorted(entries, key=lambda entry: int(entry["arrival"]))]
    held = Counter(_key_on_wire(body) for body in arrived)
    for step, count in (expected.counts - held).items():
        yield from [Finding("lost", key, f"bước / step {step[0]}")] * count
    for step, count in (held - expected.counts).items():
        yield from [Finding("duplicated", key, f"bước / step {step[0]}")] * count
    newest = (0, "")
    for body in arrived:
        step = _key_on_wire(body)
        rank = expected.steps.get(step)
        if rank is None:
            continue
        if rank < newest:
            yield Finding("out_of_order", key, f"bước / step {step[0]}")
        newest = max(newest, rank)
        if not _is_start(str(body["NguoiXuLy"]), expected.officers[step], _OFFICER_LIMIT):
            yield Finding("lost", key, f"NguoiXuLy {step[0]}")


def _of_header(key: str, header: Dossier, record: Mapping[str, Any]) -> Iterator[Finding]:
    pushed = record["header"]
    if int(record["status"]) != header.status.value:
        yield Finding("lost", key, "trạng thái công khai / public status")
    for name, value in _facts(header).items():
        if nfc(str(pushed.get(name) or "")) != value:
            yield Finding("lost", key, name)
    if not _is_start(str(pushed["TrichYeuHoSo"]), header.subject, _SUBJECT_LIMIT):
        yield Finding("lost", key, "TrichYeuHoSo")
    if not str(pushed["MaTTHC"]).startswith(header.procedure.base):
        yield Finding("lost", key, "MaTTHC")
    for name, rows in _lists(header).items():
        columns = _LISTS[name]
        arrived = [tuple(nfc(str(row.get(column) or "")) for column in columns) for row in pushed.get(name) or ()]
        # An empty list may travel as one empty row where the portal wants at least one.
        if rows != arrived and (rows or any(any(row) for row in arrived)):
            yield Finding("lost", key, name)


def _facts(header: Dossier) -> dict[str, str]:
    """The scalar facts of a header in the portal's words; the empty string is none."""
    return {
        "TrangThaiHoSo": str(header.status.value),
        "KenhThucHien": _CHANNELS[header.channel],
        "ChuHoSo": nfc(header.applicant.name),
        "Email": nfc(header.applicant.email or ""),
        "SoDienThoai": nfc(header.applicant.phone or ""),
        "NgayNopHoSo": to_wire14(header.submitted_at),
        "NgayTiepNhan": to_wire14(header.accepted_at),
        "NgayHenTra": to_wire14(header.due_at),
        "NgayKetThucXuLy": to_wire14(header.completed_at),
        "NgayTra": to_wire14(header.returned_at),
        "NgayTuChoi": to_wire14(header.refused_at if header.status is DossierStatus.REFUSED else None),
        "HinhThuc": "1" if header.result_delivery.value == "post" else "0",
        "DonViXuLy": nfc(header.agency.name),
        "DuocThanhToanTrucTuyen": _PAYMENTS[header.online_payment],
    }


_LISTS: Mapping[str, tuple[str, ...]] = {
    "DinhDanhCHS": ("LoaiDinhDanh", "SoDinhDanh"),
    "TaiLieuNop": ("TenTepDinhKem", "DuongDanTaiTepTin"),
    "DanhSachLePhi": ("TenPhiLePhi", "Gia"),
    "DanhSachGiayToKetQua": ("TenGiayTo", "DuongDanTepTinKetQua"),
    "DanhSachHoSoBoSung": ("NoiDungBoSung", "NgayBoSung", "NgayTiepNhanBoSung", "NgayHenTraTruoc", "NgayHenTraMoi"),
}


def _lists(header: Dossier) -> dict[str, list[tuple[str, ...]]]:
    """The lists of a header, each row cut down to the columns of ``_LISTS``."""
    return {
        "DinhDanhCHS": [(_IDENTIFIERS[one.kind], one.number) for one in header.applicant.identifiers],
        "TaiLieuNop": [(nfc(one.name), nfc(one.url)) for one in header.documents if not one.deleted],
        "DanhSachLePhi": [(nfc(one.name), str(one.amount)) for one in header.fees],
        "DanhSachGiayToKetQua": [(nfc(one.name), nfc(one.url)) for one in header.results],
        "DanhSachHoSoBoSung": [
            (
                nfc(one.content),
                to_wire14(one.requested_at),
                to_wire14(one.received_at),
                to_wire14(one.due_before),
                to_wire14(one.due_after),
            )
            for one in header.supplements
        ],
    }


def _is_start(arrived: str, whole: str, limit: int) -> bool:
    """
    Whether *arrived* is *whole*, or a cut of it that fills the limit up to a letter's marks and an ellipsis.

    The limit counts the characters as they travel, which may be letters and marks apart.
    """
    if nfc(arrived) == nfc(whole):
        return True
    kept = nfc(arrived.rstrip(".…"))
    return len(whole) > limit >= len(arrived) > limit - 10 and nfc(whole).startswith(kept)


def _key_of(step: ProcessingStep) -> StepKey:
    return to_wire14(step.at), str(step.status.value), nfc(step.content)


def _key_on_wire(body: Mapping[str, Any]) -> StepKey:
    return str(body["ThoiDiemXuLy"]), str(body["TrangThai"]), nfc(str(body["NoiDungXuLy"]))
