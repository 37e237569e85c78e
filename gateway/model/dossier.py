"""
A dossier (hồ sơ thủ tục hành chính) as it stands, with everything that belongs to it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import model_validator

from gateway.errors import InvalidInput
from gateway.model.codes import DossierCode, ProcedureCode
from gateway.model.enums import (
    Channel,
    DossierStatus,
    FeeKind,
    FeeMoment,
    OnlinePayment,
    Origin,
    ResultDelivery,
    Reuse,
)
from gateway.model.fields import Count, Dong, Filled, Flag, Moment, Private, Record
from gateway.model.parties import Agency, Applicant
from gateway.model.times import vietnam_day
from gateway.model.verbatim import as_validation_error
from gateway.model.wording import Wording


class Document(Record):
    """
    A submitted file, held as a link. *deleted* tells partners to drop a file sent before.

    *replaces_result* is the code of the earlier result that stands in for this paper (with ``Reuse.RESULT``).
    """

    name: Annotated[Filled, Private]
    url: Annotated[Filled, Private]
    id: str | None = None
    component_code: str | None = None
    deleted: Flag = False
    digitised: Flag = False
    reuse: Reuse = Reuse.NONE
    from_national_store: Flag = False
    replaces_result: str | None = None


class OtherPaper(Record):
    """A paper outside the procedure's list."""

    name: Annotated[Filled, Private]
    quantity: Count
    kind: str


class FeeLine(Record):
    """One fee or charge, in whole đồng; zero is a fee that was waived or is not asked."""

    name: Filled
    amount: Dong
    code: str | None = None
    kind: FeeKind
    moment: FeeMoment


class Result(Record):
    """A result paper that the agency issued. A submitted file is never a result."""

    name: Annotated[Filled, Private]
    url: Annotated[Filled, Private]
    result_code: str | None = None
    component_code: str | None = None
    id: str | None = None


class SupplementRound(Record):
    """
    One request for more papers and, once it came, the answer; both due dates are kept.
    """

    id: Filled
    requested_at: Moment
    content: Annotated[str, Private]
    requested_by: Annotated[str | None, Private] = None
    received_at: Moment | None = None
    received_by: Annotated[str | None, Private] = None
    receipt_note: Annotated[str | None, Private] = None
    due_before: Moment | None = None
    due_after: Moment | None = None
    documents: tuple[Document, ...] = ()
    fees: tuple[FeeLine, ...] = ()

    @property
    def completed(self) -> bool:
        return self.received_at is not None


class Dossier(Record):
    """
    The header of a dossier: its canonical state at one moment.

    *status_at* is the source's time at which *status* was reached. *local_status* keeps the finer word of the
    local system. *local_code* is the local number of a dossier that another system gave birth to.
    """

    kind: Literal["dossier"] = "dossier"
    code: DossierCode
    procedure: ProcedureCode
    procedure_name: str | None = None
    status: DossierStatus
    status_at: Moment
    local_status: str | None = None
    channel: Channel | None = None
    submitted_at: Moment | None = None
    accepted_at: Moment | None = None
    due_at: Moment | None = None
    completed_at: Moment | None = None
    returned_at: Moment | None = None
    refused_at: Moment | None = None
    applicant: Applicant
    subject: Annotated[str, Private]
    agency: Agency
    result_delivery: ResultDelivery
    return_note: Annotated[str | None, Private] = None
    note: Annotated[str | None, Private] = None
    extra: Annotated[str | None, Private] = None
    receipt_number: str | None = None
    documents: tuple[Document, ...] = ()
    other_papers: tuple[OtherPaper, ...] = ()
    fees: tuple[FeeLine, ...] = ()
    supplements: tuple[SupplementRound, ...] = ()
    results: tuple[Result, ...] = ()
    account_verified: Flag = False
    online_payment: OnlinePayment = OnlinePayment.NONE
    databases: tuple[str, ...] = ()
    origin: Origin = Origin.LOCAL
    local_code: str | None = None
    wording: Wording | None = None

    @property
    def digitised(self) -> bool:
        """Whether any document that still counts was digitised."""
        for document in self.documents:  # noqa: SIM110 - a generator costs more than the few documents in it.
            if document.digitised and not document.deleted:
                return True
        return False

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        refusal = _contradiction(self)
        if refusal is not None:
            raise as_validation_error(refusal)
        return self


_BEFORE_HAND_OVER = frozenset(
    {
        DossierStatus.SUBMITTED,
        DossierStatus.ACCEPTED,
        DossierStatus.PROCESSING,
        DossierStatus.SUPPLEMENT_REQUESTED,
        DossierStatus.PAYMENT_REQUESTED,
    }
)


def _contradiction(dossier: Dossier) -> InvalidInput | None:
    """Only what cannot be true in any system; odd but possible data passes."""
    status = dossier.status
    if dossier.code.is_alias and dossier.origin is Origin.LOCAL:
        return InvalidInput(
            "code",
            dossier.code.text,
            "có số thứ tự năm chữ số, chỉ là bí danh (is an alias with a five-digit serial)",
            "Dùng mã in trên giấy tiếp nhận (use the code printed on the appointment slip)",
        )
    if dossier.refused_at is not None and status is not DossierStatus.REFUSED:
        return _status_against("refused_at", status, "có ngày từ chối (has a refusal date)", "3")
    if dossier.returned_at is not None and status in _BEFORE_HAND_OVER:
        return _status_against("returned_at", status, "có ngày trả kết quả (has a hand-over date)", "10")
    if dossier.completed_at is not None and status is DossierStatus.SUBMITTED:
        return _status_against("completed_at", status, "có ngày kết thúc xử lý (has an end of processing)", "9")
    accepted_at = dossier.accepted_at
    if accepted_at is not None:
        for name in ("due_at", "completed_at", "returned_at"):
            moment = getattr(dossier, name)
            # Many exports carry days without hours, so only the day can contradict.
            if moment is not None and moment < accepted_at and vietnam_day(moment) < vietnam_day(accepted_at):
                return InvalidInput(
                    name,
                    f"{vietnam_day(moment):%d/%m/%Y}",
                    f"trước ngày tiếp nhận {vietnam_day(accepted_at):%d/%m/%Y} (is before the acceptance date)",
                    "Kiểm tra hai ngày trong hệ thống nguồn (check both dates in the source system)",
                )
    return None


def _status_against(field: str, status: DossierStatus, fact: str, right: str) -> InvalidInput:
    return InvalidInput(
        field,
        f"{status.value} {status.label_vi}",
        f"nhưng {fact}",
        f"Trạng thái đúng là {right}, hoặc bỏ trống ngày này (the status should be {right}, or leave the date out)",
    )
