"""What an operator sets about the one-stop system. ``_s`` are seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from gateway.config.base import Mistake
from gateway.config.certified import CertifiedSection
from gateway.http import Engine

Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
Value = Literal["key", "sequence", "dossier", "kind", "accepted_at", "late", "body"]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?")
_LEAST_SECRET = 16


class OneStopSettings(CertifiedSection):
    """How the one-stop system hears of changes. Secrets print as stars."""

    kind: Literal["webhook", "table", "pull"] = Field(description="how it is told")
    told_of: Annotated[frozenset[str], Field(min_length=1)] = Field(
        description="whose changes it is told of: names of partners; what it told us itself is never echoed"
    )

    url: str = Field("", description="webhook: the address that takes a POST for each change")
    secret: SecretStr = Field(SecretStr(""), description="webhook: the key of the signature, 16 characters at least")
    old_secret: SecretStr = Field(
        SecretStr(""),
        description="webhook: the old key while it is replaced, for a receiver that refuses the new one",
    )
    engine: Engine = Field("httpx", description='webhook: what carries HTTP, "httpx" or "fast"')
    timeout_s: Seconds = Field(15.0, description="the longest that one delivery may take")
    connect_timeout_s: Seconds = Field(3.0, description="webhook, table: the longest wait for a connection")
    read_timeout_s: Seconds = Field(6.0, description="webhook: the longest silence")

    database_url: SecretStr = Field(SecretStr(""), description="table: SQLAlchemy address of the province's database")
    table: str = Field("", description="table: its name, with a schema before a dot if need be")
    columns: Mapping[Value, str] = Field(
        {"key": "key", "sequence": "sequence", "dossier": "dossier", "kind": "kind", "body": "body"},
        description="table: the column of each value that is wanted; `key` is needed and must be unique there",
    )

    lease_s: Seconds = Field(60.0, description="pull: what was read and not acknowledged comes again after this")

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
            plain = not (parts.username or parts.fragment)
        except ValueError:
            known = plain = False
        if value and not (known and plain):
            raise Mistake(
                "không phải địa chỉ http hoặc https / is not an http or https address",
                "Ví dụ / For example: https://motcua.tinh.gov.vn/lienthong",
            )
        return value

    @field_validator("table")
    @classmethod
    def _table_name(cls, value: str) -> str:
        return _named(value) if value else value

    @field_validator("columns")
    @classmethod
    def _column_names(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for name in value.values():
            _named(name)
        if "key" not in value or len(set(value.values())) < len(value):
            raise Mistake(
                "thiếu cột cho «key», hoặc hai giá trị chung một cột / no column for «key», or two share one",
                'Ví dụ / For example: {key = "ma_thay_doi", body = "noi_dung"}',
            )
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "webhook":
            if not self.url:
                raise _lacks("url", "https://motcua.tinh.gov.vn/lienthong")
            if len(self.secret.get_secret_value()) < _LEAST_SECRET:
                raise _lacks("secret_env", "ONESTOP_SECRET (≥ 16)")
            if 0 < len(self.old_secret.get_secret_value()) < _LEAST_SECRET:
                raise _lacks("old_secret_env", "ONESTOP_OLD_SECRET (≥ 16)")
        if self.kind == "table":
            if not self.database_url.get_secret_value():
                raise _lacks("database_url_env", "ONESTOP_DATABASE")
            if not self.table:
                raise _lacks("table", "lienthong_thay_doi")
        return self


def _named(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise Mistake(
            "không phải tên bảng hay cột / is no name of a table or column",
            "Dùng chữ không dấu, số, «_» / Use letters without marks, digits, «_»",
        )
    return value


def _lacks(key: str, example: str) -> Mistake:
    return Mistake(f"thiếu / lacks {key}", f"Thêm {key}, ví dụ / Add it, for example: {example}")
