"""The operator's desk on both databases: from a refusal at the partner to an audited decision."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from gateway.choice import Choice
from gateway.delivery import Engine, Pace
from gateway.desk import Desk
from gateway.errors import InvalidInput, OutcomeUnknown, Rejected, Unreachable
from gateway.model import Change
from gateway.policy import BreakerPolicy, RetryPolicy
from gateway.ports import Finding, Probe
from gateway.rehearsal import Difference
from gateway.store.base import SqlStore
from tests.builders import a_code, a_dossier, a_step
from tests.clocks import TestClock
from tests.partners import ShowingPartner, failing

PRIVATE = "Nguyễn Văn Ví Dụ"


class Office:
    """A store with a partner that refuses, a clock, and the desk."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.clock = TestClock()
        self.partner = ShowingPartner(harmless=False)
        self.desk = Desk(store, [self.partner], self.clock, per_minute=60)

    def refuse(self, serial: int, code: str = "4", text: str = "Sai thủ tục") -> str:
        """Submit a dossier with a step whose header the partner refuses once."""
        dossier = a_dossier(code=a_code(serial))
        changes = [
            Change(source="test", source_id=f"dossier:{serial}", body=dossier),
            Change(source="test", source_id=f"step:{serial}", body=a_step(dossier=dossier.code)),
        ]
        self.store.accept(changes, [self.partner], now=self.clock.now())
        self.partner.script[str(dossier.code)].append(failing(Rejected("partner", code, text)))
        return str(dossier.code)

    def deliver(self, **options: Any) -> None:
        Engine(
            self.store,
            self.partner,
            self.clock,
            pace=Pace(concurrency=2, poll=timedelta(milliseconds=20)),
            retry=RetryPolicy(**options),
            breaker=BreakerPolicy(threshold=1000),
            chance=Random(7),
        ).run_until_idle()

    def only(self) -> Any:
        (letter,) = self.desk.letters()
        return letter


@pytest.fixture
def office(store: SqlStore) -> Office:
    return Office(store)


def test_refusals_of_one_kind_are_one_cause_with_somebody_to_ask(office: Office) -> None:
    """
    Three dossiers, two sentences: the cause counts its letters and what waits, and the partner's own advice is given.
    """
    office.refuse(1, text="Sai thủ tục 1.001193")
    office.refuse(2, text="Sai thủ tục 2.000815")
    office.refuse(3, "9", "Hỏng")
    office.deliver()

    first, second = office.desk.causes(office.desk.letters())

    assert (first.count, first.waiting_behind, second.count) == (2, 2, 1)
    assert first.cause.startswith("partner/dossier/4/")
    assert first.owner == "Phòng Ví Dụ / The example office"
    assert "operator" in second.owner
    assert {letter.cause for letter in office.desk.letters()} == {first.cause, second.cause}


def test_a_rehearsal_sends_nothing_and_shows_what_was_mended(office: Office) -> None:
    """
    A field was mended since the failure, one added; the name is masked, and the partner got no call.
    """
    office.refuse(1)
    office.deliver()
    calls = len(office.partner.calls)
    assert office.desk.rehearse(office.only()).form is not None
    office.partner.form |= {"MaHoSo": "H98", "KenhThucHien": "1"}

    form = office.desk.rehearse(office.only()).form

    assert form is not None
    assert [(field.path, field.difference) for field in form.fields] == [
        ("MaHoSo", Difference.CHANGED), ("ChuHoSo", Difference.SAME), ("KenhThucHien", Difference.NEW),
    ]  # fmt: skip
    assert PRIVATE not in repr(form)
    assert len(office.partner.calls) == calls


