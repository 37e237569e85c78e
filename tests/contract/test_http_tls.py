"""TLS and proxies before both HTTP engines: nothing is told to whom it is not meant for."""

from __future__ import annotations

import re
import ssl
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from connectors.national_portal.settings import PortalSettings
from gateway.errors import Unreachable
from gateway.http import Engine, NothingSent, Untrusted, delivery_error
from tests.wires import HEAD, OK, Manners, Peer, a_line, always, answers, ask, serving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    ca, file = trustme.CA(), tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return ca, file


def server_tls(ca: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return context


def test_tls_carries_calls_over_one_connection(engine: Engine, authority: tuple[trustme.CA, Path]) -> None:
    """
    The certificate descends from the province's own authority.
    """
    ca, file = authority
    with (
        serving(always(OK), tls=server_tls(ca, "localhost")) as server,
        closing(a_line(engine, server.port, scheme="https", host="localhost", ca_file=file)) as line,
    ):
        assert [ask(line, b"x" * 50_000).content for _ in range(3)] == [b"{}"] * 3
        assert len(server.heard) == 3


@pytest.mark.parametrize(
    ("name", "trusted"), [("localhost", False), ("khac.localhost", True)], ids=["unknown authority", "another name"]
)
def test_a_certificate_that_proves_nothing_gets_no_request(
    engine: Engine, authority: tuple[trustme.CA, Path], name: str, trusted: bool
) -> None:
    """
    Not a byte of the request leaves for a server that is not proven to be the partner.
    """
    ca, file = authority
    with (
        serving(always(OK), tls=server_tls(ca, name)) as server,
        closing(
            a_line(engine, server.port, scheme="https", host="localhost", ca_file=file if trusted else None)
        ) as line,
    ):
        with pytest.raises(Untrusted) as caught:
            ask(line)
        assert server.heard == []

    error = delivery_error(caught.value, "cong")
    assert isinstance(error, Unreachable)
    assert "ca_file" in error.text


def test_a_server_without_tls_is_not_spoken_to_in_the_clear(engine: Engine, authority: tuple[trustme.CA, Path]) -> None:
    """
    https means https.
    """
    with (
        serving(answers(OK, OK)) as server,
        closing(a_line(engine, server.port, scheme="https", ca_file=authority[1], connect_s=0.2)) as line,
        pytest.raises(NothingSent),
    ):
        ask(line)


def test_nothing_turns_verification_off() -> None:
    """
    No line of the product weakens a context, and no setting of a connector could ask for it.
    """
    weakening = re.compile(r"CERT_NONE|CERT_OPTIONAL|check_hostname|_create_unverified|verify\s*=|verify_mode")
    root = Path(__file__).parents[2]
    sources = [file for package in ("gateway", "connectors") for file in (root / package).rglob("*.py")]

    assert len(sources) > 100
    assert [str(file) for file in sources if weakening.search(file.read_text("utf-8"))] == []
    assert not [name for name in PortalSettings.model_fields if re.search("verify|insecure|trust", name)]


def silent_tunnel(peer: Peer) -> None:
    peer.hear()
    peer.hear()


@pytest.mark.parametrize(
    "manners",
    [
        answers(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"),
        answers(b""),
        answers(HEAD + b"\r\n"),
        silent_tunnel,
    ],
    ids=["refused", "cut", "cut within TLS", "silence"],
)
def test_a_proxy_that_opens_no_tunnel_was_told_nothing(manners: Manners, authority: tuple[trustme.CA, Path]) -> None:
    """
    The request itself waits for the tunnel, so none of it has left; and the next call gets through.
    """
    ca, file = authority
    tls = server_tls(ca, "localhost")

    def tunnel(peer: Peer) -> None:
        peer.hear()
        peer.say(HEAD + b"\r\n")
        with closing(tls.wrap_socket(peer.connection, server_side=True)) as secure:
            always(OK)(Peer(secure, []))

    with (
        serving(manners, tunnel) as proxy,
        closing(
            a_line(
                "httpx", 443, scheme="https", host="localhost", ca_file=file, read_s=0.2,
                proxy=f"http://127.0.0.1:{proxy.port}",
            )
        ) as line,
    ):  # fmt: skip
        with pytest.raises(NothingSent):
            ask(line)
        assert ask(line).content == b"{}"
