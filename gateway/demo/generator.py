"""
Invents the dossiers of one place: pure, and the same for the same seed.

Each dossier draws from its own stream of chance (seed, place, number), so that changing the number of dossiers
changes none of the others. Codes are given at the end, by day and agency, as a one-stop desk gives them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from random import Random

from gateway.demo.acts import ACTS, OPENS_WITH_FILING, SCRIPTS, SUPPLEMENT_REQUESTS, Act, Hand, Pace, Script
from gateway.demo.cases import Case, Event, Supplement
from gateway.demo.catalogue import CatalogueEntry
from gateway.demo.locality import Agency, Locality, Service
from gateway.demo.people import Person, a_business, a_citizen, an_officer
from gateway.demo.text import decomposed
from gateway.demo.worktime import LATE_ACCEPTANCE, WorkCalendar
from gateway.model.times import VIETNAM

_HOUR = 3600
_WORKING_DAY = 7 * _HOUR + 1800
_MINISTRY_OF_SYSTEM = "09"
"""First digits of a serial that a ministry's central system gives: Bộ Nội vụ (dossier_code_formats: central-6/7)."""
_USUAL_DAYS = 5
_LONGEST_DAYS = 15
_LONG_SUBJECT_EVERY = 40
_LONG_OFFICER_EVERY = 60
_STEP_BACK_DAYS = 4
_CLOSING = time(17, 0)
_WAITS = {
    Pace.OPENING: (60, 600),
    Pace.DESK: (120, 2700),
    Pace.HAND_OVER: (120, 5400),
    Pace.CITIZEN: (_HOUR, 5 * _WORKING_DAY),
    Pace.PAYER: (600, 2 * _WORKING_DAY),
    Pace.PICK_UP: (_HOUR, 3 * _WORKING_DAY),
}
"""Working seconds that pass before an act, from and to; a unit's own work follows the procedure's time limit."""

_LONG_TITLE = "Chuyên viên Phòng Kiểm soát thủ tục hành chính và Chuyển đổi số, kiêm nhiệm tiếp nhận hồ sơ"


