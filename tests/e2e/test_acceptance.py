"""
The acceptance scenarios of contract 18.5, each by its number: the whole gateway against the portal over real sockets.

Scenario 8 needs payments, which are not part of this gateway yet.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.national_portal.mock import Account, DossierRecord, Fault, FaultKind, Portal, ProcedureSeed, Settings
from connectors.national_portal.mock import outbound as messages
from connectors.national_portal.mock.transport import post_json
from gateway.api import Gateway
from gateway.config import DatabaseSettings, settings_from
from gateway.model import Change, Dossier, DossierStatus, Origin, ProcedureCode, ProcessingStep, unfold
from gateway.sandbox import VirtualClock, serve
from gateway.store.views import PartnerStatus
from tests.builders import CODE, MORNING, a_code, a_dossier, a_result, a_step, a_supplement

PASSWORD = "mat-khau-vi-du"
PUSH, STEPS, OUTCOME, LOOKUP = "DongBoHoSoMC", "CapNhatTienDoHoSoMC", "DongBoTrangThaiHoSo", "TraCuuHoSo"
PROMOTION_CODE = "G22.99-260305-00011"
PROMOTION = {
    "MaHoSo": PROMOTION_CODE,
    "MaTTHC": "2.000033",
    "NgayNopHoSo": "20260305140000",
    "TenThuongNhan": "Công ty TNHH Ví Dụ",
    "MaSoThue": "0100233488",
    "TenChuongTrinhKhuyenMai": "Khuyến mại ví dụ",
}
S = DossierStatus


class Province:
    """A gateway on its own file, a portal on a socket, and a one-stop system that tells the gateway what happens."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.clock = VirtualClock(datetime(2026, 3, 10, 1, 0, tzinfo=UTC))
        self.portal = Portal(Settings(stall_s=1.0), self.clock)
        self.portal.add_account(Account.of_province("H99", PASSWORD))
        self.portal.add_procedures([ProcedureSeed("1.001193", "Thủ tục đăng ký khai sinh", "G15-HT01", "Hộ tịch")])
        running = stack.enter_context(serve(self.portal))
        values = {
            "tenant": {"code": "H99"},
            "database": {"path": str(folder / "gateway.db")},
            "delivery": {"concurrency": 4, "poll_s": 0.05, "retry": {"base_s": 0.5, "cap_s": 60.0}},
            "partners": {
                "cong": {
                    "connector": "national_portal",
                    "adapter_url": running.url,
                    "madonvi": "000.00.00.H99",
                    "username": "000.00.00.H99",
                    "password": PASSWORD,
                    "read_timeout_s": 0.4,
                    "catalogue_retry_s": 0.001,
                }
            },
        }
        self.gateway = stack.enter_context(Gateway(settings_from(values), clock=self.clock))

    def tell(self, *bodies: Dossier | ProcessingStep) -> None:
        """The one-stop system submits; everything is new and accepted."""
        changes = [
            Change(source="motcua", source_id=f"{body.kind}:{number}:{hash(repr(body))}", body=body)
            for number, body in enumerate(bodies)
        ]
        receipts = self.gateway.submit_many(changes)
        assert [(receipt.refusal, receipt.duplicate) for receipt in receipts] == [(None, False)] * len(bodies)

    def deliver(self) -> PartnerStatus:
        """Deliver until nothing waits but dead letters; the portal must have seen nothing improper."""
        self.gateway.run_until_idle()
        assert set(self.portal.counters().violations.values()) == {0}
        return self.gateway.status()[0]

    def happens(self, kind: FaultKind, service: str, **how: Any) -> None:
        self.portal.inject(Fault(kind, frozenset({service}), **{"count": 1, **how}))

    def dossier(self, code: str = CODE) -> DossierRecord:
        record = self.portal.dossier(code)
        assert record is not None
        return record

    def services(self, *names: str) -> list[str]:
        return [call.service for call in self.portal.calls() if call.service in names]


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Province]:
    with ExitStack() as stack:
        yield Province(tmp_path, stack)


def step(status: DossierStatus, hours: int) -> ProcessingStep:
    return a_step(status=status, at=MORNING + timedelta(hours=hours), content=f"Bước sau {hours} giờ")


