"""Every fault of contract 18.4 can be seen from outside, and every profile is the same for the same seed."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from connectors.mocks import Ending, Request
from connectors.national_portal.mock import DSTCODE, PREFIXES, PROFILES, Fault, FaultKind, Portal
from gateway.sandbox import VirtualClock
from tests.portal import CODE, Lost, Province, Reply, a_code, a_portal, a_province, a_wire_dossier, a_wire_step

DOSSIERS = frozenset({"DongBoHoSoMC"})


def push_under(fault: Fault) -> tuple[Portal, Reply | Lost]:
    portal = a_portal()
    province = a_province(portal)
    province.log_in()
    portal.inject(fault)
    try:
        return portal, province.push(a_wire_dossier())
    except Lost as lost:
        return portal, lost


def stored(portal: Portal) -> bool:
    return portal.dossier(CODE) is not None


@pytest.mark.parametrize("after_work", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", [FaultKind.STALL, FaultKind.DROP], ids=str)
def test_an_answer_can_be_lost_before_or_after_the_work(kind: FaultKind, after_work: bool) -> None:
    """
    The client sees the same, the portal knows whether the dossier is in.
    """
    portal, lost = push_under(Fault(kind, DOSSIERS, count=1, after_work=after_work))

    assert isinstance(lost, Lost)
    assert lost.args == (Ending.DROP,)
    assert stored(portal) is after_work
    assert portal.calls("DongBoHoSoMC")[0].received is False


def test_a_stall_lasts_as_long_as_it_is_told() -> None:
    """
    7 and 70 seconds are settings, of the portal or of the fault.
    """
    portal = a_portal(stall_s=70.0)
    portal.inject(Fault(FaultKind.STALL, count=1))
    portal.inject(Fault(FaultKind.SLOW, count=1, delay_s=1.5))
    request = Request("POST", f"{PREFIXES[0]}/mapi/login", {}, {"dstcode": DSTCODE}, b"{}")

    assert [portal.handle(request).delay_s for _ in range(3)] == [70.0, 1.5, 0.0]


def test_a_slow_answer_comes_complete() -> None:
    """
    Done at once, told later.
    """
    portal, reply = push_under(Fault(FaultKind.SLOW, DOSSIERS, count=1))

    assert isinstance(reply, Reply)
    assert reply.code == "0"
    assert stored(portal)


def test_a_refused_connection_does_no_work() -> None:
    """
    As if nobody listened.
    """
    portal, lost = push_under(Fault(FaultKind.REFUSE, DOSSIERS, count=1, after_work=True))

    assert isinstance(lost, Lost)
    assert lost.args == (Ending.REFUSE,)
    assert not stored(portal)


def test_an_answer_can_be_cut_on_the_wire() -> None:
    """
    The work is done, half of the answer comes.
    """
    portal, lost = push_under(Fault(FaultKind.CUT, DOSSIERS, count=1))

    assert isinstance(lost, Lost)
    assert lost.args == (Ending.CUT,)
    assert stored(portal)


@pytest.mark.parametrize("after_work", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("status", [500, 502, 504])
def test_an_adapter_can_fail_with_a_page(status: int, after_work: bool) -> None:
    """
    13.3: HTML with an error status.
    """
    portal, reply = push_under(Fault(FaultKind.HTTP, DOSSIERS, count=1, status=status, after_work=after_work))

    assert isinstance(reply, Reply)
    assert reply.status == status
    assert reply.body.startswith(b"<!DOCTYPE html>")
    assert stored(portal) is after_work


@pytest.mark.parametrize("after_work", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("kind", "start"),
    [(FaultKind.HTML, b"<!DOCTYPE html>"), (FaultKind.EMPTY, b"")],
    ids=["html", "empty"],
)
def test_a_success_status_can_carry_nonsense(kind: FaultKind, start: bytes, after_work: bool) -> None:
    """
    13.3: 200 with a page, or with nothing.
    """
    portal, reply = push_under(Fault(kind, DOSSIERS, count=1, after_work=after_work))

    assert isinstance(reply, Reply)
    assert reply.status == 200
    assert reply.body.startswith(start)
    assert bool(reply.body) is bool(start)
    assert stored(portal) is after_work


@pytest.mark.parametrize(
    ("after_work", "text"), [(False, "Lỗi hệ thống"), (True, "Đồng bộ hồ sơ thành công")], ids=["before", "after"]
)
def test_an_answer_can_be_plain_text(after_work: bool, text: str) -> None:
    """
    13.3: only the words tell.
    """
    portal, reply = push_under(Fault(FaultKind.TEXT, DOSSIERS, count=1, after_work=after_work))

    assert isinstance(reply, Reply)
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.body.decode() == text
    assert stored(portal) is after_work


def test_an_answer_can_be_half_json() -> None:
    """
    A complete HTTP answer, an incomplete envelope.
    """
    portal, reply = push_under(Fault(FaultKind.HALF_JSON, DOSSIERS, count=1))

    assert isinstance(reply, Reply)
    assert reply.body.startswith(b'{"error_code": ')
    with pytest.raises(ValueError):
        json.loads(reply.body)
    assert stored(portal)


def test_the_portal_can_fail_by_its_own_word() -> None:
    """
    13.2: code -1, nothing done.
    """
    portal, reply = push_under(Fault(FaultKind.ERROR, DOSSIERS, count=1))

    assert isinstance(reply, Reply)
    assert reply.json == {"error_code": "-1", "message": "Lỗi hệ thống"}
    assert not stored(portal)


@pytest.mark.parametrize(
    ("kind", "words"), [(FaultKind.NO_SUCCESS, "thất bại"), (FaultKind.SAYS_EXISTS, "đã tồn tại")], ids=str
)
def test_code_zero_can_be_no_success(kind: FaultKind, words: str) -> None:
    """
    15.2: the message says otherwise, and nothing was done.
    """
    portal, reply = push_under(Fault(kind, DOSSIERS, count=1))

    assert isinstance(reply, Reply)
    assert reply.code == "0"
    assert words in reply.message
    assert not stored(portal)


@pytest.mark.parametrize(("kind", "code"), [(FaultKind.PADDED_CODE, "00"), (FaultKind.INT_CODE, 0)], ids=str)
def test_code_zero_has_other_forms(kind: FaultKind, code: str | int) -> None:
    """
    15.1
    """
    portal, reply = push_under(Fault(kind, DOSSIERS, count=1))

    assert isinstance(reply, Reply)
    assert reply.json["error_code"] == code
    assert stored(portal)


@pytest.mark.parametrize(("form", "read", "push"), [("string", "0", "0"), ("int", 0, 0), ("padded", "00", "00")])
def test_the_form_of_codes_can_be_set_for_good(form: str, read: str | int, push: str | int) -> None:
    """
    Contract 20.3 is open.
    """
    province = a_province(a_portal(code_form=form))

    assert province.push(a_wire_dossier()).json["error_code"] == push
    assert province.look_up().json["error_code"] == read


def test_a_session_can_die_before_a_call() -> None:
    """
    15.4: silently; the next login works.
    """
    portal = a_portal()
    province = a_province(portal)
    province.log_in()
    portal.inject(Fault(FaultKind.EXPIRED, DOSSIERS, count=1))

    assert province.push(a_wire_dossier()).code == "-2"
    assert province.look_up().code == "-2"
    province.log_in()
    assert province.push(a_wire_dossier()).code == "0"


def test_an_envelope_can_be_encoded_twice() -> None:
    """
    15.9
    """
    portal, reply = push_under(Fault(FaultKind.DOUBLE, DOSSIERS, count=1))

    assert isinstance(reply, Reply)
    assert json.loads(reply.message) == {"error_code": "0", "message": "Đồng bộ hồ sơ thành công"}
    assert stored(portal)


def test_a_batch_can_be_stored_by_half() -> None:
    """
    18.4: the answer says that it failed.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())
    portal.inject(Fault(FaultKind.PARTIAL, count=2))

    dossiers = province.push(*[a_wire_dossier(a_code(n)) for n in (11, 12, 13)])
    steps = province.step(*[a_wire_step(NoiDungXuLy=f"Bước {n}") for n in range(4)])

    assert dossiers.code == steps.code == "-1"
    assert [record.code for record in portal.dossiers()] == [CODE, a_code(11), a_code(12)]
    record = portal.dossier(CODE)
    assert record is not None
    assert [step.body["NoiDungXuLy"] for step in record.steps] == ["Bước 0", "Bước 1"]


