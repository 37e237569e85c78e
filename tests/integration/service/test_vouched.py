"""Clients that somebody else vouches for: an issuer of tokens, or a proxy that checked their certificate."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import orjson
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from gateway.api import Gateway
from gateway.config import settings_from
from gateway.config.clients import OAuthSettings
from gateway.errors import ConfigurationError
from gateway.http import Headers, HttpAnswer
from gateway.model import body_json
from gateway.service.access.oauth import ASK_AGAIN_S, IssuerKeys
from tests.builders import a_dossier
from tests.clocks import TestClock
from tests.partners import ScriptedPartner
from tests.serving import serving
from tests.wires import Manners, always, answers
from tests.wires import serving as saying

ISSUER, AUDIENCE = "https://xac-thuc.vidu.example", "lienthong"
SIGNING = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
CLIENT = {"client_id": "one-stop-1", "rights": ["submit", "read"], "agencies": ["H99.01"]}
CLOCK = TestClock()


def jwks(*ids: str) -> bytes:
    """An answer of the issuer with its public key under each of *ids*."""
    one = ECAlgorithm.to_jwk(SIGNING.public_key(), as_dict=True)
    content = orjson.dumps({"keys": [{**one, "kid": id_, "alg": "ES256", "use": "sig"} for id_ in ids]})
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content) + content


def a_token(
    key: Any = SIGNING, algorithm: str = "ES256", kid: str | None = "k1", crit: list[str] | None = None, **claims: Any
) -> str:
    now = CLOCK.now()
    body = {
        "iss": ISSUER, "aud": AUDIENCE, "client_id": "one-stop-1",
        "iat": now, "exp": now + timedelta(minutes=5), **claims,
    }  # fmt: skip
    return jwt.encode(
        {name: value for name, value in body.items() if value is not None},
        key, algorithm=algorithm,
        headers={} if kid is None else {"kid": kid} if crit is None else {"kid": kid, "crit": crit},
    )  # fmt: skip


@contextmanager
def a_service(folder: Path, **service: Any) -> Iterator[httpx.Client]:
    settings = settings_from({"service": {"listen": "127.0.0.1:0", **service}}, folder=folder)
    with Gateway(settings, connectors=[ScriptedPartner()], clock=CLOCK) as gateway, serving(gateway) as client:
        yield client


@contextmanager
def an_issuer(manners: Manners) -> Iterator[tuple[str, list[bytes]]]:
    """The address of an issuer's keys, and the requests that it heard."""
    with saying(manners) as server:
        yield f"http://127.0.0.1:{server.port}/keys", server.heard


def submit(client: httpx.Client, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(
        "/v1/dossiers",
        content=body_json(a_dossier()),
        headers={"Idempotency-Key": '"1"', "Content-Type": "application/json", **named},
    )


@pytest.fixture(scope="module")
def with_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with an_issuer(always(jwks("k1"))) as (url, _):
        oauth = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": url, "clients": {"mot-cua": CLIENT}}
        with a_service(tmp_path_factory.mktemp("service"), oauth=oauth) as client:
            yield client


def test_a_client_of_the_issuer_comes_in_with_what_was_granted(with_issuer: httpx.Client) -> None:
    """
    Its token is checked against the issuer's key; the configuration says what it may do.
    """
    with_token = {"Authorization": f"Bearer {a_token()}"}

    assert submit(with_issuer, **with_token).status_code in {200, 201}
    assert with_issuer.get("/v1/partners", headers=with_token).status_code == 403


@pytest.mark.parametrize(("shift", "status"), [(-359, 200), (-361, 401), (59, 200), (61, 401)])
def test_clocks_may_differ_by_the_leeway(with_issuer: httpx.Client, shift: int, status: int) -> None:
    """
    A minute either way: five minutes of life, and the token of a machine whose clock is ahead.
    """
    then = CLOCK.now() + timedelta(seconds=shift)
    token = a_token(iat=then, exp=then + timedelta(minutes=5))

    answer = with_issuer.get("/v1/dossiers", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == status


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(a_token(OTHER), id="signed by another"),
        pytest.param(a_token(RSA, "RS256"), id="another kind of key"),
        pytest.param(a_token(kid="k2"), id="a key that the issuer does not have"),
        pytest.param(a_token(kid=None), id="no key named"),
        pytest.param(a_token(iss="https://khac.vidu.example"), id="another issuer"),
        pytest.param(a_token(aud="khac"), id="for somebody else"),
        pytest.param(a_token(aud=None), id="for nobody"),
        pytest.param(a_token(exp=None), id="for ever"),
        pytest.param(a_token(nbf=CLOCK.now() + timedelta(minutes=2)), id="not yet"),
        pytest.param(a_token(client_id="one-stop-2"), id="a client that we do not know"),
        pytest.param(a_token(client_id=None), id="no client"),
        pytest.param(a_token(client_id=["one-stop-1"]), id="a list of clients"),
        pytest.param(a_token("", "none"), id="unsigned"),
        pytest.param(
            a_token(sha256(SIGNING.public_key().public_numbers().x.to_bytes(32)).hexdigest(), "HS256"), id="shared key"
        ),
        pytest.param(a_token(crit=["xyz"]), id="what must be understood"),
        pytest.param("a.b.c", id="no token"),
    ],
)
def test_a_token_that_does_not_fit_is_refused(with_issuer: httpx.Client, token: str) -> None:
    """
    401, and nothing says which part was wrong.
    """
    answer = submit(with_issuer, Authorization=f"Bearer {token}")

    assert answer.status_code == 401
    assert answer.json()["detail"] == "khóa sai hoặc hết hạn / wrong or expired credentials"


