"""
Invented dossiers of usual size, as many as wanted, the same for the same seed. All people and codes are made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

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
    ResultDelivery,
)
from gateway.model.times import VIETNAM

PROCEDURES = ("1.001193", "1.004873", "2.000815", "2.000635")
SOURCE = "motcua-vidu"

# In UTC, as validated dossiers are; a copy with other fields is not validated again.
_MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=VIETNAM).astimezone(UTC)
_PER_AGENCY = 10_000
_STEPS = (
    (DossierStatus.ACCEPTED, "Tiếp nhận hồ sơ và chuyển phòng chuyên môn", "Công chức một cửa"),
    (DossierStatus.PROCESSING, "Thẩm định nội dung hồ sơ", "Chuyên viên"),
    (DossierStatus.FINISHED, "Ký kết quả giải quyết", "Phó Chủ tịch"),
)


def dossiers(count: int, seed: int, *, first: int = 0) -> Iterator[Dossier]:
    """*count* accepted dossiers with codes of their own, beginning at number *first*."""
    chance = Random(seed)
    base = _dossier()
    for number in range(first, first + count):
        accepted = _MORNING + timedelta(seconds=chance.randrange(28_000))
        yield base.model_copy(
            update={
                "code": _code(number),
                "procedure": ProcedureCode.parse(PROCEDURES[number % len(PROCEDURES)]),
                "status_at": accepted,
                "submitted_at": accepted - timedelta(minutes=chance.randrange(5, 90)),
                "accepted_at": accepted,
                "due_at": accepted + timedelta(days=chance.randrange(2, 30)),
            }
        )


def steps(dossier: Dossier, count: int) -> Iterator[ProcessingStep]:
    """*count* steps of *dossier*, each later than the one before."""
    for number in range(count):
        status, content, title = _STEPS[number % len(_STEPS) if count <= len(_STEPS) else 1]
        yield ProcessingStep(
            dossier=dossier.code,
            at=dossier.status_at + timedelta(minutes=number + 1),
            status=status,
            officer="Trần Thị Thử",
            content=f"{content} ({number + 1})",
            title=title,
            department="Trung tâm Phục vụ hành chính công xã Ví Dụ",
        )


def change(body: Dossier | ProcessingStep) -> Change:
    """A change about *body*, whose source id is made from it."""
    what = f"step:{body.identity}" if isinstance(body, ProcessingStep) else f"dossier:{body.code.key}"
    return Change(source=SOURCE, source_id=what, body=body)


def _code(number: int) -> DossierCode:
    agency, serial = divmod(number, _PER_AGENCY)
    return DossierCode.parse(f"H99.{agency // 99 + 1:02d}.{agency % 99 + 1:02d}-260302-{serial:04d}")


def _dossier() -> Dossier:
    return Dossier(
        code=_code(0),
        procedure=ProcedureCode.parse(PROCEDURES[0]),
        procedure_name="Đăng ký khai sinh",
        status=DossierStatus.ACCEPTED,
        status_at=_MORNING,
        channel=Channel.COUNTER,
        submitted_at=_MORNING,
        accepted_at=_MORNING,
        due_at=_MORNING + timedelta(days=5),
        applicant=Applicant(
            name="Nguyễn Văn Ví Dụ",
            kind=ApplicantKind.CITIZEN,
            identifiers=(Identifier(kind=IdentifierKind.PERSONAL, number="099090000017"),),
            email="vidu@vidu.example",
            phone="0900000001",
        ),
        subject="Đăng ký khai sinh cho con, nộp trực tiếp tại bộ phận tiếp nhận và trả kết quả",
        agency=Agency(name="UBND xã Ví Dụ", code=AgencyCode.parse("H99.01.01")),
        result_delivery=ResultDelivery.COUNTER,
        documents=(
            Document(
                name="to-khai-dang-ky-khai-sinh.pdf",
                url="https://motcua.vidu.example/downloadfile/5501",
                id="5501",
                digitised=True,
            ),
            Document(
                name="giay-chung-sinh.pdf",
                url="https://motcua.vidu.example/downloadfile/5502",
                id="5502",
                digitised=True,
            ),
        ),
        fees=(
            FeeLine(
                name="Lệ phí hộ tịch",
                amount=8_000,
                code="2",
                kind=FeeKind.CHARGE,
                moment=FeeMoment.ACCEPTANCE,
            ),
        ),
        databases=("1",),
    )
