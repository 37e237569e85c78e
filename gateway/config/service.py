"""The HTTP service's settings: where it listens, and what it bears of one request."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import Field, field_validator

from gateway.config.base import Count, Mistake, Section

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^\s:\[\]/]+)):(?P<port>\d{1,5})", re.ASCII)


class ServiceSettings(Section):
    """
    ``lienthong serve``: *listen* is an address and a port, ``127.0.0.1:8080`` or ``[::1]:8080``; port 0 takes a free
    one. TLS is the business of the proxy in front.

    One request may carry *max_body_bytes*, nested *max_depth* deep; a batch *max_batch* changes; an export file
    *max_import_bytes*. *threads* requests are worked on at once.
    """

    listen: Annotated[str, Field(strict=True)] = "127.0.0.1:8080"
    max_body_bytes: Annotated[int, Field(strict=True, ge=1024, le=256 * 1024 * 1024)] = 4 * 1024 * 1024
    max_depth: Annotated[int, Field(strict=True, ge=8, le=128)] = 32
    max_batch: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1_000
    max_import_bytes: Annotated[int, Field(strict=True, ge=1024, le=16 * 1024 * 1024 * 1024)] = 1024 * 1024 * 1024
    threads: Count = 16

    @field_validator("listen", mode="after")
    @classmethod
    def _an_address(cls, value: str) -> str:
        found = _ADDRESS.fullmatch(value)
        if found is None or int(found["port"]) > 65_535 or not _is_host(found):
            raise Mistake(
                "không phải địa chỉ:cổng / is no address:port",
                'Ví dụ / For example: "127.0.0.1:8080", "[::1]:8080"',
            )
        return value

    @property
    def host(self) -> str:
        """The address without port and brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])


def _is_host(found: re.Match[str]) -> bool:
    if found["six"] is None:
        return True
    try:
        ipaddress.IPv6Address(found["six"])
    except ValueError:
        return False
    return True
