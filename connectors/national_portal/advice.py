"""
Who can mend what the national portal, or our translation for it, refuses. Pure.

Codes mean what the settings say (contract 13.2 is the sandbox's guess). What is not known here has the gateway's own,
general advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from connectors.national_portal.codes import Meaning
from gateway.model.text import search_key
from gateway.policy import EXPIRED, UNDECIDABLE
from gateway.ports import Advice
from gateway.remedies import OPERATOR, SOURCE

PORTAL = "Người vận hành cùng Cổng Dịch vụ công quốc gia / The operator with the national portal"
ANNOUNCER = "Cơ quan công bố thủ tục / The agency that announces the procedure"

_CONTENT = Advice(
    SOURCE,
    "Cổng không nhận nội dung: sửa trường nêu trong câu trả lời ở hệ thống một cửa rồi nhập lại; bản cũ thì «cancel»"
    " nếu bản mới nói đủ / The portal refuses the content: mend the field that its answer names in the source system"
    " and import again; «cancel» the old letter if the new one says it all",
)
_OUR_CODE = Advice(
    OPERATOR,
    "Cổng không nhận một mã do cấu hình quy định: sửa bảng codes (hoặc no_database_code) của đối tác này, xem trước"
    " bằng --dry-run, chạy lại dịch vụ, rồi cho gửi lại / The portal refuses a code that the configuration decides:"
    " mend this partner's codes (or no_database_code), see --dry-run, restart the service, then requeue",
)
_OUR_CODES = re.compile(
    r"\b(?:KenhThucHien|LoaiDoiTuong|LoaiDinhDanh|HinhThuc|NoiNopHoSo|DuocThanhToanTrucTuyen|HinhThucThu|LoaiPhiLePhi"
    r"|DuocTaiSuDung|LoaiGiayTo|MaCSDL|TrangThaiBoSung)\b"
)
_PROCEDURE = Advice(
    ANNOUNCER,
    "Cổng không có thủ tục này: sửa mã ở hệ thống một cửa hoặc công khai thủ tục trên Cổng, rồi cho gửi lại"
    " / The portal does not list the procedure: mend its code in the source system or announce it, then requeue",
)
_TAKEN = Advice(
    PORTAL,
    "Cổng báo mã hồ sơ đã tồn tại mà không nhận cập nhật: hỏi Cổng hồ sơ đó của đơn vị nào, rồi cho gửi lại"
    " / The portal has the number and takes no update: ask it whose dossier that is, then requeue",
)
_MISSING = Advice(
    PORTAL,
    "Cổng không có hồ sơ mà bước này thuộc về: tra cứu trên Cổng, cho gửi lại khi hồ sơ đã có"
    " / The portal does not have the dossier of this message: look it up there, requeue once it is there",
)
_RIGHT = Advice(
    OPERATOR,
    "Kiểm tra username, password, madonvi; hỏi Cổng tài khoản được gửi cho những đơn vị nào, rồi cho gửi lại"
    " / Check username, password, madonvi; ask the portal for which units the account may send, then requeue",
)
_BROKEN = Advice(
    PORTAL,
    "Cổng lỗi suốt hạn chót: báo đầu mối kỹ thuật của Cổng kèm mã lỗi, cho gửi lại khi Cổng chạy"
    " / The portal failed until the horizon: report the code to its support, requeue once it works",
)
_BY_MEANING: Mapping[Meaning, Advice] = {
    Meaning.REJECTED: _CONTENT,
    Meaning.EXISTS: _TAKEN,
    Meaning.MISSING: _MISSING,
    Meaning.SESSION: _RIGHT,
    Meaning.UNAUTHORISED: _RIGHT,
    Meaning.RETRY: _BROKEN,
}

_PATHS = Advice(
    OPERATOR,
    "Sửa adapter_url, adapter_prefix và các …_endpoint, xem «lienthong check», rồi cho gửi lại"
    " / Mend adapter_url, adapter_prefix and the …_endpoint options, see «lienthong check», then requeue",
)
_ADAPTER = Advice(
    "Người vận hành cùng quản trị trục liên thông (adapter) / The operator with the administrators of the adapter",
    "Adapter không nối được hoặc không trả lời: xem «lienthong check», khởi động lại adapter, rồi cho gửi lại"
    " / The adapter cannot be reached or does not answer: see «lienthong check», restart it, then requeue",
)
_BY_WORD: Mapping[str, Advice] = {
    "http-401": _RIGHT,
    "no-session": _RIGHT,
    "address": _PATHS,
    "redirects": _PATHS,
    "http-404": _PATHS,
    "http-405": _PATHS,
    "connect": _ADAPTER,
    "connect-timeout": _ADAPTER,
    "timeout": _ADAPTER,
    "broken-off": _ADAPTER,
    "tls": Advice(
        OPERATOR,
        "Đặt ca_file là chứng thư gốc của adapter, xem «lienthong check», rồi cho gửi lại"
        " / Set ca_file to the root certificate of the adapter, see «lienthong check», then requeue",
    ),
    "client-certificate": Advice(
        OPERATOR,
        "Xin adapter nhận chứng thư của ta hoặc đổi client_cert_file, xem «lienthong check», rồi cho gửi lại"
        " / Have the adapter take our certificate or change client_cert_file, see «lienthong check», then requeue",
    ),
    "http-407": Advice(
        OPERATOR,
        "Ghi tài khoản proxy vào proxy, xem «lienthong check», rồi cho gửi lại"
        " / Put the proxy's account into proxy, see «lienthong check», then requeue",
    ),
    "http-413": Advice(
        OPERATOR,
        "Gói tin quá lớn: giảm dossiers_per_call hoặc steps_per_call, hoặc nhờ nâng giới hạn của adapter, rồi cho gửi"
        " lại / The request is too large: lower dossiers_per_call or steps_per_call, or have the adapter's limit"
        " raised; then requeue",
    ),
}

_BY_FIELD: Mapping[str, Advice] = {
    "MaLinhVuc": Advice(
        ANNOUNCER,
        "Bổ sung lĩnh vực của thủ tục trên Cổng, rồi cho gửi lại"
        " / Complete the procedure's field on the portal, then requeue",
    ),
    "MaGiayToKetQua": Advice(
        SOURCE,
        "Ghi mã kết quả như thủ tục công bố, hoặc đặt tên giấy tờ đúng như Cổng, rồi nhập lại"
        " / Give the announced code of the result, or name the paper as the portal does, and import again",
    ),
    "DSKetNoiCSDL": Advice(
        OPERATOR,
        "Đặt no_database_code nếu Cổng có mã cho trường hợp này, rồi cho gửi lại"
        " / Set no_database_code if the portal has a code for that, then requeue",
    ),
    "TrangThai": Advice(
        OPERATOR,
        "Thêm trạng thái vào codes.outcomes, chạy lại dịch vụ, rồi cho gửi lại"
        " / Add the status to codes.outcomes, restart the service, then requeue",
    ),
}
"""Where ``incomplete`` is not for the source system to mend, or there is more to say."""

_STEP_UNDECIDED = Advice(
    OPERATOR,
    "Mở tiến trình hồ sơ trên Cổng: đã có bước này thì «resolve», chưa có thì «requeue --not-there»; nếu Cổng bỏ qua"
    " bước trùng, đặt timeline_deduplicated = true / Open the dossier's timeline on the portal: «resolve» when the step"
    " is there, «requeue --not-there» when it is not; set timeline_deduplicated = true if the portal drops repeats",
)

_EARLIER = re.compile(r"\[([^\]\s]{1,64})\] ?")
_FIELD = re.compile(r"\S+: (\w+) ")


def advise(operation: str, code: str, text: str, meanings: Mapping[int, Meaning]) -> Advice | None:
    """
    Advice on a dead letter; *meanings* are those of the settings.

    A letter that died of an earlier fault carries that fault's code in front of its text, and is advised about that.
    """
    if code in (EXPIRED, UNDECIDABLE):
        earlier = _EARLIER.match(text)
        known = None if earlier is None else _of_code(earlier[1], text, meanings)
        undecided = _STEP_UNDECIDED if code == UNDECIDABLE and operation == "step" else None
        return undecided or (known if code == EXPIRED else None)
    if code == "incomplete":
        field = _FIELD.match(text)
        return None if field is None else _BY_FIELD.get(field[1])
    return _of_code(code, text, meanings)


def _of_code(code: str, text: str, meanings: Mapping[int, Meaning]) -> Advice | None:
    try:
        meaning = meanings.get(int(code))
    except ValueError:
        return _BY_WORD.get(code)
    if meaning is Meaning.REJECTED and "ma thu tuc" in search_key(text):
        return _PROCEDURE
    if meaning is Meaning.REJECTED and _OUR_CODES.search(text):
        return _OUR_CODE
    return None if meaning is None else _BY_MEANING[meaning]
