"""Steering a sandbox from outside, as a program in another process would."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.national_portal.mock import Portal
from gateway.sandbox import Options, Running, VirtualClock, run, serve
from tests.portal import CODE, PASSWORD, Province, Reply, Socket, a_portal, a_wire_dossier, a_wire_step


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def portal(clock: VirtualClock) -> Portal:
    return a_portal(clock)


@pytest.fixture
def running(portal: Portal, clock: VirtualClock) -> Iterator[Running]:
    with serve(portal, clock=clock) as running:
        yield running


@pytest.fixture
def wire(running: Running) -> Iterator[Socket]:
    with Socket(running.url) as wire:
        yield wire


def steer(wire: Socket, method: str, name: str, body: Any = None, **query: str) -> Reply:
    return wire.send(method, f"/_sandbox/{name}", query, {}, b"" if body is None else json.dumps(body).encode())


def test_the_addresses_are_listed(wire: Socket) -> None:
    """
    Whoever forgets an address finds it.
    """
    listed = steer(wire, "GET", "").json

    assert "POST /_sandbox/profile" in listed
    missing = steer(wire, "GET", "khong-co")
    assert (missing.status, missing.json["calls"]) == (404, listed)


def test_a_sandbox_is_seeded(wire: Socket) -> None:
    """
    Accounts of several provinces, procedures, agencies, account ids, dossiers that a citizen filed.
    """
    seed = {
        "accounts": [
            {"province": "H98", "password": "mot", "merged": ["H97"]},
            {"username": "so-y-te", "password": "hai", "units": ["H96.02"], "provinces": ["H96"]},
        ],
        "procedures": [{"MATTHC": "9.000555", "TENTTHC": "Thủ tục", "LINHVUCTHUCHIEN": []}],
        "remove_procedures": ["9.000777"],
        "agencies": [["H98.01", "Sở Ví Dụ", 2]],
        "tech_ids": {"099999999999": "aa"},
        "portal_born": [{"code": "H98-260302-0001", "header": {"MaTTHC": "9.000555"}, "status": 1}],
    }

    assert steer(wire, "POST", "seed", seed).json == {"ok": True}

    north = Province(wire, username="000.00.00.H98", password="mot", unit="000.00.00.H97")
    health = Province(wire, username="so-y-te", password="hai", unit="H96.02")
    assert north.push(a_wire_dossier("H97.01-260302-0001", MaTTHC="9.000555")).code == "0"
    assert health.push(a_wire_dossier("H96.02-260302-0001")).code == "0"
    assert health.push(a_wire_dossier("H98-260302-0009")).code == "1"
    assert north.push(a_wire_dossier("H98-260302-0001")).message == "Dữ liệu không hợp lệ: MaHoSo"
    assert len(north.call("LayDanhMucCoQuan", path="mapi/share").json["result"]) == 1


def test_settings_are_changed_and_checked(wire: Socket) -> None:
    """
    Only what is named changes; a value of the wrong kind changes nothing.
    """
    changed = steer(
        wire, "POST", "settings", {"duplicate_code": "-3", "session_life": 60, "databases": ["1", "9"]}
    ).json

    assert (changed["duplicate_code"], changed["session_life"], changed["databases"]) == ("-3", 60.0, ["1", "9"])
    assert changed["profile"] == "v2"
    assert steer(wire, "POST", "settings", {"duplicate_code": "4"}).status == 400
    assert "khong_co" in steer(wire, "POST", "settings", {"khong_co": 1}).json["error"]
    assert steer(wire, "GET", "settings").json == changed
    province = Province(wire)
    province.push(a_wire_dossier())
    assert province.push(a_wire_dossier()).code == "-3"


def test_faults_are_added_listed_and_cleared(wire: Socket) -> None:
    """
    One by one, or as a named profile.
    """
    province = Province(wire)
    province.log_in()
    fault = {"kind": "http", "services": ["DongBoHoSoMC"], "count": 1, "status": 502}

    assert [row["kind"] for row in steer(wire, "POST", "faults", {"faults": [fault]}).json] == ["http"]
    assert province.push(a_wire_dossier()).status == 502
    assert steer(wire, "GET", "faults").json == []
    steer(wire, "POST", "profile", {"name": "liar", "seed": 3})
    assert len(steer(wire, "GET", "faults").json) > 5
    steer(wire, "DELETE", "faults")
    assert steer(wire, "GET", "faults").json == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("faults", {"faults": [{"kind": "khong-co"}]}),
        ("faults", {"faults": [{"kind": "stall", "khong_co": 1}]}),
        ("faults", {}),
        ("profile", {"name": "khong-co"}),
        ("clock", {"advance_s": -1}),
        ("clock", {}),
        ("seed", {"accounts": [{}]}),
        ("seed", []),
        ("send", {"kind": "khong-co", "url": "http://127.0.0.1:1"}),
        ("send", {"kind": "search", "url": "http://example.org", "unit": "H99", "code": CODE}),
    ],
)
def test_nonsense_is_refused_with_a_reason(wire: Socket, name: str, body: Any) -> None:
    """
    Never a stack trace, never half done.
    """
    reply = steer(wire, "POST", name, body)

    assert reply.status == 400
    assert reply.json["error"]


def test_time_passes_on_command(wire: Socket) -> None:
    """
    Ten minutes later the session is gone.
    """
    province = Province(wire)
    province.log_in()
    before = steer(wire, "GET", "clock").json["now"]

    after = steer(wire, "POST", "clock", {"advance_s": 600}).json["now"]

    assert (before, after) == ("2026-02-13T01:00:00+00:00", "2026-02-13T01:10:00+00:00")
    assert province.look_up().code == "-2"


def test_a_closure_is_visible_and_ends_on_the_clock(wire: Socket) -> None:
    """
    Nine days in no time.
    """
    steer(wire, "POST", "profile", {"name": "tet"})
    assert steer(wire, "GET", "clock").json["closed"] is True

    assert steer(wire, "POST", "clock", {"advance_s": 9 * 86400}).json["closed"] is False


def test_the_ledger_the_logs_and_the_counters_can_be_read(wire: Socket) -> None:
    """
    What arrived, how often, in what order, and what it means.
    """
    province = Province(wire)
    province.push(a_wire_dossier())
    province.step(a_wire_step(TrangThai="9"))
    province.step(a_wire_step(TrangThai="9"))

    (record,) = steer(wire, "GET", "ledger").json
    assert record == steer(wire, "GET", "ledger", dossier=CODE.lower()).json
    assert (record["code"], record["status"], len(record["steps"]), len(record["moves"])) == (CODE, 9, 1, 2)
    assert steer(wire, "GET", "ledger", dossier="khong-co").status == 400
    assert [call["service"] for call in steer(wire, "GET", "calls", dossier=CODE).json] == [
        "DongBoHoSoMC",
        "CapNhatTienDoHoSoMC",
        "CapNhatTienDoHoSoMC",
    ]
    (last,) = steer(wire, "GET", "requests", last="1").json
    assert CODE in last["body"]
    assert province.session not in last["body"]
    counters = steer(wire, "GET", "counters").json
    assert counters["violations"]["steps_repeated_after_clean_answer"] == 1
    report = steer(wire, "GET", "report", **{"from": "2026-03-01", "to": "2026-04-01"}).json
    assert report["timeliness"] == {CODE: "on time"}
    assert steer(wire, "POST", "reset").json == {"ok": True}
    assert steer(wire, "GET", "ledger").json == []


def test_questions_and_evaluations_can_be_read(wire: Socket) -> None:
    """
    What a province pushed beside dossiers (contract 8), as it arrived.
    """
    evaluation = {"NgayTongHop": "3-2026", "TongSoNguoiDanhGia": 7, "Madonvi": "H99", "TenDonVi": "Ví Dụ"}

    Province(wire).call("DongBoDanhGia", data=[evaluation])

    assert steer(wire, "GET", "matters").json == {"questions": [], "evaluations": [evaluation]}


def test_sessions_die_on_command(wire: Socket) -> None:
    """
    As on the portal's side of a failover.
    """
    province = Province(wire)
    province.log_in()

    steer(wire, "POST", "expire-sessions")

    assert province.look_up().code == "-2"


def test_the_portal_calls_a_province_on_command(wire: Socket, running: Running) -> None:
    """
    Another sandbox plays the province: it knows no such address, and that is noted.
    """
    body = {"kind": "promotion", "url": running.url, "times": 2, "fields": {"MaHoSo": "G22-260302-0001", "MaTTHC": "x"}}

    sent = steer(wire, "POST", "send", body).json

    assert [(row["path"], row["status"]) for row in sent] == [("addtthcKhuyenMai", 404)] * 2
    assert steer(wire, "GET", "send").json == sent
    assert steer(wire, "GET", "ledger", dossier="G22-260302-0001").json["portal_born"] is True


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """
    ``lienthong sandbox``: a ready file with the address, one line for a person, the real procedures.
    """
    ready = tmp_path / "ready"
    said: list[str] = []
    spoken, stop = threading.Event(), threading.Event()

    def say(line: str) -> None:
        said.append(line)
        spoken.set()

    options = Options(profile="calm", province="H98", merged=("H97",), password=PASSWORD, ready_file=ready)
    thread = threading.Thread(target=run, args=(options, say, stop))
    thread.start()
    try:
        assert spoken.wait(10)
        url = ready.read_text(encoding="utf-8").strip()
        assert url in said[0]
        assert PASSWORD not in said[0]
        with Socket(url) as wire:
            province = Province(wire, username="000.00.00.H98", unit="H98")
            assert province.push(a_wire_dossier("H97.01-260302-0001", MaTTHC="1.001193")).code == "0"
            assert steer(wire, "POST", "clock", {"advance_s": 1}).status == 200
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def test_the_command_refuses_an_unknown_profile() -> None:
    """
    Before anything is opened.
    """
    with pytest.raises(ValueError, match="calm, flaky, liar, tet"):
        run(Options(profile="khong-co"), print, threading.Event())
