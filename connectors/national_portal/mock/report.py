"""
What the portal computes from what it was told (contract 16).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from connectors.national_portal.mock.catalogue import Catalogue
from connectors.national_portal.mock.ledger import DossierRecord, Step
from connectors.national_portal.mock.settings import Settings
from gateway.model.times import VIETNAM

Item = Mapping[str, Any]

ON_TIME: Final = "on time"
LATE: Final = "late"
NO_TERM: Final = "no due date and no term"


@dataclass(frozen=True, slots=True)
class Share:
    """*part* of *whole*."""

    part: int
    whole: int


@dataclass(frozen=True, slots=True)
class Report:
    """
    The indicators for dossiers accepted in a period; *timeliness* says how each was judged.

    *synced* is the numerator of the sync rate: the reporting system that gives the denominator is not ours.
    """

    synced: int
    without_acceptance: int
    on_time: Share
    online: Share
    online_payment: Share
    electronic_result: Share
    digitised: Share
    reused: Share
    shared_store: Share
    population_data: Share
    timeliness: Mapping[str, str] = field(default_factory=dict)


def report(
    dossiers: Iterable[DossierRecord], catalogue: Catalogue, settings: Settings, start: datetime, end: datetime
) -> Report:
    """Judge the dossiers accepted from *start* until before *end*."""
    everything = list(dossiers)
    counted = [one for one in everything if (at := _moment(one.header.get("NgayTiepNhan"))) and start <= at < end]
    judged = {one.code: timeliness(one, catalogue, end) for one in counted}
    paying = [one for one in counted if _owes(one, catalogue)]

    def share(test: Any, among: Sequence[DossierRecord] = counted) -> Share:
        return Share(sum(bool(test(one)) for one in among), len(among))

    return Report(
        synced=len(counted),
        without_acceptance=sum(not one.header.get("NgayTiepNhan") for one in everything),
        on_time=Share(
            sum(verdict == ON_TIME for verdict in judged.values()),
            sum(verdict != NO_TERM for verdict in judged.values()),
        ),
        online=share(lambda one: _online(one, catalogue)),
        online_payment=share(lambda one: str(one.header.get("DuocThanhToanTrucTuyen")) in ("1", "2"), paying),
        electronic_result=share(_result_links),
        digitised=share(lambda one: _rows(one, "TaiLieuNop") and _result_links(one)),
        reused=share(_reused),
        shared_store=share(_from_store),
        population_data=share(lambda one: _population(one, settings)),
        timeliness=judged,
    )


def timeliness(dossier: DossierRecord, catalogue: Catalogue, end_of_period: datetime) -> str:
    """
    On time, late, or without a measure.

    The end is the first 9, else the first 10, else the first 8 or 3, else a 7 of an accepted dossier, else a single
    request to supplement that nothing followed, else the end of the period. Time between a request and its completion
    does not count; more than one request is late.
    """
    steps = sorted(dossier.steps, key=lambda step: step.moment)
    requests = [step for step in steps if step.status == "5"]
    if len(requests) > 1:
        return LATE
    accepted = _moment(dossier.header.get("NgayTiepNhan"))
    end = _end(steps, accepted is not None) or end_of_period
    paused = _paused(steps)
    due = _moment(dossier.header.get("NgayHenTra"))
    if due is not None:
        return ON_TIME if end - paused <= due else LATE
    term = catalogue.term(str(dossier.header.get("MaTTHC", "")))
    if term is None or accepted is None:
        return NO_TERM
    return ON_TIME if end - paused <= _after(accepted, *term) else LATE


def _end(steps: Sequence[Step], accepted: bool) -> datetime | None:
    for statuses in (("9",), ("10",), ("8", "3"), ("7",) if accepted else ()):
        for step in steps:
            if step.status in statuses:
                return _moment(step.moment)
    return _moment(steps[-1].moment) if steps and steps[-1].status == "5" else None


def _paused(steps: Sequence[Step]) -> timedelta:
    pause = timedelta(0)
    for step, following in pairwise(steps):
        asked, resumed = _moment(step.moment), _moment(following.moment)
        if step.status == "5" and asked and resumed:
            pause += resumed - asked
    return pause


def _after(start: datetime, number: int, unit: str) -> datetime:
    """*number* hours, days, working days (Monday to Friday here) or months of 30 days after *start*."""
    if unit.startswith("giờ"):
        return start + timedelta(hours=number)
    if unit.startswith("tháng"):
        return start + timedelta(days=30 * number)
    if not unit.startswith("ngày làm việc"):
        return start + timedelta(days=number)
    day = start
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


def _moment(text: object) -> datetime | None:
    return datetime.strptime(str(text), "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM) if text else None


def _rows(dossier: DossierRecord, name: str) -> list[Item]:
    return [row for row in dossier.header.get(name) or () if row.get("IsDeleted") != "True"]


def _result_links(dossier: DossierRecord) -> bool:
    return any(row.get("DuongDanTepTinKetQua") for row in _rows(dossier, "DanhSachGiayToKetQua"))


def _online(dossier: DossierRecord, catalogue: Catalogue) -> bool:
    if str(dossier.header.get("KenhThucHien")) != "2":
        return False
    procedure = catalogue.procedure(str(dossier.header.get("MaTTHC", "")))
    if procedure is not None and not procedure.get("KETQUATHUCHIEN"):
        return True
    return any(
        row.get("MaGiayToKetQua") and row.get("DuongDanTepTinKetQua") for row in _rows(dossier, "DanhSachGiayToKetQua")
    )


def _owes(dossier: DossierRecord, catalogue: Catalogue) -> bool:
    """A dossier of a procedure with fees, unless every amount of its own is 0."""
    lines = _rows(dossier, "DanhSachLePhi")
    if lines:
        return any(str(line.get("Gia") or "0").strip("0") for line in lines)
    procedure = catalogue.procedure(str(dossier.header.get("MaTTHC", ""))) or {}
    return any(term.get("PHILEPHI") for way in procedure.get("CACHTHUCTHUCHIEN") or () for term in way["THOIGIAN"])


def _reused(dossier: DossierRecord) -> bool:
    if dossier.portal_born:
        return any(str(row.get("DuocSoHoa")) == "1" for row in _rows(dossier, "TaiLieuNop"))
    return str(dossier.header.get("HoSoCoThanhPhanSoHoa")) == "1"


def _from_store(dossier: DossierRecord) -> bool:
    return any(str(row.get("DuocLayTuKhoDMQG")) == "1" for row in _rows(dossier, "TaiLieuNop"))


def _population(dossier: DossierRecord, settings: Settings) -> bool:
    if str(dossier.header.get("TaiKhoanDuocXacThucVoiVNeID")) == "1" or _from_store(dossier):
        return True
    return any(str(row.get("MaCSDL")) == settings.population_database for row in _rows(dossier, "DSKetNoiCSDL"))
