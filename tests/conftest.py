"""Rules for every test: no address outside this machine, and properties that take the time they need."""

from __future__ import annotations

import ipaddress
import sys

import pytest
from hypothesis import HealthCheck, settings

from tests.stores import backend, postgres_backend, postgres_server, postgres_template, store

__all__ = ["backend", "postgres_backend", "postgres_server", "postgres_template", "store"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-point", action="store_true", help="break at every point, where samples are the rule")


@pytest.fixture
def every_point(request: pytest.FixtureRequest) -> bool:
    asked: bool = request.config.getoption("--every-point")
    return asked


settings.register_profile("lienthong", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lienthong")


class OutsideAddressError(BaseException):
    """A test reached for an address beyond this machine; no ``except Exception`` may hide that."""


def _is_ours(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if not isinstance(host, str) or host in {"", "localhost"} or host.endswith((".invalid", ".localhost")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_outside(event: str, args: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in {"socket.connect", "socket.sendto"} and isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return
    if not _is_ours(host):
        raise OutsideAddressError(f"{event}: {host!r}")


sys.addaudithook(_refuse_outside)
