"""An adapter that sends us elsewhere: followed within itself, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from gateway.errors import Unreachable
from gateway.ports import Delivered
from tests.builders import a_dossier
from tests.portal_scripts import PUSH, a_connector, a_message, pushed, scripted


def redirect(location: str, code: int = 307) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(code, headers={"location": location})


BASE = "http://127.0.0.1:9/XrdAdapter/RestService/forward"


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_within_the_adapter_is_followed_with_its_body(code: int) -> None:
    """
    The session goes only where the operator sent it.
    """
    portal = scripted({PUSH: [redirect(f"{BASE}/v2/mapi", code)]})

    assert a_connector(portal).deliver([a_message(a_dossier())]) == [Delivered()]
    assert [str(request.url) for request in portal.requests[2:]] == [f"{BASE}/mapi/integration", f"{BASE}/v2/mapi"]


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:10/XrdAdapter/RestService/forward/x", "https://127.0.0.1:9/XrdAdapter/RestService/forward/x",
        "http://127.0.0.1:9/khac", "http://127.0.0.1:9/XrdAdapter/RestService/forward/../../khac", "//vidu.invalid/x",
        "",
        "http://127.0.0.1:9/XrdAdapter/RestService/forward/%2e%2e/khac",
        "http://[127.0.0.1/x",
        "http://127.0.0.1:999999/x",
    ],
)  # fmt: skip
def test_a_redirect_elsewhere_is_not_followed(location: str) -> None:
    """
    Neither another machine nor another path nor another scheme gets the session.
    """
    portal = scripted({PUSH: [redirect(location)]})

    error = pushed(portal)

    assert type(error) is Unreachable
    assert "adapter_url" in error.text
    assert portal.calls.count(PUSH) == 1


def test_redirects_in_circles_end() -> None:
    """
    Three at most.
    """
    portal = scripted({PUSH: [redirect(f"{BASE}/{n}") for n in range(9)]})

    assert type(pushed(portal)) is Unreachable
    assert portal.calls.count(PUSH) == 4
