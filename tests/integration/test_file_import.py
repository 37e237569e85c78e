"""Importing: the ledger comes to what the file says, once, whatever happens in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.provincial.file import import_file
from gateway.api import Gateway
from gateway.config import DatabaseSettings, Settings, TenantSettings
from gateway.model import Change, ProcessingStep, body_json
from tests.clocks import TestClock
from tests.exports import (
    NOW,
    MemoryLedger,
    a_header,
    a_history,
    a_mapping,
    a_step,
    an_export,
    bring_in,
    read_back,
)

CODE = "H99.101.01-260302-0007"


def many(count: int) -> list[dict[str, str]]:
    return [row for serial in range(1, count + 1) for row in a_history(serial)]


def test_a_dossier_arrives_with_its_history_in_order(tmp_path: Path) -> None:
    """
    First as it was accepted, then each step, then as it stands: its status never moves back.
    """
    ledger = MemoryLedger()

    report = bring_in(an_export(tmp_path / "ho-so.csv", list(reversed(a_history()))), ledger)

    assert ledger.told(CODE) == ["dossier 2", "step 2", "step 4", "step 9", "step 10", "dossier 10"]
    assert (report.rows, report.dossiers, report.steps, report.accepted, report.new) == (4, 1, 4, 6, 1)
    assert report.refused_rows == 0
    assert not (tmp_path / "rejects.csv").exists()


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    """
    Nor does a third time: nothing is submitted at all.
    """
    ledger = MemoryLedger()
    path = an_export(tmp_path / "ho-so.csv", many(30))
    bring_in(path, ledger)
    batches, accepted = ledger.batches, len(ledger.accepted)

    for _ in range(2):
        report = bring_in(path, ledger)
        assert (report.accepted, report.unchanged, report.new, report.changed) == (0, 30, 0, 0)

    assert (ledger.batches, len(ledger.accepted)) == (batches, accepted)


def test_a_changed_row_becomes_one_change(tmp_path: Path) -> None:
    """
    A corrected subject is a new header; the history is not told again.
    """
    ledger = MemoryLedger()
    bring_in(an_export(tmp_path / "ho-so.csv", many(3)), ledger)
    before = len(ledger.accepted)

    rows = [*a_history(1), *a_history(2, Trích_yếu="Khai sinh lại"), *a_history(3)]
    report = bring_in(an_export(tmp_path / "ho-so.csv", rows), ledger)

    assert (report.changed, report.unchanged, report.accepted) == (1, 2, 1)
    assert len(ledger.accepted) == before + 1
    assert ledger.headers("H99.101.01-260302-0002")[-1].subject == "Khai sinh lại"


def test_a_correction_that_is_taken_back_is_a_change_too(tmp_path: Path) -> None:
    """
    X, Y, X again, Y again: the ledger follows each time.
    """
    ledger = MemoryLedger()
    for subject in ("X", "Y", "X", "Y", "X"):
        bring_in(an_export(tmp_path / "ho-so.csv", a_history(Trích_yếu=subject)), ledger)
        assert ledger.headers(CODE)[-1].subject == subject


def test_a_later_export_adds_only_the_new_steps_and_the_new_state(tmp_path: Path) -> None:
    """
    Monday's file has two steps, Thursday's has four.
    """
    ledger = MemoryLedger()
    early = [row | {"Trạng thái": "", "Ngày trả": ""} for row in a_history()[:2]]
    bring_in(an_export(tmp_path / "ho-so.csv", early), ledger)
    monday = len(ledger.accepted)

    report = bring_in(an_export(tmp_path / "ho-so.csv", a_history()), ledger)

    assert ledger.told(CODE)[monday:] == ["step 9", "step 10", "dossier 10"]
    assert report.changed == 1


def test_an_import_that_dies_in_the_middle_is_finished_by_the_next(tmp_path: Path) -> None:
    """
    The database goes away at the third batch; the next run brings the rest and doubles nothing.
    """
    path = an_export(tmp_path / "ho-so.csv", many(300))
    whole, broken = MemoryLedger(), MemoryLedger(fails_at=3)
    bring_in(path, whole)
    with pytest.raises(ConnectionError):
        bring_in(path, broken)
    held = len(broken.accepted)

    report = bring_in(path, broken)

    assert 0 < held < len(whole.accepted)
    assert report.accepted == len(whole.accepted) - held
    assert [change.source_id for change in broken.accepted] == [change.source_id for change in whole.accepted]


@pytest.mark.parametrize("backfill", [False, True])
def test_old_dossiers_are_told_as_such(backfill: bool, tmp_path: Path) -> None:
    """
    A province that moves its archive in lets it wait behind what citizens do today.
    """
    ledger = MemoryLedger()
    path = an_export(tmp_path / "ho-so.csv", a_history(1))

    assert bring_in(path, ledger, backfill=backfill).new == 1

    assert ledger.backfilled == (ledger.batches if backfill else 0)


def test_a_dry_run_says_what_would_happen_and_tells_nobody(tmp_path: Path) -> None:
    """
    Counts and rejects are as they would be.
    """
    ledger = MemoryLedger()
    path = an_export(tmp_path / "ho-so.csv", [*many(2), *a_history(3, Mã_TTHC="9.999999")])

    report = bring_in(path, ledger, dry_run=True)

    assert (report.new, report.accepted, report.refused_rows) == (2, 12, 4)
    assert ledger.batches == 0
    assert len(read_back(tmp_path / "rejects.csv")) == 4


def test_repeated_rows_are_one_row(tmp_path: Path) -> None:
    """
    Exports joined by hand overlap.
    """
    ledger = MemoryLedger()

    report = bring_in(an_export(tmp_path / "ho-so.csv", [*a_history(), *a_history()]), ledger)

    assert len(ledger.accepted) == 6
    assert (report.rows, report.refused_rows) == (8, 0)


def test_steps_of_one_day_without_hours_take_the_order_of_the_law(tmp_path: Path) -> None:
    """
    The export lists the newest first and writes days only; nothing moved back.
    """
    ledger = MemoryLedger()
    steps = [a_step("02/03/2026", status) for status in ("Xong", "Đang làm", "Đã nhận")]
    rows = [a_header(Trạng_thái="Xong", Ngày_trả="", Ngày_tiếp_nhận="02/03/2026") | step for step in steps]

    bring_in(an_export(tmp_path / "ho-so.csv", rows), ledger)

    assert [int(c.body.status) for c in ledger.accepted if isinstance(c.body, ProcessingStep)] == [2, 4, 9]


def test_bad_numbers_can_be_left_out_instead_of_refused(tmp_path: Path) -> None:
    """
    The operator chose so; no placeholder leaves the house either way.
    """
    ledger = MemoryLedger()
    path = an_export(tmp_path / "ho-so.csv", a_history(Số_giấy_tờ="000000000000"))

    report = bring_in(path, ledger, a_mapping(more='[identifiers]\nmalformed = "omit"\n'))

    assert report.refused_rows == 0
    assert ledger.headers(CODE)[-1].applicant.identifiers == ()


def _bodies(changes: list[Change]) -> list[tuple[str, bytes]]:
    return [(change.source_id, body_json(change.body)) for change in changes]


ROWS = [*a_history(1), *a_history(2), *a_history(3, Trích_yếu="Khai sinh")[:3], *a_history(4)[:1]]


@given(st.permutations(range(len(ROWS))))
def test_any_order_of_rows_tells_the_same_changes(tmp_path_factory: pytest.TempPathFactory, order: list[int]) -> None:
    """
    Rows are shuffled across dossiers; what reaches the ledger is the same, byte for byte.
    """
    rows = [row | {"Trạng thái": "", "Ngày trả": ""} for row in ROWS]
    straight, shuffled = MemoryLedger(), MemoryLedger()
    folder = tmp_path_factory.mktemp("rows")
    bring_in(an_export(folder / "a.csv", rows), straight)

    bring_in(an_export(folder / "b.csv", [rows[index] for index in order]), shuffled)

    assert _bodies(shuffled.accepted) == _bodies(straight.accepted)
    assert len(straight.dossiers) == 4


def test_the_gateway_itself_is_such_a_ledger(tmp_path: Path) -> None:
    """
    On a real database: once everything, then nothing, then the one row that was mended.
    """
    settings = Settings(tenant=TenantSettings(code="H99"), database=DatabaseSettings(path=tmp_path / "gateway.db"))
    rejects, clock = tmp_path / "rejects.csv", TestClock(NOW)

    with Gateway(settings, connectors=[], clock=clock) as gateway:
        path = an_export(tmp_path / "ho-so.csv", many(20))
        first = import_file(path, a_mapping(), gateway, rejects_path=rejects, clock=clock)
        again = import_file(path, a_mapping(), gateway, rejects_path=rejects, clock=clock)
        an_export(path, [*many(19), *a_history(20, Trích_yếu="Khai sinh lại")])
        mended = import_file(path, a_mapping(), gateway, rejects_path=rejects, clock=clock)

        assert (first.new, first.accepted) == (20, 120)
        assert (again.unchanged, again.accepted) == (20, 0)
        assert (mended.changed, mended.accepted, mended.unchanged) == (1, 1, 19)
        assert gateway.totals() == {"dossiers": 20, "dossier": 41, "step": 80}
