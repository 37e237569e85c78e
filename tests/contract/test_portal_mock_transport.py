"""The portal behind httpx without sockets: the exceptions that a real network would raise, without the waiting."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from connectors.national_portal.mock import DSTCODE, PREFIXES, Fault, FaultKind, Portal
from connectors.national_portal.mock.transport import MockTransport, fetch, on_this_machine, post_json
from tests.portal import PASSWORD, UNIT, a_portal

LOGIN = f"{PREFIXES[0]}/mapi/login"
CREDENTIALS = {"username": UNIT, "password": PASSWORD}


@pytest.fixture
def portal() -> Portal:
    return a_portal(stall_s=7.0)


@pytest.fixture
def client(portal: Portal) -> Iterator[httpx.Client]:
    with httpx.Client(transport=MockTransport(portal), base_url="http://portal.example", timeout=6.0) as client:
        yield client


def test_an_answer_comes_as_over_the_wire(client: httpx.Client) -> None:
    """
    Status, headers, body, and the query.
    """
    reply = client.post(LOGIN, params={"dstcode": DSTCODE}, json=CREDENTIALS)

    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.json()["error_code"] == "0"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(FaultKind.DROP, count=1), httpx.ReadError),
        (Fault(FaultKind.REFUSE, count=1), httpx.ConnectError),
        (Fault(FaultKind.CUT, count=1), httpx.RemoteProtocolError),
        (Fault(FaultKind.STALL, count=1), httpx.ReadTimeout),
        (Fault(FaultKind.SLOW, count=1), httpx.ReadTimeout),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Fault) else value.__name__,
)
def test_faults_raise_what_a_network_would(
    portal: Portal, client: httpx.Client, fault: Fault, error: type[Exception]
) -> None:
    """
    At once, and the portal knows that its answer was not received.
    """
    portal.inject(fault)

    with pytest.raises(error):
        client.post(LOGIN, headers={"dstcode": DSTCODE}, json=CREDENTIALS)

    assert portal.calls()[0].received is False


def test_a_patient_client_gets_the_slow_answer(portal: Portal, client: httpx.Client) -> None:
    """
    A stall within the read time-out is no fault.
    """
    portal.inject(Fault(FaultKind.SLOW, count=1))

    reply = client.post(LOGIN, headers={"dstcode": DSTCODE}, json=CREDENTIALS, timeout=8.0)

    assert reply.json()["error_code"] == "0"


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://127.0.0.1:80/x", True),
        ("http://[::1]/", True),
        ("http://localhost/", True),
        ("https://vidu.example/", False),
        ("/x", False),
        ("http://192.0.2.7/", False),
    ],
)
def test_only_this_machine_is_ever_called(url: str, ours: bool) -> None:
    """
    Links in dossiers may lead anywhere; the mock does not follow them there.
    """
    assert on_this_machine(url) is ours
    if not ours:
        assert fetch(url) == (0, 0)
        with pytest.raises(PermissionError):
            post_json(url, b"{}")


def test_nobody_listening_is_no_crash() -> None:
    """
    Port 1 of this machine.
    """
    assert fetch("http://127.0.0.1:1/x") == (0, 0)
    with pytest.raises(ConnectionError):
        post_json("http://127.0.0.1:1/x", b"{}")
