"""Partners' calls over HTTP: their own places, cheap refusals, and answers in their own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from connectors.national_portal.connector import build
from gateway.api import Gateway
from gateway.config import settings_from
from gateway.config.callbacks import CallbackSettings
from gateway.errors import ConfigurationError
from gateway.model import Change
from tests.builders import a_dossier
from tests.callers import HEADER, SECRET, CallingPartner, notice, signed
from tests.clocks import TestClock
from tests.integration.test_portal_calls import OPTIONS, PROMOTION, connector
from tests.serving import serving

THU = {"signature_header": HEADER, "signature_secret_env": "THU", "max_body_bytes": 2048}
LOOPBACK = {"from_networks": ["127.0.0.1"]}


@contextmanager
def opened(
    folder: Path, *connectors: Any, proxies: tuple[str, ...] = (), **callbacks: Any
) -> Iterator[tuple[Gateway, httpx.Client]]:
    """*callbacks* are sections by partner."""
    values = {
        "tenant": {"code": "H99"},
        "service": {"listen": "127.0.0.1:0", "proxies": proxies},
        "partners": {name: {"connector": "not-asked", "callbacks": said} for name, said in callbacks.items()},
    }
    settings = settings_from(values, env={"THU": SECRET}, folder=folder, offline=True)
    with Gateway(settings, connectors=connectors, clock=TestClock()) as gateway, serving(gateway) as client:
        yield gateway, client


def became(gateway: Gateway) -> list[str]:
    return [each.said for each in reversed(gateway.callbacks.newest())]


def test_a_signed_notice_is_taken_and_a_forged_one_is_not(tmp_path: Path) -> None:
    """
    POST with a right signature, with a wrong one, without; an unknown place; and a body longer than it may be.
    """
    with opened(tmp_path, CallingPartner(), thu=THU) as (gateway, client):
        statuses = [
            client.post("/callbacks/thu/paid", content=body, headers=headers).status_code
            for body, headers in (
                (notice(), signed(notice())),
                (notice(), signed(notice())),
                (notice(2), signed(notice())),
                (notice(2), {}),
                (b" " * 4096, signed(b" " * 4096)),
            )
        ]
        statuses.append(client.post("/callbacks/thu/else", content=b"{}", headers=signed(b"{}")).status_code)
        statuses.append(client.post("/callbacks/ai-do/paid", content=b"{}").status_code)

        assert statuses == [200, 200, 401, 401, 413, 404, 404]
        assert gateway.totals()["dossiers"] == 1


def test_a_get_is_its_query(tmp_path: Path) -> None:
    """
    Some providers call by GET: what is signed, kept and answered is the raw query.
    """
    with opened(tmp_path, CallingPartner(), thu=THU) as (gateway, client):
        answer = client.get("/callbacks/thu/paid?id=gd-1&x=%20", headers=signed(b"id=gd-1&x=%20"))

        assert (answer.status_code, answer.text) == (400, "unreadable")
        assert became(gateway) == ["unreadable"]


def test_a_partner_without_a_section_cannot_be_spoken_for(tmp_path: Path) -> None:
    """
    Nothing is open that was not opened: not by name, and not at the portal's places.
    """
    with opened(tmp_path, connector()) as (_, client):
        assert client.post("/callbacks/cong/addtthcKhuyenMai", json=PROMOTION).status_code == 404
        assert client.post("/VXPAdapter/RestService/forward/addtthcKhuyenMai", json=PROMOTION).status_code == 404


def test_the_portal_calls_where_its_contract_says(tmp_path: Path) -> None:
    """
    Below either prefix, below none, or by name: one dossier, 0 once and 1 for each repeat, as HTTP 200.
    """
    places = ("/XrdAdapter/RestService/forward", "/VXPAdapter/RestService/forward", "", "/callbacks/cong")
    with opened(tmp_path, connector(), cong=LOOPBACK) as (gateway, client):
        answers = [client.post(f"{place}/addtthcKhuyenMai", json=PROMOTION) for place in places]

        assert [(each.status_code, each.json()["error_code"]) for each in answers] == [(200, 0)] + [(200, 1)] * 3
        assert became(gateway) == ["taken", "repeated", "repeated", "repeated"]
        told = [entry.what for entry in gateway.timeline(PROMOTION["MaHoSo"]) if entry.what.startswith("notice.")]
        assert told == [f"notice.{word}" for word in became(gateway)]


def test_a_proof_that_came_twice_is_none(tmp_path: Path) -> None:
    """
    A proxy adds the subject that it verified behind the one that the caller made up, or before it: both are refused.
    A subject in Vietnamese is a subject.
    """
    said = "CN=Cổng Ví Dụ".encode()
    certified = {"certificate_header": "X-Subject", "certificates": ["CN=cong", "CN=Cổng Ví Dụ"]}
    with opened(tmp_path, connector(), proxies=("127.0.0.1",), cong=certified) as (_, client):
        statuses = [
            client.post("/addtthcKhuyenMai", json=PROMOTION, headers=[(b"X-Subject", each) for each in subjects])
            for subjects in (
                [b"CN=cong"],
                [b"CN=ai", b"CN=cong"],
                [b"CN=cong", b"CN=ai"],
                [b"CN=cong", b"CN=cong"],
                [said],
            )
        ]
    assert [each.status_code for each in statuses] == [200, 401, 401, 401, 200]


def test_the_portals_key_travels_in_the_body(tmp_path: Path) -> None:
    """
    A proxy of the province adds SecurityKey: without it, or with another, the answer is -1 and HTTP 401.
    """
    with opened(tmp_path, connector(security_key=SECRET, old_security_key="cu"), cong={}) as (gateway, client):
        answers = [
            client.post("/addtthcKhuyenMai", json=PROMOTION | key)
            for key in (
                {"SecurityKey": SECRET},
                {"SecurityKey": "cu"},
                {"SecurityKey": "khac"},
                {"SecurityKey": ""},
                {},
            )
        ]

        told = [(each.status_code, each.json()["error_code"]) for each in answers]
        assert told == [(200, 0), (200, 1)] + [(401, -1)] * 3
        assert gateway.callbacks.strangers()[0].times == 3


def test_a_question_is_answered_and_audited_and_not_kept(tmp_path: Path) -> None:
    """
    The portal looks a dossier up (7.4): nothing of it becomes a notice, and reading a dossier stands in the audit.
    """
    with opened(tmp_path, connector(), cong=LOOPBACK) as (gateway, client):
        gateway.submit(Change(source="test", source_id="1", body=a_dossier()))
        body = {"madonvi": "H99", "service": "x", "masohoso": str(a_dossier().code)}
        found = client.post("/XrdAdapter/RestService/forward/search/call", json=body)

        assert found.json()["MaHoSo"] == str(a_dossier().code)
        assert became(gateway) == []
        (entry,) = gateway.operations.audit()
        assert (entry.actor, entry.action, entry.subject) == ("partner:cong", "read", a_dossier().code.key)


def test_a_reload_opens_and_closes_where_a_partner_calls(tmp_path: Path) -> None:
    """
    The portal gets its section while the service runs, and loses it again; two partners at one place are a mistake
    that changes nothing.
    """
    two = [connector(), build("khac", OPTIONS)]
    said = CallbackSettings(from_networks=("127.0.0.1",))
    with opened(tmp_path, connector()) as (gateway, client):

        def status() -> int:
            return client.post("/VXPAdapter/RestService/forward/addtthcKhuyenMai", json=PROMOTION).status_code

        statuses = [status()]
        gateway.callbacks.reconfigure(gateway.connectors, {"cong": said})
        statuses.append(status())
        with pytest.raises(ConfigurationError, match="khac"):
            gateway.callbacks.reconfigure(two, {"cong": said, "khac": said})
        statuses.append(status())
        gateway.callbacks.reconfigure(gateway.connectors, {"cong": None})
        statuses.append(status())

    assert statuses == [404, 200, 200, 404]


def test_too_many_calls_are_told_when_to_come_back(tmp_path: Path) -> None:
    """
    429 in the portal's own words, with Retry-After; the body was not read.
    """
    with opened(tmp_path, connector(), cong=LOOPBACK | {"rate": 1, "burst": 1}) as (_, client):
        client.post("/addtthcKhuyenMai", json=PROMOTION)
        refused = client.post("/addtthcKhuyenMai", json=PROMOTION)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert orjson.loads(refused.content)["error_code"] == -1


def test_behind_our_proxy_the_callers_own_address_counts(tmp_path: Path) -> None:
    """
    The proxy stands in the partner's network, a stranger calls through it: refused, whatever the stranger claims before
    the proxy adds its address. Without a proxy of ours nobody's word about addresses is believed.
    """
    allowed = {"from_networks": ["127.0.0.1", "192.0.2.0/24"]}
    calls = ("192.0.2.7", "198.51.100.1", "192.0.2.7, 198.51.100.1", "198.51.100.1, 192.0.2.7, 127.0.0.1")
    with opened(tmp_path, connector(), proxies=("127.0.0.1",), cong=allowed) as (_, client):
        statuses = [
            client.post("/addtthcKhuyenMai", json=PROMOTION, headers={"X-Forwarded-For": said}).status_code
            for said in calls
        ]
    assert statuses == [200, 401, 401, 200]
    (tmp_path / "bare").mkdir()
    with opened(tmp_path / "bare", connector(), cong={"from_networks": ["192.0.2.0/24"]}) as (_, client):
        said = {"X-Forwarded-For": "192.0.2.7"}
        assert client.post("/addtthcKhuyenMai", json=PROMOTION, headers=said).status_code == 401
