"""Dossiers and steps over HTTP: durable when answered, one answer for each, the first answer again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway.api import Gateway
from gateway.model import Dossier, ProcessingStep, body_json
from tests.builders import a_code, a_dossier, a_step
from tests.integration.service.conftest import ClientOf


def post(client: httpx.Client, path: str, body: Dossier | ProcessingStep | bytes, key: str = "1") -> httpx.Response:
    content = body if isinstance(body, bytes) else body_json(body)
    return client.post(path, content=content, headers={"Idempotency-Key": f'"{key}"'})


def item(source_id: str, body: Dossier | ProcessingStep) -> dict[str, Any]:
    return {"source_id": source_id, "body": orjson.loads(body_json(body))}


def batch(client: httpx.Client, *items: object, **headers: str) -> httpx.Response:
    return client.post("/v1/batches", content=orjson.dumps(items), headers=headers)


def test_a_dossier_and_its_step_are_in_the_ledger_when_they_are_answered(gateway: Gateway, client_of: ClientOf) -> None:
    """
    The key's name is the source; both answers tell the version, and the partner has two messages to come.
    """
    client = client_of("submit")

    header = post(client, "/v1/dossiers", a_dossier(), "a")
    step = post(client, "/v1/steps", a_step(), "b")

    assert (header.status_code, header.json()["version"]) == (201, 1)
    assert (step.status_code, step.json()["version"]) == (201, 2)
    assert gateway.status()[0].pending == 2
    assert "mot-cua" in gateway.timeline(a_dossier().code)[0].detail


def test_the_same_request_again_gets_its_first_answer_and_has_no_effect(gateway: Gateway, client_of: ClientOf) -> None:
    """
    Not "known already", but what was said the first time, and a header tells that it is a repetition.
    """
    client = client_of("submit")
    first = post(client, "/v1/dossiers", a_dossier(), "a")

    again = post(client, "/v1/dossiers", a_dossier(), "a")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert gateway.totals()["dossier"] == 1


def test_a_key_that_was_used_for_another_content_is_refused(gateway: Gateway, client_of: ClientOf) -> None:
    """
    422, the field is the header; nothing of the second content was taken.
    """
    client = client_of("submit")
    post(client, "/v1/dossiers", a_dossier(), "a")

    other = post(client, "/v1/dossiers", a_dossier(code=a_code(8)), "a")

    assert (other.status_code, other.json()["type"]) == (422, "urn:lienthong:problem:key-reused")
    assert other.json()["errors"][0]["field"] == "Idempotency-Key"
    assert gateway.totals()["dossiers"] == 1


def test_two_clients_may_use_the_same_key(gateway: Gateway, client_of: ClientOf) -> None:
    """
    A key belongs to its client.
    """
    post(client_of("submit", name="mot-cua"), "/v1/dossiers", a_dossier(), "a")

    other = post(client_of("submit", name="chuyen-nganh"), "/v1/dossiers", a_dossier(code=a_code(8)), "a")

    assert other.status_code == 201
    assert gateway.totals()["dossiers"] == 2


def test_a_refused_dossier_may_come_mended_under_the_same_key(client_of: ClientOf) -> None:
    """
    A step before its dossier is refused with field and remedy, and leaves no answer behind: later it is taken.
    """
    client = client_of("submit")

    early = post(client, "/v1/steps", a_step(), "s")
    post(client, "/v1/dossiers", a_dossier(), "d")
    later = post(client, "/v1/steps", a_step(), "s")

    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "dossier")
    assert later.status_code == 201


@pytest.mark.parametrize("header", [None, "", '""', '"  "', "a b", '"' + "x" * 256 + '"', '"ă"'])
def test_a_single_submission_needs_a_sound_key(client_of: ClientOf, header: str | None) -> None:
    """
    Without a key a lost answer could not be asked for again.
    """
    headers = {} if header is None else {b"Idempotency-Key": header.encode()}

    answer = client_of("submit").post("/v1/dossiers", content=body_json(a_dossier()), headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:lienthong:problem:malformed")
    assert "Idempotency-Key" in answer.json()["detail"]


def test_every_wrong_field_is_named_and_no_personal_value_is_shown(client_of: ClientOf) -> None:
    """
    A wrong status is shown, a name of the wrong type only by its length.
    """
    body = orjson.loads(body_json(a_dossier()))
    body |= {"status": 12, "subject": 5}
    body["applicant"]["name"] = ""

    answer = post(client_of("submit"), "/v1/dossiers", orjson.dumps(body))

    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"status", "subject", "applicant.name"}
    assert all(error["remedy"] for error in answer.json()["errors"])


def test_a_batch_answers_each_change_by_itself(gateway: Gateway, client_of: ClientOf) -> None:
    """
    New, known, unreadable, too early, beyond the scope: five answers in order; the good ones are in the ledger.
    """
    client = client_of("submit", agencies=["H99.01"])
    post(client, "/v1/dossiers", a_dossier(), "known")

    answer = batch(
        client,
        item("1", a_dossier(code=a_code(8))),
        item("2", a_dossier()),
        {"source_id": "3", "body": {"kind": "dossier"}},
        item("4", a_step(dossier=a_code(9))),
        item("5", a_dossier(code=a_code(1, agency="H99.02"))),
    ).json()

    outcomes = [(each["source_id"], each["outcome"], each["problem"]) for each in answer["items"]]
    assert outcomes == [
        ("1", "accepted", None),
        ("2", "duplicate", None),
        ("3", "refused", "invalid-input"),
        ("4", "refused", "invalid-input"),
        ("5", "refused", "forbidden"),
    ]
    assert (answer["accepted"], answer["duplicates"], answer["refused"]) == (1, 1, 3)
    assert gateway.totals()["dossiers"] == 2


def test_a_text_that_not_every_database_can_keep_is_refused_on_each(gateway: Gateway, client_of: ClientOf) -> None:
    """
    Told as a fault of the database it would be sent again for ever, and hold up what is written together with it.
    """
    answer = batch(
        client_of("submit"), item("a\0b", a_dossier()), item("2", a_dossier(code=a_code(8))), **{"Idempotency-Key": "b"}
    ).json()

    assert [each["outcome"] for each in answer["items"]] == ["refused", "accepted"]
    assert answer["items"][0]["errors"][0]["field"] == "source_id"


def test_two_keys_are_none(gateway: Gateway, client_of: ClientOf) -> None:
    """
    Under which of them the answer is kept, nobody could say.
    """
    headers = [("Content-Type", "application/json"), ("Idempotency-Key", '"1"'), ("Idempotency-Key", '"2"')]

    answer = client_of("submit").post("/v1/dossiers", content=body_json(a_dossier()), headers=headers)

    assert answer.status_code == 400
    assert gateway.totals()["dossiers"] == 0


def test_a_batch_with_a_key_gets_its_first_answer_again(client_of: ClientOf) -> None:
    """
    The retried batch does not turn its accepted changes into duplicates.
    """
    client = client_of("submit")
    first = batch(client, item("1", a_dossier()), **{"Idempotency-Key": '"b"'})

    again = batch(client, item("1", a_dossier()), **{"Idempotency-Key": '"b"'})

    assert again.json() == first.json()
    assert again.json()["accepted"] == 1


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        pytest.param(b"[]", 400, "malformed", id="empty"),
        pytest.param(b"{}", 422, "invalid-input", id="no list"),
        pytest.param(b"[", 422, "invalid-input", id="torn"),
        pytest.param(b'[{"source_id": NaN}]', 422, "invalid-input", id="not a number"),
        pytest.param(b'[{"source_id": 1e999}]', 422, "invalid-input", id="beyond numbers"),
        pytest.param(b"[" * 40 + b"]" * 40, 400, "malformed", id="deep"),
        pytest.param(b"[" + b"0," * 6 + b"0]", 413, "too-large", id="too many"),
        pytest.param(b"[" + b" " * 64 * 1024 + b"]", 413, "too-large", id="too long"),
    ],
)
def test_a_batch_beyond_the_bounds_is_refused_whole(
    gateway: Gateway, client_of: ClientOf, content: bytes, status: int, kind: str
) -> None:
    """
    Size, depth and number are bounded by the configuration, and the answer says by how much.
    """
    answer = client_of("submit").post("/v1/batches", content=content)

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:lienthong:problem:{kind}")
    assert gateway.totals()["dossiers"] == 0


def test_nobody_is_sent_elsewhere_with_what_they_carry(client_of: ClientOf) -> None:
    """
    A slash too many is a path that does not exist: an address made of the Host header might be anybody's.
    """
    answer = client_of("submit").post(
        "/v1/dossiers/", content=body_json(a_dossier()), headers={"Idempotency-Key": '"1"', "Host": "khac.vidu.example"}
    )

    assert (answer.status_code, answer.headers.get("location")) == (404, None)


def test_another_content_type_is_refused(client_of: ClientOf) -> None:
    """
    A form is not guessed to be JSON.
    """
    answer = client_of("submit").post(
        "/v1/dossiers",
        content=body_json(a_dossier()),
        headers={"Content-Type": "text/plain", "Idempotency-Key": '"1"'},
    )

    assert answer.status_code == 415


@pytest.mark.parametrize(("query", "kept"), [("", 0), ("?backfill=true", 1)])
def test_backfill_leaves_after_what_is_live(
    gateway: Gateway, tmp_path: Path, client_of: ClientOf, query: str, kept: int
) -> None:
    """
    An archive that is sent through the door is marked as one, and does not hold up today's dossiers.
    """
    post(client_of("submit"), f"/v1/dossiers{query}", a_dossier()).raise_for_status()

    with closing(sqlite3.connect(tmp_path / "lienthong.db")) as database:
        assert database.execute("SELECT DISTINCT backfill FROM lt_lane").fetchall() == [(kept,)]
