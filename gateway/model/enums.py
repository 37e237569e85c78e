"""
Closed lists of the canonical model, in our own words.

Partners' codes for them live in the connectors' maps, never here.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class DossierStatus(IntEnum):
    """The national list of dossier statuses (national_portal contract 12.1)."""

    SUBMITTED = 1
    ACCEPTED = 2
    REFUSED = 3
    PROCESSING = 4
    SUPPLEMENT_REQUESTED = 5
    PAYMENT_REQUESTED = 6
    WITHDRAWN = 7
    STOPPED = 8
    FINISHED = 9
    RETURNED = 10

    @property
    def label_vi(self) -> str:
        return _LABELS[self][0]

    @property
    def label_en(self) -> str:
        return _LABELS[self][1]


_LABELS: dict[DossierStatus, tuple[str, str]] = {
    DossierStatus.SUBMITTED: ("Mới đăng ký", "newly registered"),
    DossierStatus.ACCEPTED: ("Được tiếp nhận", "accepted"),
    DossierStatus.REFUSED: ("Không được tiếp nhận", "not accepted"),
    DossierStatus.PROCESSING: ("Đang xử lý", "in processing"),
    DossierStatus.SUPPLEMENT_REQUESTED: ("Yêu cầu bổ sung giấy tờ", "supplement requested"),
    DossierStatus.PAYMENT_REQUESTED: ("Yêu cầu thực hiện nghĩa vụ tài chính", "financial obligation requested"),
    DossierStatus.WITHDRAWN: ("Công dân yêu cầu rút hồ sơ", "withdrawal requested by citizen"),
    DossierStatus.STOPPED: ("Dừng xử lý", "processing stopped"),
    DossierStatus.FINISHED: ("Đã xử lý xong", "processing finished"),
    DossierStatus.RETURNED: ("Đã trả kết quả", "result returned"),
}


class Channel(StrEnum):
    """How a dossier was filed."""

    COUNTER = "counter"
    ONLINE = "online"
    POST = "post"
    KIOSK = "kiosk"


class ApplicantKind(StrEnum):
    CITIZEN = "citizen"
    BUSINESS = "business"
    STATE_AGENCY = "state_agency"
    ORGANISATION = "organisation"


class IdentifierKind(StrEnum):
    """PERSONAL has 12 digits, OLD_CARD (CMND) has 9."""

    PERSONAL = "personal"
    OLD_CARD = "old_card"
    PASSPORT = "passport"
    TAX = "tax"


class FeeKind(StrEnum):
    """FEE is phí, CHARGE is lệ phí."""

    FEE = "fee"
    CHARGE = "charge"


class FeeMoment(StrEnum):
    """When a fee falls due."""

    ACCEPTANCE = "acceptance"
    SUPPLEMENT = "supplement"
    RETURN = "return"


class ResultDelivery(StrEnum):
    """How the applicant gets the result."""

    COUNTER = "counter"
    POST = "post"


class OnlinePayment(StrEnum):
    """Where the fee was paid online. OFFLINE: there is a fee, not or not yet paid online."""

    NONE = "none"
    PORTAL = "portal"
    PROVINCE = "province"
    OFFLINE = "offline"


class Reuse(StrEnum):
    """Whether a submitted paper reuses digitised data of an earlier component or an earlier result."""

    NONE = "none"
    COMPONENT = "component"
    RESULT = "result"


class Origin(StrEnum):
    """Which system gave birth to the dossier."""

    LOCAL = "local"
    PORTAL = "portal"
