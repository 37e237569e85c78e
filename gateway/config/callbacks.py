"""Who may call us in a partner's name, how often, and how long it waits for its answer."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from gateway.config.base import Count, Mistake, Seconds, Section

Header = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9-]{0,64}$")]
_LEAST_SECRET = 16


class CallbackSettings(Section):
    """
    Without this section nobody may call in the partner's name. Every proof that is given here must hold:
    *from_networks* (addresses and networks), *certificate_header* with the subjects in *certificates* (as one of
    ``service.proxies`` has verified them), *key_header* with *shared_secret_env*, *signature_header* (HMAC-SHA256 of
    the raw body) with *signature_secret_env*. A connector may ask for a proof of its own.

    While a secret is replaced, *old_shared_secret_env* and *old_signature_secret_env* are as good as the new ones until
    the moment *old_until*.

    Each source may call *rate* times in *per_s* seconds, *burst* at once. A body may have *max_body_bytes*. Processing
    that takes longer than *answer_s* goes on after the answer; after *most_attempts* that failed a notice waits for a
    person.
    """

    from_networks: tuple[str, ...] = ()
    certificate_header: Header = ""
    certificates: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    key_header: Header = ""
    shared_secret: SecretStr | None = None
    signature_header: Header = ""
    signature_secret: SecretStr | None = None
    old_shared_secret: SecretStr | None = None
    old_signature_secret: SecretStr | None = None
    old_until: datetime | None = None
    signature_prefix: Annotated[str, Field(strict=True, max_length=64)] = ""
    signature_encoding: Literal["hex", "base64"] = "hex"
    rate: Count = 50
    per_s: Seconds = 1.0
    burst: Count = 100
    max_body_bytes: Annotated[int, Field(strict=True, ge=1024, le=256 * 1024 * 1024)] = 32 * 1024 * 1024
    most_attempts: Annotated[int, Field(strict=True, ge=1, le=1000)] = 30
    answer_s: Annotated[float, Field(strict=True, gt=0, le=30, allow_inf_nan=False)] = 0.8

    @field_validator("from_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ipaddress.ip_network(each)
            except ValueError:
                raise Mistake(
                    f"«{each}» không phải địa chỉ hay mạng / is no address or network",
                    'Ví dụ / For example: "10.20.0.7", "10.20.0.0/16"',
                ) from None
        return value

    @field_validator("old_until")
    @classmethod
    def _whole_moment(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise Mistake("thiếu múi giờ / has no offset", "Ví dụ / For example: 2026-12-01T00:00:00+07:00")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for header, secret, old, name in (
            (self.key_header, self.shared_secret, self.old_shared_secret, "shared_secret_env"),
            (self.signature_header, self.signature_secret, self.old_signature_secret, "signature_secret_env"),
        ):
            if bool(header) != (secret is not None):
                raise Mistake(
                    f"tên tiêu đề và {name} phải đi cùng nhau / the header and {name} need each other",
                    "Ghi cả hai hoặc bỏ cả hai / Give both or neither",
                )
            if old is not None and (secret is None or self.old_until is None):
                raise Mistake(
                    f"old_{name} cần {name} và old_until / needs {name} and old_until",
                    "Ví dụ / For example: old_until = 2026-12-01T00:00:00+07:00",
                )
            if any(0 < len(each.get_secret_value()) < _LEAST_SECRET for each in (secret, old) if each is not None):
                raise Mistake(
                    f"{name}: khóa quá ngắn / the secret is too short",
                    f"Ít nhất {_LEAST_SECRET} ký tự / At least {_LEAST_SECRET} characters",
                )
        if bool(self.certificate_header) != bool(self.certificates):
            raise Mistake(
                "certificate_header và certificates phải đi cùng nhau / need each other",
                "Ghi cả hai hoặc bỏ cả hai / Give both or neither",
            )
        return self
