"""Calls that no honest portal makes: each is answered at once, and none fails inside us for ever."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import orjson
import pytest

from gateway.callbacks import Callbacks
from gateway.config.callbacks import CallbackSettings
from gateway.model import Change
from gateway.notices import PartnerCall
from gateway.store.base import SqlStore
from tests.builders import a_dossier
from tests.clocks import TestClock
from tests.integration.test_portal_calls import PROMOTION, connector, notice

KNOWN = "H99.02-260305-0001"
LONG = "".join(random.Random(1).choices("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", k=20_000))


@pytest.fixture
def callbacks(store: SqlStore) -> Iterator[Callbacks]:
    store.accept([Change(source="mc", source_id="1", body=a_dossier(code=KNOWN))], [], now=TestClock().now())
    anybody = CallbackSettings(from_networks=("192.0.2.0/24",))
    with closing(Callbacks(store, [connector()], TestClock(), {"cong": anybody})) as made:
        yield made


def receipt(**changes: Any) -> dict[str, Any]:
    payment = {
        "MaThongBaoThue": "TB1",
        "ThoiGianThanhToan": "20260305140000",
        "SoTien": "1",
        "NoiDungThanhToan": "x",
        "TrangThaiThanhToan": 1,
    }
    names = ("HoTenNguoiNopTien", "SoCMTNguoiNopTien", "DiaChiNguoiNopTien", "TinhNguoiNopTien", "HuyenNguoiNopTien")
    rest = dict.fromkeys((*names, "XaNguoiNopTien", "MaSoThue", "UrlFileChungTu"), "x")
    data = {"MaHoSo": KNOWN, **rest, "ThongTinThanhToan": payment | changes}
    return {"service": "NhanChungTuThueDat", "data": data}


def xml(**changes: str) -> dict[str, Any]:
    file = base64.b64decode(notice(KNOWN)["data"]["FileThongBaoThue"]).decode()
    for was, then in changes.items():
        file = file.replace({"tax": "0100233488", "decision": "17/TB", "amount": "1500000"}[was], then)
    return {"data": {"FileThongBaoThue": base64.b64encode(file.encode()).decode()}}


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


CASES: dict[str, tuple[str, Any]] = {
    "amount-of-20-digits": ("nhantbthuedvcqg", xml(amount="9" * 20)),
    "amount-of-5000-digits": ("nhantbthuedvcqg", xml(amount="9" * 5000)),
    "endless-tax-code": ("nhantbthuedvcqg", xml(tax=LONG)),
    "endless-decision": ("nhantbthuedvcqg", xml(decision=LONG)),
    "endless-receipt-number": ("nhanhsdvcqg", receipt(MaThongBaoThue=LONG)),
    "nul-in-number": ("nhanhsdvcqg", receipt(MaThongBaoThue="TB\x00")),
    "number-is-an-object": ("nhanhsdvcqg", receipt(MaThongBaoThue={"a": 1})),
    "nul-in-time": ("nhanhsdvcqg", receipt(ThoiGianThanhToan="\x00")),
    "nested-deep": ("nhanhsdvcqg", receipt(Khac=nested(250))),
    "nul-in-subject": ("addtthcKhuyenMai", PROMOTION | {"TenChuongTrinhKhuyenMai": "a\x00b"}),
    "nul-in-name": ("addtthcKhuyenMai", PROMOTION | {"TenThuongNhan": "\x00"}),
    "nul-in-tax-code": ("addtthcKhuyenMai", PROMOTION | {"MaSoThue": "0\x00"}),
    "endless-number": ("addtthcKhuyenMai", PROMOTION | {"MaHoSo": LONG}),
    "endless-procedure": ("addtthcKhuyenMai", PROMOTION | {"MaTTHC": LONG}),
    "no-day": ("addtthcKhuyenMai", PROMOTION | {"NgayNopHoSo": "00000000000000"}),
    "endless-status": ("nhanhosodvcqg", {"data": [{"MaHoSo": KNOWN, "TrangThaiHoSo": "9" * 5000}]}),
    "lists-for-dossiers": ("nhanhosodvcqg", {"data": [nested(200)] * 3}),
    "no-dossier-among-dossiers": ("nhanhosodvcqg", {"data": [1]}),
    "asked-for-nul": ("search/call", {"masohoso": "\x00"}),
}


def test_what_no_honest_portal_sends_is_answered_and_over(callbacks: Callbacks) -> None:
    """
    Whoever holds the exchange network sends what breaks readers: an answer in the portal's way, nothing left to do.
    """
    codes = {}
    for name, (path, body) in CASES.items():
        reply = callbacks.take("cong", PartnerCall(f"/{path}", orjson.dumps(body), source="192.0.2.1"))
        codes[name] = None if reply is None else (reply.status, orjson.loads(reply.body)["error_code"])

    assert {name: code for name, code in codes.items() if code not in {(200, -1), (200, "-1")}} == {}
    assert [each.said for each in callbacks.newest() if each.said in {"", "taken"}] == []
