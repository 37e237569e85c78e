"""Clients of the service that somebody else vouches for: an issuer of tokens, or a proxy that checked certificates."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from gateway.config.base import Mistake, Seconds, Section
from gateway.errors import InvalidInput
from gateway.model import AgencyCode

ClientName = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
RightName = Literal["submit", "read", "import", "operate", "changes", "metrics"]


class ClientGrant(Section):
    """
    What one client may do: *rights*, over the dossiers of *agencies*, or of all where *all_agencies* says so.
    """

    rights: Annotated[tuple[RightName, ...], Field(min_length=1)]
    agencies: tuple[str, ...] = ()
    all_agencies: bool = False

    @field_validator("agencies", mode="after")
    @classmethod
    def _agency_codes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            try:
                AgencyCode.parse(code)
            except InvalidInput as refusal:
                raise Mistake(f"«{refusal.shown}» {refusal.reason}", refusal.remedy) from None
        return value

    @model_validator(mode="after")
    def _some_agencies(self) -> Self:
        if bool(self.agencies) == self.all_agencies:
            raise Mistake(
                "cần agencies hoặc all_agencies, đúng một trong hai / needs agencies or all_agencies, exactly one",
                'Ví dụ / For example: agencies = ["H99.01"]',
            )
        return self


class OAuthClientSettings(ClientGrant):
    """A client that the issuer knows as *client_id*."""

    client_id: Annotated[str, Field(strict=True, min_length=1, max_length=255)]


class OAuthSettings(Section):
    """
    Access tokens (JWT) of an external issuer, for clients with credentials of their own there (RFC 6749 4.4, RFC 9068).

    A token must come from *issuer* for *audience*, signed by a key of *jwks_url* with one of *algorithms*, within its
    time give or take *leeway_s*. Keys are kept for *keys_s*. The claim *client_claim* names the client; only *clients*
    may come. With *scope_prefix*, a client's rights are those alone that its token's ``scope`` also names.
    """

    issuer: Annotated[str, Field(strict=True, min_length=1)]
    audience: Annotated[str, Field(strict=True, min_length=1)]
    jwks_url: Annotated[str, Field(strict=True)]
    ca_file: Path | None = None
    algorithms: Annotated[
        tuple[Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"], ...],
        Field(min_length=1),
    ] = ("RS256", "ES256")
    leeway_s: Annotated[float, Field(strict=True, ge=0, le=600, allow_inf_nan=False)] = 60.0
    keys_s: Seconds = 300.0
    timeout_s: Seconds = 5.0
    client_claim: Annotated[str, Field(strict=True, min_length=1)] = "client_id"
    scope_prefix: Annotated[str, Field(strict=True)] = ""
    clients: Mapping[ClientName, OAuthClientSettings] = Field(default_factory=dict)

    @field_validator("jwks_url", mode="after")
    @classmethod
    def _over_tls(cls, value: str) -> str:
        parts = urlsplit(value)
        local = parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if not parts.hostname or parts.scheme not in ({"https", "http"} if local else {"https"}):
            raise Mistake(
                "phải là https://… / must be https://…",
                "http:// chỉ dùng được trên chính máy này / http:// only on this machine itself",
            )
        return value


class CertificateClientSettings(ClientGrant):
    """A client with the certificate whose SHA-256 fingerprint is *sha256*, in hexadecimal, colons allowed."""

    sha256: Annotated[str, Field(strict=True)]

    @field_validator("sha256", mode="after")
    @classmethod
    def _a_fingerprint(cls, value: str) -> str:
        plain = value.replace(":", "").lower()
        if len(plain) != 64 or not set(plain) <= set("0123456789abcdef"):
            raise Mistake(
                "không phải dấu vân tay SHA-256 / is no SHA-256 fingerprint",
                "openssl x509 -in client.pem -noout -fingerprint -sha256",
            )
        return plain


class CertificateSettings(Section):
    """
    Client certificates that a proxy in front has checked and passes on in the header *header*: as RFC 9440 says
    (``:base64:``), or as escaped PEM. The header counts only from *trusted_proxies*; the proxy must take it out of what
    clients send.
    """

    trusted_proxies: Annotated[tuple[str, ...], Field(min_length=1)]
    header: Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9-]+$")] = "Client-Cert"
    clients: Mapping[ClientName, CertificateClientSettings] = Field(default_factory=dict)

    @field_validator("trusted_proxies", mode="after")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                raise Mistake(
                    f"«{network}» không phải mạng hay địa chỉ / is neither a network nor an address",
                    'Ví dụ / For example: ["127.0.0.1/32", "10.1.0.0/24"]',
                ) from None
        return value
