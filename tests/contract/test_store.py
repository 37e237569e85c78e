"""What every store promises about accepting changes; real files, no network."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from gateway.errors import ConflictingRepeat, IllegalTransition, InvalidInput, StoreFull, StoreTooNew, StoreUnavailable
from gateway.lifecycle import Advance, MessageEvent
from gateway.model import Change, Dossier, DossierCode, DossierStatus, ProcessingStep
from gateway.policy import PartnerState
from gateway.ports import Message, Receipt
from gateway.store import schema
from gateway.store.contract import Settled, Verdict
from gateway.store.sql import statements
from gateway.store.sqlite import SqliteStore
from tests.builders import a_dossier, a_step
from tests.clocks import TestClock
from tests.partners import ScriptedPartner

CLOCK = TestClock()
PARTNER = ScriptedPartner()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(path, tenant="H99")
    yield opened
    opened.close()


def change(body: Dossier | ProcessingStep, source_id: str = "1") -> Change:
    return Change(source="test", source_id=source_id, body=body)


def accept(store: SqliteStore, *changes: Change, connection: object | None = None) -> list[Receipt]:
    return store.accept(changes, [PARTNER], now=CLOCK.now(), connection=connection)


def a_history(count: int = 3) -> tuple[Dossier, list[ProcessingStep]]:
    dossier = a_dossier()
    steps = [
        a_step(
            dossier=dossier.code,
            at=dossier.status_at + timedelta(hours=n),
            status=dossier.status,
            content=f"Bước {n}",
        )
        for n in range(count)
    ]
    return dossier, steps


def test_a_repeat_has_no_second_effect(store: SqliteStore) -> None:
    """
    The source was not sure and submitted again: one change, one message.
    """
    accept(store, change(a_dossier()))

    receipts = accept(store, change(a_dossier()), change(a_dossier(), "another id, same header"))

    assert [receipt.duplicate for receipt in receipts] == [True, True]
    assert store.totals() == {"dossiers": 1, "dossier": 1}
    assert store.status()[0].pending == 1


def test_the_same_step_from_two_sources_is_one_step(store: SqliteStore) -> None:
    """
    A file and a live call report the same step under ids of their own.
    """
    dossier, steps = a_history(1)

    receipts = accept(store, change(dossier), change(steps[0], "a"), change(steps[0], "b"))

    assert [receipt.duplicate for receipt in receipts] == [False, False, True]


def test_a_repeat_stays_one_when_its_dossier_has_moved_on(store: SqliteStore) -> None:
    """
    A second source told what was known, its answer was lost, and it tells the same again after the next version.
    """
    first, second = a_dossier(subject="Bản một"), a_dossier(subject="Bản hai")
    accept(store, change(first, "a:1"), change(first, "b:1"), change(second, "a:2"))

    again = accept(store, change(first, "b:1"))[0]

    assert (again.duplicate, store.totals()["dossier"]) == (True, 2)


def test_an_id_that_only_repeated_may_not_bring_another_body(store: SqliteStore) -> None:
    """
    Whether its first body had an effect does not matter: the id stands for it.
    """
    dossier, steps = a_history(2)
    accept(store, change(dossier, "1"), change(steps[0], "a"), change(steps[0], "b"))

    assert isinstance(accept(store, change(steps[1], "b"))[0].refusal, ConflictingRepeat)


def test_one_id_with_two_bodies_is_refused(store: SqliteStore) -> None:
    """
    The second body is not silently dropped and not silently taken.
    """
    accept(store, change(a_dossier()))

    receipt = accept(store, change(a_dossier(subject="Nội dung khác")))[0]

    assert isinstance(receipt.refusal, ConflictingRepeat)
    assert store.totals()["dossier"] == 1


def test_a_refused_change_does_not_hold_back_the_others(store: SqliteStore) -> None:
    """
    One illegal status in the middle of a batch: the rest is accepted in the same commit.
    """
    returned = a_dossier(status=DossierStatus.RETURNED)
    back = a_dossier(status=DossierStatus.PROCESSING, status_at=returned.status_at + timedelta(days=1))
    other = a_dossier(code="H99.01.01-260302-0099")

    receipts = accept(store, change(returned), change(back, "2"), change(other, "3"))

    assert isinstance(receipts[1].refusal, IllegalTransition)
    assert [receipt.version for receipt in receipts] == [1, 0, 1]
    assert store.totals() == {"dossiers": 2, "dossier": 2}


def test_a_step_without_its_dossier_is_refused_with_advice(store: SqliteStore) -> None:
    """
    Nobody could be told of it: the source sends the dossier first.
    """
    receipt = accept(store, change(a_step()))[0]

    assert isinstance(receipt.refusal, InvalidInput)
    assert "Submit the dossier first" in str(receipt.refusal)


def test_a_late_step_enters_history_and_moves_nothing(store: SqliteStore) -> None:
    """
    A forgotten step from before: kept and told after a later step, the status stays.
    """
    dossier, steps = a_history(3)
    accept(store, change(dossier), change(steps[0], "a"), change(steps[2], "c"))

    receipt = accept(store, change(steps[1], "b"))[0]

    assert receipt.advance is Advance.LATE
    known = store.known([dossier.code])[dossier.code.key]
    assert known.status_at == steps[2].at
    assert store.status()[0].pending == 4
    assert [message.late for message in _claimed(store)] == [False, False, False, True]


def _claimed(store: SqliteStore) -> Iterator[Message]:
    """Every message in the order of its lane, each delivered before the next is claimed."""
    settled: list[Settled] = []
    while claims := store.exchange(
        "partner", PARTNER.operations, worker="w", settled=settled, state=None, want=1, lease=timedelta(minutes=1),
        now=CLOCK.now(),
    ).claims:  # fmt: skip
        (claim,) = claims
        yield from claim.messages
        settled = [Settled(claim.lane, claim.token, tuple(Verdict(m.id, MessageEvent.DELIVER) for m in claim.messages))]


def test_a_late_fact_that_would_move_the_public_status_back_is_kept_but_not_told(store: SqliteStore) -> None:
    """
    The portal takes its status from the latest step it knows and from every header, so it must not hear of these.
    """
    finished = a_dossier(status=DossierStatus.FINISHED)
    accept(store, change(finished))
    before = finished.status_at - timedelta(days=1)
    late_step = a_step(dossier=finished.code, at=before, status=DossierStatus.PROCESSING)
    late_header = a_dossier(status=DossierStatus.PROCESSING, status_at=before)

    receipts = accept(store, change(late_step, "2"), change(late_header, "3"))

    assert [(receipt.advance, receipt.kept_back) for receipt in receipts] == [(Advance.LATE, True)] * 2
    kept = [entry for entry in store.timeline(finished.code) if "kept in the ledger only" in entry.detail]
    assert [entry.what for entry in kept] == ["accepted.step", "accepted.dossier"]
    assert store.totals() == {"dossiers": 1, "dossier": 2, "step": 1}
    assert store.status()[0].pending == 1


def test_a_step_that_was_kept_back_opens_the_door_for_no_other(store: SqliteStore) -> None:
    """
    The final header came alone, its steps after it, newest first: the portal knows none of them, so it hears of none.
    """
    finished = a_dossier(status=DossierStatus.FINISHED)
    accept(store, change(finished))
    steps = [
        a_step(dossier=finished.code, at=finished.status_at - timedelta(days=day), status=status)
        for day, status in ((1, DossierStatus.PROCESSING), (2, DossierStatus.ACCEPTED))
    ]

    first = accept(store, change(steps[0], "2"))
    second = accept(store, change(steps[1], "3"))

    assert [receipt.kept_back for receipt in (*first, *second)] == [True, True]
    assert store.status()[0].pending == 1


def test_a_pull_back_that_the_law_knows_moves_the_status(store: SqliteStore) -> None:
    """
    The result was pulled back before hand-over: 9 becomes 4 again.
    """
    finished = a_dossier(status=DossierStatus.FINISHED)
    again = a_step(dossier=finished.code, at=finished.status_at + timedelta(days=1), status=DossierStatus.PROCESSING)

    receipts = accept(store, change(finished), change(again, "2"))

    assert receipts[1].advance is Advance.MOVED
    assert store.known([finished.code])[finished.code.key].status is DossierStatus.PROCESSING


def test_a_code_in_other_letters_is_the_same_dossier(store: SqliteStore) -> None:
    """
    Codes are compared without regard to case, and printed as they came.
    """
    accept(store, change(a_dossier(code="H99.01.01-260302-0007")))

    receipt = accept(store, change(a_dossier(code="h99.01.01-260302-0007", subject="Sửa trích yếu"), "2"))[0]

    assert receipt.version == 2
    assert store.totals()["dossiers"] == 1


@pytest.mark.parametrize("kind", ["sqlite3", "sqlalchemy connection", "sqlalchemy session", "wrapper"])
def test_a_change_lives_and_dies_with_the_callers_transaction(store: SqliteStore, path: Path, kind: str) -> None:
    """
    The portal's own transaction rolls back: nothing was accepted. It commits: everything was.
    """
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)

    def attempt(code: str, *, commit: bool) -> None:
        body = change(a_dossier(code=code), code)
        if kind == "sqlite3":
            plain = sqlite3.connect(path)
            accept(store, body, connection=plain)
            plain.commit() if commit else plain.rollback()
            plain.close()
        elif kind == "sqlalchemy connection":
            with engine.connect() as connection:
                accept(store, body, connection=connection)
                connection.commit() if commit else connection.rollback()
        elif kind == "sqlalchemy session":
            with Session(engine) as session:
                accept(store, body, connection=session)
                session.commit() if commit else session.rollback()
        else:

            class Wrapper:
                connection = sqlite3.connect(path)

            accept(store, body, connection=Wrapper())
            Wrapper.connection.commit() if commit else Wrapper.connection.rollback()
            Wrapper.connection.close()

    attempt("H99.01.01-260302-0001", commit=False)
    assert store.totals() == {"dossiers": 0}

    attempt("H99.01.01-260302-0002", commit=True)
    assert store.totals() == {"dossiers": 1, "dossier": 1}
    assert store.status()[0].pending == 1


@pytest.mark.parametrize("isolation", ["DEFERRED", "IMMEDIATE", None], ids=["deferred", "immediate", "autocommit"])
def test_a_fault_half_way_leaves_nothing_of_ours_with_the_caller(
    store: SqliteStore, path: Path, isolation: Literal["DEFERRED", "IMMEDIATE"] | None
) -> None:
    """
    The database breaks between the ledger and the outbox; the caller goes on and commits. A change without its message
    would be a change that nobody is told of.
    """
    with closing(sqlite3.connect(path, isolation_level=isolation)) as portal:
        portal.execute("CREATE TABLE portal (note TEXT)")
        portal.execute("CREATE TRIGGER broken BEFORE INSERT ON lt_message BEGIN SELECT RAISE(ABORT, 'broken'); END")
        portal.execute("INSERT INTO portal VALUES ('the portal keeps this')")

        with pytest.raises(StoreUnavailable):
            accept(store, change(a_dossier()), connection=portal)
        portal.execute("DROP TRIGGER broken")
        portal.commit()
        assert store.totals() == {"dossiers": 0}
        assert portal.execute("SELECT count(*) FROM portal").fetchone() == (1,)

        receipt = accept(store, change(a_dossier()), connection=portal)[0]
        portal.commit()
        assert (receipt.duplicate, store.status()[0].pending) == (False, 1)


def test_something_that_is_no_connection_is_refused(store: SqliteStore) -> None:
    """
    A wrong object is named before anything is written.
    """
    with pytest.raises(TypeError, match="expected a connection to SQLite, got int"):
        accept(store, change(a_dossier()), connection=7)


def test_many_producers_lose_and_double_nothing(store: SqliteStore, path: Path) -> None:
    """
    Eight threads, half of them through a store of another process, submit the same hundred dossiers.
    """
    other = SqliteStore(path, tenant="H99")
    duplicates: list[bool] = []

    def produce(into: SqliteStore) -> None:
        for n in range(100):
            code = f"H99.01.01-260302-{n:04d}"
            duplicates.extend(r.duplicate for r in accept(into, change(a_dossier(code=code), code)))

    threads = [threading.Thread(target=produce, args=((store, other)[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()

    assert (duplicates.count(False), duplicates.count(True)) == (100, 700)
    assert store.status()[0].pending == 100


@given(cut=st.integers(0, 4))
def test_the_chain_tells_where_it_was_touched(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """
    Somebody edits a row of the ledger: the dossier's chain breaks at that change and nowhere before.
    """
    path = tmp_path_factory.mktemp("chain") / "gateway.db"
    store = SqliteStore(path, tenant="H99")
    dossier, steps = a_history(4)
    accept(store, change(dossier), *(change(step, f"step {n}") for n, step in enumerate(steps)))
    assert store.broken_link(dossier.code) is None

    with sqlite3.connect(path) as vandal:
        vandal.execute(
            "UPDATE lt_change SET body = CAST(replace(body, 'H99', 'H98') AS BLOB) WHERE version = ?", (cut + 1,)
        )
    vandal.close()
    found = store.broken_link(dossier.code)
    store.close()

    assert found == cut + 1


def test_a_removed_last_change_is_noticed(store: SqliteStore, path: Path) -> None:
    """
    Cutting the end off a chain leaves a head that no longer fits.
    """
    dossier, steps = a_history(2)
    accept(store, change(dossier), *(change(step, f"step {n}") for n, step in enumerate(steps)))

    with sqlite3.connect(path) as vandal:
        vandal.execute("DELETE FROM lt_change WHERE version = 3")
    vandal.close()

    assert store.broken_link(dossier.code) == 3


def test_a_full_disk_refuses_the_new_and_keeps_the_old(path: Path) -> None:
    """
    The database may not grow: the change is refused in words, what was accepted stays, room makes it work again.
    """
    store = SqliteStore(path, tenant="H99")
    accept(store, change(a_dossier()))
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    big = [change(a_dossier(code=f"H99.01.01-260302-{n:04d}"), str(n)) for n in range(100, 200)]

    with pytest.raises(StoreFull, match="Hết chỗ"):
        accept(store, *big)

    assert store.totals() == {"dossiers": 1, "dossier": 1}
    store._connection.execute("PRAGMA max_page_count = 1000000")
    assert len(accept(store, *big)) == 100
    assert store.totals()["dossiers"] == 101
    store.close()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """
    A wrong path in the configuration: the operator reads which file and what to check.
    """
    with pytest.raises(StoreUnavailable, match=r"gateway\.db.*Kiểm tra thư mục"):
        SqliteStore(tmp_path / "nowhere" / "gateway.db", tenant="H99")


def test_only_the_gateways_own_account_may_read_the_database(store: SqliteStore, path: Path) -> None:
    """
    The ledger holds personal data: no group and no stranger reads it, nor the files beside it.
    """
    accept(store, change(a_dossier()))

    modes = {file.name: file.stat().st_mode & 0o077 for file in path.parent.glob("gateway.db*")}

    assert len(modes) == 3
    assert set(modes.values()) == {0}


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """
    Somebody pointed the configuration at another file: it is not touched.
    """
    path.write_text("danh sách hồ sơ", encoding="utf-8")

    with pytest.raises(StoreUnavailable):
        SqliteStore(path, tenant="H99")

    assert path.read_text(encoding="utf-8") == "danh sách hồ sơ"


def test_a_database_of_a_newer_release_is_refused(store: SqliteStore, path: Path) -> None:
    """
    A newer release wrote the file: this one says so and leaves it alone.
    """
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE lt_schema SET version_num = '9999'")
    connection.close()

    with pytest.raises(StoreTooNew, match="9999"):
        SqliteStore(path, tenant="H99")


@pytest.mark.parametrize("round_", range(12))
def test_two_processes_may_create_the_database_at_once(path: Path, round_: int) -> None:
    """
    Six stores open the same new file together: one migrates, the others find it done. The moment in which SQLite
    refuses instead of waiting is short, so there are several rounds.
    """
    stores: list[SqliteStore] = []
    threads = [threading.Thread(target=lambda: stores.append(SqliteStore(path, tenant="H99"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(stores) == 6
    assert len(accept(stores[0], change(a_dossier()))) == 1
    for store in stores:
        store.close()


def test_the_known_revisions_are_the_migration_files() -> None:
    """
    A migration without its entry would be taken for a newer release.
    """
    folder = Path(schema.__file__).parent / "migrations" / "versions"

    assert sorted(file.name[:4] for file in folder.glob("[0-9]*.py")) == list(schema.KNOWN)


WHOLE_TABLE_BY_INTENT = {"status_messages", "status_attempts", "dead_letters", "count_dossiers", "count_changes"}


def test_a_process_that_did_not_hear_of_a_hold_does_not_end_it(store: SqliteStore) -> None:
    """
    One process is told to wait for an hour; another, with a clean answer on its way, records that all is well.
    """
    now, hour = CLOCK.now(), timedelta(hours=1)

    def record(state: PartnerState) -> PartnerState:
        return store.exchange(
            "partner", PARTNER.operations, worker="w", settled=[], state=state, want=0, lease=hour, now=now
        ).partner

    record(PartnerState(failures=1, hold_until=now + hour))

    assert record(PartnerState()) == PartnerState(failures=0, hold_until=now + hour)
    assert record(PartnerState(hold_until=now + 2 * hour)).hold_until == now + 2 * hour


def test_no_hot_statement_reads_a_whole_table(store: SqliteStore) -> None:
    """
    Claim cost must not grow with the backlog: every statement but the reports finds its rows by an index.
    """
    lists = {"keys", "lanes", "dossiers", "messages"}
    scanning = set()
    for name, sql in statements().items():
        parameters = {word: "[]" if word in lists else 1 for word in _parameters(sql)}
        plan = store._connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
        if any(row[3].startswith("SCAN lt_") or row[3] in {f"SCAN {a}" for a in "dlmca"} for row in plan):
            scanning.add(name)

    assert scanning <= WHOLE_TABLE_BY_INTENT


def _parameters(sql: str) -> set[str]:
    import re

    return set(re.findall(r":(\w+)", sql))


def test_unknown_dossiers_are_left_out_of_what_is_known(store: SqliteStore) -> None:
    """
    A source asks about codes that the ledger never saw.
    """
    assert store.known([DossierCode.parse("H99.01.01-260302-0001")]) == {}