def test_links_can_be_dead() -> None:
    """
    18.4: the portal notes that it could not fetch the files.
    """
    portal, reply = push_under(Fault(FaultKind.FILE_404, DOSSIERS, count=1))

    assert isinstance(reply, Reply)
    assert reply.code == "0"
    record = portal.dossier(CODE)
    assert record is not None
    assert [file.status for file in record.files] == [404]


@pytest.mark.parametrize(
    ("kind", "status", "wait"),
    [
        (FaultKind.TOO_MANY, 429, 30),
        (FaultKind.TOO_MANY, 429, None),
        (FaultKind.CLOSED, 503, 60),
        (FaultKind.CLOSED, 503, None),
    ],
)
def test_the_portal_can_send_a_client_away(kind: FaultKind, status: int, wait: int | None) -> None:
    """
    429 and 503, with and without a time to come back.
    """
    portal, reply = push_under(Fault(kind, DOSSIERS, count=1, retry_after_s=wait))

    assert isinstance(reply, Reply)
    assert reply.status == status
    assert reply.headers.get("retry-after") == (None if wait is None else str(wait))
    assert not stored(portal)


def test_counted_faults_hit_the_named_service_in_order() -> None:
    """
    Skip two good calls, then fail twice; other services go on.
    """
    portal = a_portal()
    province = a_province(portal)
    portal.inject(Fault(FaultKind.ERROR, DOSSIERS, count=2, skip=2))

    codes = [province.push(a_wire_dossier(a_code(n))).code for n in range(5)]

    assert codes == ["0", "0", "-1", "-1", "0"]
    assert province.look_up(a_code(0)).code == "0"
    assert portal.faults == ()
    assert [call.fault for call in portal.calls("DongBoHoSoMC")] == ["", "", "error", "error", ""]