def test_with_a_scope_prefix_the_token_must_name_the_right(tmp_path: Path) -> None:
    """
    What the configuration grants and the issuer's scope does not name, is not granted; nor the other way round.
    """
    with an_issuer(always(jwks("k1"))) as (url, _):
        oauth = {
            "issuer": ISSUER, "audience": AUDIENCE, "jwks_url": url, "scope_prefix": "lt:", "clients": {"a": CLIENT},
        }  # fmt: skip
        with a_service(tmp_path, oauth=oauth) as client:
            token = a_token(scope="openid lt:read lt:operate submit")
            headers = {"Authorization": f"Bearer {token}"}

            statuses = [client.get("/v1/dossiers", headers=headers).status_code]
            statuses += [submit(client, **headers).status_code, client.get("/v1/partners", headers=headers).status_code]

    assert statuses == [200, 403, 403]


def issuer_keys(url: str, now: list[float]) -> IssuerKeys:
    settings = OAuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=url)
    return IssuerKeys(settings, monotonic=lambda: now[0])


def test_the_issuers_keys_are_asked_for_now_and_then() -> None:
    """
    Once for many tokens; for an unknown key again, but not for every one; and anew when they are old.
    """
    now = [1000.0]
    with an_issuer(always(jwks("k1"))) as (url, heard):
        keys = issuer_keys(url, now)

        found = [keys.key("k1") is not None for _ in range(5)]
        asked = [len(heard)]
        for step in (0.0, ASK_AGAIN_S - 1, 1.0, 0.0):
            now[0] += step
            assert keys.key("made-up") is None
        asked.append(len(heard))
        now[0] += 300.0
        keys.key("k1")
        asked.append(len(heard))
        keys.close()

    assert found == [True] * 5
    assert asked == [1, 2, 3]


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]
)
def test_known_keys_outlast_an_issuer_that_is_ill(said: bytes) -> None:
    """
    An outage of the issuer does not lock out those who have tokens.
    """
    now = [1000.0]
    with an_issuer(answers(jwks("k1"), said)) as (url, heard):
        keys = issuer_keys(url, now)
        keys.key("k1")
        now[0] += 301.0

        assert keys.key("k1") is not None
        assert len(heard) == 2
        keys.close()


USABLE = {**ECAlgorithm.to_jwk(SIGNING.public_key(), as_dict=True), "kid": "k1", "alg": "ES256"}


