"""Everything is denied that no key allows; keys end, are rotated with overlap, and are kept by their hash."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from gateway.api import Gateway
from gateway.errors import InvalidInput
from gateway.model import body_json
from gateway.service.access.gate import BELIEVED_S
from tests.builders import a_code, a_dossier
from tests.clocks import TestClock
from tests.integration.service.conftest import ClientOf

MONTH = timedelta(days=30)


def submit(client: httpx.Client, token: str | None = None, code: str = "H99.01.01-260302-0007") -> httpx.Response:
    headers = {"Idempotency-Key": '"1"', "Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return client.post("/v1/dossiers", content=body_json(a_dossier(code=code)), headers=headers)


def test_every_path_but_the_schema_asks_for_a_key(gateway: Gateway, client_of: ClientOf) -> None:
    """
    A route that somebody forgot to protect would stand in this list.
    """
    client = client_of()
    paths = client.get("/openapi.json").json()["paths"]

    open_ones = [
        f"{method} {path}"
        for path, methods in paths.items()
        for method in methods
        if client.request(method.upper(), path.replace("{code}", a_code().text).replace("{partner}", "partner"))
        .headers.get("www-authenticate") is None
    ]  # fmt: skip

    assert len(paths) >= 10
    assert open_ones == []


@pytest.mark.parametrize("token", ["x", "lt_aaaaaaaaaa_" + "A" * 43, "eyJhbGciOiJub25lIn0.e30."])
def test_a_token_that_nobody_gave_is_refused(client_of: ClientOf, token: str) -> None:
    """
    401 with a challenge, whatever is wrong with it.
    """
    answer = submit(client_of(), token)

    assert (answer.status_code, answer.json()["type"]) == (401, "urn:lienthong:problem:unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_right_that_was_not_given_is_missing(client_of: ClientOf) -> None:
    """
    A key that may read may not submit; the answer names the right.
    """
    answer = submit(client_of("read"))

    assert (answer.status_code, answer.json()["detail"]) == (403, "thiếu quyền / lacks the right: submit")


@pytest.mark.parametrize(
    ("agencies", "code", "status"),
    [
        (["H99.01"], "H99.01-260302-0001", 201),
        (["H99.01"], "H99.01.01-260302-0001", 201),
        (["000.00.01.H99"], "H99.01.01-260302-0001", 201),
        (["H99.01"], "000.00.01.H99-260302-0001", 201),
        (["H99.01"], "H99.02-260302-0001", 403),
        (["H99.01"], "H99.011-260302-0001", 403),
        (["H99.01"], "H99-260302-0001", 403),
        (["H98", "H99"], "H99-260302-0001", 201),
    ],
)
def test_a_key_reaches_its_agencies_and_what_belongs_to_them(
    client_of: ClientOf, agencies: list[str], code: str, status: int
) -> None:
    """
    In either order of an agency's code; a neighbour whose number begins alike is another agency.
    """
    assert submit(client_of("submit", agencies=agencies), code=code).status_code == status


def test_a_key_ends_by_itself(gateway: Gateway, client_of: ClientOf, clock: TestClock) -> None:
    """
    The last second counts, the next does not.
    """
    made = gateway.keys.create("mot-cua", ["submit"], agencies=None, life=MONTH)
    client = client_of()

    clock.advance(MONTH - timedelta(seconds=1))
    last = submit(client, made.token)
    clock.advance(timedelta(seconds=BELIEVED_S + 1))
    after = submit(client, made.token)

    assert (last.status_code, after.status_code) == (201, 401)


def test_a_rotated_key_works_beside_its_heir_for_a_while(
    gateway: Gateway, client_of: ClientOf, clock: TestClock
) -> None:
    """
    Both work, then only the new one; what both submit comes from the same source.
    """
    old = gateway.keys.create("mot-cua", ["submit"], agencies=None, life=MONTH)
    new = gateway.keys.rotate(old.key.id, overlap=timedelta(hours=1), life=MONTH)
    client = client_of()

    meanwhile = [submit(client, made.token).status_code for made in (old, new)]
    clock.advance(timedelta(hours=2))
    later = [submit(client, made.token).status_code for made in (old, new)]

    assert (meanwhile, later) == ([201, 201], [401, 201])
    assert gateway.totals()["dossier"] == 1


def test_a_revoked_key_works_for_a_moment_at_most(gateway: Gateway, client_of: ClientOf, clock: TestClock) -> None:
    """
    A key that was just used is believed for two seconds; then its end is known.
    """
    made = gateway.keys.create("mot-cua", ["submit"], agencies=None, life=MONTH)
    client = client_of()
    submit(client, made.token)

    gateway.keys.revoke(made.key.id, reason="Đã lộ")
    clock.advance(timedelta(seconds=BELIEVED_S))

    assert submit(client, made.token).status_code == 401


def test_a_clock_that_is_set_back_does_not_keep_a_revoked_key(
    gateway: Gateway, client_of: ClientOf, clock: TestClock
) -> None:
    """
    What was checked later than now was not checked.
    """
    made = gateway.keys.create("mot-cua", ["submit"], agencies=None, life=MONTH)
    client = client_of()
    submit(client, made.token)

    gateway.keys.revoke(made.key.id, reason="Đã lộ")
    clock.advance(-timedelta(minutes=10))

    assert submit(client, made.token).status_code == 401


def test_who_made_and_ended_keys_is_audited_and_no_secret_is_kept(gateway: Gateway) -> None:
    """
    Neither the audit nor the list nor the representation holds the secret.
    """
    made = gateway.keys.create("mot-cua", ["submit", "read"], agencies=["H99.01"], life=MONTH)
    gateway.keys.rotate(made.key.id, overlap=timedelta(0), life=MONTH, reason="Định kỳ")
    gateway.keys.revoke(made.key.id, reason="Đã lộ")

    entries = gateway.operations.audit()

    assert [entry.action for entry in entries] == ["key.create", "key.create", "key.end", "key.revoke"]
    secret = made.token.rpartition("_")[2]
    assert secret not in f"{entries} {gateway.keys.list()} {made!r}"
    assert made.key.id in repr(made)


def test_a_key_that_ended_cannot_be_rotated(gateway: Gateway) -> None:
    """
    Else a revoked key would come back to life.
    """
    made = gateway.keys.create("mot-cua", ["submit"], agencies=None, life=MONTH)
    gateway.keys.revoke(made.key.id, reason="Đã lộ")

    with pytest.raises(InvalidInput, match="không còn dùng được"):
        gateway.keys.rotate(made.key.id, overlap=MONTH, life=MONTH)


@pytest.mark.parametrize(
    ("name", "rights", "agencies", "days", "field"),
    [
        ("Một cửa", ["submit"], None, 1, "tên"),
        ("mot-cua", [], None, 1, "quyền"),
        ("mot-cua", ["submit", "all"], None, 1, "quyền"),
        ("mot-cua", ["submit"], [], 1, "đơn vị"),
        ("mot-cua", ["submit"], ["H9"], 1, "mã định danh"),
        ("mot-cua", ["submit"], None, 0, "thời hạn"),
        ("mot-cua", ["submit"], None, 5000, "thời hạn"),
    ],
)
def test_a_key_is_made_of_sound_words(
    gateway: Gateway, name: str, rights: list[str], agencies: list[str] | None, days: int, field: str
) -> None:
    """
    Each mistake is named, and no key is made.
    """
    with pytest.raises(InvalidInput, match=f"^{field}"):
        gateway.keys.create(name, rights, agencies=agencies, life=timedelta(days=days))

    assert gateway.keys.list() == []
