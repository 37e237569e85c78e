"""What the service takes in and answers, as its schema publishes it. Moments are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.errors import InvalidInput
from gateway.model import Change
from gateway.model.change import Body
from gateway.model.fields import Filled
from gateway.model.verbatim import as_validation_error
from gateway.ports import Receipt
from gateway.service.published.problems import FieldProblem, field_problem, kind_of
from gateway.store.views import Delivery, DossierEntry, PartnerStatus, TimelineEntry


def _storable(text: str) -> str:
    if "\0" in text:
        raise as_validation_error(
            InvalidInput("text", "", "có ký tự NUL / has a NUL character", "Bỏ ký tự đó / Take it out")
        )
    return text


Storable = AfterValidator(_storable)
"""PostgreSQL keeps no NUL in a text."""
Text = Annotated[str, Field(max_length=500), Storable]


class BatchItem(BaseModel):
    """One change of a batch; *source_id* is the caller's own id of it: a repeat of the same id is the same fact."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    source_id: Annotated[Filled, Field(max_length=255), Storable]
    body: Body

    def change(self, source: str) -> Change:
        return Change(source=source, source_id=self.source_id, body=self.body)


class Accepted(BaseModel):
    """
    What became of one change: stored as *version* of its dossier, or *duplicate*: known before, without effect.

    *kept_back* is true for a late fact that partners are not told, because it would move the public status back.
    """

    dossier: str
    version: int
    duplicate: bool
    advance: str | None
    kept_back: bool


class BatchAnswer(BaseModel):
    """What became of one change of a batch; a refused one says why, and has no effect on the others."""

    source_id: str
    outcome: Literal["accepted", "duplicate", "refused"]
    accepted: Accepted | None = None
    problem: str | None = None
    errors: list[FieldProblem] = Field(default_factory=list)


class BatchAnswers(BaseModel):
    """One answer for each change, in order."""

    accepted: int
    duplicates: int
    refused: int
    items: list[BatchAnswer]


class PartnerDelivery(BaseModel):
    """How far one partner is with a dossier, in messages; *blocked*: a dead letter holds back what waits."""

    partner: str
    delivered: int
    pending: int
    unknown: int
    dead: int
    blocked: bool
    paused: bool
    told_at: datetime | None

    @staticmethod
    def of(delivery: Delivery) -> PartnerDelivery:
        return PartnerDelivery(**{name: getattr(delivery, name) for name in PartnerDelivery.model_fields})


class DossierState(BaseModel):
    """A dossier as the ledger has it; *status* is a code of the national list."""

    code: str
    origin: str
    status: int
    status_vi: str
    status_at: datetime
    version: int
    deliveries: list[PartnerDelivery] | None = None

    @staticmethod
    def of(entry: DossierEntry, deliveries: list[Delivery] | None = None) -> DossierState:
        return DossierState(
            code=entry.code, origin=entry.origin, status=int(entry.status), status_vi=entry.status.label_vi,
            status_at=entry.status_at, version=entry.version,
            deliveries=None if deliveries is None else [PartnerDelivery.of(each) for each in deliveries],
        )  # fmt: skip


class DossierPage(BaseModel):
    """Some dossiers; *next* is the cursor of the following page, which may be empty, and None at the end."""

    items: list[DossierState]
    next: str | None


class TimelineLine(BaseModel):
    """One line of a dossier's story: an accepted change, a message's state, or a call."""

    at: datetime
    what: str
    partner: str
    detail: str

    @staticmethod
    def of(entry: TimelineEntry) -> TimelineLine:
        return TimelineLine(at=entry.at, what=entry.what, partner=entry.partner, detail=entry.detail)


class TimelinePage(BaseModel):
    """Some lines, oldest first. *broken_link* is the first change that was tampered with; None when all is sound."""

    items: list[TimelineLine]
    next: str | None
    broken_link: int | None


class PartnerState(BaseModel):
    """The backlog of one partner, in messages; *oldest* is when the oldest open one was accepted."""

    partner: str
    pending: int
    in_flight: int
    unknown: int
    dead: int
    delivered: int
    oldest: datetime | None
    hold_until: datetime | None
    paused: bool
    slowdown: float

    @staticmethod
    def of(status: PartnerStatus) -> PartnerState:
        return PartnerState(**{name: getattr(status, name) for name in PartnerState.model_fields})


def accepted(receipt: Receipt) -> Accepted:
    """A receipt without refusal."""
    return Accepted(
        dossier=receipt.dossier.text, version=receipt.version, duplicate=receipt.duplicate,
        advance=None if receipt.advance is None else receipt.advance.value, kept_back=receipt.kept_back,
    )  # fmt: skip


def batch_answer(source_id: str, receipt: Receipt) -> BatchAnswer:
    if receipt.refusal is not None:
        return BatchAnswer(
            source_id=source_id, outcome="refused", problem=kind_of(receipt.refusal),
            errors=[field_problem(receipt.refusal)],
        )  # fmt: skip
    outcome: Literal["accepted", "duplicate"] = "duplicate" if receipt.duplicate else "accepted"
    return BatchAnswer(source_id=source_id, outcome=outcome, accepted=accepted(receipt))
