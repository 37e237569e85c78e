"""
Who may call the façade, and how it answers. Without these settings nothing is answered in the portal's place.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from connectors.national_portal.dialect.answers import CodeForm, DuplicateCode
from gateway.config.base import Mistake, Section
from gateway.errors import InvalidInput
from gateway.model import AgencyCode

_LEAST_SECRET = 32

Filled = Annotated[str, Field(strict=True, min_length=1)]


class FacadeSettings(Section):
    """The façade of one partner. Its account is the one-stop system's, not the one that the portal gave."""

    username: Filled = Field(description="account with which the one-stop system logs in here (contract 2.4)")
    password: SecretStr = Field(description="its password; give `password_env`")
    session_secret: SecretStr = Field(
        description="at least 32 random characters, the same in all processes behind one address: sessions are signed "
        "with it; give `session_secret_env`"
    )
    units: tuple[Filled, ...] = Field(
        (), description="values of madonvi taken; empty: the partner's own (contract 2.5)"
    )
    source: Filled = Field("onestop", description="the source under which its changes enter the ledger")
    session_lifetime_s: Annotated[float, Field(gt=0, le=86_400)] = Field(
        600.0, description="how long a session is good (contract 2.4, assumed)"
    )
    expired_as: Literal["code", "http-401", "http-403"] = Field(
        "code", description="how a session that is no longer good is reported (contract 2.4, assumed)"
    )
    login_failures: Annotated[int, Field(ge=1, le=10_000)] = Field(
        10, description="wrong passwords in a minute, from one address, before no login from there is looked at"
    )
    bearer_token: SecretStr | None = Field(
        None, description="opens the variants without a session (contract 2.6 B to D); give `bearer_token_env`"
    )
    trusted_networks: tuple[Filled, ...] = Field(
        (), description='addresses that open them too, such as "10.1.2.0/24"; empty and no token: they are refused'
    )
    code_form: CodeForm = Field("example", description='how error_code is written: 0, "0" or "00" (contract 2.5)')
    duplicate_code: DuplicateCode = Field("3", description="error_code of a create of a known number (contract 6.3)")
    unknown_updates: Literal["refuse", "take"] = Field(
        "refuse",
        description='an update of a number unknown here: refuse it as the portal does, or "take" it, for dossiers that '
        "went to the portal before the address was changed (contract 6.3)",
    )
    partial_batches: bool = Field(False, description="keep the good items of a batch that is refused (contract 14)")
    max_dossiers: Annotated[int, Field(ge=1, le=10_000)] = Field(100, description="dossiers in one call (contract 14)")
    max_steps: Annotated[int, Field(ge=1, le=10_000)] = Field(200, description="steps in one call (contract 14)")
    max_matters: Annotated[int, Field(ge=1, le=10_000)] = Field(
        200, description="questions, answers or evaluations in one call (contract 8, 14, assumed)"
    )
    max_body_bytes: Annotated[int, Field(ge=1024, le=256 * 1024 * 1024)] = Field(
        10 * 1024 * 1024, description="the longest body (contract 14)"
    )
    check_procedures: bool = Field(
        True, description="refuse a procedure that the portal is known not to list; while it cannot be asked, take it"
    )
    ask_s: Annotated[float, Field(gt=0, le=60)] = Field(
        3.0, description="the longest that a call may wait for the portal itself, where the answer is not in memory"
    )

    @field_validator("session_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < _LEAST_SECRET:
            raise Mistake(
                f"ngắn hơn {_LEAST_SECRET} ký tự / is shorter than {_LEAST_SECRET} characters",
                "Ví dụ / For example: openssl rand -base64 33",
            )
        return value

    @field_validator("units")
    @classmethod
    def _unit_codes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                AgencyCode.parse(text)
            except InvalidInput as error:
                raise Mistake(f"«{text}» {error.reason}", error.remedy) from None
        return value

    @field_validator("password", "bearer_token")
    @classmethod
    def _not_empty(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value():
            raise Mistake("để trống / is empty", "Ghi mật khẩu thật / Give the real one")
        return value

    @field_validator("trusted_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                ipaddress.ip_network(text)
            except ValueError:
                raise Mistake(
                    f"«{text}» không phải một mạng / is no network", 'Ví dụ / For example: "10.1.2.0/24"'
                ) from None
        return value