def with_history(final: Dossier, *statuses: DossierStatus) -> list[Change]:
    """The changes that tell *final* with one step an hour."""
    return unfold(final, [step(status, hours) for hours, status in enumerate(statuses)], "motcua")


def statuses(record: DossierRecord) -> list[int]:
    return [int(step.status) for step in record.steps]


def returned(hours: int, **changes: Any) -> Dossier:
    at = MORNING + timedelta(hours=hours)
    values: dict[str, Any] = {
        "status": S.RETURNED,
        "status_at": at,
        "completed_at": at - timedelta(hours=1),
        "returned_at": at,
        "results": (a_result(),),
    }
    return a_dossier(**values | changes)


def test_01_a_dossier_runs_its_course_and_counts_as_on_time(province: Province) -> None:
    """
    Create, timeline 2 → 4 → 9 → 10, result link; the report shows it on time.
    """
    province.tell(a_dossier(), step(S.ACCEPTED, 0))
    province.deliver()
    province.tell(step(S.PROCESSING, 1), step(S.FINISHED, 2), step(S.RETURNED, 3), returned(3))
    province.deliver()

    record = province.dossier()
    assert (record.creates, statuses(record), record.status) == (1, [2, 4, 9, 10], 10)
    assert record.header["DanhSachGiayToKetQua"][0]["DuongDanTepTinKetQua"] == a_result().url
    report = province.portal.report(MORNING - timedelta(days=1), MORNING + timedelta(days=1))
    assert (report.synced, report.on_time.part, report.electronic_result.part) == (1, 1, 1)


def test_02_a_dossier_that_exists_there_becomes_an_update(province: Province, tmp_path: Path) -> None:
    """
    The same create twice, by two gateways that do not know of each other: one dossier, the second is an update.
    """
    province.tell(a_dossier())
    province.deliver()
    elsewhere = DatabaseSettings(path=tmp_path / "other.db")
    settings = province.gateway.settings.model_copy(update={"database": elsewhere})
    with Gateway(settings, clock=province.clock) as other:
        other.submit(Change(source="motcua", source_id="1", body=a_dossier(subject="Khai sinh, đã đính chính")))
        other.run_until_idle()

    record = province.dossier()
    assert (record.creates, len(record.versions)) == (1, 2)
    assert record.versions[-1].updating
    assert record.header["TrichYeuHoSo"] == "Khai sinh, đã đính chính"
    assert set(province.portal.counters().violations.values()) == {0}


@pytest.mark.parametrize("kind", [FaultKind.STALL, FaultKind.DROP, FaultKind.HTML], ids=str)
def test_03_an_answer_that_is_lost_after_the_work_makes_no_double(province: Province, kind: FaultKind) -> None:
    """
    Time-out after accept: the dossier is looked up, not sent again, and ends accepted.
    """
    province.happens(kind, PUSH, after_work=True)
    province.tell(a_dossier())

    state = province.deliver()

    assert (state.delivered, state.unknown, state.pending) == (1, 0, 0)
    assert (province.dossier().creates, province.dossier().status) == (1, 2)
    assert province.services(PUSH, LOOKUP)[:2] == [PUSH, LOOKUP]


def test_04_a_session_that_ends_between_dossier_and_timeline_costs_one_login(province: Province) -> None:
    """
    Re-login once, the timeline arrives.
    """
    province.tell(a_dossier())
    province.deliver()
    province.portal.expire_sessions()
    province.tell(step(S.ACCEPTED, 0), step(S.PROCESSING, 1))

    state = province.deliver()

    assert statuses(province.dossier()) == [2, 4]
    assert province.portal.counters().logins == 2
    assert state.attempts == 3


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        pytest.param(FaultKind.ERROR, {}, id="refused for now"),
        pytest.param(FaultKind.DROP, {"after_work": True}, id="done, answer lost"),
        pytest.param(FaultKind.DROP, {}, id="lost before the work"),
        pytest.param(FaultKind.PARTIAL, {}, id="half of it stored"),
        pytest.param(FaultKind.CLOSED, {"retry_after_s": 30}, id="busy"),
    ],
)
def test_05_twenty_three_steps_survive_a_failing_middle_call(
    province: Province, kind: FaultKind, how: dict[str, Any]
) -> None:
    """
    23 steps travel as 10, 10 and 3; when the second call fails, it is resumed without loss, double or disorder.
    """
    province.happens(kind, STEPS, skip=1, **how)
    steps = [step(S.ACCEPTED, 0)] + [step(S.PROCESSING, hours) for hours in range(1, 23)]
    province.tell(a_dossier(), *steps)

    province.deliver()

    record = province.dossier()
    assert [entry.body["NoiDungXuLy"] for entry in record.steps] == [each.content for each in steps]
    sizes = [call.items for call in province.portal.calls(STEPS)]
    assert (sizes[:2], sizes[-1]) == ([10, 10], 3)
    assert province.portal.counters().steps_counted_twice == 0


