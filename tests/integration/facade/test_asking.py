"""What the façade answers to questions, and what it asks of the portal for them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from connectors.national_portal.connector import NationalPortal
from connectors.national_portal.mock import Fault, FaultKind
from gateway.model import ProcedureCode
from tests.fronting import Fronted, fronted
from tests.portal import CODE, PROCEDURE, a_code, a_portal, a_province, a_wire_dossier, a_wire_step


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


def test_a_slow_portal_holds_up_a_batch_no_longer_than_one_call(front: Fronted) -> None:
    """
    Twenty procedures that nobody has asked for: the portal takes seconds for each, and the call asks for as many as fit
    into its time.
    """
    front.province.log_in()
    front.line.each_s = 1.2

    reply = front.province.push(*[a_wire_dossier(a_code(n), MaTTHC=f"9.{n:06}") for n in range(100, 120)])

    assert reply.code in {"0", "4"}
    assert front.line.elapsed_s <= 3.0 + front.line.each_s


def test_a_look_up_waits_for_nobody_who_writes(front: Fronted, tmp_path: Path) -> None:
    """
    5.7: another process is in the middle of something in the same file; who asks is answered.
    """
    front.province.push(a_wire_dossier())
    with closing(sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = front.province.look_up()
        unknown = front.province.look_up(a_code(9999))

    assert [row["MAHOSO"] for row in found.json["result"]] == [CODE]
    assert unknown.json["result"] == []


def test_an_unknown_procedure_is_refused_by_its_name(idle: Fronted) -> None:
    """
    13.2, code 4.
    """
    reply = idle.province.push(a_wire_dossier(MaTTHC="9.999999"))

    assert (reply.code, reply.message) == ("4", "Mã thủ tục 9.999999 không tồn tại")


def test_unknown_procedures_are_remembered_only_so_many(idle: Fronted) -> None:
    """
    Whoever asks for one code after the other fills no memory: the oldest is asked for again, those that the portal
    lists and the latest are not.
    """
    (connector,) = idle.gateway.connectors
    assert isinstance(connector, NationalPortal)

    def asked(*codes: str) -> int:
        before = len(idle.portal.calls("LayThuTuc"))
        for code in codes:
            connector.catalogue.listed(ProcedureCode.parse(code), connector.patience())
        return len(idle.portal.calls("LayThuTuc")) - before

    asked(PROCEDURE)
    flood = [f"8.{number:06}" for number in range(1001)]

    assert asked(*flood) == 1001
    assert asked(PROCEDURE, flood[1], flood[-1]) == 0
    assert asked(flood[0]) == 1


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
