"""
The portal's codes for our words: literal tables, each with the clause it comes from.

They are defaults. An operator overrides single rows in the partner's options, under ``codes``.
A word without a row has no code: the message stops and names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from gateway.model import (
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


class Meaning(StrEnum):
    """What an ``error_code`` of the portal says, as far as the connector has to act on it."""

    EXISTS = "exists"
    MISSING = "missing"
    REJECTED = "rejected"
    SESSION = "session"
    UNAUTHORISED = "unauthorised"
    RETRY = "retry"


ERROR_CODES: Mapping[int, Meaning] = {
    # Contract 13.1: seen in production, always with "đã tồn tại".
    3: Meaning.EXISTS,
    -3: Meaning.EXISTS,
    # Contract 13.2: the sandbox's table; the real list is unknown (section 20, question 3).
    1: Meaning.REJECTED,
    2: Meaning.MISSING,
    4: Meaning.REJECTED,
    -1: Meaning.RETRY,
    -2: Meaning.SESSION,
    -4: Meaning.UNAUTHORISED,
}

# Contract 12.3. There is no code for a kiosk yet.
CHANNELS: Mapping[Channel, str] = {Channel.COUNTER: "1", Channel.ONLINE: "2", Channel.POST: "3"}

# Contract 12.2.
APPLICANTS: Mapping[ApplicantKind, str] = {
    ApplicantKind.CITIZEN: "1",
    ApplicantKind.BUSINESS: "2",
    ApplicantKind.STATE_AGENCY: "3",
    ApplicantKind.ORGANISATION: "4",
}

# Contract 12.8; 3 and 4 are the sandbox's assumption.
IDENTIFIERS: Mapping[IdentifierKind, str] = {
    IdentifierKind.PERSONAL: "1",
    IdentifierKind.OLD_CARD: "2",
    IdentifierKind.PASSPORT: "3",
    IdentifierKind.TAX: "4",
}

# Contract 12.4.
RESULT_DELIVERIES: Mapping[ResultDelivery, str] = {ResultDelivery.COUNTER: "0", ResultDelivery.POST: "1"}

# Contract 12.5.
FILED_AT: Mapping[Origin, str] = {Origin.PORTAL: "1", Origin.LOCAL: "2"}

# Contract 12.6.
ONLINE_PAYMENTS: Mapping[OnlinePayment, str] = {
    OnlinePayment.NONE: "0",
    OnlinePayment.PORTAL: "1",
    OnlinePayment.PROVINCE: "2",
    OnlinePayment.OFFLINE: "3",
}

# Contract 12.7.
FEE_MOMENTS: Mapping[FeeMoment, str] = {FeeMoment.ACCEPTANCE: "1", FeeMoment.SUPPLEMENT: "2", FeeMoment.RETURN: "4"}

# Contract 12.7; also what MaPhiLePhi carries when a fee has no code of its own (5.4, 19.3).
FEE_KINDS: Mapping[FeeKind, str] = {FeeKind.FEE: "1", FeeKind.CHARGE: "2"}

# Contract 6.2.1.
REUSES: Mapping[Reuse, str] = {Reuse.NONE: "0", Reuse.COMPONENT: "1", Reuse.RESULT: "2"}

# Contract 6.2.3: the sandbox's assumption. The words are those of one-stop systems.
OTHER_PAPERS: Mapping[str, str] = {
    "1": "1",
    "2": "2",
    "3": "3",
    "bản chính": "1",
    "bản sao": "2",
    "bản chụp": "3",
    "original": "1",
    "copy": "2",
    "photo": "3",
}

# Contract 12.9: the sandbox's assumption; the real list is not public.
DATABASES: Mapping[str, str] = {
    "1": "1",
    "2": "2",
    "7": "7",
    "population": "1",
    "business": "2",
    "other": "7",
}

# Contract 7.6: the reduced list, folded as the system does that was seen in production. A dossier that was only
# just filed came from the portal, so there is nothing to tell and no row.
OUTCOMES: Mapping[DossierStatus, str] = {
    DossierStatus.ACCEPTED: "2",
    DossierStatus.PROCESSING: "2",
    DossierStatus.PAYMENT_REQUESTED: "2",
    DossierStatus.FINISHED: "2",
    DossierStatus.RETURNED: "2",
    DossierStatus.REFUSED: "5",
    DossierStatus.SUPPLEMENT_REQUESTED: "5",
    DossierStatus.WITHDRAWN: "5",
    DossierStatus.STOPPED: "5",
}

# Contract 3.3. GhiChu: a text of 2000 characters or more was refused.
LENGTH_LIMITS: Mapping[str, int] = {
    "TrichYeuHoSo": 1000,
    "NguoiXuLy": 50,
    "TenTepDinhKem": 4000,
    "TenGiayTo": 2000,
    "GhiChu": 1999,
}

# Contract 3.3: where implementers add an ellipsis to what they cut.
ELLIPSIS: Mapping[str, str] = {"TrichYeuHoSo": "...", "GhiChu": "..."}
