"""What people may read of the portal's texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.national_portal.scrub import scrubbed

SENT = {
    "MaHoSo": "H99.01.01-260302-0007",
    "ChuHoSo": "Nguyễn Văn Ví Dụ",
    "SoGiayToChuHoSo": "099090000017",
    "TrichYeuHoSo": "Xin cấp phép tại thôn Mẫu",
    "TaiLieuNop": [{"TenTepDinhKem": "cccd-nguyen-van-vi-du.pdf"}],
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Mã hồ sơ H99.01.01-260302-0007 đã tồn tại", "Mã hồ sơ H99.01.01-260302-0007 đã tồn tại"),
        ("Mã hồ sơ G09.20-20260609-0092637 đã tồn tại", "Mã hồ sơ G09.20-20260609-0092637 đã tồn tại"),
        ("Mã hồ sơ 000.17.22.H56-210531-0001 trùng", "Mã hồ sơ 000.17.22.H56-210531-0001 trùng"),
        ("Thủ tục 1.001193.000.00.00.H56 không có", "Thủ tục 1.001193.000.00.00.H56 không có"),
        ("NgayTiepNhan 20260302092000 sai", "NgayTiepNhan 20260302092000 sai"),
        ("Chủ hồ sơ NGUYEN VAN VI DU trùng", "Chủ hồ sơ *** trùng"),
        ("Chủ hồ sơ Nguyễn Văn Ví Dụ trùng", "Chủ hồ sơ *** trùng"),
        ("Tệp cccd-nguyen-van-vi-du.pdf quá lớn", "Tệp *** quá lớn"),
        ("Trích yếu «Xin cấp phép tại thôn Mẫu» quá dài", "Trích yếu «***» quá dài"),
        ("Số 042190000001 không đúng", "Số 0421*****001 không đúng"),
        ("Số 123456789 không đúng", "Số 12*****89 không đúng"),
        ("Gọi 0912345678 để biết", "Gọi 091****678 để biết"),
        ("Gọi +84 912 345 678 để biết", "Gọi +84******678 để biết"),
        ("Thư tới nguoidung@vidu.example", "Thư tới n***@vidu.example"),
        ("Session c0ffee00-0000-4000-8000-00000000d7c9 hết hạn", "Session *** hết hạn"),
        ("token eyJhbGciOi.eyJzdWIi.c2ln hết hạn", "token *** hết hạn"),
        ("Tải tại https://motcua.vidu.example/downloadfile/5501?t=1 bị lỗi", "Tải tại [liên kết] bị lỗi"),
        ("Ông Trần Văn Mẫu chưa ký", "Ông *** chưa ký"),
        ("ông Sùng A Chử chưa ký", "ông *** chưa ký"),
        ("Chủ hồ sơ LỤC THỊ GIEO trùng", "Chủ hồ sơ *** trùng"),
        ("Chủ hồ sơ không hợp lệ", "Chủ hồ sơ không hợp lệ"),
        ("Số 0421 9000 0001 không đúng", "Số 0421*****001 không đúng"),
        ("NGUYEN THI GIA CHUA KY", "***"),
        ("HỒ SƠ KHÔNG HỢP LỆ: THIẾU NGÀY", "HỒ SƠ KHÔNG HỢP LỆ: THIẾU NGÀY"),
        ("Hồ sơ của UBND xã Ví Dụ không hợp lệ", "Hồ sơ của UBND xã Ví Dụ không hợp lệ"),
        ("dòng một\r\ndòng hai\x00", "dòng một dòng hai"),
    ],
)
def test_private_values_are_masked_and_codes_stay(text: str, shown: str) -> None:
    """
    An officer can find the dossier and nobody can read the person.
    """
    assert scrubbed(text, SENT) == shown


def test_a_page_of_text_is_cut() -> None:
    """
    A message is one line of a console.
    """
    assert len(scrubbed("lỗi " * 500)) == 300


@given(st.text(max_size=30), st.text(max_size=30))
def test_an_id_never_survives(before: str, after: str) -> None:
    """
    Whatever stands around the number that was sent.
    """
    assert "099090000017" not in scrubbed(f"{before} 099090000017 {after}", SENT)