@pytest.mark.parametrize(
    ("entries", "known"),
    [
        pytest.param([None, 5, [], "k1", USABLE], True, id="no objects"),
        pytest.param([{"kty": "EC", "crv": "P-256", "x": 5, "y": {}, "kid": "k2"}, USABLE], True, id="no numbers"),
        pytest.param([{**USABLE, "kid": "k2", "alg": ["ES256"]}, USABLE], True, id="no algorithm"),
        pytest.param([{**USABLE, "kid": 5}], False, id="no name"),
        pytest.param([{**USABLE, "use": "enc"}], False, id="for another use"),
        pytest.param({"k1": USABLE}, False, id="no list"),
    ],
)
def test_an_entry_that_is_no_key_hides_no_other(entries: object, known: bool) -> None:
    """
    Issuers publish keys for other programs too, and nothing of theirs may become a fault of ours.
    """
    content = orjson.dumps({"keys": entries})
    said = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content
    with an_issuer(always(said)) as (url, _):
        keys = issuer_keys(url, [1000.0])

        assert (keys.key("k1") is not None) is known
        keys.close()


class SlowLine:
    """Answers at once the first time, then holds every call until it is let go."""

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()
        self.calls = 0

    def send(self, method: str, target: str, headers: Headers, body: bytes, until: float) -> HttpAnswer:
        self.calls += 1
        if self.calls > 1:
            self.asked.set()
            assert self.let_go.wait(10)
        return HttpAnswer(200, (), orjson.dumps({"keys": [USABLE]}))

    def close(self) -> None:
        self.let_go.set()


def test_nobody_waits_for_a_slow_issuer_whose_key_is_known() -> None:
    """
    A token with a made-up key makes us ask; meanwhile the others come in.
    """
    now, line = [1000.0], SlowLine()
    settings = OAuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url="https://xac-thuc.vidu.example/keys")
    keys = IssuerKeys(settings, line=line, monotonic=lambda: now[0])
    keys.key("k1")
    now[0] += ASK_AGAIN_S

    with ThreadPoolExecutor(1) as pool:
        stranger = pool.submit(keys.key, "made-up")
        assert line.asked.wait(10)
        found = keys.key("k1")
        line.let_go.set()

    assert found is not None
    assert stranger.result() is None


