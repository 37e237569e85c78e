"""The pull API over HTTP: rights, pages, acknowledgement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from connectors.provincial.onestop.connector import build
from gateway.api import Gateway
from gateway.config import settings_from
from tests.callers import CallingPartner
from tests.clocks import TestClock
from tests.integration.test_portal_calls import PROMOTION, connector
from tests.serving import serving


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """The portal and a one-stop system that fetches."""
    settings = settings_from({"tenant": {"code": "H99"}, "service": {"listen": "127.0.0.1:0"}}, folder=tmp_path)
    sink = build("motcua", {"kind": "pull", "told_of": ["cong"]})
    with Gateway(settings, connectors=[connector(), sink], clock=TestClock()) as opened:
        yield opened


@pytest.fixture
def http(gateway: Gateway) -> Iterator[httpx.Client]:
    with serving(gateway) as client:
        yield client


def bearer(gateway: Gateway, *rights: str, agencies: list[str] | None = None) -> dict[str, str]:
    made = gateway.keys.create("mot-cua", rights, agencies=agencies, life=timedelta(days=1))
    return {"Authorization": f"Bearer {made.token}"}


def told(gateway: Gateway, number: int) -> None:
    promotion = PROMOTION | {"MaHoSo": f"G22.99-260305-{number:05d}"}
    gateway.receive("cong", "/addtthcKhuyenMai", httpx.Request("POST", "http://x", json=promotion).content)


def test_what_the_portal_told_is_fetched_page_by_page(gateway: Gateway, http: httpx.Client) -> None:
    """
    Two pages: the first is acknowledged by asking for the next, the last by a call of its own. Who read is audited.
    """
    headers = bearer(gateway, "changes")
    for number in (1, 2, 3):
        told(gateway, number)

    first = http.get("/v1/changes?limit=2", headers=headers).json()
    second = http.get("/v1/changes", params={"cursor": first["cursor"]}, headers=headers).json()
    said = {"cursor": second["cursor"]}
    done = http.post("/v1/changes/acknowledgements", json=said, headers=headers).json()
    empty = http.get("/v1/changes", headers=headers).json()

    codes = [change["dossier"] for change in (*first["changes"], *second["changes"])]
    assert codes == [f"G22.99-260305-{number:05d}" for number in (1, 2, 3)]
    assert second["changes"][0]["body"]["origin"] == "portal"
    assert done == {"dossiers": 1, "expired": 0}
    assert empty == {"changes": [], "cursor": ""}
    assert [entry.subject for entry in gateway.operations.audit() if entry.action == "pull"] == [
        "motcua: 2",
        "motcua: 1",
    ]
    assert {status.partner: status.delivered for status in gateway.status()} == {"cong": 0, "motcua": 3}


def test_a_page_is_acknowledged_up_to_a_change(gateway: Gateway, http: httpx.Client) -> None:
    """
    By the sequence that stands in it; one that does not is a mistake, with field and remedy.
    """
    headers = bearer(gateway, "changes")
    for number in (1, 2):
        told(gateway, number)
    page = http.get("/v1/changes", headers=headers).json()
    first = page["changes"][0]["sequence"]

    done, wrong, strange = (
        http.post("/v1/changes/acknowledgements", json={"cursor": page["cursor"], "through": through}, headers=headers)
        for through in (first, first - 1, "x")
    )

    assert done.json() == {"dossiers": 1, "expired": 0}
    assert [(each.status_code, each.json()["errors"][0]["field"]) for each in (wrong, strange)] == [
        (422, "through"), (422, "through"),
    ]  # fmt: skip


def test_only_a_whole_key_with_the_right_may_take_changes(gateway: Gateway, http: httpx.Client) -> None:
    """
    No key, another right, one agency's key, an unknown partner, a word that is no cursor.
    """
    right = bearer(gateway, "changes")
    asked: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}), (bearer(gateway, "read"), {}), (bearer(gateway, "changes", agencies=["H99.01"]), {}),
        (right, {"partner": "cong"}), (right, {"cursor": "x"}), (right, {}),
    ]  # fmt: skip

    statuses = [http.get("/v1/changes", headers=headers, params=params).status_code for headers, params in asked]

    assert statuses == [401, 403, 403, 422, 422, 200]


def test_without_a_partner_that_fetches_there_is_nothing_to_fetch(tmp_path: Path) -> None:
    """
    404 says which setting is missing; nothing that belongs to others is handed out.
    """
    settings = settings_from({"service": {"listen": "127.0.0.1:0"}}, folder=tmp_path)
    with Gateway(settings, connectors=[CallingPartner()], clock=TestClock()) as gateway, serving(gateway) as client:
        answer = client.get("/v1/changes", headers=bearer(gateway, "changes"))

    assert answer.status_code == 404
    assert 'kind = "pull"' in answer.json()["detail"]
