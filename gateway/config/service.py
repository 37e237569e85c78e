"""The HTTP service's settings: where it listens, and what it bears of one request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gateway.config.address import Address
from gateway.config.base import Count, Seconds, Section
from gateway.config.clients import CertificateSettings, OAuthSettings
from gateway.config.files import FileSettings
from gateway.config.networks import Network


class ServiceSettings(Section):
    """
    ``lienthong serve``: *listen* is an address and a port, ``127.0.0.1:8080`` or ``[::1]:8080``; port 0 takes a free
    one. TLS is the business of the proxy in front.

    One request may carry *max_body_bytes*, nested *max_depth* deep; a batch *max_batch* changes; an export file
    *max_import_bytes*. *threads* requests are worked on at once. Uploaded files
    lie in the folder *spool* until they are imported. Beside API keys, *oauth* lets in clients of an
    external issuer, *client_certificates* those whose certificate a proxy checked.

    At most *max_connections* are open, *max_connections_per_source* from one address that is none of *proxies*;
    *max_requests* are under way, with *max_held_bytes* of bodies. A head has *max_head_bytes* and *head_s*; a body
    *body_s*, and longer as long as *min_body_bytes_per_s* come; a client reads on within *answer_s*, and may be idle
    for *keepalive_s*.
    """

    listen: Address = "127.0.0.1:8080"
    max_body_bytes: Annotated[int, Field(strict=True, ge=1024, le=256 * 1024 * 1024)] = 4 * 1024 * 1024
    max_depth: Annotated[int, Field(strict=True, ge=8, le=128)] = 32
    max_batch: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1_000
    max_import_bytes: Annotated[int, Field(strict=True, ge=1024, le=16 * 1024 * 1024 * 1024)] = 1024 * 1024 * 1024
    threads: Count = 16
    spool: Path = Path("lienthong-imports")
    max_connections: Count = 4096
    max_connections_per_source: Count = 512
    proxies: tuple[Network, ...] = ()
    max_requests: Count = 512
    max_held_bytes: Annotated[int, Field(strict=True, ge=1024 * 1024)] = 256 * 1024 * 1024
    max_head_bytes: Annotated[int, Field(strict=True, ge=1024, le=1024 * 1024)] = 32 * 1024
    head_s: Seconds = 10.0
    body_s: Seconds = 30.0
    min_body_bytes_per_s: Count = 8 * 1024
    answer_s: Seconds = 30.0
    keepalive_s: Count = 15
    oauth: OAuthSettings | None = None
    client_certificates: CertificateSettings | None = None
    files: FileSettings | None = None
