"""The mock portal counts what a well-behaved province never does; here a province does it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest

from connectors.mocks import Directive, Request
from connectors.national_portal.mock import DSTCODE, PREFIXES, Account, Counters, Fault, FaultKind, Portal
from connectors.national_portal.mock.invariants import MUST_STAY_ZERO
from connectors.national_portal.mock.moves import legal
from gateway.sandbox import VirtualClock
from tests.portal import (
    CODE,
    UNIT,
    InProcess,
    Lost,
    Province,
    a_code,
    a_portal,
    a_province,
    a_wire_dossier,
    a_wire_step,
)


@dataclass
class Client:
    """A client whose presence the test decides."""

    here: bool = True

    def __call__(self) -> bool:
        return self.here


def begin(portal: Portal, session: str, service: str, client: Client | None = None, **fields: object) -> Directive:
    """A call that has arrived and is not answered yet."""
    message = {"session": session, "madonvi": UNIT, "service": service, **fields}
    body = json.dumps(message).encode()
    path = f"{PREFIXES[0]}/mapi/integration"
    return portal.handle(Request("POST", path, {}, {"dstcode": DSTCODE}, body, client or Client()))


def end(directive: Directive, *, received: bool = True) -> None:
    directive.exchange.release()
    directive.exchange.settle(received)


def test_a_correct_province_leaves_every_counter_at_zero() -> None:
    """
    Create, timeline, update: nothing to complain about.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())
    province.step(a_wire_step(TrangThai="4"), a_wire_step(ThoiDiemXuLy="20260310080000", TrangThai="9"))
    province.push(a_wire_dossier(TrangThaiHoSo="9"), updating="True")

    assert set(portal.counters().violations) == set(MUST_STAY_ZERO)
    assert not any(portal.counters().violations.values())
    assert portal.counters().calls == 4


def test_names_of_the_counters_that_must_stay_at_zero_exist() -> None:
    """
    A misspelt name would be a counter that never fires.
    """
    assert set(MUST_STAY_ZERO) <= set(Counters.__dataclass_fields__)


def test_two_calls_for_one_dossier_at_the_same_time_are_counted() -> None:
    """
    Any two of push, timeline, look-up; other dossiers do not matter.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier(a_code(1)))
    first = begin(portal, province.session, "DongBoHoSoMC", isUpdating="True", data=[a_wire_dossier(a_code(1))])

    end(begin(portal, province.session, "TraCuuHoSo", mahoso=a_code(2)))
    assert portal.counters().overlapping_calls == 0
    end(begin(portal, province.session, "TraCuuHoSo", mahoso=a_code(1).lower()))
    assert portal.counters().overlapping_calls == 1
    end(first)
    end(begin(portal, province.session, "TraCuuHoSo", mahoso=a_code(1)))
    assert portal.counters().overlapping_calls == 1


def test_a_call_whose_client_has_gone_is_over() -> None:
    """
    The client gave up during a stall and asks again: that is no overlap.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())
    client = Client()
    begin(portal, province.session, "TraCuuHoSo", client, mahoso=CODE)
    client.here = False

    end(begin(portal, province.session, "TraCuuHoSo", mahoso=CODE))

    assert portal.counters().overlapping_calls == 0


@pytest.mark.parametrize(
    ("start", "then", "count"),
    [("10", "9", 1), ("3", "2", 1), ("9", "4", 0), ("2", "10", 0), ("4", "3", 1), ("9", "2", 1), ("7", "4", 0)],
)
def test_the_public_status_must_not_move_backwards(start: str, then: str, count: int) -> None:
    """
    Pull-backs that the law knows and steps left out are no fault; anything else is.
    """
    portal = a_portal()
    province = a_province(portal)
    dates = {"NgayTuChoi": "20260303080000"}
    province.push(a_wire_dossier(TrangThaiHoSo=start, **dates))

    province.push(a_wire_dossier(TrangThaiHoSo=then, **dates), updating="True")

    assert portal.counters().status_moved_backwards == count
    record = portal.dossier(CODE)
    assert record is not None
    assert record.moves[-1].legal is (count == 0)