def test_an_unchanged_letter_says_so_before_it_is_tried_in_vain(office: Office) -> None:
    """
    Nothing was mended: the dry run tells.
    """
    office.refuse(1)
    office.deliver()

    form = office.desk.rehearse(office.only()).form

    assert form is not None
    assert form.differs is False


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        pytest.param(Rejected("partner", "incomplete", "thiếu trường"), "[incomplete] thiếu trường", id="translation"),
        pytest.param(ValueError(f"cannot write {PRIVATE}"), "[connector-fault] ValueError", id="a bug"),
    ],
)
def test_a_preview_that_fails_never_changes_the_verdict(
    office: Office, fault: Exception, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    """
    The partner's refusal stays the cause; the dry run says what is in the way, without personal values.
    """
    office.partner.preview_fault = fault
    office.refuse(1)
    office.deliver()

    letter = office.only()

    assert (letter.code, letter.text, letter.waiting_behind) == ("4", "Sai thủ tục", 1)
    assert office.desk.rehearse(letter).refusal == refusal
    assert PRIVATE not in caplog.text


def test_an_outcome_that_nobody_can_tell_has_a_cause_too(office: Office) -> None:
    """
    Given up after a look-up, and expired after an outage: both are grouped, with what to do.
    """
    lost = office.refuse(1)
    office.partner.script[lost] = [failing(OutcomeUnknown("partner", "timeout", "no answer"))]
    office.partner.probe_answers = [Probe(Finding.CANNOT_TELL, "không hiện bước / shows no steps")]
    late = office.refuse(2)
    office.partner.script[late] = [failing(Unreachable("partner", "refused", "connection refused"))] * 100
    office.deliver(horizon=timedelta(minutes=5))

    causes = {cause.cause.split("/")[2]: cause for cause in office.desk.causes(office.desk.letters())}

    assert causes.keys() == {"outcome-unknown", "expired"}
    assert "«resolve»" in causes["outcome-unknown"].remedy
    assert "lienthong check" in causes["expired"].remedy


@pytest.mark.parametrize(("not_there", "deed"), [(False, "look-up"), (True, "requeue")])
def test_whoever_has_looked_may_send_what_nobody_could_tell(office: Office, not_there: bool, deed: str) -> None:
    """
    The audit tells apart who let the gateway ask once more, and who said that the effect is not there.
    """
    lost = office.refuse(1)
    office.partner.script[lost] = [failing(OutcomeUnknown("partner", "timeout", "no answer"))]
    office.partner.probe_answers = [Probe(Finding.CANNOT_TELL, "không hiện bước / shows no steps")]
    office.deliver()

    office.desk.requeue([office.only().id], actor="an", not_there=not_there)
    office.deliver()

    assert [entry.action for entry in office.store.audit()] == [deed]
    assert (len(office.partner.probes), office.desk.letters()) == (1 if not_there else 2, [])


def test_requeued_lanes_open_at_the_pace_and_the_audit_knows_who(office: Office) -> None:
    """
    Five letters, twelve lanes a minute: one lane every five seconds, each header before its step.
    """
    for serial in range(1, 6):
        office.refuse(serial)
    office.deliver()
    ids = [letter.id for letter in office.desk.letters()]
    begun = office.clock.now()

    requeued = office.desk.requeue(ids, actor="an", reason="Đã sửa mã", per_minute=12)

    assert requeued.ids == tuple(ids)
    assert requeued.opened_by == begun + timedelta(seconds=20)
    assert [(entry.actor, entry.action, entry.reason) for entry in office.store.audit()] == [
        ("an", "requeue", "Đã sửa mã")
    ] * 5
    office.deliver()
    assert office.clock.now() >= requeued.opened_by
    assert office.partner.applied == sorted(office.partner.applied)
    assert len(office.partner.applied) == 10


def test_a_large_group_is_requeued_in_parts_at_one_pace(office: Office, store: SqlStore) -> None:
    """
    More letters than one transaction decides: the second part goes on where the first one ended.
    """
    for serial in range(1, 503):
        office.refuse(serial)
    office.deliver()
    before = office.clock.now()

    requeued = office.desk.requeue([letter.id for letter in office.desk.letters()], actor="an", per_minute=600)

    assert len(requeued.ids) == 502
    assert requeued.opened_by == before + timedelta(seconds=50.1)
    office.clock.advance(timedelta(seconds=49))
    assert store.next_due("partner") == before
    office.deliver()
    assert office.clock.now() >= requeued.opened_by
    assert store.status()[0].delivered == 1004


@pytest.mark.parametrize("decision", ["cancel", "resolve"])
def test_a_decision_needs_a_reason_and_lets_the_lane_go_on(office: Office, decision: str) -> None:
    """
    Without a reason nothing happens; with one the step behind goes, and numbers of people do not enter the audit.
    """
    office.refuse(1)
    office.deliver()
    number, decide = office.only().id, getattr(office.desk, decision)
    with pytest.raises(InvalidInput, match="reason"):
        decide([number], actor="an", reason="  ")

    assert decide([number], actor="an", reason="Đã gọi  0900000001") == [number]

    office.deliver()
    assert len(office.partner.applied) == 1
    assert [(entry.actor, entry.action, entry.reason) for entry in office.store.audit()] == [
        ("an", decision, "Đã gọi [number]")
    ]
    assert office.desk.letters() == []


@pytest.mark.parametrize(
    ("more", "wrong", "named"),
    [
        pytest.param([4711], {}, "4711", id="an unknown letter"),
        pytest.param([], {"actor": " "}, "actor", id="nobody"),
        pytest.param([], {"per_minute": 0}, "per_minute", id="no pace"),
        pytest.param([], {"reason": "x" * 501}, "reason", id="an endless reason"),
    ],
)
def test_a_wrong_order_changes_nothing(office: Office, more: list[int], wrong: dict[str, Any], named: str) -> None:
    """
    Refused before anything is requeued.
    """
    office.refuse(1)
    office.deliver()

    number = office.only().id

    with pytest.raises(InvalidInput, match=named):
        office.desk.requeue([number, *more], **{"actor": "an", **wrong})

    assert office.only().id == number
    assert office.store.audit() == []


def test_a_letter_that_is_gone_cannot_be_rehearsed(office: Office) -> None:
    """
    Somebody decided between the list and the dry run.
    """
    office.refuse(1)
    office.deliver()
    letter = office.only()
    office.desk.cancel([letter.id], actor="an", reason="trùng")

    with pytest.raises(InvalidInput, match="is gone"):
        office.desk.rehearse(letter)


def test_without_its_connector_there_is_advice_and_no_rehearsal(office: Office) -> None:
    """
    A shell without the partner's password.
    """
    office.refuse(1)
    office.deliver()
    desk = Desk(office.store, [], office.clock, per_minute=60)

    rehearsal = desk.rehearse(desk.letters(Choice(code="4"))[0])

    assert (rehearsal.form, rehearsal.refusal) == (None, "")
    assert desk.causes(desk.letters())[0].remedy
