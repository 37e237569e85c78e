"""A partner that asks who we are, and files that cannot tell it: both HTTP engines, real sockets."""

from __future__ import annotations

import ssl
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from connectors.national_portal.connector import build
from gateway.errors import ConfigurationError, Unreachable
from gateway.http import ClientCertificate, Engine, Unwelcome, delivery_error
from tests.wires import OK, a_line, always, ask, serving

PASSWORD = "mat-khau-cua-khoa"


@dataclass(frozen=True)
class Files:
    """What the province got from its authority, and what could be mistaken for it."""

    ca: Path
    cert: Path
    key: Path
    locked_key: Path
    strangers_cert: Path
    strangers_key: Path
    expired_cert: Path
    expired_key: Path
    future_cert: Path
    future_key: Path
    text: Path
    server: ssl.SSLContext


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("pem")
    authority, stranger = trustme.CA(), trustme.CA()

    def written(name: str, content: bytes) -> Path:
        file = folder / name
        file.write_bytes(content)
        return file

    def pair(name: str, leaf: trustme.LeafCert) -> tuple[Path, Path]:
        chain = b"".join(each.bytes() for each in leaf.cert_chain_pems)
        return written(f"{name}.crt", chain), written(f"{name}.key", leaf.private_key_pem.bytes())

    ours = authority.issue_cert("tinh.invalid")
    cert, key = pair("ours", ours)
    locked = load_pem_private_key(ours.private_key_pem.bytes(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode())
    )
    years = [datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2021, 2090, 2091)]
    expired = pair("expired", authority.issue_cert("tinh.invalid", not_before=years[0], not_after=years[1]))
    future = pair("future", authority.issue_cert("tinh.invalid", not_before=years[2], not_after=years[3]))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    return Files(
        written("ca.pem", authority.cert_pem.bytes()), cert, key, written("locked.key", locked),
        *pair("stranger", stranger.issue_cert("la.invalid")), *expired, *future,
        written("note.txt", "không phải chứng thư".encode()), server,
    )  # fmt: skip


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def tls(request: pytest.FixtureRequest, files: Files) -> ssl.SSLContext:
    files.server.minimum_version = files.server.maximum_version = request.param
    return files.server


@pytest.mark.parametrize("locked", [False, True], ids=["a plain key", "a key with a password"])
def test_we_come_with_our_certificate(engine: Engine, files: Files, tls: ssl.SSLContext, locked: bool) -> None:
    """
    The partner asks for a certificate and takes ours; calls share one connection.
    """
    key, password = (files.locked_key, PASSWORD) if locked else (files.key, "")
    client = ClientCertificate(files.cert, key, password)
    with (
        serving(always(OK), tls=tls) as server,
        closing(a_line(engine, server.port, scheme="https", host="localhost", ca_file=files.ca, client=client)) as line,
    ):
        assert [ask(line).content for _ in range(3)] == [b"{}"] * 3
        assert server.connections == 1


@pytest.mark.parametrize("who", ["nobody", "a stranger"])
def test_who_is_not_taken_has_asked_nothing(engine: Engine, files: Files, tls: ssl.SSLContext, who: str) -> None:
    """
    TLS 1.3 says so only behind the first bytes of the request; nobody has read them, so nothing is in doubt.
    """
    client = ClientCertificate(files.strangers_cert, files.strangers_key) if who == "a stranger" else None
    with (
        serving(always(OK), tls=tls) as server,
        closing(a_line(engine, server.port, scheme="https", host="localhost", ca_file=files.ca, client=client)) as line,
    ):
        with pytest.raises(Unwelcome) as caught:
            ask(line)
        assert server.heard == []

    error = delivery_error(caught.value, "cong")
    assert isinstance(error, Unreachable)
    assert "client_cert_file" in error.text


@pytest.mark.parametrize(
    ("names", "password", "path", "words"),
    [
        (("expired_cert", "expired_key"), "", "client_cert_file", "01/01/2020 – 01/01/2021"),
        (("future_cert", "future_key"), "", "client_cert_file", "01/01/2090"),
        (("cert", "strangers_key"), "", "client_key_file", "không phải khóa của chứng thư"),
        (("text", "key"), "", "client_cert_file", "PEM"),
        (("cert", "text"), "", "client_key_file", "PEM"),
        (("cert", "cert"), "", "client_key_file", "PEM"),
        (("cert", "locked_key"), "", "client_key_password", "client_key_password_env"),
        (("cert", "locked_key"), "sai", "client_key_password", "không mở được"),
    ],
    ids=["expired", "not yet", "another key", "text", "text for a key", "no key", "no password", "wrong password"],
)
def test_wrong_files_are_found_at_the_start(
    files: Files, names: tuple[str, str], password: str, path: str, words: str
) -> None:
    """
    Before the first message: which setting, what is wrong, what would be right; and never the password.
    """
    with pytest.raises(ConfigurationError) as caught:
        build("cong", options(files, names, password))

    (problem,) = caught.value.problems
    assert problem.path == path
    assert words in str(problem)
    assert not password or password not in str(problem)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"adapter_url": "http://127.0.0.1:9"}, "client_cert_file"),
        ({"client_key_file": "khong-co.key"}, "client_key_file"),
        ({"client_key_file": None}, ""),
    ],
    ids=["no https", "no such file", "no key"],
)
def test_a_certificate_that_could_not_be_shown_is_refused(files: Files, changes: dict[str, object], path: str) -> None:
    """
    Nobody believes to come with a certificate and comes without.
    """
    with pytest.raises(ConfigurationError) as caught:
        build("cong", options(files, ("cert", "key"), "") | changes)

    assert [problem.path for problem in caught.value.problems] == [path]


def options(files: Files, names: tuple[str, str], password: str) -> dict[str, object]:
    cert, key = (str(getattr(files, name)) for name in names)
    return {
        "adapter_url": "https://localhost", "username": "vidu", "password": "vidu", "madonvi": "H99",
        "client_cert_file": cert, "client_key_file": key, "client_key_password": password, "ca_file": str(files.ca),
    }  # fmt: skip
