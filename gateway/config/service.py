"""The HTTP service's settings: where it listens, and what it bears of one request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gateway.config.address import Address
from gateway.config.base import Count, Section
from gateway.config.clients import CertificateSettings, OAuthSettings


class ServiceSettings(Section):
    """
    ``lienthong serve``: *listen* is an address and a port, ``127.0.0.1:8080`` or ``[::1]:8080``; port 0 takes a free
    one. TLS is the business of the proxy in front.

    One request may carry *max_body_bytes*, nested *max_depth* deep; a batch *max_batch* changes; an export file
    *max_import_bytes*. *threads* requests are worked on at once. Uploaded files
    lie in the folder *spool* until they are imported. Beside API keys, *oauth* lets in clients of an
    external issuer, *client_certificates* those whose certificate a proxy checked.
    """

    listen: Address = "127.0.0.1:8080"
    max_body_bytes: Annotated[int, Field(strict=True, ge=1024, le=256 * 1024 * 1024)] = 4 * 1024 * 1024
    max_depth: Annotated[int, Field(strict=True, ge=8, le=128)] = 32
    max_batch: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1_000
    max_import_bytes: Annotated[int, Field(strict=True, ge=1024, le=16 * 1024 * 1024 * 1024)] = 1024 * 1024 * 1024
    threads: Count = 16
    spool: Path = Path("lienthong-imports")
    oauth: OAuthSettings | None = None
    client_certificates: CertificateSettings | None = None
