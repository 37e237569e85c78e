"""Dossiers, timelines and the operator's view over HTTP; who read what is in the audit."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from gateway.api import Gateway
from gateway.errors import Rejected
from tests.builders import a_change, a_code, a_dossier, a_step
from tests.integration.service.conftest import ClientOf
from tests.partners import ScriptedPartner, failing

REFUSED = Rejected("partner", "4", "mã thủ tục không tồn tại")


def fill(gateway: Gateway, *serials: int, agency: str = "H99.01.01") -> None:
    for serial in serials:
        code = a_code(serial, agency=agency)
        gateway.submit(a_change(a_dossier(code=code), source_id=code.text))


def pages(client: httpx.Client, path: str) -> list[list[dict[str, object]]]:
    """All pages of a list, by its cursors."""
    found, cursor = [], ""
    while True:
        page = client.get(f"{path}{cursor}").raise_for_status().json()
        found.append(page["items"])
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_a_dossier_tells_how_far_it_has_come_at_each_partner(
    gateway: Gateway, partner: ScriptedPartner, client_of: ClientOf
) -> None:
    """
    Its header was delivered, its step refused: one is done, one waits for a person and blocks what follows.
    """
    fill(gateway, 7)
    gateway.run_until_idle()
    partner.script[a_code().text].append(failing(REFUSED))
    gateway.submit(a_change(a_step(), source_id="s1"))
    gateway.run_until_idle()

    told = client_of("read").get(f"/v1/dossiers/{a_code()}").json()

    assert (told["code"], told["version"], told["origin"]) == (a_code().text, 2, "local")
    (delivery,) = told["deliveries"]
    assert (delivery["partner"], delivery["delivered"], delivery["dead"]) == ("partner", 1, 1)
    assert (delivery["blocked"], delivery["pending"]) == (True, 0)
    assert delivery["told_at"] is not None


def test_no_answer_is_kept_by_a_cache_between(gateway: Gateway, client_of: ClientOf) -> None:
    """
    Proxies and browsers would keep what one reader saw for the next.
    """
    fill(gateway, 7)
    client = client_of("read")

    answers = [client.get(f"/v1/dossiers/{a_code()}"), client.get("/v1/partners"), client.get("/khong-co")]

    assert [answer.headers["cache-control"] for answer in answers] == ["no-store"] * 3


def test_all_dossiers_come_page_by_page_and_none_twice(gateway: Gateway, client_of: ClientOf) -> None:
    """
    Five dossiers in pages of two, in the order in which the ledger came to know them.
    """
    fill(gateway, 5, 3, 1, 4, 2)

    found = pages(client_of("read"), "/v1/dossiers?limit=2")

    assert [len(page) for page in found] == [2, 2, 1]
    assert [each["code"] for page in found for each in page] == [a_code(n).text for n in (5, 3, 1, 4, 2)]


def test_a_timeline_comes_page_by_page(gateway: Gateway, client_of: ClientOf) -> None:
    """
    The pages together are the whole story, and say that nobody touched it.
    """
    fill(gateway, 7)
    gateway.run_until_idle()

    found = pages(client_of("read"), f"/v1/dossiers/{a_code()}/timeline?limit=1")

    assert [line["what"] for page in found for line in page] == [each.what for each in gateway.timeline(a_code())]


@pytest.mark.parametrize("path", ["", f"/{a_code()}", f"/{a_code()}/timeline"])
def test_nothing_is_shown_that_the_audit_cannot_keep(
    gateway: Gateway, client_of: ClientOf, tmp_path: Path, path: str
) -> None:
    """
    503 in place of a reading that nobody could tell of later.
    """
    fill(gateway, 7)
    client = client_of("read")
    with closing(sqlite3.connect(tmp_path / "lienthong.db")) as database:
        database.execute("DROP TABLE lt_audit")

    answer = client.get(f"/v1/dossiers{path}")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert a_code().text not in answer.text


@pytest.mark.parametrize("path", [f"/v1/dossiers/{a_code(1)}", f"/v1/dossiers/{a_code(1)}/timeline"])
def test_what_the_ledger_does_not_know_is_not_found(client_of: ClientOf, path: str) -> None:
    """
    404 for an unknown dossier, 422 for what is no code, 403 beyond the agencies, 422 for a bent cursor.
    """
    client = client_of("read", agencies=["H99"])

    statuses = [
        client.get(asked).status_code
        for asked in (path, path.replace("260302", "x"), path.replace("H99", "H98"), f"{path}?limit=0")
    ]

    assert statuses[:3] == [404, 422, 403]
    assert statuses[3] == (422 if path.endswith("timeline") else 404)
    assert client.get("/v1/dossiers?cursor=abc").status_code == 422


def test_a_list_holds_only_dossiers_of_the_agencies(gateway: Gateway, client_of: ClientOf) -> None:
    """
    The others are left out of the page, and the list still comes to its end.
    """
    fill(gateway, 1, 2)
    fill(gateway, 1, 2, agency="H99.02")

    found = pages(client_of("read", agencies=["H99.02"]), "/v1/dossiers?limit=1")

    assert [each["code"] for page in found for each in page] == [a_code(n, agency="H99.02").text for n in (1, 2)]


def test_who_read_which_dossier_is_in_the_audit(gateway: Gateway, client_of: ClientOf) -> None:
    """
    Also when there was nothing to read: who asks for dossiers that do not exist is worth knowing.
    """
    fill(gateway, 7)
    client = client_of("read")
    (key,) = gateway.keys.list()

    client.get(f"/v1/dossiers/{a_code()}")
    client.get(f"/v1/dossiers/{a_code()}/timeline")
    client.get(f"/v1/dossiers/{a_code(9)}")
    client.get("/v1/dossiers")

    entries = [(entry.actor, entry.action, entry.subject) for entry in gateway.operations.audit()[1:]]
    who = f"http:mot-cua/{key.id}"
    assert entries == [
        (who, "dossier.read", a_code().text),
        (who, "timeline.read", a_code().text),
        (who, "dossier.read", a_code(9).text),
        (who, "dossier.list", "> 0"),
    ]


def test_dead_letters_are_listed_and_requeued_by_cause(
    gateway: Gateway, partner: ScriptedPartner, client_of: ClientOf
) -> None:
    """
    Three are refused; the operator lets those of the cause try again, and they arrive. The audit names the key.
    """
    fill(gateway, 1, 2, 3)
    for serial in (1, 2, 3):
        partner.script[a_code(serial).text].append(failing(REFUSED))
    gateway.run_until_idle()
    client = client_of("operate", name="truc")

    letters = [each for page in pages(client, "/v1/dead-letters?limit=2") for each in page]
    done = client.post("/v1/dead-letters/requeue", json={"cause": letters[0]["cause"], "reason": "Đã sửa danh mục"})
    gateway.run_until_idle()

    assert [(each["dossier"], each["code"]) for each in letters] == [(a_code(n).text, "4") for n in (1, 2, 3)]
    assert done.json()["ids"] == [each["id"] for each in letters]
    assert client.get("/v1/partners").json()["items"][0]["delivered"] == 3
    assert gateway.operations.audit()[-1].actor.startswith("http:truc/")


def test_letters_of_other_agencies_are_not_there(
    gateway: Gateway, partner: ScriptedPartner, client_of: ClientOf
) -> None:
    """
    An operator of one agency requeues by partner what is its own; another's letter is as unknown as one that never was.
    """
    fill(gateway, 1, agency="H99.01")
    fill(gateway, 2, agency="H99.02")
    for code in (a_code(1, agency="H99.01"), a_code(2, agency="H99.02")):
        partner.script[code.text].append(failing(REFUSED))
    gateway.run_until_idle()
    own, other = (letter.id for letter in sorted(gateway.dead_letters(), key=lambda letter: letter.dossier))
    client = client_of("operate", agencies=["H99.01"])

    strange = [client.post("/v1/dead-letters/requeue", json={"ids": [id_]}).json() for id_ in (other, 10**12)]
    done = client.post("/v1/dead-letters/requeue", json={"partner": "partner"}).json()

    assert [each["status"] for each in strange] == [422, 422]
    assert [each["errors"][0]["reason"] for each in strange] == ["không có / does not exist"] * 2
    assert done["ids"] == [own]


def test_a_reason_is_kept_without_numbers_of_people(gateway: Gateway, client_of: ClientOf) -> None:
    """
    The audit is for ever.
    """
    order = {"reason": "Theo yêu cầu của 099090000017\ngọi 0912345678"}

    client_of("operate").post("/v1/partners/partner/pause", json=order).raise_for_status()

    kept = gateway.operations.audit()[-1].reason
    assert kept.startswith("Theo yêu cầu của [")
    assert "099090000017" not in kept
    assert "0912345678" not in kept


def test_a_requeue_without_a_choice_is_refused(client_of: ClientOf) -> None:
    """
    An empty order is a slip, not "all".
    """
    answer = client_of("operate").post("/v1/dead-letters/requeue", json={"reason": "?"})

    assert answer.status_code == 400


def test_a_pause_holds_until_it_is_resumed(gateway: Gateway, client_of: ClientOf) -> None:
    """
    Paused with a reason, seen in the list, resumed.
    """
    client = client_of("operate")

    assert client.post("/v1/partners/partner/pause", json={"reason": "Bảo trì"}).status_code == 204
    paused = client.get("/v1/partners").json()["items"][0]["paused"]
    assert client.post("/v1/partners/partner/resume", json={}).status_code == 204

    assert (paused, client.get("/v1/partners").json()["items"][0]["paused"]) == (True, False)


@pytest.mark.parametrize(
    ("agencies", "order", "status"),
    [
        (None, {"reason": "x", "dossier": "H99.01.01-260302-0007"}, 422),
        (["H99"], {"reason": "x"}, 403),
        (["H98"], {"reason": "x", "dossier": "H99.01.01-260302-0007"}, 403),
        (None, {"reason": ""}, 422),
        (None, {"reason": "a\0b"}, 422),
        (None, {"reason": "x", "wholly": True}, 422),
    ],
)
def test_a_pause_that_cannot_be_is_refused(
    client_of: ClientOf, agencies: list[str] | None, order: dict[str, object], status: int
) -> None:
    """
    A dossier without lane, a partner beyond the agencies, no reason, an unknown word.
    """
    answer = client_of("operate", agencies=agencies).post("/v1/partners/partner/pause", json=order)

    assert answer.status_code == status


def test_an_unknown_partner_is_named(client_of: ClientOf) -> None:
    """
    With the nearest that is configured.
    """
    answer = client_of("operate").post("/v1/partners/partnr/pause", json={"reason": "x"})

    assert answer.status_code == 422
    assert "partner" in answer.text


def test_a_story_of_ten_days_is_read_in_utc(gateway: Gateway, client_of: ClientOf) -> None:
    """
    Moments carry their offset.
    """
    fill(gateway, 7)

    told = client_of("read").get(f"/v1/dossiers/{a_code()}").json()["status_at"]

    assert told.endswith("Z")
    assert timedelta(0) <= gateway.clock.now() - gateway.known([a_code()])[a_code().key].status_at