def test_05_without_a_fault_it_is_three_calls(province: Province) -> None:
    """
    10, 10 and 3.
    """
    province.tell(a_dossier(), *(step(S.PROCESSING if hours else S.ACCEPTED, hours) for hours in range(23)))

    province.deliver()

    assert [call.items for call in province.portal.calls(STEPS)] == [10, 10, 3]


def test_06_a_supplement_arrives_with_its_new_due_date(province: Province) -> None:
    """
    2 → 4 → 5 → 4 → 9, the new date in DanhSachHoSoBoSung.
    """
    due = MORNING + timedelta(days=30)
    done = a_supplement(
        received_at=MORNING + timedelta(days=3), received_by="Trần Thị Thử",
        due_before=MORNING + timedelta(days=21), due_after=due,
    )  # fmt: skip
    final = a_dossier(
        status=S.FINISHED, status_at=MORNING + timedelta(hours=4), completed_at=MORNING + timedelta(hours=4),
        due_at=due, supplements=(done,),
    )  # fmt: skip
    changes = with_history(final, S.ACCEPTED, S.PROCESSING, S.SUPPLEMENT_REQUESTED, S.PROCESSING, S.FINISHED)
    assert not any(receipt.refusal for receipt in province.gateway.submit_many(changes))

    province.deliver()

    record = province.dossier()
    (arrived,) = record.header["DanhSachHoSoBoSung"]
    assert (statuses(record), record.status) == ([2, 4, 5, 4, 9], 9)
    assert arrived["NgayHenTraMoi"] == record.header["NgayHenTra"] == "20260401092000"
    assert arrived["NgayHenTraTruoc"] == "20260323092000"


def test_07_a_refusal_is_told_as_a_refusal(province: Province) -> None:
    """
    Status 3 with its date, and no invented end of the timeline.
    """
    at = MORNING + timedelta(hours=2)
    province.tell(
        a_dossier(status=S.SUBMITTED, status_at=MORNING, accepted_at=None, due_at=None),
        a_dossier(status=S.REFUSED, status_at=at, accepted_at=None, due_at=None, refused_at=at),
    )

    province.deliver()

    record = province.dossier()
    assert (record.status, record.header["NgayTuChoi"], record.header["NgayKetThucXuLy"]) == (3, "20260302112000", "")
    assert record.steps == ()