def test_made_up_keys_take_no_thread_from_other_requests(tmp_path: Path) -> None:
    """
    The issuer is silent, and strangers show tokens of keys that only it can know: who has a key of ours is served.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(6) as pool:
        oauth = {
            "issuer": ISSUER, "audience": AUDIENCE, "timeout_s": 3.0, "clients": {"mot-cua": CLIENT},
            "jwks_url": f"http://127.0.0.1:{silent.getsockname()[1]}/keys",
        }  # fmt: skip
        settings = settings_from({"service": {"listen": "127.0.0.1:0", "threads": 2, "oauth": oauth}}, folder=tmp_path)
        with Gateway(settings, connectors=[], clock=CLOCK) as gateway, serving(gateway) as client:
            ours = gateway.keys.create("doc", ["read"], agencies=None, life=timedelta(days=1)).token
            made_up = {"Authorization": f"Bearer {a_token(kid='made-up')}"}
            strangers = [pool.submit(client.get, "/v1/dossiers", headers=made_up) for _ in range(6)]
            silent.settimeout(10)
            asked, _ = silent.accept()

            answer = client.get("/v1/dossiers", headers={"Authorization": f"Bearer {ours}"})

            waiting = [not stranger.done() for stranger in strangers]
            asked.close()
            refused = {stranger.result().status_code for stranger in strangers}

    assert answer.status_code == 200
    assert all(waiting)
    assert refused == {401}


def a_certificate() -> bytes:
    """PEM of a certificate that nobody else has."""
    return trustme.CA().issue_cert("mot-cua.vidu.example").cert_chain_pems[0].bytes()


PEM = a_certificate()
DER = ssl.PEM_cert_to_DER_cert(PEM.decode())
PASSED = {"rfc9440": f":{base64.b64encode(DER).decode()}:", "escaped": quote(PEM.decode())}


def certificates(**changes: Any) -> dict[str, Any]:
    colons = sha256(DER).hexdigest().upper()
    printed = ":".join(colons[n : n + 2] for n in range(0, 64, 2))
    client = {"sha256": printed, "rights": ["submit"], "all_agencies": True}
    return {"trusted_proxies": ["127.0.0.0/8"], "clients": {"mot-cua": client}, **changes}


@pytest.mark.parametrize("form", sorted(PASSED))
def test_a_certificate_that_the_proxy_passes_on_lets_its_client_in(tmp_path: Path, form: str) -> None:
    """
    In the form of RFC 9440 and as escaped PEM.
    """
    with a_service(tmp_path, client_certificates=certificates()) as client:
        assert submit(client, Client_Cert=PASSED[form]).status_code == 201


@pytest.mark.parametrize(
    ("settings", "passed"),
    [
        pytest.param(certificates(trusted_proxies=["10.1.0.0/16"]), PASSED["rfc9440"], id="not from the proxy"),
        pytest.param(certificates(header="X-Client-Cert"), PASSED["rfc9440"], id="another header"),
        pytest.param(certificates(), f":{base64.b64encode(DER[:-1]).decode()}:", id="another certificate"),
        pytest.param(certificates(), ":!:", id="no base64"),
        pytest.param(certificates(), "mot-cua", id="no certificate"),
        pytest.param(certificates(), sha256(DER).hexdigest(), id="the fingerprint alone"),
        pytest.param(None, PASSED["rfc9440"], id="not configured"),
    ],
)
def test_a_header_alone_opens_nothing(tmp_path: Path, settings: dict[str, Any] | None, passed: str) -> None:
    """
    Only the trusted proxy, only the configured header, only that certificate.
    """
    service = {} if settings is None else {"client_certificates": settings}

    with a_service(tmp_path, **service) as client:
        assert submit(client, Client_Cert=passed).status_code == 401


def test_a_header_that_came_twice_is_nobodys(tmp_path: Path) -> None:
    """
    The proxy added its own to the client's instead of taking that out: which is which, nobody can say.
    """
    with a_service(tmp_path, client_certificates=certificates()) as client:
        headers = [("Client-Cert", PASSED["rfc9440"]), ("Client-Cert", ":AAAA:")]

        answers = [client.get("/v1/partners", headers=order).status_code for order in (headers, headers[::-1])]

    assert answers == [401, 401]


OAUTH = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": "https://xac-thuc.vidu.example/keys"}


@pytest.mark.parametrize(
    ("service", "path", "said"),
    [
        ({"oauth": {**OAUTH, "jwks_url": "http://xac-thuc.vidu.example"}}, "service.oauth.jwks_url", "https://"),
        ({"oauth": {**OAUTH, "algorithms": ["HS256"]}}, "service.oauth.algorithms.0", "RS256"),
        ({"oauth": {**OAUTH, "audienc": "x"}}, "service.oauth.audienc", "«audience»"),
        ({"oauth": {**OAUTH, "clients": {"a": {**CLIENT, "agencies": []}}}}, "service.oauth.clients.a", "all_agencies"),
        (
            {"oauth": {**OAUTH, "clients": {"a": {**CLIENT, "agencies": ["H9"]}}}},
            "service.oauth.clients.a.agencies",
            "«H9»",
        ),
        (
            {"client_certificates": certificates(trusted_proxies=["proxy"])},
            "service.client_certificates.trusted_proxies",
            "«proxy»",
        ),
        (
            {"client_certificates": {"trusted_proxies": ["127.0.0.1"], "clients": {"a": {**CLIENT, "sha256": "ab"}}}},
            "service.client_certificates.clients.a.sha256",
            "SHA-256",
        ),
    ],
)
def test_a_slip_in_who_is_trusted_is_named(service: dict[str, Any], path: str, said: str) -> None:
    """
    By its path, with what would be right.
    """
    with pytest.raises(ConfigurationError) as refused:
        settings_from({"service": service})

    named = {problem.path: str(problem) for problem in refused.value.problems}
    assert said in named[path]


@pytest.mark.parametrize(("algorithm", "named"), [("RS256", True), ("RS256", False), ("PS256", False)])
def test_rsa_keys_are_understood(tmp_path: Path, algorithm: str, named: bool) -> None:
    """
    The other algorithm that is on by default, and the one that the configuration means where the key does not say.
    """
    one = {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "r1"}
    content = orjson.dumps({"keys": [{**one, "alg": algorithm} if named else one]})
    said = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content
    with an_issuer(always(said)) as (url, _):
        oauth = {
            "issuer": ISSUER, "audience": AUDIENCE, "jwks_url": url, "algorithms": [algorithm],
            "clients": {"mot-cua": CLIENT},
        }  # fmt: skip
        with a_service(tmp_path, oauth=oauth) as client:
            assert submit(client, Authorization=f"Bearer {a_token(RSA, algorithm, 'r1')}").status_code == 201
