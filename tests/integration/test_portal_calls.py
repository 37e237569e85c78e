"""What the portal tells the province: kept once, answered in its own way, on a real store."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.national_portal.connector import NationalPortal, build
from gateway import Gateway, Settings
from gateway.callbacks import Callbacks
from gateway.config import DatabaseSettings, TenantSettings
from gateway.config.callbacks import CallbackSettings
from gateway.errors import InvalidInput
from gateway.model import Change, DossierStatus, Origin
from gateway.notices import PartnerCall
from gateway.store.base import SqlStore
from tests.builders import MORNING, a_dossier
from tests.clocks import TestClock
from tests.running import until

OPTIONS = {
    "adapter_url": "http://127.0.0.1:9",
    "username": "000.00.00.H99",
    "password": "vi-du",
    "madonvi": "000.00.00.H99",
    "tendonvi": "Sở Ví Dụ",
}
PREFIX = "/VXPAdapter/RestService/forward"
PROMOTION = {
    "MaHoSo": "G22.99-260305-00011",
    "MaTTHC": "2.000033",
    "NgayNopHoSo": "20260305140000",
    "TenThuongNhan": "Công ty TNHH Ví Dụ",
    "MaSoThue": "0100233488",
    "TenChuongTrinhKhuyenMai": "Khuyến mại ví dụ",
}


def connector(**options: object) -> NationalPortal:
    return build("cong", {**OPTIONS, **options})


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with opened(tmp_path) as made:
        yield made


def opened(folder: Path, **options: object) -> Gateway:
    settings = Settings(tenant=TenantSettings(code="H99"), database=DatabaseSettings(path=folder / "gateway.db"))
    return Gateway(settings, connectors=[connector(**options)], clock=TestClock())


def call(gateway: Gateway, path: str, body: Any) -> dict[str, Any]:
    reply = gateway.receive("cong", f"{PREFIX}/{path}", orjson.dumps(body))
    assert reply is not None
    assert reply.status == 200
    answer: dict[str, Any] = orjson.loads(reply.body)
    return answer


def notice(*dossiers: str) -> dict[str, Any]:
    rows = "".join(
        f"<ROW_LIST><MA_HSO>{code}</MA_HSO><LIST><MA_SO_THUE>0100233488</MA_SO_THUE>"
        "<SO_QUYET_DINH>17/TB</SO_QUYET_DINH><NGAY_QUYET_DINH>05-03-2026</NGAY_QUYET_DINH>"
        "<TEN_TIEUMUC>Tiền thuê đất</TEN_TIEUMUC><SO_TIEN>1500000</SO_TIEN></LIST></ROW_LIST>"
        for code in dossiers
    )
    xml = f"<DATA><BODY>{rows}</BODY></DATA>"
    return {"service": "NhanThongBaoThueDat", "data": {"FileThongBaoThue": base64.b64encode(xml.encode()).decode()}}


def test_a_tax_notice_is_told_when_its_dossiers_come(store: SqlStore) -> None:
    """
    One message names two dossiers that we do not know yet: as each of them comes, its notice is told, once, and the
    portal may repeat itself. Until then it stands as unknown, and is no work that waits.
    """
    clock, codes = TestClock(), ("H99.02-260305-0001", "H99.02-260305-0002")
    anybody = CallbackSettings(from_networks=("192.0.2.0/24",))
    call = PartnerCall("/nhantbthuedvcqg", orjson.dumps(notice(*codes)), source="192.0.2.1")

    def told() -> int:
        return store.totals().get("notice", 0)

    with closing(Callbacks(store, [connector()], clock, {"cong": anybody})) as callbacks:
        callbacks.take("cong", call)
        callbacks.take("cong", call)
        found = [(callbacks.recall(), told())]
        waits = store.vitals().to_process
        for code in reversed(codes):
            store.accept([Change(source="mc", source_id=code, body=a_dossier(code=code))], [], now=clock.now())
            clock.advance(timedelta(hours=1))
            found.append((callbacks.recall(), told()))
            callbacks.work_off()
        callbacks.take("cong", call)

        assert (waits, found, told()) == ({}, [(0, 0), (2, 0), (2, 1)], 2)
        assert {entry.dossier for entry in store.received()} == set(codes)
        assert [each.said for each in reversed(callbacks.newest())] == ["taken", "repeated", "repeated"]


def test_a_clock_that_is_put_back_holds_up_no_notice_that_waits_for_its_dossier(store: SqlStore) -> None:
    """
    The machine started seven hours ahead, and was put right: dossiers that come now are noticed now.
    """
    clock, stop = TestClock(), threading.Event()
    anybody = CallbackSettings(from_networks=("192.0.2.0/24",))

    def comes(code: str) -> None:
        store.accept([Change(source="mc", source_id=code, body=a_dossier(code=code))], [], now=clock.now())

    def is_told(count: int) -> None:
        until(lambda: store.totals().get("notice", 0) == count, "the dossier was noticed", timeout_s=5)

    with closing(Callbacks(store, [connector()], clock, {"cong": anybody})) as callbacks:
        for number in (1, 2):
            body = orjson.dumps(notice(f"H99.02-260305-000{number}"))
            callbacks.take("cong", PartnerCall("/nhantbthuedvcqg", body, source="192.0.2.1"))
        comes("H99.02-260305-0001")
        thread = threading.Thread(target=callbacks.run, args=(stop,))
        thread.start()
        try:
            is_told(1)
            clock.advance(-timedelta(hours=7))
            comes("H99.02-260305-0002")
            is_told(2)
        finally:
            stop.set()
            thread.join()


def test_a_repeat_tells_a_notice_whose_dossier_came_meanwhile(gateway: Gateway) -> None:
    """
    The portal repeats a tax notice that waited for its dossier, before anybody looked: it is told then.
    """
    call(gateway, "nhantbthuedvcqg", notice("H99.02-260305-0001"))
    gateway.submit(Change(source="mc", source_id="1", body=a_dossier(code="H99.02-260305-0001")))
    call(gateway, "nhantbthuedvcqg", notice("H99.02-260305-0001"))

    assert gateway.totals()["notice"] == 1


def test_a_promotion_dossier_is_taken_once(gateway: Gateway) -> None:
    """
    The portal sends a promotion dossier twice: one dossier here, born on the portal, and 1 for the repeat.
    """
    first = call(gateway, "addtthcKhuyenMai", PROMOTION)
    second = call(gateway, "addtthcKhuyenMai", PROMOTION)

    assert (first["error_code"], second["error_code"]) == (0, 1)
    assert gateway.totals() == {"dossiers": 1, "dossier": 1}
    assert [entry.dossier for entry in gateway.received()] == ["G22.99-260305-00011"]


def test_an_amendment_replaces_only_when_it_says_so(gateway: Gateway) -> None:
    """
    ``isUpdating`` false is a duplicate, true becomes a change (contract 7.2).
    """
    call(gateway, "addtthcKhuyenMai", PROMOTION)
    data = {k: v for k, v in PROMOTION.items() if k != "MaHoSo"} | {
        "MaHoSoQG": PROMOTION["MaHoSo"],
        "ThongTinSuaDoi": {"TenChuongTrinhKM": "Khuyến mại ví dụ, kéo dài"},
        "TenChuongTrinhKhuyenMai": "",
    }

    refused = call(gateway, "nhanhsdvcqg", {"service": "NhanHoSoKhuyenMai", "isUpdating": "False", "data": data})
    taken = call(gateway, "nhanhsdvcqg", {"service": "NhanHoSoKhuyenMai", "isUpdating": True, "data": data})

    assert (refused["error_code"], taken["error_code"]) == (1, 0)
    assert gateway.totals()["dossier"] == 2


def test_the_portal_may_go_back_to_an_earlier_header(gateway: Gateway) -> None:
    """
    Amended, amended again, and back to the first amendment: three changes, and a plain repeat is none.
    """
    call(gateway, "addtthcKhuyenMai", PROMOTION)

    def amend(name: str) -> int:
        data = {k: v for k, v in PROMOTION.items() if k != "MaHoSo"} | {
            "MaHoSoQG": PROMOTION["MaHoSo"],
            "ThongTinSuaDoi": {"TenChuongTrinhKM": name},
            "TenChuongTrinhKhuyenMai": name,
        }
        return int(call(gateway, "nhanhsdvcqg", {"service": "x", "isUpdating": "True", "data": data})["error_code"])

    assert [amend(name) for name in ("A", "B", "A", "A")] == [0, 0, 0, 0]
    assert gateway.totals()["dossier"] == 4


def test_the_portal_cannot_take_over_a_dossier_of_ours(gateway: Gateway) -> None:
    """
    An update under the number of a dossier that was born here is refused: it stays ours, and its steps are told.
    """
    ours = a_dossier()
    gateway.submit(Change(source="test", source_id="1", body=ours))
    data = PROMOTION | {"MaHoSoQG": str(ours.code), "ThongTinSuaDoi": {"TenChuongTrinhKM": "A"}}

    answer = call(gateway, "nhanhsdvcqg", {"service": "x", "isUpdating": "True", "data": data})

    assert answer["error_code"] == -1
    assert gateway.totals() == {"dossiers": 1, "dossier": 1}
    assert gateway.received() == []


def test_a_notice_that_changed_is_kept_beside_the_first(gateway: Gateway) -> None:
    """
    Same dossier, tax code and decision, another amount: answered as a repeat, and shown to a person.
    """
    gateway.submit(Change(source="test", source_id="1", body=a_dossier()))
    first = notice(str(a_dossier().code))
    xml = base64.b64decode(first["data"]["FileThongBaoThue"]).decode().replace("1500000", "1600000")
    second = {**first, "data": {"FileThongBaoThue": base64.b64encode(xml.encode()).decode()}}

    answers = [call(gateway, "nhantbthuedvcqg", body)["error_code"] for body in (first, second, second)]

    assert answers == [0, 0, 0]
    assert [entry.kind for entry in gateway.received()] == ["tax-notices", "tax-notices-changed"]


def test_a_notice_for_an_unknown_dossier_waits_for_a_person(gateway: Gateway) -> None:
    """
    Two dossiers in one notice, one unknown: the known one is kept, the other is listed, the answer is 0; a repeat adds
    nothing.
    """
    known = a_dossier()
    gateway.submit(Change(source="test", source_id="1", body=known))

    answers = [call(gateway, "nhantbthuedvcqg", notice(str(known.code), "H99.01.01-260302-9999")) for _ in range(2)]

    assert [answer["error_code"] for answer in answers] == [0, 0]
    assert sorted(entry.dossier or "?" for entry in gateway.received()) == ["?", known.code.key]


def test_a_strict_province_refuses_the_whole_notice(tmp_path: Path) -> None:
    """
    With the other policy seen in the field nothing of the message is kept.
    """
    known = a_dossier()
    with opened(tmp_path, unknown_dossier_in_notice="refuse") as gateway:
        gateway.submit(Change(source="test", source_id="1", body=known))

        answer = call(gateway, "nhantbthuedvcqg", notice(str(known.code), "H99.01.01-260302-9999"))

        assert answer["error_code"] == -1
        assert gateway.received() == []


def test_a_tax_receipt_needs_its_dossier(gateway: Gateway) -> None:
    """
    Unknown number: -1. Known: kept once, and another receipt under the same number is refused.
    """
    data: dict[str, Any] = dict.fromkeys(
        (
            "HoTenNguoiNopTien", "SoCMTNguoiNopTien", "DiaChiNguoiNopTien", "TinhNguoiNopTien", "HuyenNguoiNopTien",
            "XaNguoiNopTien", "MaSoThue", "UrlFileChungTu",
        ),
        "ví dụ",
    )  # fmt: skip
    data["MaHoSo"] = str(a_dossier().code)
    data["ThongTinThanhToan"] = {
        "MaThongBaoThue": "17", "ThoiGianThanhToan": "20260305150000", "SoTien": "1500000",
        "NoiDungThanhToan": "ví dụ", "TrangThaiThanhToan": 1,
    }  # fmt: skip
    body = {"service": "NhanChungTuThueDat", "isUpdating": "False", "data": data}

    before = call(gateway, "nhanhsdvcqg", body)
    gateway.submit(Change(source="test", source_id="1", body=a_dossier()))
    first, repeat = call(gateway, "nhanhsdvcqg", body), call(gateway, "nhanhsdvcqg", body)
    data["UrlFileChungTu"] = "khác"
    other = call(gateway, "nhanhsdvcqg", body)

    assert [answer["error_code"] for answer in (before, first, repeat, other)] == [-1, 0, 0, -1]
    assert len(gateway.received()) == 1


def test_a_look_up_shows_the_present_header(gateway: Gateway) -> None:
    """
    Found: the header without an envelope; not found: a string code (contract 7.4).
    """
    gateway.submit(Change(source="test", source_id="1", body=a_dossier(status=DossierStatus.PROCESSING)))

    found = call(gateway, "search/call", {"masohoso": str(a_dossier().code)})
    missing = call(gateway, "search/call", {"masohoso": "H99.01.01-260302-9999"})

    assert found["TrangThaiHoSo"] == "4"
    assert missing == {"error_code": "-1", "message": "masohoso not found"}


def test_what_the_portal_bore_is_answered_by_its_outcome(gateway: Gateway) -> None:
    """
    The one-stop system accepts the dossier: the portal is told the outcome, and nothing of what it said itself.
    """
    call(gateway, "addtthcKhuyenMai", PROMOTION)
    accepted = a_dossier(
        code="G22.99-260305-00011", procedure="2.000033", status=DossierStatus.ACCEPTED, origin=Origin.PORTAL,
        status_at=MORNING + timedelta(days=4), accepted_at=MORNING + timedelta(days=4), due_at=None,
    )  # fmt: skip
    gateway.submit(Change(source="test", source_id="1", body=accepted))

    entries = gateway.timeline("G22.99-260305-00011")
    operations = [entry.detail.split(",")[0] for entry in entries if entry.what.startswith("message.")]

    assert operations == ["#2 outcome"]


def test_unreadable_calls_are_refused_in_the_portals_way(gateway: Gateway) -> None:
    """
    No JSON: HTTP 500 and plain text. Another path: not ours.
    """
    broken = gateway.receive("cong", f"{PREFIX}/nhanhsdvcqg", b"<html>")

    assert broken is not None
    assert (broken.status, broken.content_type) == (500, "text/plain; charset=utf-8")
    assert gateway.receive("cong", "/other", b"{}") is None
    with pytest.raises(InvalidInput, match="Did you mean «cong»"):
        gateway.receive("congg", "/other", b"{}")


def test_each_call_says_what_became_of_it(gateway: Gateway) -> None:
    """
    New, told again, another content under the same number, an unknown dossier, an older state than ours, no JSON.
    """
    older = {
        "MaHoSo": PROMOTION["MaHoSo"], "MaTTHC": "2.000033", "TrangThaiHoSo": "1", "NgayNopHoSo": "20260305130000",
        "ChuHoSo": "Công ty TNHH Ví Dụ", "LoaiDoiTuong": "2", "TrichYeuHoSo": "Khuyến mại", "HinhThuc": "0",
        "DonViXuLy": "Sở Ví Dụ", "NoiNopHoSo": "1", "MaSoThue": "0100233488", "LoaiDinhDanh": "4",
        "SoDinhDanh": "0100233488",
    }  # fmt: skip
    call(gateway, "addtthcKhuyenMai", PROMOTION)
    call(gateway, "addtthcKhuyenMai", PROMOTION)
    call(gateway, "addtthcKhuyenMai", PROMOTION | {"SoVanBan": "2"})
    call(gateway, "nhantbthuedvcqg", notice("H99.01.01-260302-9999"))
    call(gateway, "nhanhosodvcqg", {"service": "GuiHoSo", "isUpdating": "True", "data": [older]})
    gateway.receive("cong", f"{PREFIX}/nhanhsdvcqg", b"<html>")

    became = [each.said for each in reversed(gateway.callbacks.newest())]
    assert became == ["taken", "repeated", "conflict", "unknown", "late", "unreadable"]
