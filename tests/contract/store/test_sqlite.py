"""What is special about the store in one SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Literal

import pytest

from gateway.errors import StoreFull, StoreUnavailable
from gateway.store.sqlite import MEMORY, SqliteStore
from tests.builders import a_dossier
from tests.contract.store.telling import accept, change


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program writes for as long as the block lasts."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


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


def test_only_the_gateways_own_account_may_read_the_database(path: Path) -> None:
    """
    The ledger holds personal data: no group and no stranger reads it, nor the files beside it.
    """
    store = SqliteStore(path, tenant="H99")
    accept(store, change(a_dossier()))

    modes = {file.name: file.stat().st_mode & 0o077 for file in path.parent.glob("gateway.db*")}

    assert len(modes) == 3
    assert set(modes.values()) == {0}
    store.close()


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """
    Somebody pointed the configuration at another file: it is not touched.
    """
    path.write_text("danh sách hồ sơ", encoding="utf-8")

    with pytest.raises(StoreUnavailable):
        SqliteStore(path, tenant="H99")

    assert path.read_text(encoding="utf-8") == "danh sách hồ sơ"


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


@pytest.mark.parametrize("isolation", ["DEFERRED", "IMMEDIATE", None], ids=["deferred", "immediate", "autocommit"])
def test_a_fault_half_way_leaves_nothing_of_ours_with_the_caller(
    path: Path, isolation: Literal["DEFERRED", "IMMEDIATE"] | None
) -> None:
    """
    The database breaks between the ledger and the outbox; the caller goes on and commits. A change without its message
    would be a change that nobody is told of.
    """
    store = SqliteStore(path, tenant="H99")
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
    store.close()


def test_a_store_in_memory_keeps_the_same_promises_while_it_lives() -> None:
    """
    For tests and trials: nothing is left on the disk, a repeat is still a repeat.
    """
    with closing(SqliteStore(MEMORY, tenant="H99")) as store:
        accept(store, change(a_dossier()))

        assert accept(store, change(a_dossier()))[0].duplicate
        assert store.status()[0].pending == 1
        assert not Path(":memory:").exists()


def test_many_who_wait_for_a_held_database_do_not_wait_one_after_the_other(path: Path) -> None:
    """
    Another process holds the file: who reads is served meanwhile, and all who write give up after one patience, not
    after as many as there are of them.
    """
    patience_s = 0.6
    store = SqliteStore(path, tenant="H99", busy=timedelta(seconds=patience_s))
    waited: list[float] = []

    def write() -> None:
        began = monotonic()
        with pytest.raises(StoreUnavailable, match="bị tiến trình khác giữ"):
            store.try_to_write()
        waited.append(monotonic() - began)

    with closing(store), held(path):
        writers = [threading.Thread(target=write) for _ in range(6)]
        for each in writers:
            each.start()
        began = monotonic()
        assert store.totals()["dossiers"] == 0
        read_s = monotonic() - began
        for each in writers:
            each.join()

    assert read_s < patience_s
    assert max(waited) < 2.5 * patience_s
    assert len(waited) == 6


def test_a_store_that_is_closed_keeps_nobody_waiting(path: Path) -> None:
    """
    A writer has half a minute of patience with a held file; closing the store ends it at once.
    """
    store = SqliteStore(path, tenant="H99")
    ended: list[str] = []

    def write() -> None:
        with pytest.raises(StoreUnavailable):
            store.try_to_write()
        ended.append("refused")

    with held(path):
        writer = threading.Thread(target=write)
        writer.start()
        began = monotonic()
        store.close()
        writer.join(5)

    assert ended == ["refused"]
    assert monotonic() - began < 5


def test_who_must_hurry_still_writes_where_nobody_is_in_the_way(path: Path) -> None:
    """
    The process ends, its time is over: a held file is given up, a free one takes the last word.
    """
    with closing(SqliteStore(path, tenant="H99")) as store:
        store.hurry(timedelta(0))
        with held(path), pytest.raises(StoreUnavailable):
            store.try_to_write()

        accept(store, change(a_dossier()))

        assert store.totals()["dossiers"] == 1
