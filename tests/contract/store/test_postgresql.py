"""What is PostgreSQL's own: a server without room, and the words for what it cannot do."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from datetime import timedelta
from time import monotonic, sleep

import psycopg
import pytest
from psycopg import sql

from gateway.errors import StoreFull, StoreUnavailable
from gateway.lifecycle import MessageEvent
from gateway.store.base import SqlStore
from gateway.store.contract import Settled, Turn, Verdict, Wish
from gateway.store.cutting import LOOK_S
from gateway.store.listener import Listener
from gateway.store.planner import tell_planner
from gateway.store.postgresql import PostgresStore
from tests.builders import a_code, a_dossier
from tests.contract.store.telling import CLOCK, PARTNER, accept, change
from tests.proxy import Proxy
from tests.running import until
from tests.stores import PostgresBackend
from tools.postgres import ROLE, PostgresServer

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


def test_a_listener_gives_up_a_server_that_says_nothing() -> None:
    """
    It asks to be called when there is work, and the server takes the connection and is silent: it tries again, and ends
    without a word when it is asked to.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent, ExitStack() as calls:
        port = silent.getsockname()[1]
        listener = Listener(f"postgresql://x@127.0.0.1:{port}/x", "H99", lambda _: None, {"connect_timeout": 2})
        silent.settimeout(20)
        for _ in range(2):
            calls.enter_context(silent.accept()[0])
        listener.close()


def test_a_proxy_that_goes_silent_is_given_up_and_gone_round(postgres_backend: PostgresBackend) -> None:
    """
    What stands between takes every byte of a connection and passes none on, so that the network has no fault to report.
    Whoever waits hears that the database is out of reach, and on a new connection the same change is taken once.
    """
    with Proxy(postgres_backend.server.port) as proxy:
        url = postgres_backend.url.replace(f":{postgres_backend.server.port}/", f":{proxy.port}/")
        patience = timedelta(seconds=0.5)
        with closing(PostgresStore(url, tenant="H99", pool=1, patience=patience, server_clock=False)) as store:
            accept(store, change(a_dossier()))
            proxy.silence()
            began = monotonic()

            with pytest.raises(StoreUnavailable):
                accept(store, change(a_dossier(code=a_code(1)), "2"))

            assert monotonic() - began < 8
            until(lambda: answers(store), "a new connection")
            accept(store, change(a_dossier(code=a_code(1)), "2"))
            assert store.totals()["dossiers"] == 2


def answers(store: SqlStore) -> bool:
    try:
        return bool(store.totals())
    except StoreUnavailable:
        return False


def test_a_statement_that_waits_for_ever_is_given_up_in_words(postgres_backend: PostgresBackend) -> None:
    """
    Somebody keeps a table locked: whoever needs it is told what to look for, and goes on once it is free.
    """
    store = postgres_backend.open(patience=timedelta(seconds=0.1))
    with closing(postgres_backend.connect()) as other:
        other.execute("LOCK TABLE lt_dossier IN ACCESS EXCLUSIVE MODE")

        with pytest.raises(StoreUnavailable, match="pg_stat_activity"):
            accept(store, change(a_dossier()))

    assert [receipt.version for receipt in accept(store, change(a_dossier()))] == [1]


def test_a_server_that_only_reads_is_named_and_left_for_the_one_that_writes(postgres_backend: PostgresBackend) -> None:
    """
    After a failover the address leads to the copy: the operator reads what to mend, and as soon as it leads to a server
    that writes, the same process goes on without being started anew.
    """
    postgres_backend.execute(f'ALTER DATABASE "{postgres_backend.database}" SET default_transaction_read_only = on')
    store = postgres_backend.open()

    with pytest.raises(StoreUnavailable, match="target_session_attrs"):
        accept(store, change(a_dossier()))

    with closing(psycopg.connect(postgres_backend.server.url(), autocommit=True)) as connection:
        name = sql.Identifier(postgres_backend.database)
        connection.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
    until(lambda: takes(store), "a server that writes")
    assert store.totals() == {"dossiers": 1, "dossier": 1}


def takes(store: SqlStore) -> bool:
    try:
        return bool(accept(store, change(a_dossier())))
    except StoreUnavailable:
        return False


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


def test_an_account_that_does_not_own_the_tables_works_and_counts_nothing(
    postgres_server: PostgresServer, postgres_backend: PostgresBackend
) -> None:
    """
    Somebody else migrated; the service's own account may read and write. It takes a large import, and leaves
    counting to the server without filling its log with refusals. Once it acts for the owner, it counts.
    """
    postgres_backend.execute(
        "CREATE ROLE worker LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO worker;"
        " GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO worker"
    )
    url = postgres_backend.url.replace(f"{ROLE}@", "worker@")
    heard: list[str | None] = []
    try:
        with closing(PostgresStore(url, tenant="H99", server_clock=False)) as store:
            for first in range(0, 1_000, 250):
                accept(store, *(change(a_dossier(code=a_code(n)), f"{n}") for n in range(first, first + 250)))
            assert store.totals()["dossiers"] == 1_000
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            connection.add_notice_handler(lambda said: heard.append(said.message_primary))

            assert (tell_planner(connection), heard) == ([], [])

            postgres_backend.execute(f"GRANT {ROLE} TO worker")
            assert "lt_message" in tell_planner(connection)
            assert (tell_planner(connection), heard) == ([], [])
    finally:
        postgres_backend.execute("DROP OWNED BY worker; DROP ROLE worker")


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
