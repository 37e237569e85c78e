"""What the one-stop system wrote is what the portal has, as if nobody stood between them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from connectors.national_portal.mock import Portal
from tests.fronting import Fronted, fronted
from tests.portal import Province, Reply, a_code, a_portal, a_province, a_wire_dossier, a_wire_step
from tests.wire_dossiers import Item, as_read, dossiers, steps

EXAMPLES = 40
SERIALS = itertools.count(1)

Pushes = Sequence[tuple[str, list[Item]]]


class Both:
    """The same pushes straight to a portal, and through the gateway to another."""

    def __init__(self, front: Fronted, direct: Portal) -> None:
        self.front = front
        self.direct = direct

    def push(self, pushes: Pushes) -> tuple[Any, Any]:
        """Both ledgers of one dossier, which gets a number of its own."""
        code = a_code(next(SERIALS))
        for updating, items in pushes:
            data = [{**item, "MaHoSo": code} for item in items]
            for province in (a_province(self.direct), self.front.province):
                reply = _push(province, updating, data)
                assert reply.code == "0", reply.message
        self.front.deliver()
        assert self.front.gateway.dead_letters() == []
        return _ledger(self.direct, code), _ledger(self.front.portal, code)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with fronted(tmp_path_factory.mktemp("both"), a_portal(), session_lifetime_s=86_400) as front:
        yield Both(front, a_portal())


def _push(province: Province, updating: str, data: list[Item]) -> Reply:
    return province.step(*data) if updating == "steps" else province.push(*data, updating=updating)


def _ledger(portal: Portal, code: str) -> Any:
    record = portal.dossier(code)
    assert record is not None
    return as_read(dict(record.header)), [as_read(step.body) for step in record.steps], record.status


@settings(max_examples=EXAMPLES)
@given(created=dossiers(), updated=dossiers(TrangThaiHoSo="4"), step=steps(TrangThai="4"))
def test_generated_bodies_arrive_as_they_were_written(both: Both, created: Item, updated: Item, step: Item) -> None:
    """
    A create, a step and an update, with every carelessness that the portal bears and keys that nobody knows: the
    portal's ledger is the same with the gateway between as without.
    """
    direct, through = both.push([("False", [created]), ("steps", [step]), ("True", [updated])])

    assert through == direct


def a_timeline(*when_and_status: tuple[str, str]) -> list[Item]:
    return [
        a_wire_step(ThoiDiemXuLy=f"202603{at}", TrangThai=status, NoiDungXuLy=f"bước {at}")
        for at, status in when_and_status
    ]


HISTORY = (("02092000", "2"), ("03080000", "4"), ("10090000", "9"))
MIDNIGHT = "20260302000000"
FINISHED = {"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20260310090000"}

WAYS: dict[str, Pushes] = {
    "status by updates alone": [
        ("False", [a_wire_dossier()]),
        ("True", [a_wire_dossier(TrangThaiHoSo="4")]),
        ("True", [a_wire_dossier(TrangThaiHoSo="5")]),
        ("True", [a_wire_dossier(TrangThaiHoSo="4")]),
        ("True", [a_wire_dossier(**FINISHED)]),
        ("True", [a_wire_dossier(TrangThaiHoSo="10", NgayTra="20260311090000")]),
    ],
    "the final header, then its history": [
        ("False", [a_wire_dossier(**FINISHED)]),
        ("steps", a_timeline(*HISTORY)),
    ],
    "a final header without its date": [
        ("False", [a_wire_dossier(TrangThaiHoSo="9")]),
        ("steps", a_timeline(*HISTORY)),
    ],
    "returned without its date": [
        ("False", [a_wire_dossier(TrangThaiHoSo="10")]),
        ("steps", a_timeline(*HISTORY, ("11090000", "10"))),
    ],
    "an end without its date, then its history and more": [
        ("False", [a_wire_dossier(TrangThaiHoSo="9")]),
        ("steps", a_timeline(*HISTORY)),
        ("steps", a_timeline(("11090000", "10"))),
    ],
    "stopped, then its history": [
        ("False", [a_wire_dossier(TrangThaiHoSo="8")]),
        ("steps", a_timeline(*HISTORY[:2], ("10090000", "8"))),
    ],
    "an end that is a second later than its step": [
        ("False", [a_wire_dossier()]),
        ("steps", a_timeline(HISTORY[0])),
        ("True", [a_wire_dossier(TrangThaiHoSo="9", NgayKetThucXuLy="20260310090001")]),
        ("steps", a_timeline(*HISTORY[1:])),
    ],
    "days without hours": [
        ("False", [a_wire_dossier(TrangThaiHoSo="10", NgayTiepNhan=MIDNIGHT, NgayTra=MIDNIGHT)]),
        ("steps", a_timeline(("02000000", "2"), ("02000000", "9"), ("02000000", "10"))),
    ],
    "each header before its step": [
        ("False", [a_wire_dossier()]),
        ("steps", a_timeline(*HISTORY[:2])),
        ("True", [a_wire_dossier(TrangThaiHoSo="5")]),
        ("steps", a_timeline(("04080000", "5"))),
        ("steps", a_timeline(("05080000", "4"), *HISTORY[2:])),
    ],
    "step by step": [
        ("False", [a_wire_dossier()]),
        *[("steps", a_timeline(step)) for step in HISTORY],
        ("True", [a_wire_dossier(**FINISHED)]),
    ],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_ways_in_which_systems_tell_a_history_end_alike(both: Both, way: str) -> None:
    """
    Status by updates alone, the last header before its timeline, a step that is a second older than its header, days
    without hours: every step arrives once and in order, and the status is the one that a direct push leaves.
    """
    direct, through = both.push(WAYS[way])

    assert through == direct


YOUNGER = (
    "KenhThucHien",
    "SoGiayToChuHoSo",
    "DinhDanhCHS",
    "NgayNopHoSo",
    "NgayTuChoi",
    "NoiNopHoSo",
    "HoSoCoThanhPhanSoHoa",
    "TaiKhoanDuocXacThucVoiVNeID",
    "DuocThanhToanTrucTuyen",
    "DSKetNoiCSDL",
)
"""What the layout of 2020 does not have."""


def test_the_layout_of_2020_arrives_as_it_was_written_too(tmp_path: Path) -> None:
    """
    6.1, v1: no field of 2023 is made up, and one that a system sends all the same is carried.
    """
    file = {"TepDinhKemId": "5501", "TenTepDinhKem": "a.pdf", "IsDeleted": "False", "MaThanhPhanHoSo": "",
            "DuongDanTaiTepTin": "https://motcua.vidu.example/a"}  # fmt: skip
    changes: dict[str, Any] = {"SoBienNhan": "BN-7", "TaiLieuNop": [file], **dict.fromkeys(YOUNGER, ...)}
    header = a_wire_dossier(**changes)
    pushes: Pushes = [("False", [header]), ("True", [header | {"KenhThucHien": "2", "TrangThaiHoSo": "4"}])]
    with fronted(tmp_path, a_portal(profile="v1"), options={"profile": "v1"}) as front:
        direct, through = Both(front, a_portal(profile="v1")).push(pushes)

    assert through == direct
    assert through[0]["KenhThucHien"] == "2"