def test_the_first_status_is_free_and_standing_still_is_no_move() -> None:
    """
    A dossier may arrive finished.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier(TrangThaiHoSo="10"))
    province.push(a_wire_dossier(TrangThaiHoSo="10"), updating="True")

    assert portal.counters().status_moved_backwards == 0
    record = portal.dossier(CODE)
    assert record is not None
    assert len(record.moves) == 1


def test_what_is_legal_is_what_the_law_knows() -> None:
    """
    The two final statuses lead nowhere.
    """
    assert not any(legal(final, other) for final in (3, 10) for other in range(1, 11) if other != final)
    assert legal(9, 4)
    assert legal(4, 2)


@pytest.mark.parametrize("kind", [FaultKind.TOO_MANY, FaultKind.CLOSED], ids=str)
def test_coming_back_before_the_time_is_counted(kind: FaultKind) -> None:
    """
    Retry-After holds the whole account, by the portal's clock; at the time itself the door is open.
    """
    clock = VirtualClock()
    portal = a_portal(clock, retry_after_grace_s=0.0)
    province = a_province(portal)
    province.log_in()
    portal.inject(Fault(kind, count=1, retry_after_s=60))
    province.push(a_wire_dossier())

    clock.advance(timedelta(seconds=59))
    province.look_up(a_code(5))
    assert portal.counters().retry_after_ignored == 1
    province.log_in()
    assert portal.counters().retry_after_ignored == 2
    clock.advance(timedelta(seconds=1))
    province.push(a_wire_dossier())
    assert portal.counters().retry_after_ignored == 2


def test_calls_already_on_their_way_are_excused_unless_they_were_told() -> None:
    """
    Within the grace another dossier may still come in; the dossier that was sent away may not.
    """
    portal = a_portal(retry_after_grace_s=60.0)
    province = a_province(portal)
    province.log_in()
    portal.inject(Fault(FaultKind.TOO_MANY, count=1, retry_after_s=60))
    province.push(a_wire_dossier(a_code(1)))

    province.push(a_wire_dossier(a_code(2)))
    assert portal.counters().retry_after_ignored == 0
    province.push(a_wire_dossier(a_code(1)))
    assert portal.counters().retry_after_ignored == 1


def test_another_province_is_not_held() -> None:
    """
    The answer was for one account.
    """
    portal = a_portal(retry_after_grace_s=0.0)
    portal.add_account(Account.of_province("H98", "x"))
    held, free = a_province(portal), Province(InProcess(portal), username="000.00.00.H98", password="x", unit="H98")
    held.log_in()
    portal.inject(Fault(FaultKind.TOO_MANY, count=1, retry_after_s=60))
    held.push(a_wire_dossier())

    free.log_in()

    assert portal.counters().retry_after_ignored == 0


def test_nobody_obeys_an_answer_that_did_not_arrive() -> None:
    """
    The client was gone when the portal said to wait.
    """
    portal = a_portal(retry_after_grace_s=0.0)
    province = a_province(portal)
    province.log_in()
    portal.inject(Fault(FaultKind.TOO_MANY, count=1, retry_after_s=60))
    end(begin(portal, province.session, "TraCuuHoSo", mahoso=CODE), received=False)

    province.look_up()

    assert portal.counters().retry_after_ignored == 0


def test_a_step_sent_again_after_a_clean_answer_is_counted() -> None:
    """
    The portal said "thành công", and the client did not remember.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())
    province.step(a_wire_step())
    assert portal.counters().steps_repeated_after_clean_answer == 0

    province.step(a_wire_step(), a_wire_step(NoiDungXuLy="Mới"))

    assert portal.counters().steps_repeated_after_clean_answer == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.DROP, count=1, after_work=True),
        Fault(FaultKind.STALL, count=1, after_work=True),
        Fault(FaultKind.CUT, count=1),
        Fault(FaultKind.HTTP, count=1, status=504, after_work=True),
        Fault(FaultKind.HTML, count=1, after_work=True),
        Fault(FaultKind.EMPTY, count=1, after_work=True),
        Fault(FaultKind.TEXT, count=1, after_work=True),
        Fault(FaultKind.HALF_JSON, count=1),
        Fault(FaultKind.DOUBLE, count=1),
        Fault(FaultKind.PARTIAL, count=1),
    ],
    ids=lambda fault: fault.kind.value,
)
def test_a_step_sent_again_after_an_unclean_answer_is_not(fault: Fault) -> None:
    """
    What the client could not know, it may repeat; the portal ignores the repeat and counts it apart.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())
    portal.inject(fault)
    try:
        province.step(a_wire_step())
    except Lost:
        assert fault.kind in (FaultKind.DROP, FaultKind.STALL, FaultKind.CUT)

    province.step(a_wire_step())

    assert portal.counters().steps_repeated == 1
    assert portal.counters().steps_repeated_after_clean_answer == 0


@pytest.mark.parametrize("kind", [FaultKind.INT_CODE, FaultKind.PADDED_CODE, FaultKind.SLOW], ids=str)
def test_another_form_of_success_is_a_clean_answer(kind: FaultKind) -> None:
    """
    Acceptance is a matter of value, not of form.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())
    portal.inject(Fault(kind, count=1))
    province.step(a_wire_step())

    province.step(a_wire_step())

    assert portal.counters().steps_repeated_after_clean_answer == 1