@contextmanager
def front_door(gateway: Gateway) -> Iterator[str]:
    """The province's own address for the portal's calls, carrying them to ``Gateway.receive``."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = gateway.receive("cong", self.path, body)
            assert reply is not None
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/VXPAdapter/RestService/forward"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def codes(sent: Sequence[messages.Sent]) -> list[str]:
    return [str(answer.error_code) for answer in sent]


def from_portal(status: DossierStatus, **changes: Any) -> Dossier:
    """The promotion dossier as the one-stop system reports on it."""
    values: dict[str, Any] = {
        "code": PROMOTION_CODE,
        "procedure": ProcedureCode.parse("2.000033"),
        "status": status,
        "status_at": MORNING + timedelta(days=4),
        "submitted_at": MORNING + timedelta(days=3, hours=5),
        "accepted_at": MORNING + timedelta(days=4),
        "origin": Origin.PORTAL,
        "local_code": "H99.01.01-260306-0001",
    }
    return a_dossier(**values | changes)


def test_09_a_promotion_dossier_of_the_portal_is_stored_once_and_answered(province: Province) -> None:
    """
    Sent twice, stored once; what becomes of it is told by DongBoTrangThaiHoSo, never by DongBoHoSoMC.
    """
    with front_door(province.gateway) as url:
        sent = province.portal.send(messages.promotion(PROMOTION), url, post_json, times=2)
    province.deliver()
    province.tell(from_portal(S.ACCEPTED))
    province.deliver()

    assert codes(sent) == ["0", "1"]
    assert province.gateway.totals()["dossiers"] == 1
    (outcome,) = province.dossier(PROMOTION_CODE).outcomes
    assert (outcome.body["TrangThai"], outcome.body["MaHoSoDonVi"]) == ("2", "H99.01.01-260306-0001")
    assert province.services(PUSH, STEPS) == []


def test_09_a_one_stop_system_that_does_not_say_where_it_was_born_changes_nothing(province: Province) -> None:
    """
    An export knows no origin: a dossier that the portal gave us stays the portal's.
    """
    with front_door(province.gateway) as url:
        province.portal.send(messages.promotion(PROMOTION), url, post_json)
    province.tell(from_portal(S.ACCEPTED, origin=Origin.LOCAL))

    province.deliver()

    assert province.services(PUSH, STEPS) == []
    assert len(province.dossier(PROMOTION_CODE).outcomes) == 1


def test_10_a_tax_notice_with_an_unknown_dossier_is_kept_for_a_person(province: Province) -> None:
    """
    Two dossiers in one notice, one unknown: both are kept, the answer is 0; the same message again adds nothing.
    """
    province.tell(a_dossier())
    province.deliver()
    row = {
        "MA_SO_THUE": "0100233488", "SO_QUYET_DINH": "17/TB", "NGAY_QUYET_DINH": "05-03-2026",
        "TEN_TIEUMUC": "Tiền thuê đất", "SO_TIEN": "1500000",
    }  # fmt: skip
    notice = messages.tax_notice([(CODE, [row]), (str(a_code(9999)), [row])])

    with front_door(province.gateway) as url:
        sent = province.portal.send(notice, url, post_json, times=2)

    assert codes(sent) == ["0", "0"]
    assert sorted(entry.dossier or "for a person" for entry in province.gateway.received()) == [CODE, "for a person"]
    assert province.gateway.totals() == {"dossiers": 1, "dossier": 1, "notice": 1}


def test_11_an_unknown_procedure_is_parked_and_the_others_go_on(province: Province) -> None:
    """
    One dead letter that names the procedure; its own lane waits, every other dossier arrives.
    """
    parked = a_dossier(code=a_code(1), procedure=ProcedureCode.parse("1.004194"))
    province.tell(
        parked,
        a_step(dossier=a_code(1)),
        *(a_dossier(code=a_code(serial)) for serial in range(2, 12)),
    )

    state = province.deliver()

    (letter,) = province.gateway.dead_letters()
    assert (letter.dossier, letter.waiting_behind) == (str(a_code(1)), 1)
    assert "1.004194" in letter.text
    assert (state.delivered, state.dead, state.pending) == (10, 1, 1)
    assert len(province.portal.dossiers()) == 10


def test_11_once_the_portal_knows_it_the_parked_one_follows(province: Province) -> None:
    """
    The letter is requeued, and what stood behind it arrives after it.
    """
    province.tell(a_dossier(code=a_code(1), procedure=ProcedureCode.parse("1.004194")), a_step(dossier=a_code(1)))
    province.deliver()
    province.portal.add_procedures([ProcedureSeed("1.004194", "Đăng ký tạm trú", "G01-CT01", "Cư trú")])

    province.gateway.requeue([letter.id for letter in province.gateway.dead_letters()])
    state = province.deliver()

    assert (state.delivered, state.dead, state.pending) == (2, 0, 0)
    assert statuses(province.dossier(str(a_code(1)))) == [2]


def test_12_long_texts_are_cut_for_the_portal_and_kept_by_us(province: Province) -> None:
    """
    A subject of 1,400 characters and an officer's name of 80 are accepted; nobody else sees them shortened.
    """
    subject = "Đề nghị cấp bản sao trích lục khai sinh " * 35
    officer = "Trần Thị Thử " * 6 + "AB"
    province.tell(a_dossier(subject=subject), a_step(officer=officer))

    province.deliver()

    record = province.dossier()
    told, name = record.header["TrichYeuHoSo"], record.steps[0].body["NguoiXuLy"]
    assert len(officer) == 80
    assert len(told) <= 1000
    assert len(name) <= 50
    assert subject.startswith(told.rstrip("….").rstrip())
    assert officer.startswith(name.rstrip("….").rstrip())
