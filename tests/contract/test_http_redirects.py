"""A partner that sends us elsewhere, both HTTP engines: where the request goes, and what is known of its fate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from connectors.national_portal.client import PortalClient
from connectors.national_portal.patience import Patience
from connectors.national_portal.verdict import Judge
from gateway.errors import DeliveryError, OutcomeUnknown, Unreachable
from gateway.http import Engine
from tests.portal_scripts import portal_settings
from tests.wires import OK, Manners, Server, always, answers, serving

BASE = "/XrdAdapter/RestService/forward"
SAID = b'{"error_code":"0","message":"th\\u00e0nh c\\u00f4ng"}'
DONE = OK.replace(b"Content-Length: 2", b"Content-Length: %d" % len(SAID)).replace(b"{}", SAID)


def moved(status: int, location: str) -> Manners:
    return always(b"HTTP/1.1 %d Moved\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (status, location.encode()))


@contextmanager
def pushing(engine: Engine, server: Server) -> Iterator[PortalClient]:
    """A client whose adapter needs no session, so that the first request is the push."""
    settings = portal_settings(adapter_url=f"http://127.0.0.1:{server.port}", engine=engine, variant="B")
    with closing(PortalClient("cong", settings, Judge(settings))) as client:
        yield client


def push(client: PortalClient) -> str:
    patience = Patience("cong", call_s=5, calls=1, start_s=1, monotonic=time.monotonic)
    return client.push_steps([], patience=patience).message


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_within_the_base_address_the_same_request_goes_on(engine: Engine, status: int) -> None:
    """
    A POST stays a POST, with its body: an answer to anything else would prove nothing.
    """
    onward = answers(b"HTTP/1.1 %d Moved\r\nLocation: v2/x\r\nContent-Length: 0\r\n\r\n" % status, DONE)
    with serving(onward) as server, pushing(engine, server) as client:
        assert push(client) == "thành công"

    first, second = server.heard
    assert second.startswith(f"POST {BASE}/v2/x ".encode())
    assert first.partition(b"\r\n")[2] == second.partition(b"\r\n")[2]


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:{port}{base}/x", "https://127.0.0.1:{port}{base}/x", "/khac"])
def test_out_of_the_base_address_nothing_goes(engine: Engine, elsewhere: str) -> None:
    """
    Nobody else gets dossiers. Who sent us away did not take them.
    """
    with (
        serving(always(DONE)) as other,
        serving(moved(307, elsewhere.format(port=other.port, base=BASE))) as server,
        pushing(engine, server) as client,
    ):
        assert type(fault(client)) is Unreachable
        assert (len(server.heard), other.connections) == (1, 0)


def test_a_redirect_that_asks_for_a_get_is_no_answer(engine: Engine) -> None:
    """
    303 often follows the work: it may be done, so it is looked up; the GET that it asks for is not made.
    """
    with serving(moved(303, "v2/x")) as server, pushing(engine, server) as client:
        assert type(fault(client)) is OutcomeUnknown
        assert len(server.heard) == 1


def fault(client: PortalClient) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        push(client)
    return caught.value
