#!/usr/bin/env python3
"""
A one-stop system as provinces have it: plain HTTP to the portal's adapter, one dossier per call, steps in tens, and in
the end the questions that citizens asked and the month's evaluation.

It knows nothing of the gateway and imports nothing of it. Point it at the portal's adapter or at the gateway's façade:

    PORTAL_PASSWORD=… python3 examples/onestop_client.py http://127.0.0.1:8080 --dossiers 20

All people, numbers and addresses in it are invented.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
from datetime import datetime, timedelta
from urllib.parse import urlsplit

PREFIX = "/XrdAdapter/RestService/forward"
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Charset": "utf-8",
    "dstcode": "VN:GOV:000.00.00.G22:vpcpdvcprovider",
}
CHUNK = 10
TRIES = 5
SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng")
FIRST_NAMES = ("An", "Bình", "Châu", "Dũng", "Giang", "Hạnh", "Khôi")


class NotSynced(Exception):
    """The portal did not take it; a person has to look."""


class Adapter:
    """One connection to the adapter, and the session that all calls share for ten minutes."""

    def __init__(self, address: str, username: str, password: str, madonvi: str) -> None:
        parts = urlsplit(address)
        self.connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=30)
        self.base = parts.path.rstrip("/") + PREFIX
        self.account = {"username": username, "password": password}
        self.madonvi = madonvi
        self.session = ""

    def post(self, path: str, message: dict) -> dict:
        body = json.dumps(message, ensure_ascii=False).encode()
        self.connection.request("POST", f"{self.base}/{path}", body, HEADERS)
        answer = self.connection.getresponse()
        return json.loads(answer.read())

    def log_in(self) -> None:
        answer = self.post("mapi/login", self.account)
        if int(answer["error_code"]) != 0:
            raise NotSynced(f"login: {answer['message']}")
        self.session = answer["session"]

    def call(self, service: str, **fields: object) -> dict:
        for _ in range(TRIES):
            if not self.session:
                self.log_in()
            answer = self.post(
                "mapi/integration",
                {"session": self.session, "madonvi": self.madonvi, "service": service, **fields},
            )
            if int(answer["error_code"]) == 0 or "session" not in answer["message"].lower():
                return answer
            self.session = ""
        raise NotSynced(f"{service}: no session lasts")

    def sync(self, dossier: dict, steps: list[dict]) -> None:
        """Create; when the number exists, update; then the steps, each chunk only after the one before."""
        answer = self.call("DongBoHoSoMC", isUpdating="False", data=[dossier])
        if "đã tồn tại" in answer["message"]:
            answer = self.call("DongBoHoSoMC", isUpdating="True", data=[dossier])
        self.check(answer, dossier["MaHoSo"])
        for first in range(0, len(steps), CHUNK):
            self.check(self.call("CapNhatTienDoHoSoMC", data=steps[first : first + CHUNK]), dossier["MaHoSo"])

    def check(self, answer: dict, number: str) -> None:
        if int(answer["error_code"]) != 0 or "thành công" not in answer["message"]:
            raise NotSynced(f"{number}: [{answer['error_code']}] {answer['message']}")


def wire(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")


def a_dossier(serial: int, unit: str, procedure: str) -> tuple[dict, list[dict], dict]:
    """An invented dossier as it was accepted, its timeline, and what its end changes in it."""
    accepted = datetime(2026, 3, 2, 8, 0) + timedelta(minutes=serial)
    finished = accepted + timedelta(days=3)
    number = f"{unit}.01.01-{accepted:%y%m%d}-{serial:04d}"
    owner = f"{SURNAMES[serial % len(SURNAMES)]} Ví Dụ {FIRST_NAMES[serial % len(FIRST_NAMES)]}"
    dossier = {
        "MaHoSo": number,
        "MaTTHC": procedure,
        "TenTTHC": "Cấp giấy phép xây dựng nhà ở riêng lẻ (ví dụ)",
        "MaLinhVuc": "G17-XD99",
        "TenLinhVuc": "Hoạt động xây dựng",
        "KenhThucHien": "1",
        "ChuHoSo": owner,
        "SoGiayToChuHoSo": "099999999999",
        "LoaiDoiTuong": "1",
        "MaDoiTuong": "",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "099999999999"}],
        "ThongTinKhac": "",
        "Email": "",
        "Fax": "",
        "SoDienThoai": "0900000000",
        "TrichYeuHoSo": f"Xin cấp phép xây dựng, hồ sơ thứ {serial}",
        "NgayNopHoSo": wire(accepted - timedelta(minutes=20)),
        "NgayTiepNhan": wire(accepted),
        "NgayHenTra": wire(accepted + timedelta(days=21)),
        "TrangThaiHoSo": "2",
        "NgayTra": "",
        "NgayTuChoi": "",
        "NgayKetThucXuLy": "",
        "ThongTinTra": "",
        "HinhThuc": "0",
        "DonViXuLy": "UBND xã Ví Dụ",
        "GhiChu": "",
        "TaiLieuNop": [],
        "DanhSachLePhi": [
            {
                "TenPhiLePhi": "Lệ phí cấp phép xây dựng",
                "MaPhiLePhi": "2",
                "HinhThucThu": "1",
                "Gia": "75000",
                "LoaiPhiLePhi": "2",
            }
        ],
        "DanhSachTepDinhKemKhac": [],
        "DanhSachHoSoBoSung": [],
        "DanhSachGiayToKetQua": [],
        "NoiNopHoSo": "2",
        "HoSoCoThanhPhanSoHoa": "0",
        "TaiKhoanDuocXacThucVoiVNeID": "0",
        "DuocThanhToanTrucTuyen": "3",
        "DSKetNoiCSDL": [{"MaCSDL": "1"}],
    }
    told = (("2", "Tiếp nhận hồ sơ", accepted), ("4", "Thẩm định", accepted + timedelta(days=1)), ("9", "Ký", finished))
    steps = [
        {
            "MaHoSo": number,
            "NguoiXuLy": "Trần Thị Thử",
            "ChucDanh": "Chuyên viên",
            "ThoiDiemXuLy": wire(at),
            "PhongBanXuLy": "Phòng Kinh tế",
            "NoiDungXuLy": text,
            "TrangThai": status,
            "NgayBatDau": wire(at),
            "NgayKetThucTheoQuyDinh": "",
        }
        for status, text, at in told
    ]
    return dossier, steps, {"TrangThaiHoSo": "9", "NgayKetThucXuLy": wire(finished)}


def a_question(serial: int, unit: str) -> dict:
    """An invented question that a citizen asked here."""
    return {
        "HOIDAPID": serial,
        "MaLinhVuc": "G17-XD99",
        "NOIDUNG": f"Hồ sơ thứ {serial} nộp ở đâu?",
        "MADONVI": f"{unit}.01.01",
        "TENDONVI": "UBND xã Ví Dụ",
    }


def an_evaluation(unit: str) -> dict:
    """How content citizens were in an invented month."""
    return {
        "NgayTongHop": "3-2026",
        "TongSoNguoiDanhGia": 120,
        "PhanTramDanhGiaRatHaiLong": "80%",
        "PhanTramDanhGiaHaiLong": "15%",
        "PhanTramDanhGiaChuaHaiLong": "5%",
        "DanhSachNoiDungYKien": "",
        "MaThuTuc": "",
        "NoiDung": "",
        "PhanTramDanhGiaDichVuRatHaiLong": "80%",
        "PhanTramDanhGiaDichVuHaiLong": "15%",
        "PhanTramDanhGiaDichVuChuaHaiLong": "5%",
        "Madonvi": unit,
        "TenDonVi": "Tỉnh Ví Dụ",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Sync invented dossiers to the national portal's adapter.")
    parser.add_argument("address", help="ADAPTER_URL, for example http://127.0.0.1:8080")
    parser.add_argument("--dossiers", type=int, default=20)
    parser.add_argument("--unit", default="H99", help="code of the province")
    parser.add_argument("--procedure", default="9.000123")
    parser.add_argument("--username", default="")
    options = parser.parse_args()
    unit = f"000.00.00.{options.unit}"
    adapter = Adapter(options.address, options.username or unit, os.environ.get("PORTAL_PASSWORD", ""), unit)
    for serial in range(1, options.dossiers + 1):
        dossier, steps, end = a_dossier(serial, options.unit, options.procedure)
        adapter.sync(dossier, steps)
        if serial % 10 == 0:
            adapter.sync(dossier | end, [])
        if serial % 100 == 0 or serial == options.dossiers:
            print(serial, "synced", flush=True)
    questions = [a_question(serial, options.unit) for serial in range(1, 6)]
    adapter.check(adapter.call("DongBoHoiDap", data=questions), "DongBoHoiDap")
    adapter.check(adapter.call("DongBoDanhGia", data=[an_evaluation(options.unit)]), "DongBoDanhGia")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (NotSynced, OSError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
