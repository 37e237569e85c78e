"""
Who can mend a cause of failure, and how: the partner's connector knows best, then the gateway's own words.

Pure, and total: every dead letter has an owner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.policy import CONNECTOR_FAULT, EXPIRED, UNDECIDABLE, UNKNOWN_OPERATION
from gateway.ports import Advice, Adviser, Connector

OPERATOR = "Người vận hành / The operator"
SOURCE = "Đơn vị giữ hệ thống một cửa / The agency that keeps the source system"
PARTNER = "Người vận hành cùng đối tác / The operator with the partner"
DEVELOPERS = "Nhóm phát triển / The developers"

WORDS: Mapping[str, Advice] = {
    EXPIRED: Advice(
        OPERATOR,
        "Đối tác không nhận suốt hạn chót: xem «lienthong check», khi đối tác chạy lại thì cho gửi lại"
        " / The partner took nothing until the horizon: see «lienthong check», requeue once it works again",
    ),
    UNDECIDABLE: Advice(
        OPERATOR,
        "«requeue» để tra cứu lại; vẫn chưa rõ thì tự tra cứu tại đối tác: đã có thì «resolve», chưa có thì"
        " «requeue --not-there» / «requeue» looks it up again; where that tells nothing, look at the partner yourself:"
        " «resolve» when the effect is there, «requeue --not-there» when it is not",
    ),
    CONNECTOR_FAULT: Advice(
        DEVELOPERS,
        "Bộ kết nối bị lỗi: gửi nhật ký cho nhóm phát triển, cho gửi lại sau khi cập nhật"
        " / The connector has a bug: report it with the log, requeue after the update",
    ),
    UNKNOWN_OPERATION: Advice(
        OPERATOR,
        "Bản đang chạy không biết nghiệp vụ này: nâng cấp mọi tiến trình («lienthong workers») lên cùng bản, rồi cho"
        " gửi lại / The running release does not know the operation: bring every process («lienthong workers») to the"
        " same release, then requeue",
    ),
    "unreadable": Advice(
        DEVELOPERS,
        "Nội dung lưu không đọc được: kiểm tra chuỗi băm bằng «lienthong timeline», gửi nhật ký cho nhóm phát triển"
        " / The stored body cannot be read: check its chain with «lienthong timeline», report it with the log",
    ),
    "wording": Advice(
        DEVELOPERS,
        "Lời nguyên văn của hệ thống nguồn không đặt lại được: gửi nhật ký cho nhóm phát triển, gửi lại hồ sơ từ hệ"
        " thống một cửa rồi «cancel» bản này / The source's own words, kept with it, cannot be put back: report it"
        " with the log, send the dossier again from the source system, and «cancel» this one",
    ),
    "wrong-kind": Advice(
        DEVELOPERS,
        "Thông điệp đi nhầm nghiệp vụ: gửi nhật ký cho nhóm phát triển"
        " / The message has an operation that does not fit: report it with the log",
    ),
    "incomplete": Advice(
        SOURCE,
        "Bổ sung trường được nêu tên ở hệ thống một cửa rồi nhập lại; bản cũ thì «cancel» nếu bản mới nói đủ"
        " / Complete the named field in the source system and import again; «cancel» the old letter if the new one"
        " says it all",
    ),
    "unknown-code": Advice(
        OPERATOR,
        "Thêm mã được nêu tên vào bảng mã của đối tác trong cấu hình, chạy lại dịch vụ, rồi cho gửi lại"
        " / Add the named code to the partner's tables in the configuration, restart the service, then requeue",
    ),
    "unknown-procedure": Advice(
        SOURCE,
        "Sửa mã thủ tục ở hệ thống một cửa, hoặc đề nghị công bố thủ tục, rồi cho gửi lại"
        " / Mend the procedure's code in the source system or have the procedure announced, then requeue",
    ),
    "http-413": Advice(
        OPERATOR,
        "Gói tin quá lớn: giảm số thông điệp mỗi cuộc gọi, hoặc nhờ đối tác nâng giới hạn, rồi cho gửi lại"
        " / The request is too large: fewer messages in one call, or a higher limit at the partner; then requeue",
    ),
}
"""The codes of the gateway's own that can end up on a dead letter; connectors use these words for these cases."""

REFUSED = Advice(
    PARTNER,
    "Đối tác từ chối nội dung: đọc câu trả lời, sửa ở nơi nó chỉ ra, xem trước bằng --dry-run rồi cho gửi lại"
    " / The partner refuses the content: read its answer, mend what it names, see --dry-run, then requeue",
)
"""Of a partner's code that nobody here knows."""

_EARLIER_FAULT = re.compile(r"\[([^\]\s]{1,64})\]")


def advise(connector: Connector | None, operation: str, code: str, text: str) -> Advice:
    """
    Advice on a dead letter's cause; *code* and *text* as recorded, *connector* its partner's when that is at hand.

    A letter that died of an earlier fault carries its code in front of the text.
    """
    if connector is not None and isinstance(connector, Adviser):
        known = connector.advise(operation, code, text)
        if known is not None:
            return known
    earlier = _EARLIER_FAULT.match(text)
    if code in (EXPIRED, UNDECIDABLE) and earlier is not None and earlier[1] in (CONNECTOR_FAULT, UNKNOWN_OPERATION):
        return WORDS[earlier[1]]
    return WORDS.get(code, REFUSED)
