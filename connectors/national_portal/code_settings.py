"""
What an operator sets about the portal's codes: tables that lie over the built-in ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from connectors.national_portal import codes as tables
from gateway.config.base import Section
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


def over(default: Mapping[object, object] | Mapping[str, object]) -> BeforeValidator:
    """The rows given by the operator lie over the built-in ones."""
    rows = {str(key): value for key, value in default.items()}

    def merged(given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        return {**rows, **{str(key): value for key, value in given.items()}}

    return BeforeValidator(merged)


DEFAULTS_TOO = ConfigDict(validate_default=True)
"""A table that is left out is the built-in one."""


class CodeTables(Section):
    """The portal's codes for our words; rows given here lie over the built-in ones."""

    model_config = DEFAULTS_TOO

    channels: Annotated[Mapping[Channel, str], over(tables.CHANNELS)] = Field(
        {}, description="KenhThucHien, KENH (contract 12.3); a kiosk has no code yet"
    )
    applicants: Annotated[Mapping[ApplicantKind, str], over(tables.APPLICANTS)] = Field(
        {}, description="LoaiDoiTuong (contract 12.2)"
    )
    identifiers: Annotated[Mapping[IdentifierKind, str], over(tables.IDENTIFIERS)] = Field(
        {}, description="LoaiDinhDanh (contract 12.8); passport and tax code are assumed"
    )
    result_deliveries: Annotated[Mapping[ResultDelivery, str], over(tables.RESULT_DELIVERIES)] = Field(
        {}, description="HinhThuc (contract 12.4)"
    )
    filed_at: Annotated[Mapping[Origin, str], over(tables.FILED_AT)] = Field(
        {}, description="NoiNopHoSo (contract 12.5)"
    )
    online_payments: Annotated[Mapping[OnlinePayment, str], over(tables.ONLINE_PAYMENTS)] = Field(
        {}, description="DuocThanhToanTrucTuyen (contract 12.6)"
    )
    fee_moments: Annotated[Mapping[FeeMoment, str], over(tables.FEE_MOMENTS)] = Field(
        {}, description="HinhThucThu (contract 12.7)"
    )
    fee_kinds: Annotated[Mapping[FeeKind, str], over(tables.FEE_KINDS)] = Field(
        {}, description="LoaiPhiLePhi, and MaPhiLePhi of a fee without a code (contract 12.7, 5.4)"
    )
    reuses: Annotated[Mapping[Reuse, str], over(tables.REUSES)] = Field(
        {}, description="DuocTaiSuDung (contract 6.2.1)"
    )
    other_papers: Annotated[Mapping[str, str], over(tables.OTHER_PAPERS)] = Field(
        {}, description="LoaiGiayTo of other papers (contract 6.2.3, assumed)"
    )
    databases: Annotated[Mapping[str, str], over(tables.DATABASES)] = Field(
        {}, description="MaCSDL (contract 12.9, assumed)"
    )
    outcomes: Annotated[Mapping[DossierStatus, str], over({int(k): v for k, v in tables.OUTCOMES.items()})] = Field(
        {}, description="TrangThai of DongBoTrangThaiHoSo (contract 7.6); another system sends 3 as 11"
    )
    supplement_open: str = Field("0", description="TrangThaiBoSung before papers came (contract 6.2.4, unknown)")
    supplement_done: str = Field("1", description="TrangThaiBoSung once they came (contract 6.2.4, unknown)")
