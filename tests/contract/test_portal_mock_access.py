"""Sessions, units, addresses and adapter variants of the mock portal (contract 2)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from connectors.national_portal.mock import DSTCODE, PREFIXES, Account, Portal
from gateway.sandbox import VirtualClock
from tests.portal import CODE, PASSWORD, UNIT, InProcess, Province, a_portal, a_province, a_wire_dossier, a_wire_step

EXPIRED = {"error_code": "-2", "message": "Session không hợp lệ hoặc đã hết hạn"}


def test_a_wrong_password_gives_no_session() -> None:
    """
    A non-zero code, and no word about sessions that could be taken for an expired one.
    """
    portal = a_portal()
    province = a_province(portal)
    province.password = "sai"

    reply = province.log_in()

    assert reply.code == "-4"
    assert "session" not in reply.json
    assert "ession" not in reply.message
    assert portal.counters().failed_logins == 1


def test_a_session_ends_ten_minutes_after_its_login() -> None:
    """
    2.4: not sliding; use does not prolong it.
    """
    clock = VirtualClock()
    province = a_province(a_portal(clock))
    province.log_in()

    clock.advance(timedelta(minutes=9))
    assert province.look_up().code == "0"
    clock.advance(timedelta(minutes=1))
    assert province.look_up().json == EXPIRED


def test_a_session_can_slide() -> None:
    """
    Contract 20.2 is open.
    """
    clock = VirtualClock()
    province = a_province(a_portal(clock, session_sliding=True))

    for _ in range(3):
        assert province.look_up().code == "0"
        clock.advance(timedelta(minutes=9))


@pytest.mark.parametrize(("single", "code"), [(False, "0"), (True, "-2")])
def test_a_second_login_may_end_the_first(single: bool, code: str) -> None:
    """
    2.4: both stay valid, unless set otherwise.
    """
    portal = a_portal(single_session=single)
    first, second = a_province(portal), a_province(portal)
    first.log_in()
    second.log_in()

    assert first.look_up().code == code
    assert second.look_up().code == "0"


@pytest.mark.parametrize(("form", "status"), [("code", 200), ("http-401", 401), ("http-403", 403)])
def test_an_expired_session_is_told_in_one_of_three_ways(form: str, status: int) -> None:
    """
    2.4: how is unknown; the connector must understand each.
    """
    portal = a_portal(expired_as=form)
    province = a_province(portal)
    province.log_in()
    portal.expire_sessions()

    reply = province.look_up()

    assert (reply.status, reply.json) == (status, EXPIRED)


def test_a_unit_that_is_not_the_accounts_is_refused() -> None:
    """
    13.2: code -4, before the payload is looked at.
    """
    province = a_province(a_portal())
    province.unit = "000.00.00.H98"

    assert province.push({}).json == {"error_code": "-4", "message": "Đơn vị không có quyền"}


def test_both_forms_of_the_unit_are_good() -> None:
    """
    15.17: H99 and 000.00.00.H99 are the same sender.
    """
    province = a_province(a_portal())
    for unit, number in (("H99", 1), ("000.00.00.H99", 2)):
        province.unit = unit
        assert province.push(a_wire_dossier(f"H99.01-260302-{number:04d}")).code == "0"


def test_a_service_of_the_other_group_is_not_found() -> None:
    """
    18.1: shared reads at the sharing address, everything else at the integration address.
    """
    province = a_province(a_portal())

    assert province.call("LayDanhSachTTHC").json == {"error_code": "-1", "message": "Không tìm thấy dịch vụ"}
    assert province.call("LayThuTuc", path="mapi/share", maTTHC="9.000123").code == "-1"
    assert province.call("laythutuc", maTTHC="9.000123").code == "-1"
    assert province.call("LayDanhSachTTHC", path="mapi/share").code == "0"


def test_a_portal_can_answer_any_service_anywhere() -> None:
    """
    Contract 20.1 is open.
    """
    province = a_province(a_portal(any_group=True))

    assert province.call("LayDanhSachTTHC").code == "0"
    assert province.call("KhongCo").code == "-1"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_both_adapter_generations_answer(prefix: str) -> None:
    """
    2.1: the same portal behind XrdAdapter and VXPAdapter.
    """
    province = a_province(a_portal())
    province.prefix = prefix

    assert province.log_in().code == "0"


def test_the_destination_travels_in_the_header_or_in_the_query() -> None:
    """
    2.2: either will do; neither, or another destination, reaches nobody.
    """
    wire = InProcess(a_portal())
    path = f"{PREFIXES[0]}/mapi/login"
    body = json.dumps({"username": UNIT, "password": PASSWORD}).encode()

    assert wire.send("POST", path, {}, {"dstcode": DSTCODE}, body).status == 200
    assert wire.send("POST", path, {"dstcode": DSTCODE}, {}, body).status == 200
    for headers in ({}, {"dstcode": "VN:GOV:khac"}):
        reply = wire.send("POST", path, {}, headers, body)
        assert (reply.status, reply.code) == (400, "-1")


def test_other_addresses_methods_and_bodies_are_refused() -> None:
    """
    What is no call of the contract is answered as an adapter would, and never raises.
    """
    wire = InProcess(a_portal(max_body_bytes=1000))
    headers = {"dstcode": DSTCODE}

    assert wire.send("POST", "/mapi/login", {}, headers, b"{}").status == 404
    assert wire.send("POST", f"{PREFIXES[0]}/mapi/nope", {}, headers, b"{}").status == 404
    assert wire.send("GET", f"{PREFIXES[0]}/mapi/login", {}, headers, b"").status == 405
    assert wire.send("POST", f"{PREFIXES[0]}/mapi/login", {}, headers, b"x" * 1001).status == 413
    for body in (b"", b"{", b"[]", b'"x"', b"\xff\xfe{}"):
        assert wire.send("POST", f"{PREFIXES[0]}/mapi/login", {}, headers, body).code == "1"


def test_variant_b_has_an_address_for_each_service() -> None:
    """
    2.6 B: a bare array, the unit and the word in the query; no session, no destination.
    """
    portal = a_portal()
    wire = InProcess(portal)
    query = {"MaDinhDanhDV": UNIT, "isUpdating": "False"}
    header = json.dumps([a_wire_dossier()]).encode()

    assert wire.send("POST", "/api/v1/DongBoHoSoMC", query, {}, header).code == "0"
    assert wire.send("POST", "/api/v1/DongBoHoSoMC", query, {}, header).code == "3"
    assert wire.send("POST", "/api/v1/DongBoHoSoMC", {**query, "isUpdating": "True"}, {}, header).code == "0"
    step = json.dumps([a_wire_step()]).encode()
    assert wire.send("POST", "/api/v1/CapNhatTienDoHoSoMC", {"MaDinhDanhDV": UNIT}, {}, step).code == "0"
    assert wire.send("POST", "/api/v1/DongBoHoSoMC", {**query, "MaDinhDanhDV": "H98"}, {}, header).code == "-4"
    assert wire.send("GET", "/api/v1/DongBoHoSoMC", query, {}, b"").status == 405


def test_variant_c_has_two_addresses_for_create_and_update() -> None:
    """
    2.6 C: the path says what to do; the adapter knows whose it is.
    """
    portal = a_portal(create_path="them-moi", update_path="cap-nhat", timeline_path="tien-trinh")
    portal.add_account(Account.of_province("H98", "x"))
    wire = InProcess(portal)
    header = json.dumps([a_wire_dossier()]).encode()

    assert wire.send("POST", "/motcua/cap-nhat", {}, {}, header).code == "2"
    assert wire.send("POST", "/motcua/them-moi", {}, {}, header).code == "0"
    assert wire.send("POST", "/motcua/cap-nhat", {}, {}, header).code == "0"
    assert wire.send("POST", "/motcua/tien-trinh", {}, {}, json.dumps([a_wire_step()]).encode()).code == "0"
    assert portal.calls(dossier=CODE)[0].account == UNIT


def test_variant_d_encodes_its_answer_twice() -> None:
    """
    2.6 D: the portal's envelope is a string inside "message".
    """
    wire = InProcess(a_portal())

    reply = wire.send("GET", "/lgsp/KetNoiMotCuaQuocGia/LayThuTuc", {"maTTHC": "9.000123"}, {}, b"")

    assert set(reply.json) == {"error_code", "message"}
    inner = json.loads(reply.message)
    assert inner["result"][0]["MATTHC"] == "9.000123"
    assert wire.send("GET", "/lgsp/KetNoiMotCuaQuocGia/DongBoHoSoMC", {}, {}, b"").status == 404
    assert wire.send("POST", "/lgsp/KetNoiMotCuaQuocGia/LayThuTuc", {}, {}, b"").status == 405


def test_the_log_of_requests_holds_no_secret() -> None:
    """
    18.2: what arrived is kept, passwords and sessions are stars, wherever they travelled.
    """
    portal = a_portal()
    province = a_province(portal)
    province.log_in()
    session = province.session
    province.headers["authorization"] = "Bearer bi-mat"
    province.push(a_wire_dossier())
    province.post("mapi/integration", f'{{"session": "{session}", "service": '.encode())
    province.post("mapi/integration", json.dumps({"session": session, "password": PASSWORD}).encode())
    InProcess(portal).send(
        "GET", "/x/KetNoiMotCuaQuocGia/LayThuTuc", {"session": session, "password": PASSWORD}, {}, b""
    )

    kept = repr(portal.requests()) + repr(portal.calls())

    assert session not in kept
    assert PASSWORD not in kept
    assert "bi-mat" not in kept
    assert b'"session": "***"' in portal.requests()[1].body
    assert CODE.encode() in portal.requests()[1].body


def test_an_account_shows_no_password() -> None:
    """
    A portal may be printed.
    """
    assert PASSWORD not in repr(Account.of_province("H99", PASSWORD))


def test_the_log_of_requests_is_bounded() -> None:
    """
    Old requests go first.
    """
    portal = a_portal(keep_requests=2)
    province = Province(InProcess(portal))
    for _ in range(4):
        province.log_in()

    assert [request.call for request in portal.requests()] == [3, 4]


def test_reset_keeps_who_may_come_and_what_is_published() -> None:
    """
    A test run starts over without seeding again.
    """
    portal: Portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())

    portal.reset()

    assert (portal.dossiers(), portal.calls(), portal.requests(), portal.counters().calls) == ([], [], [], 0)
    assert province.look_up().code == "-2"
    province.log_in()
    assert province.push(a_wire_dossier()).code == "0"
