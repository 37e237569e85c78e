"""What is PostgreSQL's own: a server without room, and the words for what it cannot do."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from datetime import timedelta
from time import monotonic, sleep

import pytest

from gateway.errors import StoreFull, StoreUnavailable
from gateway.lifecycle import MessageEvent
from gateway.store.base import SqlStore
from gateway.store.contract import Settled, Turn, Verdict, Wish
from gateway.store.postgresql import LOOK_S, PostgresStore
from tests.builders import a_code, a_dossier
from tests.contract.store.telling import CLOCK, PARTNER, accept, change
from tests.stores import PostgresBackend
from tools.postgres import PostgresServer

NO_ROOM = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON lt_message FOR EACH ROW EXECUTE FUNCTION no_room();
"""


def test_a_server_without_room_takes_nothing_by_half(postgres_backend: PostgresBackend) -> None:
    """
    The last table of a change does not fit: the change is refused in words, what was accepted stays, room mends it.
    """
    store = postgres_backend.open()
    accept(store, change(a_dossier()))
    postgres_backend.execute(NO_ROOM)
    second = change(a_dossier(code="H99.01.01-260302-0100"), "2")

    with pytest.raises(StoreFull, match="Hết chỗ"):
        accept(store, second)

    assert store.totals() == {"dossiers": 1, "dossier": 1}
    postgres_backend.execute("DROP TRIGGER no_room ON lt_message")
    assert not accept(store, second)[0].duplicate
    assert store.totals()["dossiers"] == 2


@pytest.mark.parametrize(
    ("database", "account", "remedy"),
    [("nowhere", "lienthong", "Tạo nó"), ("postgres", "nobody-here", "Kiểm tra tên, mật khẩu và quyền")],
)
def test_a_wrong_address_is_told_without_its_password(
    postgres_server: PostgresServer, database: str, account: str, remedy: str
) -> None:
    """
    The database or the account is not there: the operator reads which server and what to check, and no secret.
    """
    url = postgres_server.url(database).replace("lienthong@", f"{account}:mat-khau-gieo@")

    with pytest.raises(StoreUnavailable, match=rf"127\.0\.0\.1.*{remedy}") as caught:
        PostgresStore(url, tenant="H99")

    assert "mat-khau-gieo" not in str(caught.value)


@pytest.mark.parametrize("host", ["role-password.invalid", "/does not exist"])
def test_what_a_host_is_called_is_no_reason(host: str) -> None:
    """
    Nobody answers under a name that reads like a refusal: the operator is sent to the network, not to the account.
    """
    with pytest.raises(StoreUnavailable, match="Không nối được tới PostgreSQL"):
        PostgresStore(f"host='{host}' connect_timeout=2", tenant="H99")


def test_a_server_without_a_free_place_is_not_taken_for_one_that_refuses_the_account(
    postgres_server: PostgresServer, postgres_backend: PostgresBackend
) -> None:
    """
    The account may hold no connection at all just now. Its name and password are right.
    """
    postgres_backend.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    try:
        with pytest.raises(StoreUnavailable, match="Không nối được tới PostgreSQL"):
            PostgresStore(postgres_server.url().replace("lienthong@", "crowded@"), tenant="H99")
    finally:
        postgres_backend.execute("DROP ROLE crowded")


