"""
Canonical values: what a dossier, a step, a code is, whatever system it came from.

Everything is frozen and validated once, at the door. Text is kept as given; codes compare by key.
"""

from gateway.model.change import Body, Change, Told, body_json, read_body
from gateway.model.codes import AgencyCode, DossierCode, ProcedureCode
from gateway.model.dossier import Document, Dossier, FeeLine, OtherPaper, Result, SupplementRound
from gateway.model.enums import (
    ApplicantKind,
    Channel,
    DossierStatus,
    FeeKind,
    FeeMoment,
    IdentifierKind,
    OnlinePayment,
    Origin,
    ResultDelivery,
    Reuse,
)
from gateway.model.explain import explain, unknown_code
from gateway.model.fields import Dong
from gateway.model.history import unfold
from gateway.model.identifiers import PersonalId, Phone, TaxCode
from gateway.model.matter import Matter, MatterCode, Subject, subject_of
from gateway.model.notice import Notice
from gateway.model.parties import Agency, Applicant, Identifier
from gateway.model.procedure import Procedure, ProcedurePaper, ProcedureResult, TimeLimit, TimeUnit
from gateway.model.step import ProcessingStep
from gateway.model.stored import read_stored
from gateway.model.wording import Wording

__all__ = [
    "Agency",
    "AgencyCode",
    "Applicant",
    "ApplicantKind",
    "Body",
    "Change",
    "Channel",
    "Document",
    "Dong",
    "Dossier",
    "DossierCode",
    "DossierStatus",
    "FeeKind",
    "FeeLine",
    "FeeMoment",
    "Identifier",
    "IdentifierKind",
    "Matter",
    "MatterCode",
    "Notice",
    "OnlinePayment",
    "Origin",
    "OtherPaper",
    "PersonalId",
    "Phone",
    "Procedure",
    "ProcedureCode",
    "ProcedurePaper",
    "ProcedureResult",
    "ProcessingStep",
    "Result",
    "ResultDelivery",
    "Reuse",
    "Subject",
    "SupplementRound",
    "TaxCode",
    "TimeLimit",
    "TimeUnit",
    "Told",
    "Wording",
    "body_json",
    "explain",
    "read_body",
    "read_stored",
    "subject_of",
    "unfold",
    "unknown_code",
]
