"""What the façade makes of single calls: taken, taken once, or refused in the portal's words."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.national_portal.mock import PREFIXES, Fault, FaultKind
from connectors.national_portal.mock.outbound import promotion
from gateway import DossierCode
from gateway.errors import StoreUnavailable
from gateway.fronts import Call
from tests.fronting import Fronted, fronted
from tests.portal import CODE, PASSWORD, PROCEDURE, a_code, a_portal, a_province, a_wire_dossier, a_wire_step, example

INTEGRATION = f"{PREFIXES[0]}/mapi/integration"


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Fronted]:
    with fronted(tmp_path, a_portal()) as built:
        yield built


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    """One for all calls that leave nothing behind."""
    with fronted(tmp_path_factory.mktemp("idle"), a_portal()) as built:
        yield built


def pending(front: Fronted) -> int:
    return front.gateway.status()[0].pending


@pytest.mark.parametrize("word", ["True", True, "false", False])
def test_the_flag_may_be_a_word_or_a_boolean(front: Fronted, word: Any) -> None:
    """
    2.5, 3.2: strict or careless, the meaning is the same.
    """
    updating = str(word).casefold() == "true"

    reply = front.province.push(a_wire_dossier(), updating=word)

    assert reply.code == ("2" if updating else "0")


@pytest.mark.parametrize("word", ["", "yes", None, 1, ["True"]])
def test_a_flag_that_says_nothing_is_refused(idle: Fronted, word: Any) -> None:
    """
    Whether to create or to replace is never guessed.
    """
    reply = idle.province.push(a_wire_dossier(), updating=word)

    assert (reply.code, reply.message) == ("1", "Dữ liệu không hợp lệ: isUpdating")


def test_numbers_and_booleans_arrive_as_the_words_that_they_stand_for(front: Fronted) -> None:
    """
    3.2: the portal gets strings, whatever the one-stop system writes.
    """
    files = [{**example("dongbohosomc.request")["data"][0]["TaiLieuNop"][0], "IsDeleted": False, "DuocSoHoa": 1}]

    assert front.province.push(a_wire_dossier(TrangThaiHoSo=2, TaiLieuNop=files, HinhThuc=0)).code == "0"
    front.deliver()

    record = front.portal.dossier(CODE)
    assert record is not None
    file = record.header["TaiLieuNop"][0]
    assert (record.header["TrangThaiHoSo"], record.header["HinhThuc"]) == ("2", "0")
    assert (file["IsDeleted"], file["DuocSoHoa"]) == ("False", "1")


def test_a_push_that_is_repeated_has_no_second_effect(front: Fronted) -> None:
    """
    The answers were lost, so all of it comes again: "đã tồn tại", then an update that says nothing new, and steps that
    are known.
    """
    steps = example("capnhattiendohosomc.request")["data"]
    front.province.push(a_wire_dossier())
    front.province.step(*steps)
    waiting = pending(front)

    again = front.province.push(a_wire_dossier())
    update = front.province.push(a_wire_dossier(), updating="True")
    timeline = front.province.step(*steps)

    assert (again.code, "đã tồn tại" in again.message) == ("3", True)
    assert (update.code, timeline.code) == ("0", "0")
    assert pending(front) == waiting == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TrangThaiHoSo": "77"}, "TrangThaiHoSo «77»"),
        ({"NgayTiepNhan": "02/03/2026"}, "NgayTiepNhan «02/03/2026»"),
        ({"ChuHoSo": ""}, "ChuHoSo: "),
        ({"DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "09999999"}]}, "DinhDanhCHS[0].SoDinhDanh «********»"),
        ({"TrangThaiHoSo": "3"}, "NgayTuChoi"),
        ({"ChuHoSo": True}, "ChuHoSo"),
        ({"NgayTra": "20260311090000"}, "NgayTra «2 Được tiếp nhận»: nhưng có ngày trả kết quả"),
        ({"DanhSachTepDinhKemKhac": [{"TenGiayTo": "Đơn", "LoaiGiayTo": ""}]}, ": LoaiGiayTo: "),
        ({"DanhSachLePhi": [{"TenPhiLePhi": "Phí", "HinhThucThu": "1", "LoaiPhiLePhi": ""}]}, "LoaiPhiLePhi: "),
    ],
    ids=["status", "date", "owner", "id-number", "refused", "no-name", "contradiction", "paper", "fee"],
)  # fmt: skip
def test_a_refusal_names_the_field_and_what_stood_there(idle: Fronted, changes: dict[str, Any], message: str) -> None:
    """
    In the portal's words, with the value; a person's number is masked.
    """
    reply = idle.province.push(a_wire_dossier(**changes))

    assert reply.code == "1"
    assert reply.message.startswith("Dữ liệu không hợp lệ: ")
    assert message in reply.message
    assert "09999999" not in reply.message
    assert idle.gateway.totals().get("dossiers", 0) == 0


def test_a_status_that_the_law_does_not_know_is_refused(front: Fronted) -> None:
    """
    What was handed over is not in processing again: neither by a header nor by a step.
    """
    front.province.push(a_wire_dossier(TrangThaiHoSo="10", NgayTra="20260311090000"))

    header = front.province.push(a_wire_dossier(TrangThaiHoSo="4", ChuHoSo="Khác"), updating="True")
    step = front.province.step(a_wire_step(ThoiDiemXuLy="20260312090000", TrangThai="4"))

    assert [reply.code for reply in (header, step)] == ["1", "1"]
    assert header.message.startswith("Dữ liệu không hợp lệ: TrangThaiHoSo «4 Đang xử lý»")
    assert step.message.startswith("Dữ liệu không hợp lệ: TrangThai «4 Đang xử lý»")


@pytest.mark.parametrize(("partial", "kept"), [(False, []), (True, [1, 3])])
def test_the_first_mistake_of_a_batch_decides(tmp_path: Path, partial: bool, kept: list[int]) -> None:
    """
    14, 18.3: the message names the number; nothing of the batch is kept, or the good ones are, by the setting.
    """
    batch = [a_wire_dossier(a_code(n), TrangThaiHoSo="0" if n == 2 else "2") for n in (1, 2, 3)]
    with fronted(tmp_path, a_portal(), partial_batches=partial) as front:
        reply = front.province.push(*batch)

        assert (reply.code, reply.message) == (
            "1",
            f"Dữ liệu không hợp lệ: TrangThaiHoSo «0» (hồ sơ {a_code(2)})",
        )
        known = front.gateway.known([DossierCode.parse(a_code(n)) for n in (1, 2, 3)])
        assert sorted(known) == [a_code(n) for n in kept]


def test_a_batch_may_be_no_longer_than_the_settings_say(tmp_path: Path) -> None:
    """
    14: as many as the portal takes.
    """
    with fronted(tmp_path, a_portal(), max_dossiers=2, max_steps=2) as front:
        dossiers = front.province.push(*[a_wire_dossier(a_code(n)) for n in range(3)])
        steps = front.province.step(*[a_wire_step()] * 3)

    assert [reply.message for reply in (dossiers, steps)] == ["Dữ liệu không hợp lệ: data"] * 2


def test_the_portal_may_be_away_for_whatever_is_pushed(front: Fronted) -> None:
    """
    Taken at once and delivered when it is back; reads say honestly that nothing is known.
    """
    front.line.down = True

    pushed = front.province.push(a_wire_dossier()), front.province.step(a_wire_step())
    found = front.province.look_up()
    read = front.province.call("LayThuTuc", maTTHC=PROCEDURE)
    fields = front.province.call("LayDanhMucLinhVuc", path="mapi/share")
    front.line.down = False
    front.deliver()

    assert [reply.code for reply in pushed] == ["0", "0"]
    assert [row["MAHOSO"] for row in found.json["result"]] == [CODE]
    assert [(reply.code, "result" in reply.json) for reply in (read, fields)] == [("-1", False)] * 2
    assert "the portal cannot be asked now" in read.message
    record = front.portal.dossier(CODE)
    assert record is not None
    assert (record.creates, len(record.steps)) == (1, 1)


def test_lists_of_the_portal_are_remembered(front: Fronted) -> None:
    """
    5: asked once, then from memory, also while the portal is away; online services keep their own form (5.5).
    """
    front.portal.add_agencies([("H99.01.01", "UBND xã Ví Dụ", 3)])
    front.portal.add_online_services([{"MADVC": "9.000123.01", "TENDVC": "Cấp giấy phép", "APDUNGDVC": []}])
    questions = [("LayDanhMucCoQuan", "mapi/share"), ("LayDanhSachTTHC", "mapi/share"), ("LayDVC", "mapi/integration")]

    first = [front.province.call(service, path=path).json["result"] for service, path in questions]
    front.line.down = True
    second = [front.province.call(service, path=path).json["result"] for service, path in questions]

    assert second == first
    assert first[0] == [{"MADONVI": "H99.01.01", "TENDONVI": "UBND xã Ví Dụ", "CAPDONVI": "3"}]
    assert [row["MATTHC"] for row in first[1]] == [PROCEDURE, "9.000777"]
    assert [row["MADVC"] for row in first[2]["data"]] == ["9.000123.01"]


def test_accounts_of_persons_are_asked_for_and_not_remembered(front: Fronted) -> None:
    """
    5.6: about a person, so the portal is asked each time.
    """
    front.portal.add_tech_ids({"0000000000": "aa-01"})
    ask = {"path": "mapi/share", "provider": "wso2is", "mstorcmnd": "0000000000"}

    found = front.province.call("TraCuuTechID", **ask)
    front.line.down = True
    away = front.province.call("TraCuuTechID", **ask)

    assert (found.json["result"], away.code) == ([{"TECHNICALID": "aa-01"}], "-1")


def test_a_procedure_that_cannot_be_asked_for_holds_nobody_up(front: Fronted) -> None:
    """
    The portal says nothing for a while: the first push asks, those after it do not; afterwards an unknown procedure is
    refused again by its name.
    """
    front.portal.inject(Fault(FaultKind.STALL, frozenset({"LayThuTuc"}), count=9))
    taken = [front.province.push(a_wire_dossier(a_code(n), MaTTHC="9.999999")).code for n in (1, 2)]
    asked = len(front.portal.calls("LayThuTuc"))
    front.portal.clear_faults()

    assert (taken, asked) == (["0", "0"], 1)


def test_an_unknown_procedure_is_refused_by_its_name(idle: Fronted) -> None:
    """
    13.2, code 4.
    """
    reply = idle.province.push(a_wire_dossier(MaTTHC="9.999999"))

    assert (reply.code, reply.message) == ("4", "Mã thủ tục 9.999999 không tồn tại")


def test_dossiers_from_before_the_move_may_be_taken_over(tmp_path: Path) -> None:
    """
    The portal has a dossier that the gateway never saw: a look-up asks the portal, an update is taken, and becomes an
    update there too.
    """
    portal = a_portal()
    with fronted(tmp_path, portal, unknown_updates="take") as front:
        before = a_province(portal).push(a_wire_dossier())

        found = front.province.look_up()
        reply = front.province.push(a_wire_dossier(ChuHoSo="Chủ Mới"), updating="True")
        front.deliver()

        assert before.code == "0"
        assert [row["MAHOSO"] for row in found.json["result"]] == [CODE]
        record = portal.dossier(CODE)
        assert (reply.code, record and record.header["ChuHoSo"], record and record.creates) == ("0", "Chủ Mới", 1)


NATIONAL = "G22.99-260305-00011"


def from_the_portal(front: Fronted, number: str) -> None:
    """The portal sends a promotion dossier to the gateway (7.1)."""
    fields = {"MaHoSo": number, "MaTTHC": "9.000777", "TenThuongNhan": "Công ty Ví Dụ", "MaSoThue": "0999999990"}
    message = promotion(fields)
    front.portal.add_portal_born(number, {"MaTTHC": "9.000777"})
    reply = front.gateway.receive("cong", message.path, json.dumps(message.body).encode())
    assert reply is not None
    assert json.loads(reply.body)["error_code"] == 0, reply.body


def an_outcome(**changes: Any) -> dict[str, Any]:
    return {**example("dongbotrangthaihoso.request")["data"], **changes}


def test_an_outcome_counts_once_and_its_time_is_part_of_it(front: Fronted) -> None:
    """
    7.6: the same again has no effect; the same at another time is another fact.
    """
    from_the_portal(front, NATIONAL)
    times = ("20260305140500", "20260305140500", "20260306080000")

    replies = [front.province.call("DongBoTrangThaiHoSo", type="2", data=an_outcome(NgayXuLy=at)) for at in times]
    front.deliver()

    record = front.portal.dossier(NATIONAL)
    assert record is not None
    assert [reply.code for reply in replies] == ["0"] * 3
    assert [each.body["NgayXuLy"] for each in record.outcomes] == [times[0], times[2]]


@pytest.mark.parametrize("status", ["9", "11"])
def test_the_outcome_of_a_dossier_that_came_through_us_arrives_as_it_was_written(front: Fronted, status: str) -> None:
    """
    7.6: taken at once while the portal is away; it gets the code and the words of the one-stop system.
    """
    from_the_portal(front, NATIONAL)
    front.line.down = True
    outcome = an_outcome(TrangThai=status, NoiDung="", GhiChuRieng="x", NgayXuLy="20260305140500")

    reply = front.province.call("DongBoTrangThaiHoSo", type="2", data=outcome)
    front.line.down = False
    front.deliver()

    assert (reply.code, reply.message) == ("0", "Đồng bộ trạng thái hồ sơ thành công")
    record = front.portal.dossier(NATIONAL)
    assert record is not None
    assert [each.body for each in record.outcomes] == [outcome]


def test_the_outcome_of_a_dossier_that_we_never_saw_is_told_at_once(front: Fronted) -> None:
    """
    The portal gave it to the province past the gateway: its own answer is the answer, and without one nothing is said
    to be done.
    """
    front.portal.add_portal_born(NATIONAL, {"MaTTHC": "9.000777"})
    ask: dict[str, Any] = {"type": "2", "data": an_outcome()}

    told = front.province.call("DongBoTrangThaiHoSo", **ask)
    unknown = front.province.call("DongBoTrangThaiHoSo", type="2", data=an_outcome(MaHoSo="G22.99-260305-00012"))
    front.line.down = True
    away = front.province.call("DongBoTrangThaiHoSo", **ask)

    assert (told.code, unknown.code, away.code) == ("0", "2", "-1")
    record = front.portal.dossier(NATIONAL)
    assert record is not None
    assert len(record.outcomes) == 1


def test_a_dossier_that_the_portal_sent_is_not_pushed_as_a_header(front: Fronted) -> None:
    """
    6.3: whatever would make it the province's own is refused.
    """
    from_the_portal(front, "H99.02-260305-0003")

    reply = front.province.push(a_wire_dossier("H99.02-260305-0003"), updating="True")

    assert (reply.code, reply.message) == ("1", "Dữ liệu không hợp lệ: MaHoSo")


def test_a_stranger_gets_no_long_body_read(idle: Fronted) -> None:
    """
    Megabytes of JSON cost nothing but their way here, unless a session or a trusted place comes with them.
    """
    idle.province.log_in()
    long = b'{"session": "%s", "x": "' + b"x" * 200_000
    good = idle.province.session.encode()

    replies = [
        idle.province.wire.send("POST", INTEGRATION, {}, {}, long % session)
        for session in (b"", b"c0ffee00-0000-4000-8000-00000000d7c9", good)
    ]

    assert [(reply.code, reply.message.split(" ")[0]) for reply in replies] == [
        ("-2", "Session"), ("-2", "Session"), ("1", "Dữ"),
    ]  # fmt: skip


DEEP = b"[" * 60_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>400</body></html>",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        DEEP,
        b'{"data": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"session": "\xff"}',
        '{"data": 1}'.encode("utf-16"),
        b'{"mahoso": 123456789012345678901234567890}',
        b"\x1f\x8b\x08\x00",
    ],
    ids=["empty", "html", "cut", "array", "null", "text", "deeper", "deep", "latin", "utf-16", "long-number", "gzip"],
)
def test_what_cannot_be_read_is_refused_in_the_dialect(idle: Fronted, body: bytes) -> None:
    """
    Never a fault of ours, whatever comes.
    """
    reply = idle.province.wire.send("POST", INTEGRATION, {}, {}, body)

    assert (reply.status, reply.json) == (200, {"error_code": "1", "message": "Dữ liệu không hợp lệ: JSON"})


@pytest.mark.parametrize("data", [None, [], {}, "x", [1], [None], [[]], [{}], [{"MaHoSo": {}}], [{"MaHoSo": ["x"]}]])
@pytest.mark.parametrize("service", ["DongBoHoSoMC", "CapNhatTienDoHoSoMC", "DongBoTrangThaiHoSo", "TraCuuHoSo"])
def test_nonsense_is_refused_in_the_dialect(idle: Fronted, service: str, data: Any) -> None:
    """
    The right envelope around anything.
    """
    reply = idle.province.call(service, isUpdating="False", type="2", data=data)

    assert (reply.status, reply.code) == (200, "1")


def test_a_mark_of_byte_order_is_welcome(idle: Fronted) -> None:
    """
    Some systems write one.
    """
    idle.province.log_in()
    message = {"session": idle.province.session, "madonvi": "H99", "service": "TraCuuHoSo", "mahoso": CODE}

    reply = idle.province.post("mapi/integration", b"\xef\xbb\xbf" + json.dumps(message).encode())

    assert reply.code == "0"


def test_a_database_that_is_gone_takes_nothing_and_says_so(front: Fronted) -> None:
    """
    Nothing was accepted, so the one-stop system must keep it and come again.
    """
    front.province.log_in()
    body = json.dumps(
        {"session": front.province.session, "madonvi": "H99", "service": "DongBoHoSoMC", "isUpdating": "False",
         "data": [a_wire_dossier()]}
    ).encode()  # fmt: skip
    found = front.gateway.front_at(INTEGRATION)
    assert found is not None

    def gone() -> Any:
        raise StoreUnavailable("đứt / cut")

    reply = found[1].answer(Call("POST", INTEGRATION, body=body), gone, front.clock.now())

    assert reply.status == 200
    assert json.loads(reply.body)["error_code"] == "-1"
    assert "not taken, send it again" in json.loads(reply.body)["message"]


def test_nothing_personal_stands_in_a_log(front: Fronted, caplog: pytest.LogCaptureFixture) -> None:
    """
    Taken, repeated, refused, carried in words that nobody knows, and refused by the portal with the values in its
    answer: none of them is logged, nor is a session.
    """
    caplog.set_level(logging.DEBUG)
    planted = {"ChuHoSo": "Phạm Bí Mật", "SoDienThoai": "0987654321", "DiaChiRieng": "Ngõ 7 phố Kín"}
    front.portal.inject(Fault(FaultKind.ERROR, frozenset({"DongBoHoSoMC"}), count=2))

    front.province.push(a_wire_dossier(**planted))
    front.province.push(a_wire_dossier(**planted))
    front.province.push(a_wire_dossier(**{**planted, "TrangThaiHoSo": "77"}))
    front.province.step(a_wire_step(NguoiXuLy="Phạm Bí Mật", NoiDungXuLy="Phạm Bí Mật, Ngõ 7 phố Kín"))
    front.deliver()
    logged = caplog.text + "".join(str(vars(record)) for record in caplog.records)

    record = front.portal.dossier(CODE)
    assert record is not None
    assert record.header["DiaChiRieng"] == planted["DiaChiRieng"]
    assert "facade_refused" in logged
    for secret in (*planted.values(), front.province.session, PASSWORD):
        assert secret not in logged


def test_calls_at_the_same_time_create_a_dossier_once(front: Fronted) -> None:
    """
    Eight threads of a one-stop system push the same new number: one is told that it was taken, the others that it
    exists, and the portal gets one create.
    """
    front.province.log_in()
    start = threading.Barrier(8, timeout=10)
    codes: list[str] = []

    def push(n: int) -> None:
        start.wait()
        codes.append(front.province.push(a_wire_dossier(ChuHoSo=f"Chủ {n}")).code)

    threads = [threading.Thread(target=push, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    front.deliver()

    assert sorted(codes) == ["0", *["3"] * 7]
    record = front.portal.dossier(CODE)
    assert record is not None
    assert len(record.versions) == 1


def test_a_step_that_would_move_the_status_back_is_kept_and_written_down(
    front: Fronted, caplog: pytest.LogCaptureFixture
) -> None:
    """
    Steps one by one behind a final header: taken, not told, and a person can see which dossier lacks one there.
    """
    front.province.push(a_wire_dossier(TrangThaiHoSo="9", NgayKetThucXuLy="20260310090000"))

    reply = front.province.step(a_wire_step())
    front.deliver()

    record = front.portal.dossier(CODE)
    assert record is not None
    assert (reply.code, record.steps, record.status) == ("0", (), 9)
    assert [vars(entry)["key"] for entry in caplog.records if entry.message.endswith("kept_back")] == [CODE]