def share_out(total: int, volumes: Mapping[str, int]) -> dict[str, int]:
    """
    Split *total* in proportion to *volumes*, exactly: the largest remainders get what rounding left over.
    """
    whole = sum(volumes.values())
    shares = {name: total * volume // whole for name, volume in volumes.items()}
    by_remainder = sorted(volumes, key=lambda name: (-(total * volumes[name] % whole), name))
    for name in by_remainder[: total - sum(shares.values())]:
        shares[name] += 1
    return shares


def generate(locality: Locality, count: int, seed: int, calendar: WorkCalendar) -> tuple[Case, ...]:
    """*count* dossiers of *locality*, each accepted or refused before its first export, in order of code."""
    cases = [_CaseBuilder(locality, number, seed, calendar).build() for number in range(count)]
    return _with_codes(cases)


class _CaseBuilder:
    """The choices of one dossier."""

    def __init__(self, locality: Locality, number: int, seed: int, calendar: WorkCalendar) -> None:
        self.locality = locality
        self.number = number
        self.calendar = calendar
        self.rng = Random(f"{seed}:{locality.slug}:{number}")

    def build(self) -> Case:
        rng = self.rng
        channel = _weighted(rng, self.locality.channels)
        filed_at = self._filing(channel)
        agency = self._agency(filed_at)
        # Round the services in order, so that a small sample still shows as many of them as it can.
        offered = [service for service in self.locality.services if service.tier in agency.tiers]
        service = offered[(self.number * 7919 + rng.randrange(3)) % len(offered)]
        script = self._script(service.procedure)
        owner = self._owner(service.procedure)
        missing = service.procedure.papers or ("Bản chính giấy tờ để đối chiếu",)
        events = self._events(script, channel, filed_at, agency, service.procedure, missing)
        while _coded_at(events) > self.locality.export_at - timedelta(hours=1):
            filed_at = self._earlier(filed_at)
            agency = self._agency(filed_at) if not agency.exists_on(filed_at.date()) else agency
            events = self._events(script, channel, filed_at, agency, service.procedure, missing)
        due_at, supplements = self._promises(events, service.procedure)
        return Case(
            code="",
            service=service,
            agency=agency,
            owner=owner,
            channel=channel,
            delivery=_weighted(rng, self.locality.deliveries),
            filed_at=filed_at,
            due_at=due_at,
            pays_online=self._pays_online(service, channel),
            subject=self._subject(service.procedure),
            papers=service.procedure.papers[:2],
            events=events,
            supplements=supplements,
        )

    def _pays_online(self, service: Service, channel: str) -> bool:
        return service.paid_online and channel == "online" and self.rng.random() < self.locality.pays_online_share

    def _filing(self, channel: str) -> datetime:
        first, last = self.locality.first_day, self.locality.export_at.date()
        day = first + timedelta(days=self.rng.randrange((last - first).days))
        if not self.calendar.is_working_day(day):
            day = self.calendar.next_working_day(day)
        if day >= last:
            day = first
        minutes = self.rng.randrange(6 * 60, 22 * 60) if channel == "online" else self.rng.randrange(450, 1005)
        at = datetime.combine(day, time(minutes // 60, minutes % 60, self.rng.randrange(60)), VIETNAM)
        return at if channel == "online" else self.calendar.opening(at)

    def _earlier(self, at: datetime) -> datetime:
        return self.calendar.opening(at - timedelta(days=_STEP_BACK_DAYS))

    def _agency(self, at: datetime) -> Agency:
        there = [agency for agency in self.locality.agencies if agency.exists_on(at.date())]
        return self.rng.choices(there, [agency.weight for agency in there])[0]

    def _script(self, procedure: CatalogueEntry) -> Script:
        """Nobody is billed for a procedure without a fee."""
        possible = [name for name in self.locality.scripts if procedure.fee_vnd or not SCRIPTS[name].asks_for_money]
        return SCRIPTS[self.rng.choices(possible, [self.locality.scripts[name] for name in possible])[0]]

    def _owner(self, procedure: CatalogueEntry) -> Person:
        business = self.rng.random() < self.locality.business_share and not procedure.for_citizens_only
        owner = a_business(self.rng) if business else a_citizen(self.rng)
        if self.rng.random() < self.locality.decomposed_names_share:
            return replace(owner, name=decomposed(owner.name))
        return owner

    def _subject(self, procedure: CatalogueEntry) -> str:
        place = self.rng.choice(self.locality.places)
        subject = f"{procedure.name} – {place}"
        if self.number % _LONG_SUBJECT_EVERY == 7:
            pieces = "; ".join(f"giấy tờ kèm theo số {n} lưu tại {place}" for n in range(1, 60))
            return f"{subject}. Danh mục: {pieces}"
        return subject

    def _events(
        self,
        script: Script,
        channel: str,
        filed_at: datetime,
        agency: Agency,
        procedure: CatalogueEntry,
        missing: Sequence[str],
    ) -> tuple[Event, ...]:
        rng = Random(f"{self.number}:{self.locality.slug}:{self.rng.random()}")
        acts = list(script.acts)
        if channel == "online" or acts[0] in OPENS_WITH_FILING:
            acts.insert(0, "file")
        unit_seconds = self._unit_seconds(rng, procedure, acts)
        officers = _Officers(rng, agency, long_names=self.number % _LONG_OFFICER_EVERY == 11)
        papers = list(missing)
        events: list[Event] = []
        for name in acts:
            act = ACTS[name]
            at = self._at(rng, act, events, filed_at, unit_seconds)
            text = act.text
            if name in SUPPLEMENT_REQUESTS:
                text = text.format(paper=papers[len(events) % len(papers)])
            elif name == "file" and channel != "online":
                text = "Công dân nộp hồ sơ tại bộ phận một cửa" if channel == "counter" else "Hồ sơ đến qua bưu chính"
            officer, title, department = officers.who(act.hand)
            events.append(Event(at, name, act.status, self._word(name, act.status), officer, title, department, text))
        return tuple(events)

    def _unit_seconds(self, rng: Random, procedure: CatalogueEntry, acts: Sequence[str]) -> float:
        """Working seconds of one act of the unit, so that all of them take about the procedure's time limit."""
        per_unit = {"ngày làm việc": 1.0, "ngày": 5 / 7, "giờ": 1 / 8, "tháng": 22.0}
        days = (procedure.time_limit or _USUAL_DAYS) * per_unit.get(procedure.time_unit, 1.0)
        days = min(days, _LONGEST_DAYS)
        unit_acts = sum(ACTS[name].pace is Pace.UNIT for name in acts) or 1
        return days * _WORKING_DAY * rng.uniform(0.4, 1.1) / unit_acts

    def _at(self, rng: Random, act: Act, events: Sequence[Event], filed_at: datetime, unit_seconds: float) -> datetime:
        if not events:
            return filed_at
        before = events[-1]
        if act.pace is Pace.HAND_OVER and before.status == 2 and before.at.time() >= LATE_ACCEPTANCE:
            return self.calendar.next_morning(before.at) + timedelta(seconds=rng.randrange(60, 1800))
        seconds = (
            int(unit_seconds * rng.uniform(0.6, 1.4)) if act.pace is Pace.UNIT else rng.randrange(*_WAITS[act.pace])
        )
        return self.calendar.add_seconds(before.at, max(seconds, 90))

    def _word(self, name: str, status: int) -> str:
        words = self.locality.statuses[status]
        same_status = [other for other, act in ACTS.items() if act.status == status]
        return words[same_status.index(name) % len(words)]

    def _promises(
        self, events: Sequence[Event], procedure: CatalogueEntry
    ) -> tuple[datetime | None, tuple[Supplement, ...]]:
        """The due date of the slip, and each supplement with the due date it moved."""
        accepted = next((event.at for event in events if event.status == 2), None)
        due_at = self._due(accepted, procedure) if accepted else None
        supplements: list[Supplement] = []
        due = due_at
        for event, answer in zip(events, (*events[1:], None), strict=True):
            if event.act not in SUPPLEMENT_REQUESTS:
                continue
            answered = answer if answer is not None and answer.status in (1, 2, 4) else None
            after = None
            running = accepted is not None and event.at > accepted
            if answered and due and running:
                after = self._moved(due, event.at, answered.at)
            supplements.append(
                Supplement(
                    number=len(supplements) + 1,
                    requested_at=event.at,
                    requested_by=event.officer,
                    content=event.text,
                    due_before=due if running else None,
                    received_at=answered.at if answered else None,
                    received_by=answered.officer if answered else "",
                    due_after=after,
                )
            )
            due = after or due
        return due_at, tuple(supplements)

    def _due(self, accepted_at: datetime, procedure: CatalogueEntry) -> datetime | None:
        """The promised time; nothing is promised when no time limit is attested."""
        limit, starts = procedure.time_limit, self.calendar.counts_from(accepted_at)
        if limit is None:
            return None
        if procedure.time_unit == "giờ":
            return self.calendar.add_seconds(starts, limit * _HOUR)
        if procedure.time_unit == "ngày làm việc":
            day = self.calendar.add_days(starts, limit).date()
        else:
            day = (starts + timedelta(days=limit * (30 if procedure.time_unit == "tháng" else 1))).date()
            day = day if self.calendar.is_working_day(day) else self.calendar.next_working_day(day)
        return datetime.combine(day, _CLOSING, VIETNAM)

    def _moved(self, due: datetime, asked_at: datetime, answered_at: datetime) -> datetime:
        """The due date, as many working days later as the supplement took (at least one)."""
        days, day = 0, asked_at.date()
        while day < answered_at.date():
            day = self.calendar.next_working_day(day)
            days += 1
        return self.calendar.add_days(due, max(1, days))


class _Officers:
    """Who acts on one dossier: the same people throughout."""

    def __init__(self, rng: Random, agency: Agency, *, long_names: bool) -> None:
        department = rng.choice(agency.departments)
        desk, unit, leader = an_officer(rng), an_officer(rng), an_officer(rng)
        if long_names:
            unit = f"{unit} ({_LONG_TITLE})"
        self._by_hand = {
            Hand.CITIZEN: ("Hệ thống một cửa", "", ""),
            Hand.DESK: (desk, "Công chức một cửa", "Bộ phận Tiếp nhận và Trả kết quả"),
            Hand.UNIT: (unit, "Chuyên viên", department),
            Hand.LEADER: (leader, "Lãnh đạo", department),
        }

    def who(self, hand: Hand) -> tuple[str, str, str]:
        return self._by_hand[hand]


def _weighted(rng: Random, weights: Mapping[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _coded_at(events: Sequence[Event]) -> datetime:
    """When the dossier gets its code: at acceptance (TT 01/2018 Đ19); a refused one keeps that of its filing slip."""
    accepted = [event.at for event in events if event.status == 2]
    return accepted[0] if accepted else events[-1].at


def _with_codes(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Number the dossiers of each agency and day from 1, in order of acceptance."""
    numbers: Counter[tuple[str, str]] = Counter()
    coded: list[Case] = []
    for case in sorted(cases, key=lambda case: (_coded_at(case.events), case.owner.name, case.subject)):
        at = _coded_at(case.events)
        slot = (case.agency.code, f"{at:%y%m%d}")
        numbers[slot] += 1
        serial = f"{numbers[slot]:04d}"
        if case.agency.code_form == "central":
            serial = _MINISTRY_OF_SYSTEM + serial
        coded.append(replace(case, code=f"{case.agency.written_code}-{slot[1]}-{serial}"))
    return tuple(coded)
