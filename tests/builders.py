"""
Values for tests: each builder fills what a test does not care about. All people, agencies and codes are invented.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from gateway.model import (
    Agency,
    AgencyCode,
    Applicant,
    ApplicantKind,
    Change,
    Channel,
    Document,
    Dossier,
    DossierCode,
    DossierStatus,
    FeeKind,
    FeeLine,
    FeeMoment,
    Identifier,
    IdentifierKind,
    ProcedureCode,
    ProcessingStep,
    Result,
    ResultDelivery,
    SupplementRound,
)
from gateway.model.times import VIETNAM

CODE = "H99.01.01-260302-0007"
PROCEDURE = "1.001193"
MORNING = datetime(2026, 3, 2, 9, 20, tzinfo=VIETNAM)


def a_code(serial: int = 7, *, day: str = "260302", agency: str = "H99.01.01") -> DossierCode:
    """The code of an invented agency's dossier number *serial* of the day."""
    return DossierCode.parse(f"{agency}-{day}-{serial:04d}")


def an_applicant(**changes: Any) -> Applicant:
    values: dict[str, Any] = {
        "name": "Nguyễn Văn Ví Dụ",
        "kind": ApplicantKind.CITIZEN,
        "identifiers": (Identifier(kind=IdentifierKind.PERSONAL, number="099090000017"),),
        "email": "vidu@vidu.example",
        "phone": "0900000001",
    }
    return Applicant(**values | changes)


def an_agency(**changes: Any) -> Agency:
    values: dict[str, Any] = {"name": "UBND xã Ví Dụ", "code": AgencyCode.parse("H99.01.01")}
    return Agency(**values | changes)


def a_document(**changes: Any) -> Document:
    values: dict[str, Any] = {
        "name": "don-de-nghi.pdf",
        "url": "https://motcua.vidu.example/downloadfile/5501",
        "id": "5501",
        "digitised": True,
    }
    return Document(**values | changes)


def a_fee(**changes: Any) -> FeeLine:
    values: dict[str, Any] = {
        "name": "Lệ phí hộ tịch",
        "amount": 75_000,
        "code": "2",
        "kind": FeeKind.CHARGE,
        "moment": FeeMoment.ACCEPTANCE,
    }
    return FeeLine(**values | changes)


def a_result(**changes: Any) -> Result:
    values: dict[str, Any] = {
        "name": "Giấy khai sinh",
        "url": "https://motcua.vidu.example/downloadfile/9901",
        "result_code": "KQ.H99.000001",
        "id": "9901",
    }
    return Result(**values | changes)


def a_supplement(**changes: Any) -> SupplementRound:
    values: dict[str, Any] = {
        "id": "1",
        "requested_at": MORNING + timedelta(days=1),
        "content": "Bổ sung bản sao giấy chứng sinh",
        "requested_by": "Lê Văn Mẫu",
    }
    return SupplementRound(**values | changes)


def a_dossier(**changes: Any) -> Dossier:
    """A dossier accepted on the morning of 2026-03-02; give ``code`` and ``procedure`` as text or value."""
    values: dict[str, Any] = {
        "code": CODE,
        "procedure": ProcedureCode.parse(PROCEDURE),
        "procedure_name": "Đăng ký khai sinh",
        "status": DossierStatus.ACCEPTED,
        "status_at": MORNING,
        "channel": Channel.COUNTER,
        "submitted_at": MORNING - timedelta(hours=1),
        "accepted_at": MORNING,
        "due_at": MORNING + timedelta(days=21),
        "applicant": an_applicant(),
        "subject": "Đăng ký khai sinh cho con",
        "agency": an_agency(),
        "result_delivery": ResultDelivery.COUNTER,
        "documents": (a_document(),),
        "fees": (a_fee(),),
        "databases": ("1",),
    }
    return Dossier(**values | changes)


def a_step(**changes: Any) -> ProcessingStep:
    """The step that accepted ``a_dossier()``."""
    values: dict[str, Any] = {
        "dossier": CODE,
        "at": MORNING,
        "status": DossierStatus.ACCEPTED,
        "officer": "Trần Thị Thử",
        "content": "Tiếp nhận hồ sơ",
        "title": "Công chức một cửa",
        "department": "Trung tâm Phục vụ hành chính công xã Ví Dụ",
    }
    return ProcessingStep(**values | changes)


def a_change(body: Dossier | ProcessingStep | None = None, **changes: Any) -> Change:
    """A change about *body*, whose source id is made from it."""
    body = body or a_dossier()
    if isinstance(body, ProcessingStep):
        source_id = f"step:{body.identity}"
    else:
        source_id = f"dossier:{body.code.key}:{body.status.value}:{body.status_at.isoformat()}"
    values: dict[str, Any] = {"source": "motcua-vidu", "source_id": source_id, "body": body}
    return Change(**values | changes)
