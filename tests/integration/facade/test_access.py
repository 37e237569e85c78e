"""Who is let in at the façade, how long, and what a stranger gets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.national_portal.mock import PREFIXES
from tests.fronting import AtTheFacade, Fronted, fronted
from tests.portal import CODE, PROCEDURE, UNIT, Province, Reply, a_portal, a_wire_dossier, a_wire_step

WRONG = "mat-khau-doan-mo"


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Fronted]:
    with fronted(tmp_path, a_portal(), login_failures=3) as built:
        yield built


def log_in(front: Fronted, password: str = "", *, source: str = "192.0.2.7") -> Reply:
    wire = AtTheFacade(front.gateway, source)
    return Province(wire, password=password or front.province.password).log_in()


def test_a_wrong_password_opens_nothing_and_is_tried_only_so_often(
    front: Fronted, caplog: pytest.LogCaptureFixture
) -> None:
    """
    Three wrong ones in a minute, and from there not even the right one is looked at until the minute is over; from
    elsewhere it is. What was tried stands in no log.
    """
    caplog.set_level(logging.DEBUG)

    wrong = [log_in(front, WRONG) for _ in range(4)]
    right = log_in(front)
    elsewhere = log_in(front, source="192.0.2.8")
    front.clock.advance(timedelta(minutes=1))

    assert [reply.code for reply in wrong] == ["-4"] * 4
    assert "session" not in wrong[0].json
    assert (wrong[0].message, right.code) == ("Tài khoản hoặc mật khẩu không đúng", "-4")
    assert (elsewhere.code, log_in(front).code) == ("0", "0")
    assert "facade_login_refused" in caplog.text
    assert WRONG not in caplog.text + str([vars(record) for record in caplog.records])


def test_wrong_passwords_count_together_for_whoever_has_many_addresses(front: Fronted) -> None:
    """
    One customer has a whole network of IPv6 addresses, and one of IPv4 may be written as one of IPv6. Another
    customer's is another's.
    """
    for number in range(3):
        log_in(front, WRONG, source=f"2001:db8:7:1::{number}")
        log_in(front, WRONG, source="::ffff:192.0.2.9" if number % 2 else "192.0.2.9")
    tried = ["2001:db8:7:1:ffff::1", "192.0.2.9", "::ffff:192.0.2.9", "2001:db8:7:2::1"]

    assert [log_in(front, source=source).code for source in tried] == ["-4", "-4", "-4", "0"]


@pytest.mark.parametrize(("form", "status"), [("code", 200), ("http-401", 401), ("http-403", 403)])
def test_a_session_ends_after_ten_minutes(tmp_path: Path, form: str, status: int) -> None:
    """
    2.4: told in the way that the settings say; a new login opens another.
    """
    with fronted(tmp_path, a_portal(), expired_as=form) as front:
        front.province.log_in()
        front.clock.advance(timedelta(minutes=9, seconds=59))
        good = front.province.look_up()
        front.clock.advance(timedelta(seconds=1))
        ended = front.province.look_up()
        front.province.log_in()

        assert (good.code, front.province.look_up().code) == ("0", "0")
    assert (ended.status, ended.code, ended.message) == (status, "-2", "Session không hợp lệ hoặc đã hết hạn")


def test_a_session_is_good_in_every_process_with_the_same_settings(tmp_path: Path) -> None:
    """
    Two services behind one address share no memory; another secret or another password ends what was open.
    """
    folders = [tmp_path / name for name in ("a", "b", "c", "d")]
    for folder in folders:
        folder.mkdir()
    with (
        fronted(folders[0], a_portal()) as first,
        fronted(folders[1], a_portal()) as second,
        fronted(folders[2], a_portal(), session_secret="mot-khoa-khac-hoan-toan-0000000000001") as third,
        fronted(folders[3], a_portal(), password="mat-khau-moi") as fourth,
    ):
        first.province.log_in()
        session = first.province.session
        others = []
        for front in (second, third, fourth):
            front.province.session = session
            others.append(front.province.look_up().code)

    assert others == ["0", "-2", "-2"]


def test_a_session_is_good_for_one_tenant_alone(tmp_path: Path) -> None:
    """
    Two tenants of one operator have everything in common but their name: whoever may ask one may not ask the other.
    """
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    with fronted(folders[0], a_portal()) as first, fronted(folders[1], a_portal(), tenant="H99-thu") as second:
        first.province.log_in()
        second.province.session = first.province.session
        kept, carried = first.province.look_up(), second.province.look_up()

    assert (kept.code, carried.code) == ("0", "-2")


@pytest.mark.parametrize("spoil", [
    lambda session: "",
    lambda session: "c0ffee00-0000-4000-8000-00000000d7c9",
    lambda session: session[:-4] + ("AAAA" if session[-4:] != "AAAA" else "BBBB"),
    lambda session: ("B" if session[0] == "A" else "A") + session[1:],
    lambda session: session + "\n",
    lambda session: {"$ne": None},
], ids=["none", "another-form", "signature", "end", "trailing", "no-text"])  # fmt: skip
def test_a_session_that_was_not_opened_here_is_none(idle: Fronted, spoil: Any) -> None:
    """
    Forged, cut, or no text at all.
    """
    idle.province.log_in()
    idle.province.session = spoil(idle.province.session) or "x"
    reply = idle.province.look_up()
    idle.province.session = ""

    assert reply.code == "-2"


@pytest.mark.parametrize(("unit", "code"), [("H99", "0"), (UNIT, "0"), ("H98", "-4"), ("", "-4"), ("x", "-4")])
def test_only_the_units_of_the_settings_may_send(idle: Fronted, unit: str, code: str) -> None:
    """
    In the old order of a code or the new.
    """
    idle.province.log_in()
    stranger = Province(idle.province.wire, unit=unit, session=idle.province.session)

    assert stranger.look_up().code == code


def test_the_dossier_of_another_province_is_refused(idle: Fronted) -> None:
    """
    18.3: the number's own agency decides.
    """
    reply = idle.province.push(a_wire_dossier("H98.01-260302-0001"))

    assert (reply.code, reply.message) == ("1", "Dữ liệu không hợp lệ: MaHoSo")


VARIANTS = [
    ("POST", "/lgsp/DongBoHoSoMC", {"MaDinhDanhDV": UNIT, "isUpdating": "False"}, [a_wire_dossier()]),
    ("POST", f"{PREFIXES[0]}/DongBoHoSoMC", {"isUpdating": "True"}, [a_wire_dossier(ChuHoSo="B")]),
    ("POST", "/ThemMoiHoSoMC", {}, [a_wire_dossier("H99.01.01-260302-0008")]),
    ("POST", "/api/CapNhatHoSoMC", {}, [a_wire_dossier("H99.01.01-260302-0008", ChuHoSo="C")]),
    ("POST", "/DongBoTienTrinhHoSoMC", {}, [a_wire_step()]),
    ("POST", f"{PREFIXES[1]}/CapNhatTienDoHoSoMC", {"MaDinhDanhDV": "H99"}, [a_wire_step("H99.01.01-260302-0008")]),
]  # fmt: skip


def call(front: Fronted, variant: tuple[str, str, dict[str, str], Any], **headers: str) -> Reply:
    method, path, query, data = variant
    return front.province.wire.send(method, path, query, headers, json.dumps(data).encode() if data else b"")


@pytest.mark.parametrize(
    ("settings", "headers"),
    [
        ({"bearer_token": "the-le-vi-du"}, {"authorization": "Bearer the-le-vi-du"}),
        ({"trusted_networks": ["192.0.2.0/29"]}, {}),
    ],
    ids=["token", "network"],
)
def test_the_variants_without_a_session_are_open_to_whom_the_settings_trust(
    tmp_path: Path, settings: dict[str, Any], headers: dict[str, str]
) -> None:
    """
    2.6 B and C: a path for each service, or for each purpose, and the bare array; all of it arrives.
    """
    with fronted(tmp_path, a_portal(), **settings) as front:
        codes = [call(front, variant, **headers).code for variant in VARIANTS]
        front.deliver()

        assert codes == ["0"] * len(VARIANTS)
        for code, owner in ((CODE, "B"), ("H99.01.01-260302-0008", "C")):
            record = front.portal.dossier(code)
            assert record is not None
            assert (record.header["ChuHoSo"], len(record.steps), record.creates) == (owner, 1, 1)


def test_what_an_adapter_sends_elsewhere_is_not_ours(tmp_path: Path) -> None:
    """
    2.2: also without a session, another provider's dossiers and questions are not the portal's.
    """
    ask = ("GET", "/KetNoiMotCuaQuocGia/LayThuTuc", {"maTTHC": PROCEDURE, "dstcode": "VN:GOV:other"}, None)
    with fronted(tmp_path, a_portal(), trusted_networks=["192.0.2.7/32"]) as front:
        pushed, asked = call(front, VARIANTS[0], dstcode="VN:GOV:other"), call(front, ask)

        assert [(reply.status, reply.code) for reply in (pushed, asked)] == [(400, "-1")] * 2
        assert front.gateway.totals().get("dossiers", 0) == 0


def test_who_knows_no_destination_refuses_none(tmp_path: Path) -> None:
    """
    2.2: the partner's own calls carry no code, so the gateway cannot tell a right one from a wrong one.
    """
    with fronted(tmp_path, a_portal(), options={"dstcode": ""}) as front:
        reply = front.province.look_up()

    assert (reply.status, reply.code) == (200, "0")


def test_paths_may_have_several_parts(tmp_path: Path) -> None:
    """
    2.6: the façade answers at the paths with which the connector asks, whatever they look like.
    """
    options = {"create_path": "mot-cua/them", "update_path": "mot-cua/sua", "facade_path": "api/doc"}
    with fronted(tmp_path, a_portal(), options=options, trusted_networks=["192.0.2.7/32"]) as front:
        pushed = [
            call(front, ("POST", f"/lgsp/{path}", {}, [a_wire_dossier()])) for path in ("mot-cua/them", "mot-cua/sua")
        ]
        read = call(front, ("GET", "/lgsp/api/doc/LayThuTuc", {"maTTHC": PROCEDURE}, None))

        assert [reply.code for reply in (*pushed, read)] == ["0"] * 3
        for path in ("/them", "/lgsp/sua", "/doc/LayThuTuc", "/xmot-cua/them"):
            assert front.gateway.front_at(path) is None


def test_a_question_by_get_says_nothing_in_the_envelopes_own_words(tmp_path: Path) -> None:
    """
    2.6 D: what stands in the query narrows the question. It is neither session nor service of the gateway's own call.
    """
    words = {"service": "DongBoHoSoMC", "session": "x", "data": "[]", "isUpdating": "False", "cauhoiid": "7"}
    portal = a_portal()
    portal.add_questions(answers={"7": [{"TRALOIID": "1", "NOIDUNGTRALOI": "Đáp."}]})
    with fronted(tmp_path, portal, trusted_networks=["192.0.2.7/32"]) as front:
        reply = call(front, ("GET", "/KetNoiMotCuaQuocGia/LayNoiDungTraLoiTheoCauHoi", words, None))

    assert json.loads(reply.message)["result"] == [{"TRALOIID": "1", "NOIDUNGTRALOI": "Đáp."}]
    assert [record.service for record in portal.calls()] == ["login", "LayNoiDungTraLoiTheoCauHoi"]


def test_questions_by_get_are_answered_twice_encoded(tmp_path: Path) -> None:
    """
    2.6 D: the envelope is a text within the answer.
    """
    with fronted(tmp_path, a_portal(), trusted_networks=["192.0.2.7/32"]) as front:
        reply = call(front, ("GET", "/KetNoiMotCuaQuocGia/LayThuTuc", {"maTTHC": PROCEDURE}, None))

    inner = json.loads(reply.message)
    assert (reply.code, inner["error_code"], inner["result"][0]["MATTHC"]) == ("0", 0, PROCEDURE)


@pytest.mark.parametrize("settings", [{}, {"bearer_token": "the-le-vi-du"}, {"trusted_networks": ["198.51.100.0/24"]}])
def test_the_variants_without_a_session_are_closed_to_everybody_else(tmp_path: Path, settings: dict[str, Any]) -> None:
    """
    Nothing in such a call says whose it is, so by default nobody's is taken.
    """
    with fronted(tmp_path, a_portal(), **settings) as front:
        tried: list[dict[str, str]] = [{}, {"authorization": "Bearer "}, {"authorization": "Bearer the-le-sai"}]
        codes = {call(front, variant, **headers).code for variant in VARIANTS for headers in tried}

        assert codes == {"-4"}
        assert front.gateway.totals().get("dossiers", 0) == 0


def test_another_unit_than_ours_is_refused_also_from_a_trusted_place(tmp_path: Path) -> None:
    """
    2.6 B names the unit in the address.
    """
    with fronted(tmp_path, a_portal(), trusted_networks=["192.0.2.7/32"]) as front:
        reply = call(
            front, ("POST", "/DongBoHoSoMC", {"MaDinhDanhDV": "H98", "isUpdating": "False"}, [a_wire_dossier()])
        )

    assert (reply.code, reply.message) == ("-4", "Đơn vị không có quyền")
