"""
What can happen to a dossier at a one-stop desk, and in which orders.

An act is one line of a timeline: the status it leads to, the words of the officer, who acts, and how long people
took before. A script is a legal sequence of acts; a test walks every script through the status lattice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Pace(Enum):
    """What decides how long an act takes to come after the one before it."""

    OPENING = "the office opens, if it is closed"
    DESK = "minutes at the desk"
    HAND_OVER = "at once, or next morning when accepted after 15:00"
    UNIT = "a part of the procedure's own time limit"
    CITIZEN = "days, until the citizen comes"
    PAYER = "hours or days, until the money is there"
    PICK_UP = "days, until the result is taken or posted"


class Hand(Enum):
    """Who acts."""

    CITIZEN = "citizen"
    DESK = "desk"
    UNIT = "unit"
    LEADER = "leader"


@dataclass(frozen=True, slots=True)
class Act:
    """One line of a timeline. *text* may name the missing ``{paper}``."""

    status: int
    hand: Hand
    pace: Pace
    text: str


ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "file": Act(1, Hand.CITIZEN, Pace.OPENING, "Công dân nộp hồ sơ trực tuyến"),
        "refile": Act(1, Hand.CITIZEN, Pace.CITIZEN, "Công dân nộp lại hồ sơ đã bổ sung"),
        "accept": Act(2, Hand.DESK, Pace.DESK, "Tiếp nhận hồ sơ, cấp giấy tiếp nhận và hẹn trả kết quả"),
        "accept-completed": Act(2, Hand.DESK, Pace.CITIZEN, "Hồ sơ đã đủ, tiếp nhận và hẹn trả kết quả"),
        "accept-paid": Act(2, Hand.DESK, Pace.PAYER, "Đã xác nhận thu phí khi tiếp nhận"),
        "refuse": Act(3, Hand.DESK, Pace.DESK, "Từ chối tiếp nhận: hồ sơ không thuộc thẩm quyền giải quyết"),
        "refuse-late": Act(3, Hand.DESK, Pace.CITIZEN, "Từ chối tiếp nhận: quá hạn bổ sung hồ sơ"),
        "assign": Act(4, Hand.DESK, Pace.HAND_OVER, "Chuyển hồ sơ đến bộ phận chuyên môn"),
        "examine": Act(4, Hand.UNIT, Pace.UNIT, "Thẩm định hồ sơ"),
        "consult": Act(4, Hand.UNIT, Pace.UNIT, "Lấy ý kiến đơn vị phối hợp"),
        "sign": Act(4, Hand.LEADER, Pace.UNIT, "Trình lãnh đạo xem xét, ký duyệt"),
        "resume": Act(4, Hand.UNIT, Pace.CITIZEN, "Đã nhận giấy tờ bổ sung, tiếp tục giải quyết"),
        "resume-paid": Act(4, Hand.UNIT, Pace.PAYER, "Đã xác nhận nộp nghĩa vụ tài chính, tiếp tục giải quyết"),
        "keep": Act(4, Hand.UNIT, Pace.UNIT, "Công dân thôi rút hồ sơ, tiếp tục giải quyết"),
        "pull-back": Act(4, Hand.UNIT, Pace.DESK, "Rút kết quả chưa trả để đính chính"),
        "reopen": Act(4, Hand.UNIT, Pace.UNIT, "Tiếp tục giải quyết sau khi dừng"),
        "send-back": Act(2, Hand.UNIT, Pace.UNIT, "Chuyển trả bộ phận một cửa kiểm tra lại hồ sơ"),
        "ask": Act(5, Hand.UNIT, Pace.UNIT, "Yêu cầu bổ sung: {paper}"),
        "ask-early": Act(5, Hand.DESK, Pace.DESK, "Hồ sơ chưa đủ để tiếp nhận, đề nghị bổ sung: {paper}"),
        "bill-desk": Act(6, Hand.DESK, Pace.DESK, "Thông báo nộp phí, lệ phí khi tiếp nhận"),
        "bill": Act(6, Hand.UNIT, Pace.UNIT, "Thông báo thực hiện nghĩa vụ tài chính"),
        "withdraw": Act(7, Hand.CITIZEN, Pace.CITIZEN, "Công dân đề nghị rút hồ sơ"),
        "stop": Act(8, Hand.UNIT, Pace.UNIT, "Dừng giải quyết: hồ sơ không đủ điều kiện"),
        "stop-unanswered": Act(8, Hand.UNIT, Pace.CITIZEN, "Dừng giải quyết: quá hạn bổ sung"),
        "stop-withdrawn": Act(8, Hand.LEADER, Pace.UNIT, "Đồng ý cho rút hồ sơ, dừng giải quyết"),
        "finish": Act(9, Hand.LEADER, Pace.UNIT, "Đã có kết quả, chuyển bộ phận trả kết quả"),
        "finish-at-once": Act(9, Hand.DESK, Pace.DESK, "Đã có kết quả ngay tại bộ phận một cửa"),
        "return": Act(10, Hand.DESK, Pace.PICK_UP, "Đã trả kết quả cho công dân"),
        "return-papers": Act(10, Hand.DESK, Pace.PICK_UP, "Trả lại giấy tờ đã nộp cho công dân"),
    }
)

SUPPLEMENT_REQUESTS = frozenset({"ask", "ask-early"})
BILLS = frozenset({"bill", "bill-desk"})
PAYMENTS = frozenset({"accept-paid", "resume-paid"})


@dataclass(frozen=True, slots=True)
class Script:
    """A course of acts from acceptance (or filing) to the end, and how common it is."""

    weight: int
    acts: tuple[str, ...]

    @property
    def asks_for_money(self) -> bool:
        return not BILLS.isdisjoint(self.acts)


def _script(weight: int, acts: str) -> Script:
    return Script(weight, tuple(acts.split()))


SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {
        "plain": _script(34, "accept assign examine sign finish return"),
        "consulted": _script(14, "accept assign examine consult sign finish return"),
        "same-day": _script(5, "accept finish-at-once return"),
        "supplement": _script(12, "accept assign examine ask resume sign finish return"),
        "two-supplements": _script(4, "accept assign ask resume examine ask resume sign finish return"),
        "supplement-at-desk": _script(3, "ask-early accept-completed assign examine sign finish return"),
        "supplement-before-acceptance": _script(2, "ask-early refile accept assign examine sign finish return"),
        "supplement-unanswered": _script(2, "accept assign ask stop-unanswered return-papers"),
        "paid-at-acceptance": _script(5, "accept bill-desk accept-paid assign examine sign finish return"),
        "paid-in-processing": _script(4, "accept assign examine bill resume-paid sign finish return"),
        "refused": _script(3, "refuse"),
        "refused-unanswered": _script(1, "ask-early refuse-late"),
        "withdrawn": _script(2, "accept assign withdraw"),
        "withdrawn-and-stopped": _script(1, "accept assign withdraw stop-withdrawn return-papers"),
        "withdrawn-early": _script(1, "accept withdraw return-papers"),
        "withdrawal-declined": _script(1, "accept assign examine withdraw keep sign finish return"),
        "stopped": _script(2, "accept assign examine stop"),
        "stopped-and-returned": _script(1, "accept assign examine stop return-papers"),
        "stopped-and-resumed": _script(1, "accept assign examine stop reopen sign finish return"),
        "pulled-back": _script(3, "accept assign examine sign finish pull-back sign finish return"),
        "sent-back": _script(2, "accept assign examine send-back assign examine sign finish return"),
    }
)

OPENS_WITH_FILING = frozenset({"ask-early", "refuse"})
"""Acts that need a dossier to be there already: these scripts always begin with status 1."""
