"""
One dossier's whole life, and what its one-stop system would write down at any moment of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.demo.acts import BILLS, PAYMENTS
from gateway.demo.locality import Agency, Service
from gateway.demo.people import Person

Value = str | int | datetime
"""What a cell may hold before it is written in a place's own format."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline. *act* names it in ``acts``, *word* is the local status word."""

    at: datetime
    act: str
    status: int
    word: str
    officer: str
    title: str
    department: str
    text: str


@dataclass(frozen=True, slots=True)
class Supplement:
    """One request for more papers; *received_at* and *due_after* come with the answer, if it comes."""

    number: int
    requested_at: datetime
    requested_by: str
    content: str
    due_before: datetime | None
    received_at: datetime | None
    received_by: str
    due_after: datetime | None


@dataclass(frozen=True, slots=True)
class Case:
    """A dossier from its first act to its last. *due_at* is what was promised at acceptance."""

    code: str
    service: Service
    agency: Agency
    owner: Person
    channel: str
    delivery: str
    filed_at: datetime
    due_at: datetime | None
    pays_online: bool
    subject: str
    papers: tuple[str, ...]
    events: tuple[Event, ...]
    supplements: tuple[Supplement, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What an export says about one dossier: cells of its row, and of each step's row, oldest step first."""

    dossier: dict[str, Value]
    steps: tuple[dict[str, Value], ...]


def record_at(case: Case, moment: datetime) -> Record:
    """The dossier as its one-stop system knows it at *moment*; nothing later is told."""
    events = [event for event in case.events if event.at <= moment]
    last = events[-1]
    cells: dict[str, Value] = {
        "code": case.code,
        "procedure_code": case.service.procedure.code,
        "procedure_name": case.service.procedure.name,
        "level": case.service.old_level,
        "status": last.word,
        "status_at": last.at,
        "channel": case.channel,
        "result_delivery": case.delivery,
        "submitted_at": case.filed_at,
        "applicant_name": case.owner.name,
        "applicant_kind": case.owner.kind,
        "personal_id": case.owner.personal_id,
        "old_card": case.owner.old_card,
        "tax_code": case.owner.tax_code,
        "identifier": case.owner.personal_id or case.owner.old_card or case.owner.tax_code,
        "phone": case.owner.phone,
        "email": case.owner.email,
        "subject": case.subject,
        "agency_name": case.agency.name,
        "agency_code": case.agency.written_code,
    }
    cells |= _milestones(case, events)
    cells |= _money(case, events)
    cells |= _supplements(case, moment)
    cells |= _files(case, events)
    return Record(cells, tuple(_step(case, event) for event in events))


def _milestones(case: Case, events: list[Event]) -> dict[str, Value]:
    """
    The dates of the header.

    A result that was pulled back has not ended the processing: the end that stands is told.
    """
    cells: dict[str, Value] = {}
    accepted = [event.at for event in events if event.status == 2]
    finished = [event.at for event in events if event.status == 9]
    if accepted:
        cells["accepted_at"] = accepted[0]
        due_at = next(
            (s.due_after for s in reversed(case.supplements) if s.due_after and _known(s.received_at, events)),
            case.due_at,
        )
        if due_at:
            cells["due_at"] = due_at
    if finished and events[-1].status in (9, 10):
        cells["completed_at"] = finished[-1]
    if events[-1].status == 10:
        cells["returned_at"] = events[-1].at
    if events[-1].status == 3:
        cells["refused_at"] = events[-1].at
    return cells


def _money(case: Case, events: list[Event]) -> dict[str, Value]:
    fee = case.service.procedure.fee_vnd
    if fee is None:
        return {"online_payment": "none"}
    billed = any(event.act in BILLS for event in case.events)
    paid = any(event.act in PAYMENTS if billed else event.status == 2 for event in events)
    paid_online = fee > 0 and case.pays_online and paid
    moment = "return" if case.delivery == "post" else "acceptance"
    return {
        "fees.name": "Lệ phí" if case.service.procedure.fee_is_charge else "Phí",
        "fees.amount": fee,
        "fees.kind": "charge" if case.service.procedure.fee_is_charge else "fee",
        "fees.moment": moment,
        "online_payment": "province" if paid_online else "offline" if fee else "none",
    }


def _supplements(case: Case, moment: datetime) -> dict[str, Value]:
    cells: dict[str, Value] = {}
    for supplement in case.supplements:
        if supplement.requested_at > moment:
            break
        prefix = f"supplements.{supplement.number}"
        cells[f"{prefix}.requested_at"] = supplement.requested_at
        cells[f"{prefix}.content"] = supplement.content
        cells[f"{prefix}.requested_by"] = supplement.requested_by
        if supplement.due_before:
            cells[f"{prefix}.due_before"] = supplement.due_before
        if supplement.received_at and supplement.received_at <= moment:
            cells[f"{prefix}.received_at"] = supplement.received_at
            cells[f"{prefix}.received_by"] = supplement.received_by
            if supplement.due_after:
                cells[f"{prefix}.due_after"] = supplement.due_after
    return cells


def _files(case: Case, events: list[Event]) -> dict[str, Value]:
    cells: dict[str, Value] = {}
    base = f"https://tep.example.com/{case.code}"
    for number, paper in enumerate(case.papers, start=1):
        cells[f"documents.{number}.name"] = f"{paper}.pdf"
        cells[f"documents.{number}.url"] = f"{base}/nop/{number}.pdf"
    procedure = case.service.procedure
    # A result without an attested code is not sent as one: the code belongs to the paper (contract 6.2.5).
    if procedure.result_code and "completed_at" in _milestones(case, events):
        cells["results.name"] = procedure.result_name
        cells["results.url"] = f"{base}/ket-qua.pdf"
        cells["results.result_code"] = procedure.result_code
    return cells


def _step(case: Case, event: Event) -> dict[str, Value]:
    return {
        "code": case.code,
        "at": event.at,
        "status": event.word,
        "officer": event.officer,
        "title": event.title,
        "department": event.department,
        "content": event.text,
    }


def _known(at: datetime | None, events: list[Event]) -> bool:
    return at is not None and at <= events[-1].at