def test_a_server_that_says_nothing_is_given_up() -> None:
    """
    The address leads to something that takes the call and is silent: the start fails in words instead of hanging.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(StoreUnavailable, match="Kiểm tra máy chủ và mạng"):
            PostgresStore(f"postgresql://x@127.0.0.1:{port}/x", tenant="H99", patience=timedelta(seconds=1))


def test_a_server_that_does_not_answer_keeps_no_process_from_ending(postgres_backend: PostgresBackend) -> None:
    """
    A statement waits for a lock that nobody gives back, and another one for the only connection: past the time for a
    graceful stop both fail, and the store is closed. Network and server are well, so no time-out of theirs helps.
    """
    store = postgres_backend.open(pool=1)
    with (
        closing(postgres_backend.connect()) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        other.execute("LOCK TABLE lt_dossier IN ACCESS EXCLUSIVE MODE")
        asking = [pool.submit(store.dossiers, after=0, want=1) for _ in range(2)]
        assert not wait(asking, timeout=0.2).done
        began = monotonic()
        store.hurry(timedelta(seconds=0.2))
        faults = [each.exception(timeout=20) for each in asking]
        store.close()
        took_s = monotonic() - began

    assert [type(fault) for fault in faults] == [StoreUnavailable] * 2
    assert took_s < 8


def test_a_process_that_ends_may_take_its_time_where_the_server_answers(postgres_backend: PostgresBackend) -> None:
    """
    Past the time for a graceful stop, last words are still taken.
    """
    store = postgres_backend.open()
    store.hurry(timedelta(0))
    sleep(2 * LOOK_S)  # Until the store's own thread has looked for stuck connections, by the machine's clock.

    accept(store, change(a_dossier()))

    assert store.totals()["dossiers"] == 1


def _turn(store: SqlStore, settled: Sequence[Settled] = ()) -> Turn:
    return store.exchange(
        PARTNER.name, PARTNER.operations, worker="w", settled=settled, state=None,
        wish=Wish(lanes=10, lease=timedelta(seconds=60)), now=CLOCK.now(),
    )  # fmt: skip


def _rows_read(backend: PostgresBackend) -> int:
    """How many entries of the indexes on lanes and messages the server has gone through so far."""
    with closing(backend.connect()) as connection:
        found = connection.execute(
            "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname IN ('lt_lane', 'lt_message')"
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_a_turn_in_a_database_that_just_filled_up_reads_its_own_lanes_only(postgres_backend: PostgresBackend) -> None:
    """
    A province starts with an import: a thousand dossiers wait before the server has ever counted a table. A worker that
    takes ten of them goes by their keys, and does not read through the whole backlog for each statement.
    """
    store = postgres_backend.open()
    for first in range(0, 1_000, 250):
        accept(store, *(change(a_dossier(code=a_code(n)), f"{n}") for n in range(first, first + 250)))
    claims = _turn(store).claims
    store.close()
    before = _rows_read(postgres_backend)

    again = postgres_backend.open()
    done = [
        Settled(claim.lane, claim.token, tuple(Verdict(message.id, MessageEvent.DELIVER) for message in claim.messages))
        for claim in claims
    ]
    following = _turn(again, done).claims
    again.close()

    assert (len(claims), len(following)) == (10, 10)
    assert _rows_read(postgres_backend) - before < 500


def test_nobody_waits_to_tell_the_server_what_another_tells_it(postgres_backend: PostgresBackend) -> None:
    """
    Somebody else counts the tables, for hours: what is accepted is accepted.
    """
    store = postgres_backend.open()
    with closing(postgres_backend.connect()) as other:
        other.execute("LOCK TABLE lt_lane, lt_message, lt_change, lt_dossier IN SHARE UPDATE EXCLUSIVE MODE")
        for first in range(0, 600, 200):
            accept(store, *(change(a_dossier(code=a_code(n)), f"{n}") for n in range(first, first + 200)))

        assert store.totals()["dossiers"] == 600


DIES_AS_IT_COUNTS = """
CREATE FUNCTION dies_as_it_counts(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
    IF current_query() LIKE 'ANALYZE%' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
    RETURN n;
END $$;
CREATE INDEX dies_as_it_counts ON lt_lane (dies_as_it_counts(dossier_id));
"""


def test_a_server_that_fails_as_it_counts_takes_back_nothing_that_was_accepted(
    postgres_backend: PostgresBackend,
) -> None:
    """
    The connection is lost after the commit, while tables are counted: whoever submitted hears that it was accepted, and
    the next change gets a connection that works.
    """
    postgres_backend.execute(DIES_AS_IT_COUNTS)
    store = postgres_backend.open(pool=1)

    for first in range(0, 1_000, 250):
        receipts = accept(store, *(change(a_dossier(code=a_code(n)), f"{n}") for n in range(first, first + 250)))
        assert [receipt.version for receipt in receipts] == [1] * 250

    assert store.totals()["dossiers"] == 1_000
    with closing(postgres_backend.connect()) as connection:
        known = connection.execute("SELECT relpages FROM pg_class WHERE relname = 'lt_lane'").fetchone()
    assert known == (0,)
