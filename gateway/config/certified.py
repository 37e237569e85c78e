"""Whom we believe and as whom we come, towards one partner: the same options in every connector's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from gateway.config.base import Mistake, Section
from gateway.http import ClientCertificate


class CertifiedSection(Section):
    """A section about a partner that is reached over TLS."""

    ca_file: Path | None = Field(None, description="certificates that the partner's certificate must descend from")
    client_cert_file: Path | None = Field(
        None,
        description="our certificate where the partner asks for one, PEM; those between it and its authority behind",
    )
    client_key_file: Path | None = Field(None, description="its key, PEM")
    client_key_password: SecretStr = Field(
        SecretStr(""), description="the key's password, by client_key_password_env or client_key_password_file"
    )

    @field_validator("ca_file", "client_cert_file", "client_key_file")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise Mistake("không có tệp này / no such file", "Sửa đường dẫn / Mend the path")
        return value

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.client_cert_file is None) is not (self.client_key_file is None):
            raise Mistake(
                "client_cert_file và client_key_file phải đi cùng nhau / come together",
                "Ghi cả hai đường dẫn / Give both paths",
            )
        return self

    @property
    def client_certificate(self) -> ClientCertificate | None:
        """Our certificate, if one is configured."""
        if self.client_cert_file is None or self.client_key_file is None:
            return None
        return ClientCertificate(
            self.client_cert_file, self.client_key_file, self.client_key_password.get_secret_value()
        )