def outcomes(profile: str, seed: int, order: list[int]) -> dict[str, list[str]]:
    """The faults of each dossier's pushes when the dossiers call in *order*."""
    portal = a_portal()
    portal.use_profile(profile, seed)
    province = a_province(portal)
    while not province.session:
        with suppress(Lost, ValueError):
            province.log_in()
    for serial in order:
        with suppress(Lost, ValueError):
            province.push(a_wire_dossier(a_code(serial)), updating="True")
    seen: dict[str, list[str]] = {}
    for call in portal.calls("DongBoHoSoMC"):
        seen.setdefault(call.dossiers[0], []).append(call.fault)
    return seen


@pytest.mark.parametrize("profile", ["flaky", "liar"])
def test_a_profile_is_the_same_for_the_same_seed_whatever_the_order(profile: str) -> None:
    """
    Threads may interleave as they like: the n-th push of a dossier meets the same fault.
    """
    forwards = [serial for serial in range(150) for _ in range(3)]
    shuffled = list(range(150)) * 3

    assert outcomes(profile, 7, forwards) == outcomes(profile, 7, shuffled)
    assert outcomes(profile, 7, forwards) != outcomes(profile, 8, forwards)


@pytest.mark.parametrize("profile", ["flaky", "liar"])
def test_a_profile_shows_each_of_its_faults(profile: str) -> None:
    """
    A profile that never lies would prove nothing.
    """
    faults = PROFILES[profile].faults
    for service in ("DongBoHoSoMC", "CapNhatTienDoHoSoMC"):
        hitting = [fault for fault in faults if fault.hits(service)]
        assert 0.05 < sum(fault.probability for fault in hitting) < 0.35
    seen = Counter(
        fault for faults_of_one in outcomes(profile, 1, list(range(2000))).values() for fault in faults_of_one
    )
    assert {fault.kind.value for fault in faults if fault.hits("DongBoHoSoMC")} <= set(seen)


def test_a_calm_portal_commits_no_fault() -> None:
    """
    The profile to develop against.
    """
    portal = a_portal()
    portal.use_profile("calm", 1)
    province = a_province(portal)

    assert {province.push(a_wire_dossier(a_code(n))).code for n in range(200)} == {"0"}


def test_over_tet_the_portal_is_closed_for_nine_days_and_opens_by_itself() -> None:
    """
    503 with and without Retry-After, dropped and refused connections; then good service without anybody's hand.
    """
    clock = VirtualClock()
    portal = a_portal(clock)
    portal.use_profile("tet", 1)
    province = Province(a_province(portal).wire, session="x")
    seen: Counter[str] = Counter()
    for serial in range(100):
        try:
            reply = province.push(a_wire_dossier(a_code(serial)))
            seen[f"{reply.status} {'waits' if 'retry-after' in reply.headers else ''}"] += 1
        except Lost as lost:
            seen[lost.args[0].value] += 1

    assert set(seen) == {"503 ", "503 waits", "drop", "refuse"}
    clock.advance(timedelta(days=9) - timedelta(seconds=1))
    before = portal.closed
    clock.advance(timedelta(seconds=1))
    assert (before, portal.closed) == (True, False)
    province.session = ""
    assert province.push(a_wire_dossier()).code == "0"
    assert portal.faults == ()
