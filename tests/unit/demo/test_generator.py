"""The invented dossiers: as many as asked, the same for a seed, legal, and nobody's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.vn import mst

from gateway.demo.acts import ACTS, OPENS_WITH_FILING, SCRIPTS
from gateway.demo.cases import Case, record_at
from gateway.demo.catalogue import CatalogueEntry
from gateway.demo.generator import generate, share_out
from gateway.demo.locality import Locality
from gateway.demo.people import INVENTED
from gateway.demo.worktime import LATE_ACCEPTANCE, WorkCalendar
from gateway.lifecycle import Advance, advance
from gateway.model import DossierCode, DossierStatus
from gateway.model.text import nfc
from gateway.model.times import VIETNAM
from tests.localities import DOSSIERS, SEED

NOON = datetime(2026, 3, 2, 12, tzinfo=VIETNAM)
Cases = Mapping[str, tuple[Case, ...]]


def every(cases: Cases) -> Iterator[Case]:
    return (case for place in cases.values() for case in place)


@given(st.integers(0, 100_000), st.dictionaries(st.sampled_from("abcde"), st.integers(1, 500), min_size=1))
def test_shares_sum_to_the_total_and_follow_the_volumes(total: int, volumes: dict[str, int]) -> None:
    """
    No dossier too many or too few; nobody is off by one or more from the exact share.
    """
    shares = share_out(total, volumes)

    assert sum(shares.values()) == total
    assert all(abs(shares[name] - total * volumes[name] / sum(volumes.values())) < 1 for name in volumes)


def test_the_default_is_each_places_own_number(localities: dict[str, Locality], cases: Cases) -> None:
    """
    500 dossiers: 40 of Hà Tĩnh in three weeks, 330 of Hà Đông in six months, a 500th of Đại Từ's year.
    """
    counts = {slug: len(place) for slug, place in cases.items()}

    assert counts == {"dai-tu": 35, "ha-dong": 330, "ha-tinh": 40, "ham-tan": 40, "thanh-hoa": 55}
    assert sum(counts.values()) == DOSSIERS
    assert localities["dai-tu"].dossiers_a_year == 17_500


def test_the_same_seed_tells_the_same_story(
    localities: dict[str, Locality], calendar: WorkCalendar, cases: Cases
) -> None:
    """
    Deterministic by seed; another seed is another story.
    """
    again = generate(localities["ha-tinh"], 40, SEED, calendar)
    other = generate(localities["ha-tinh"], 40, SEED + 1, calendar)

    assert again == cases["ha-tinh"]
    assert other != again


def test_codes_are_unique_well_formed_and_numbered_from_one_each_day(cases: Cases) -> None:
    """
    Serials run from 0001 per agency and day; both orders of agency codes and a central system's serial occur.
    """
    codes = [DossierCode.parse(case.code) for case in every(cases)]
    serials: dict[tuple[str, str], list[int]] = {}
    for code, case in zip(codes, every(cases), strict=True):
        serials.setdefault((case.agency.code, str(code.accepted_on)), []).append(int(code.serial[-4:]))

    assert len({code.key for code in codes}) == DOSSIERS
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in serials.values())
    assert {code.layout for code in codes} == {"qcvn102-reverse", "qd20-forward", "central-6/7"}
    assert not any(code.is_alias for code in codes)


def test_ham_tan_changes_its_province_and_old_dossiers_keep_their_code(cases: Cases) -> None:
    """
    H11 until 30 June 2025, H36 from 1 July; both are there.
    """
    provinces = Counter(
        (DossierCode.parse(case.code).agency.province, case.filed_at.month < 7) for case in cases["ham-tan"]
    )

    assert {province for province, _ in provinces} == {"H11", "H36"}
    assert provinces["H36", True] == 0


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_a_legal_walk(name: str) -> None:
    """
    No script makes a move that the status lattice flags or refuses, from the counter or from the web.
    """
    acts = SCRIPTS[name].acts
    filed = ("file", *acts)
    for walk in (filed,) if acts[0] in OPENS_WITH_FILING else (acts, filed):
        statuses = [DossierStatus(ACTS[act].status) for act in walk]
        for current, incoming in pairwise(statuses):
            moved = advance(current, NOON, incoming, NOON + timedelta(hours=1))
            assert moved in (Advance.MOVED, Advance.SAME), f"{current} → {incoming}"


def test_every_history_is_legal_and_in_order_of_time(cases: Cases) -> None:
    """
    Seconds differ between any two steps of a dossier, and every move is in the table.
    """
    for case in every(cases):
        for before, after in pairwise(case.events):
            assert before.at < after.at
            moved = advance(DossierStatus(before.status), before.at, DossierStatus(after.status), after.at)
            assert moved in (Advance.MOVED, Advance.SAME)


def test_histories_are_long_and_show_everything(localities: dict[str, Locality], cases: Cases) -> None:
    """
    At least 4.2 steps a dossier in the first export, and all ten statuses somewhere on the way.
    """
    records = [record_at(case, localities[slug].export_at) for slug, place in cases.items() for case in place]
    acts = Counter(event.act for case in every(cases) for event in case.events)

    assert sum(len(record.steps) for record in records) / len(records) >= 4.2
    assert all(sum(len(case.events) for case in place) / len(place) >= 4.2 for place in cases.values())
    assert {event.status for case in every(cases) for event in case.events} == {
        status.value for status in DossierStatus
    }
    assert min(acts[act] for act in ("pull-back", "withdraw", "refuse", "bill-desk", "ask", "stop", "send-back")) > 0
    assert any(len(case.supplements) == 2 for case in every(cases))


def test_offices_act_in_working_hours(localities: dict[str, Locality], calendar: WorkCalendar, cases: Cases) -> None:
    """
    Only citizens file at night; after 15:00 a dossier is handed over next morning.
    """
    late = 0
    for case in every(cases):
        assert all(calendar.is_open(event.at) for event in case.events if event.act != "file")
        for accepted, handed in pairwise(case.events):
            if handed.act == "assign" and accepted.status == 2 and accepted.at.time() >= LATE_ACCEPTANCE:
                late += 1
                assert handed.at.date() == calendar.next_working_day(accepted.at.date())
    assert late > 0


def test_only_shipped_procedures_in_the_promised_numbers(
    localities: dict[str, Locality], catalogue: Mapping[str, CatalogueEntry]
) -> None:
    """
    165 in Hà Tĩnh, 50 + 66 and 16 + 10 in Hàm Tân, levels 3 and 4 in Thanh Hóa; each one real and named once.
    """
    offered = {
        slug: Counter((service.tier, service.old_level) for service in locality.services)
        for slug, locality in localities.items()
    }

    assert offered["ha-tinh"].total() == 165
    assert offered["ham-tan"] == {("huyện", "3"): 50, ("huyện", "4"): 66, ("xã", "3"): 16, ("xã", "4"): 10}
    assert set(offered["thanh-hoa"]) == {("tỉnh", "3"), ("tỉnh", "4"), ("xã", "3"), ("xã", "4")}
    for locality in localities.values():
        codes = [service.procedure.code for service in locality.services]
        assert len(codes) == len(set(codes))
        assert all(catalogue[code] == service.procedure for code, service in zip(codes, locality.services, strict=True))


def test_old_levels_become_the_new_names(localities: dict[str, Locality]) -> None:
    """
    Level 3 is partial, level 4 full-process, and only the latter is paid online.
    """
    levels = {
        (service.old_level, service.level, service.paid_online)
        for slug in ("ham-tan", "thanh-hoa")
        for service in localities[slug].services
    }

    assert levels == {("3", "mot_phan", False), ("4", "toan_trinh", True)}


def test_nobody_could_be_mistaken_for_a_real_person(cases: Cases) -> None:
    """
    Names say that they are invented, ids begin with 099, tax codes with 00, phones and mail lead nowhere.
    """
    kinds = Counter(case.owner.kind for case in every(cases))
    for owner in (case.owner for case in every(cases)):
        assert any(word in nfc(owner.name) for word in INVENTED)
        assert re.fullmatch(r"(099[0-3]\d{8})?", owner.personal_id)
        assert re.fullmatch(r"(099\d{6})?", owner.old_card)
        assert re.fullmatch(r"(00\d{8})?", owner.tax_code)
        assert not owner.tax_code or mst.is_valid(owner.tax_code)
        assert re.fullmatch(r"(0990000\d{3})?", owner.phone)
        assert not owner.phone or phonenumbers.is_valid_number(phonenumbers.parse(owner.phone, "VN"))
        assert re.fullmatch(r"(vidu\d+@example\.com)?", owner.email)
        assert bool(owner.personal_id) + bool(owner.old_card) + bool(owner.tax_code) == 1
    for event in (event for case in every(cases) for event in case.events):
        assert event.officer == "Hệ thống một cửa" or any(word in event.officer for word in INVENTED)
    assert kinds["citizen"] > 0
    assert kinds["business"] > 0


def test_real_world_trouble_is_there(cases: Cases) -> None:
    """
    Subjects over 1,000 characters, officers over 50, names typed with marks apart, free procedures and paid ones.
    """
    assert any(len(case.subject) > 1000 for case in every(cases))
    assert any(len(event.officer) > 50 for case in every(cases) for event in case.events)
    assert any(nfc(case.owner.name) != case.owner.name for case in every(cases))
    assert {case.service.procedure.fee_vnd for case in every(cases)} >= {None, 0, 2000}


def test_supplements_move_the_due_date_by_the_time_they_took(calendar: WorkCalendar, cases: Cases) -> None:
    """
    Both due dates are kept, and the new one is a later working day.
    """
    moved = [s for case in every(cases) for s in case.supplements if s.due_after is not None]

    assert moved
    for supplement in moved:
        assert supplement.due_before is not None
        assert supplement.due_after is not None
        assert supplement.due_before < supplement.due_after
        assert calendar.is_working_day(supplement.due_after.date())


def test_a_week_later_more_is_known_and_nothing_is_unsaid(localities: dict[str, Locality], cases: Cases) -> None:
    """
    The second export repeats every step of the first, adds some, and changes some headers.
    """
    for slug, place in cases.items():
        first = [record_at(case, localities[slug].export_at) for case in place]
        second = [record_at(case, localities[slug].second_export_at) for case in place]
        assert all(b.steps[: len(a.steps)] == a.steps for a, b in zip(first, second, strict=True))
        assert any(a.dossier != b.dossier for a, b in zip(first, second, strict=True)), slug
