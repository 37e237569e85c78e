"""What became of dossiers that the portal sent, told by the one-stop system (contract 7.6)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.national_portal.mock.outbound import promotion
from gateway import DossierCode
from tests.fronting import Fronted
from tests.portal import a_wire_dossier, example

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


def test_a_day_to_come_in_an_outcome_stands_before_nothing(front: Fronted) -> None:
    """
    A year written wrong arrives as it was written, once. In the ledger the outcome was reached when it was told, so
    what the portal says next is not older than it.
    """
    from_the_portal(front, NATIONAL)
    outcome = an_outcome(TrangThai="2", NgayXuLy="20620305140500")

    for _ in range(2):
        assert front.province.call("DongBoTrangThaiHoSo", type="2", data=outcome).code == "0"
        front.clock.advance(timedelta(minutes=5))
    front.deliver()

    record, known = front.portal.dossier(NATIONAL), front.gateway.known([DossierCode.parse(NATIONAL)])
    assert record is not None
    assert [each.body["NgayXuLy"] for each in record.outcomes] == ["20620305140500"]
    assert known[NATIONAL].status_at <= front.clock.now()


def test_an_outcome_from_before_any_calendar_is_refused(front: Fronted) -> None:
    """
    14 digits that are a day in Viet Nam and none in UTC: answered, also where the ledger has the dossier.
    """
    from_the_portal(front, NATIONAL)

    reply = front.province.call("DongBoTrangThaiHoSo", type="2", data=an_outcome(NgayXuLy="00010101000000"))

    assert (reply.code, reply.message.split(":")[1]) == ("1", " NgayXuLy «00010101000000»")


def test_the_number_of_an_outcome_may_be_in_small_letters(front: Fronted) -> None:
    """
    3.1: codes are compared without case; the portal hears the number that it gave.
    """
    from_the_portal(front, NATIONAL)

    reply = front.province.call("DongBoTrangThaiHoSo", type="2", data=an_outcome(MaHoSo=f"{NATIONAL.lower()} "))
    front.deliver()

    record = front.portal.dossier(NATIONAL)
    assert record is not None
    assert reply.code == "0"
    assert [each.body["MaHoSo"] for each in record.outcomes] == [NATIONAL]
