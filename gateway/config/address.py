"""Where something listens: an address and a port, ``127.0.0.1:8080`` or ``[::1]:8080``."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Annotated

from pydantic import AfterValidator, Field

from gateway.config.base import Mistake
from gateway.errors import ConfigurationError, Problem

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^\s:\[\]/]+)):(?P<port>\d{1,5})", re.ASCII)


def _checked(value: str) -> str:
    found = _ADDRESS.fullmatch(value)
    if found is None or int(found["port"]) > 65_535 or not _is_host(found):
        raise Mistake(
            "không phải địa chỉ:cổng / is no address:port",
            'Ví dụ / For example: "127.0.0.1:8080", "[::1]:8080"',
        )
    return value


def _is_host(found: re.Match[str]) -> bool:
    if found["six"] is None:
        return True
    try:
        ipaddress.IPv6Address(found["six"])
    except ValueError:
        return False
    return True


Address = Annotated[str, Field(strict=True), AfterValidator(_checked)]
"""An address and a port; port 0 takes a free one."""


def open_socket(path: str, address: str, *, backlog: int) -> socket.socket:
    """
    A socket that listens on *address*, which is checked. Raises ``ConfigurationError`` that names the setting *path*.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=backlog)
    except OSError as error:
        raise ConfigurationError(
            [
                Problem(
                    path,
                    f"không mở được {address} / {address} cannot be opened ({error.strerror})",
                    "Chọn cổng khác, hoặc dừng chương trình đang giữ cổng / Choose another port, or stop its owner",
                )
            ]
        ) from error


def url_of(opened: socket.socket) -> str:
    """The address under which *opened* is reached on this machine."""
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
