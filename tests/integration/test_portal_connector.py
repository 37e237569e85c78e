"""The connector against the portal over real sockets: what ends up in the portal's own ledger."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from typing import Any

import pytest

from connectors.national_portal.connector import NationalPortal
from connectors.national_portal.mock import PREFIXES, Account, Fault, FaultKind, Portal, ProcedureSeed, Settings
from gateway.errors import AuthenticationFailed, Busy, DeliveryError, Faulted, OutcomeUnknown, Rejected, Unreachable
from gateway.http import Engine
from gateway.model import ApplicantKind, DossierStatus, Identifier, IdentifierKind, Origin
from gateway.ports import Delivered, Failed, Finding, Outcome
from gateway.sandbox import VirtualClock, serve
from tests.builders import (
    CODE,
    MORNING,
    a_code,
    a_document,
    a_dossier,
    a_result,
    a_step,
    a_supplement,
    an_applicant,
)
from tests.portal_scripts import a_message, portal_settings

PASSWORD = "mat-khau-vi-du"
HEADERS = frozenset({"DongBoHoSoMC"})
STEPS = frozenset({"CapNhatTienDoHoSoMC"})
THREADS = 8


class Setting:
    """A portal on a socket and connectors in front of it."""

    def __init__(self, stack: ExitStack, engine: Engine, **portal: Any) -> None:
        self.engine = engine
        self.clock = VirtualClock()
        self.portal = Portal(Settings(**{"stall_s": 1.0, **portal}), self.clock)
        self.portal.add_account(Account.of_province("H99", PASSWORD))
        self.portal.add_procedures([ProcedureSeed("1.001193", "Thủ tục đăng ký khai sinh", "G15-HT01", "Hộ tịch")])
        self._stack = stack
        self.url = stack.enter_context(serve(self.portal)).url

    def connector(self, **changes: Any) -> NationalPortal:
        values: dict[str, Any] = {
            "adapter_url": self.url,
            "engine": self.engine,
            "password": PASSWORD,
            "read_timeout_s": 0.4,
            "timeout_s": 5.0,
        }
        connector = NationalPortal("cong", portal_settings(**values | changes))
        return self._stack.enter_context(closing(connector))

    def happens(self, kind: FaultKind, services: frozenset[str] = frozenset(), **how: Any) -> None:
        self.portal.inject(Fault(kind, services, **{"count": 1, **how}))

    def statuses(self) -> list[str]:
        record = self.portal.dossier(CODE)
        assert record is not None
        return [step.status for step in record.steps]


@pytest.fixture
def engine() -> Engine:
    return "httpx"


@pytest.fixture
def build(engine: Engine) -> Iterator[Callable[..., Setting]]:
    with ExitStack() as stack:
        yield lambda **portal: Setting(stack, engine, **portal)


both_engines = pytest.mark.parametrize("engine", ["httpx", "fast"])


@pytest.fixture
def setting(build: Callable[..., Setting]) -> Setting:
    return build()


def history(*statuses: int) -> list[Any]:
    return [
        a_message(
            a_step(status=DossierStatus(status), at=MORNING + timedelta(hours=number), content=f"Bước {number}"),
        )
        for number, status in enumerate(statuses)
    ]


def fine(outcomes: Sequence[Outcome]) -> bool:
    return all(isinstance(outcome, Delivered) for outcome in outcomes)


def error_of(outcome: Outcome) -> DeliveryError:
    assert isinstance(outcome, Failed)
    return outcome.error


@both_engines
def test_a_dossier_runs_its_course(setting: Setting) -> None:
    """
    Created, 2 → 4 → 9 → 10, result attached: the portal's report counts it as on time (18.5.1).
    """
    connector = setting.connector()
    finished = a_dossier(
        status=DossierStatus.RETURNED,
        status_at=MORNING + timedelta(hours=3),
        completed_at=MORNING + timedelta(hours=2),
        returned_at=MORNING + timedelta(hours=3),
        results=(a_result(),),
    )

    outcomes = [
        *connector.deliver([a_message(a_dossier())]),
        *connector.deliver(history(2, 4, 9, 10)),
        *connector.deliver([a_message(finished, established=True)]),
    ]

    assert outcomes == [Delivered()] * 6
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert (record.creates, record.status, setting.statuses()) == (1, 10, ["2", "4", "9", "10"])
    assert record.header["DanhSachGiayToKetQua"][0]["MaGiayToKetQua"] == "KQ.H99.000001"
    counters = setting.portal.counters()
    assert set(counters.violations.values()) == {0}
    assert (counters.logins, counters.invalid_items, counters.unknown_fields, counters.flagged_moves) == (1, 0, 0, 0)


@pytest.mark.parametrize("code", ["3", "-3", "0"])
def test_the_same_create_twice_is_one_dossier(build: Callable[..., Setting], code: str) -> None:
    """
    In any of the three forms of "đã tồn tại" the second becomes an update (18.5.2).
    """
    setting = build(duplicate_code=code)
    connector = setting.connector()

    outcomes = [connector.deliver([a_message(a_dossier())])[0] for _ in range(2)]

    assert fine(outcomes)
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert [version.updating for version in record.versions] == [False, True]


@both_engines
@pytest.mark.parametrize(
    "kind",
    [FaultKind.STALL, FaultKind.SLOW, FaultKind.DROP, FaultKind.CUT, FaultKind.HTML, FaultKind.EMPTY, FaultKind.HTTP],
)
def test_an_answer_lost_after_the_work_is_looked_up(setting: Setting, kind: FaultKind) -> None:
    """
    The portal has the dossier and says so when asked: nothing is sent again (18.5.3).
    """
    setting.happens(kind, HEADERS, after_work=True)
    connector = setting.connector()
    message = a_message(a_dossier(results=(a_result(),), supplements=(a_supplement(),)))

    assert type(error_of(connector.deliver([message])[0])) is OutcomeUnknown
    assert connector.probe(message).finding is Finding.APPLIED
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert len(record.versions) == 1


@both_engines
@pytest.mark.parametrize("kind", [FaultKind.STALL, FaultKind.DROP, FaultKind.HTML, FaultKind.EMPTY, FaultKind.HTTP])
def test_an_answer_lost_before_the_work_is_looked_up_too(setting: Setting, kind: FaultKind) -> None:
    """
    The portal does not have it, so it may go again.
    """
    setting.happens(kind, HEADERS)
    connector = setting.connector()
    message = a_message(a_dossier())

    assert type(error_of(connector.deliver([message])[0])) is OutcomeUnknown
    assert connector.probe(message).finding is Finding.ABSENT
    assert fine(connector.deliver([message]))


def test_a_lost_update_is_noticed(setting: Setting) -> None:
    """
    The portal has the dossier, but as it was before.
    """
    connector = setting.connector()
    connector.deliver([a_message(a_dossier())])
    setting.happens(FaultKind.DROP, HEADERS)
    update = a_message(a_dossier(results=(a_result(),)), established=True)

    assert type(error_of(connector.deliver([update])[0])) is OutcomeUnknown
    assert connector.probe(update).finding is Finding.DIFFERS
    assert connector.deliver([update]) == [Delivered()]
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert [len(version.header["DanhSachGiayToKetQua"]) for version in record.versions] == [0, 1]


@both_engines
def test_eight_threads_log_in_once(setting: Setting) -> None:
    """
    They all need a session at the same moment; one opens it, and one asks for the procedure.
    """
    connector = setting.connector()
    messages = [a_message(a_dossier(code=a_code(number))) for number in range(THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(lambda message: connector.deliver([message])[0], messages))

    assert outcomes == [Delivered()] * THREADS
    assert setting.portal.counters().logins == 1
    assert len(setting.portal.calls("LayThuTuc")) == 1
    assert len(setting.portal.dossiers()) == THREADS


@pytest.mark.parametrize("form", ["code", "http-401", "http-403"])
def test_a_session_that_expires_in_between_is_renewed_once(build: Callable[..., Setting], form: str) -> None:
    """
    Between header and timeline, seen by eight threads at once: one new login, everything arrives (18.5.4).
    """
    setting = build(expired_as=form)
    connector = setting.connector()
    codes = [a_code(number) for number in range(THREADS)]
    for code in codes:
        connector.deliver([a_message(a_dossier(code=code))])
    setting.portal.expire_sessions()

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(lambda code: connector.deliver([a_message(a_step(dossier=code))])[0], codes))

    assert outcomes == [Delivered()] * THREADS
    assert setting.portal.counters().logins == 2
    assert [len(record.steps) for record in setting.portal.dossiers()] == [1] * THREADS


def test_a_portal_that_allows_one_session_only_is_no_trouble(build: Callable[..., Setting]) -> None:
    """
    Two processes push each other out; each logs in again and both arrive.
    """
    setting = build(single_session=True)
    ours, theirs = setting.connector(), setting.connector()

    outcomes = [
        connector.deliver([a_message(a_dossier(code=a_code(number)))])[0]
        for number, connector in zip(range(4), itertools.cycle([ours, theirs]), strict=False)
    ]

    assert outcomes == [Delivered()] * 4


def test_a_wrong_password_is_tried_once(setting: Setting) -> None:
    """
    The account is not locked by a queue that keeps trying.
    """
    connector = setting.connector(password="sai")

    error = error_of(connector.deliver([a_message(a_dossier())])[0])

    assert type(error) is AuthenticationFailed
    assert setting.portal.counters().failed_logins == 1
    assert "sai" not in repr(error).replace("Sai", "")
    assert [line.ok for line in connector.check()] == [False]


def test_another_units_code_is_an_account_problem(setting: Setting) -> None:
    """
    ``madonvi`` that the account may not use holds the partner, not the dossier.
    """
    error = error_of(setting.connector(madonvi="H98").deliver([a_message(a_dossier())])[0])

    assert type(error) is AuthenticationFailed


def test_nobody_at_the_address_is_unreachable() -> None:
    """
    Not a byte left us; ``check`` says which option to look at.
    """
    settings = portal_settings(adapter_url="http://127.0.0.1:1", password=PASSWORD)
    with closing(NationalPortal("cong", settings)) as connector:
        assert type(error_of(connector.deliver([a_message(a_dossier())])[0])) is Unreachable
        (line,) = connector.check()

    assert not line.ok
    assert "adapter_url" in line.detail


@both_engines
def test_a_wrong_path_holds_everything_and_gives_up_nothing(setting: Setting) -> None:
    """
    No service there: the same as nobody there.
    """
    connector = setting.connector(adapter_prefix="/sai/duong/dan")

    assert type(error_of(connector.deliver([a_message(a_dossier())])[0])) is Unreachable


@pytest.mark.parametrize("kind", [FaultKind.TOO_MANY, FaultKind.CLOSED])
def test_the_portals_wish_to_be_left_alone_is_passed_on(setting: Setting, kind: FaultKind) -> None:
    """
    429 and 503 carry their ``Retry-After`` to the engine.
    """
    setting.happens(kind, HEADERS, retry_after_s=30)

    error = error_of(setting.connector().deliver([a_message(a_dossier())])[0])

    assert isinstance(error, Busy)
    assert error.retry_after is not None
    assert timedelta(seconds=29) < error.retry_after <= timedelta(seconds=30)


@pytest.mark.parametrize("kind", [FaultKind.PADDED_CODE, FaultKind.INT_CODE, FaultKind.DOUBLE])
def test_odd_forms_of_success_are_success(setting: Setting, kind: FaultKind) -> None:
    """
    "00", 0 and the envelope within the envelope.
    """
    setting.happens(kind, count=10)
    connector = setting.connector()

    assert connector.deliver([a_message(a_dossier())]) == [Delivered()]
    assert connector.deliver(history(2, 4)) == [Delivered()] * 2


@pytest.mark.parametrize("kind", [FaultKind.NO_SUCCESS, FaultKind.SAYS_EXISTS, FaultKind.ERROR])
@pytest.mark.parametrize("services", [HEADERS, STEPS], ids=["header", "step"])
def test_a_lie_of_success_is_not_believed(setting: Setting, kind: FaultKind, services: frozenset[str]) -> None:
    """
    Code 0 and a text that is no success; nothing was done, and nothing is marked as done (quirk 2).
    """
    connector = setting.connector()
    if services == STEPS:
        connector.deliver([a_message(a_dossier())])
    setting.happens(kind, services)
    messages = [a_message(a_dossier())] if services == HEADERS else history(2, 4)

    outcomes = connector.deliver(messages)

    assert {type(error_of(outcome)) for outcome in outcomes} == {Faulted}
    assert connector.deliver(messages) == [Delivered()] * len(messages)
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert len(record.versions) == 1


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("where", ["header", "query", "both"])
@pytest.mark.parametrize("variant", ["A", "B", "C", "D"])
def test_every_adapter_is_served(setting: Setting, variant: str, where: str, prefix: str) -> None:
    """
    Four shapes, two prefixes, the destination in the header, the query or both: the same ledger.
    """
    connector = setting.connector(variant=variant, dstcode_in=where, adapter_prefix=prefix)

    outcomes = [
        *connector.deliver([a_message(a_dossier())]),
        *connector.deliver([a_message(a_dossier())]),
        *connector.deliver([a_message(a_dossier(), established=True)]),
        *connector.deliver(history(2, 4)),
    ]

    assert fine(outcomes)
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert (record.creates, len(record.versions), setting.statuses()) == (1, 3, ["2", "4"])
    assert connector.probe(a_message(a_dossier(), established=True)).finding in {Finding.DIFFERS, Finding.APPLIED}
    assert all(line.ok for line in connector.check())


@pytest.mark.parametrize("profile", ["v1", "v2"])
def test_both_layouts_pass_a_strict_portal(build: Callable[..., Setting], profile: str) -> None:
    """
    Every optional part filled: no field is unknown to the portal, none is missing.
    """
    setting = build(profile=profile)
    dossier = a_dossier(
        receipt_number="BN-17",
        supplements=(a_supplement(received_at=MORNING + timedelta(days=2), documents=(a_document(id="5502"),)),),
        results=(a_result(),),
        note="ghi chú",
        extra="khác",
    )

    assert setting.connector(profile=profile).deliver([a_message(dossier)]) == [Delivered()]
    assert (setting.portal.counters().unknown_fields, setting.portal.counters().invalid_items) == (0, 0)


@pytest.mark.parametrize("status", list(DossierStatus))
def test_every_status_is_accepted_as_it_is(setting: Setting, status: DossierStatus) -> None:
    """
    Also those before acceptance, without an acceptance date that never was (18.5.7).
    """
    early = status in {DossierStatus.SUBMITTED, DossierStatus.REFUSED}
    dates: dict[str, Any] = {"accepted_at": None, "due_at": None} if early else {}
    dossier = a_dossier(status=status, status_at=MORNING, **dates)

    assert setting.connector().deliver([a_message(dossier)]) == [Delivered()]
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert record.header["NgayTuChoi"] == ("20260302092000" if status is DossierStatus.REFUSED else "")


def test_a_supplement_with_its_new_due_date_arrives(setting: Setting) -> None:
    """
    2 → 4 → 5 → 4 → 9, both due dates kept (18.5.6).
    """
    connector = setting.connector()
    due = MORNING + timedelta(days=21)
    supplement = a_supplement(
        received_at=MORNING + timedelta(days=4), due_before=due, due_after=due + timedelta(days=3)
    )
    connector.deliver([a_message(a_dossier())])

    assert fine(connector.deliver(history(2, 4, 5, 4, 9)))
    assert fine(
        connector.deliver(
            [a_message(a_dossier(supplements=(supplement,), due_at=due + timedelta(days=3)), established=True)]
        )
    )
    record = setting.portal.dossier(CODE)
    assert record is not None
    (told,) = record.header["DanhSachHoSoBoSung"]
    assert (told["NgayHenTraTruoc"], told["NgayHenTraMoi"]) == ("20260323092000", "20260326092000")


def test_long_texts_are_cut_and_accepted(setting: Setting) -> None:
    """
    An over-long subject and an officer of 80 letters (18.5.12).
    """
    connector = setting.connector()

    assert fine(connector.deliver([a_message(a_dossier(subject="Đề nghị " * 200, note="chữ " * 600))]))
    assert fine(connector.deliver([a_message(a_step(officer="Trần Thị Thử " * 6 + "ăâ"))]))
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert len(record.header["TrichYeuHoSo"]) == 1000
    assert len(record.steps[0].body["NguoiXuLy"]) == 50


def test_an_unknown_procedure_is_refused_by_name_and_the_others_go_on(setting: Setting) -> None:
    """
    The reason names code, list and dossier (18.5.11); once the portal lists it, it passes.
    """
    connector = setting.connector(catalogue_retry_s=1e-9)
    stranger = a_message(a_dossier(procedure="9.000777"))

    error = error_of(connector.deliver([stranger])[0])

    assert type(error) is Rejected
    for part in ("9.000777", "LayThuTuc", CODE):
        assert part in error.text
    assert fine(connector.deliver([a_message(a_dossier(code=a_code(8)))]))
    setting.portal.add_procedures([ProcedureSeed("9.000777", "Thủ tục ví dụ", "G15-HT01", "Hộ tịch")])
    assert fine(connector.deliver([stranger]))


@pytest.mark.parametrize(
    ("rule", "listed", "sent"),
    [
        ("listed", "1.001193", "1.001193"),
        ("listed", "1.001193.000.00.00.H99", "1.001193.000.00.00.H99"),
        ("strip", "1.001193", "1.001193"),
        ("keep", "1.001193.000.00.00.H99", "1.001193.000.00.00.H99"),
    ],
)
def test_a_suffix_follows_the_portals_list(build: Callable[..., Setting], rule: str, listed: str, sent: str) -> None:
    """
    A province appends its code; the portal may list the procedure with or without it (contract 3.1).
    """
    setting = build()
    setting.portal.add_procedures([ProcedureSeed(listed, "Thủ tục", "G15-HT01", "Hộ tịch")])
    dossier = a_dossier(procedure="1.001193.000.00.00.H99")

    assert fine(setting.connector(procedure_suffix=rule).deliver([a_message(dossier)]))
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert record.header["MaTTHC"] == sent


def test_a_procedure_is_still_known_while_the_portal_cannot_be_asked(setting: Setting) -> None:
    """
    What is out of date is better than nothing, and the outcome says that it was used.
    """
    connector = setting.connector(catalogue_validity_s=1e-9)
    connector.deliver([a_message(a_dossier())])
    setting.happens(FaultKind.HTTP, frozenset({"LayThuTuc"}))

    (outcome,) = connector.deliver([a_message(a_dossier(code=a_code(8)))])

    assert isinstance(outcome, Delivered)
    assert "quá hạn" in outcome.note


@pytest.mark.parametrize("partial", [False, True])
def test_a_batch_is_safe_whether_the_portal_stores_part_of_it_or_nothing(
    build: Callable[..., Setting], partial: bool
) -> None:
    """
    The second of three is taken already: each ends there once (contract 14).
    """
    setting = build(partial_batches=partial)
    connector = setting.connector(dossiers_per_call=3)
    connector.deliver([a_message(a_dossier(code=a_code(2)))])

    outcomes = connector.deliver([a_message(a_dossier(code=a_code(number))) for number in (1, 2, 3)])

    assert fine(outcomes)
    assert [record.creates for record in setting.portal.dossiers()] == [1, 1, 1]


def test_half_a_chunk_of_steps_is_completed_without_a_double(setting: Setting) -> None:
    """
    The portal stored five of ten and said "lỗi": the same chunk again, every step once.
    """
    connector = setting.connector()
    connector.deliver([a_message(a_dossier())])
    setting.happens(FaultKind.PARTIAL, STEPS)
    chunk = history(2, 4, 4, 4, 4, 4, 4, 4, 4, 9)

    assert {type(error_of(outcome)) for outcome in connector.deliver(chunk)} == {Faulted}
    assert fine(connector.deliver(chunk))
    assert setting.statuses() == ["2", *["4"] * 8, "9"]


def test_where_repeats_count_a_lost_step_is_settled_by_what_moved(build: Callable[..., Setting]) -> None:
    """
    A portal that keeps exact repeats: the status before and after proves the step, nothing is sent twice.
    """
    setting = build(repeated_steps="counted")
    connector = setting.connector(timeline_deduplicated=False)
    connector.deliver([a_message(a_dossier())])
    setting.happens(FaultKind.DROP, STEPS, after_work=True)
    (done,) = history(4)

    assert type(error_of(connector.deliver([done])[0])) is OutcomeUnknown
    assert connector.probe(done).finding is Finding.APPLIED
    setting.happens(FaultKind.DROP, STEPS)
    (missed,) = history(9)
    assert type(error_of(connector.deliver([missed])[0])) is OutcomeUnknown
    assert connector.probe(missed).finding is Finding.ABSENT
    assert fine(connector.deliver([missed]))
    assert setting.statuses() == ["4", "9"]
    assert setting.portal.counters().steps_counted_twice == 0


def test_a_portal_born_dossier_is_answered_and_never_pushed(setting: Setting) -> None:
    """
    ``DongBoTrangThaiHoSo`` (18.5.9).
    """
    code = "G22.99-260305-00011"
    setting.portal.add_portal_born(code, {"MaHoSo": code, "MaTTHC": "1.001193", "TrangThaiHoSo": "1"})
    connector = setting.connector()
    dossier = a_dossier(
        code=code, origin=Origin.PORTAL, status=DossierStatus.PROCESSING, local_code="H99.01-260305-0003"
    )
    operation = connector.route("dossier", "portal")

    assert connector.deliver([a_message(dossier, operation)]) == [Delivered()]
    record = setting.portal.dossier(code)
    assert record is not None
    assert [outcome.body["TrangThai"] for outcome in record.outcomes] == ["2"]
    assert setting.portal.counters().portal_born_pushed == 0


def test_an_applicant_of_every_kind_is_accepted(setting: Setting) -> None:
    """
    The portal's lists and our tables agree.
    """
    connector = setting.connector()
    numbers = {
        IdentifierKind.PERSONAL: "099090000017",
        IdentifierKind.OLD_CARD: "990000173",
        IdentifierKind.PASSPORT: "B1234567",
        IdentifierKind.TAX: "0100109106",
    }
    owners = [
        an_applicant(kind=kind, identifiers=(Identifier(kind=word, number=number),))
        for kind in ApplicantKind
        for word, number in numbers.items()
    ]

    outcomes = [
        connector.deliver([a_message(a_dossier(code=a_code(number), applicant=owner))])[0]
        for number, owner in enumerate(owners)
    ]

    assert outcomes == [Delivered()] * len(owners)


def test_the_catalogue_reads_lists_once(setting: Setting) -> None:
    """
    The national list and the categories are kept for their validity.
    """
    connector = setting.connector()
    patience = connector.patience()

    names = [connector.catalogue.procedures(patience) for _ in range(3)]
    fields = [connector.catalogue.category("LayDanhMucLinhVuc", patience) for _ in range(3)]

    assert names[0] == {"1.001193": "Thủ tục đăng ký khai sinh"}
    assert fields[0][0]["MALINHVUC"] == "G15-HT01"
    assert len(setting.portal.calls("LayDanhSachTTHC")) == 1
    assert len(setting.portal.calls("LayDanhMucLinhVuc")) == 1