def test_an_answer_that_turns_out_unread_was_not_clean() -> None:
    """
    The server learns late that the client had gone: the earlier count is taken back.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())
    answered = begin(portal, province.session, "CapNhatTienDoHoSoMC", data=[a_wire_step()])
    end(answered)
    province.step(a_wire_step())
    assert portal.counters().steps_repeated_after_clean_answer == 1

    answered.exchange.settle(False)

    assert portal.counters().steps_repeated_after_clean_answer == 0


def test_steps_that_arrive_out_of_order_are_counted() -> None:
    """
    Order by ThoiDiemXuLy within a dossier; equal times are in order.
    """
    portal = a_portal()
    province = a_province(portal)
    for serial in (1, 2):
        province.push(a_wire_dossier(a_code(serial)))
    at = {hour: f"202603030{hour}0000" for hour in range(1, 6)}

    province.step(
        *[a_wire_step(a_code(1), ThoiDiemXuLy=at[hour], NoiDungXuLy=f"{n}") for n, hour in enumerate((1, 3, 3, 2, 4))]
    )
    province.step(a_wire_step(a_code(2), ThoiDiemXuLy=at[1]))

    assert portal.counters().steps_out_of_order == 1


def test_creates_of_what_exists_are_counted() -> None:
    """
    A lost answer that was not looked up shows here.
    """
    portal = a_portal()
    province = a_province(portal)
    for _ in range(3):
        province.push(a_wire_dossier())

    assert portal.counters().creates_of_existing == 2
    assert portal.counters().creates == 1


def test_the_log_of_calls_tells_what_arrived_in_which_order() -> None:
    """
    What tests read: service, dossier, number of items, code, whether the answer went out.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())
    portal.inject(Fault(FaultKind.DROP, count=1, after_work=True))
    with pytest.raises(Lost):
        province.step(a_wire_step(), a_wire_step(NoiDungXuLy="Khác"))

    calls = portal.calls()

    assert [(call.number, call.service, call.items, call.code, call.received) for call in calls] == [
        (1, "login", 0, 0, True),
        (2, "DongBoHoSoMC", 1, 0, True),
        (3, "CapNhatTienDoHoSoMC", 2, 0, False),
    ]
    assert [call.updating for call in portal.calls("DongBoHoSoMC")] == ["False"]
    assert len(portal.calls(dossier=CODE)) == 2
    assert {call.account for call in calls} == {UNIT}
