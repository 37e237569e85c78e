"""What the façade makes of single calls: taken, taken once, or refused in the portal's words."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from connectors.national_portal.mock import PREFIXES, Fault, FaultKind
from gateway import DossierCode
from gateway.errors import StoreUnavailable
from gateway.fronts import Call
from gateway.model import DossierStatus
from gateway.model.times import to_wire14
from tests.fronting import Fronted, fronted
from tests.portal import CODE, PASSWORD, a_code, a_portal, a_wire_dossier, a_wire_step, example

INTEGRATION = f"{PREFIXES[0]}/mapi/integration"


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


def test_a_key_in_other_letters_is_another_key(front: Fronted) -> None:
    """
    3.2, 18.3: what only looks like a field of ours was checked by nobody. It is kept like any key that nobody knows,
    and speaks for no dossier, procedure, owner or step.
    """
    other = {"mahoso": a_code(2), "MATTHC": "9.000777", "trangthaihoso": "9", "CHUHOSO": "Người Khác"}

    dossiers = front.province.push(a_wire_dossier(**other), a_wire_dossier(a_code(2)))
    step = front.province.step(a_wire_step(mahoso=a_code(2), TRANGTHAI="9"))
    front.deliver()

    record, second = front.portal.dossier(CODE), front.portal.dossier(a_code(2))
    assert record is not None
    assert second is not None
    assert (dossiers.code, step.code) == ("0", "0")
    # The step has moved the status; all else is as it was written.
    assert {name for name, value in a_wire_dossier(**other).items() if record.header[name] != value} == {
        "TrangThaiHoSo"
    }
    assert [len(each.steps) for each in (record, second)] == [1, 0]
    assert front.gateway.known([DossierCode.parse(CODE)])[CODE].status is DossierStatus.PROCESSING


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

    def gone(*_: object) -> Any:
        raise StoreUnavailable("đứt / cut")

    call = Call("POST", INTEGRATION, body=body, tenant=front.gateway.settings.tenant.code)
    reply = found[1].answer(call, gone, gone, front.clock.now())

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


def test_a_day_of_acceptance_that_is_still_to_come_hides_no_step(front: Fronted) -> None:
    """
    A slip of the pen, 2099 for 2026: the dossier stands as it stood when we were told, so the steps that follow are
    told too, and a header with the right day mends the slip.
    """
    created = front.province.push(a_wire_dossier(NgayTiepNhan="20990302092000", NgayHenTra=""))
    step = front.province.step(a_wire_step(ThoiDiemXuLy=to_wire14(front.clock.now())))
    mended = front.province.push(a_wire_dossier(TrangThaiHoSo="4"), updating="True")
    front.deliver()

    record = front.portal.dossier(CODE)
    assert record is not None
    assert [reply.code for reply in (created, step, mended)] == ["0"] * 3
    assert (len(record.steps), record.header["NgayTiepNhan"]) == (1, "20260302092000")
