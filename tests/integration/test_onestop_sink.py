"""What the portal tells the gateway reaches the one-stop system, once and in order, by webhook or as rows."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import SecretStr

from connectors.provincial.onestop.connector import OneStop, build
from connectors.provincial.onestop.mock import MockOneStop
from gateway import Gateway, Settings
from gateway.config import DatabaseSettings, TenantSettings, settings_from
from gateway.errors import ConfigurationError, DeliveryError, Faulted, OutcomeUnknown, Rejected, Unreachable
from gateway.model import Change, Dossier, DossierStatus, Origin, ProcessingStep, body_json
from gateway.ports import Delivered, Failed, Finding, Message
from tests.builders import MORNING, a_dossier, a_step
from tests.clocks import TestClock
from tests.integration.test_portal_calls import call, connector, notice
from tests.partners import ScriptedPartner
from tests.receivers import Door, receiving
from tests.running import until
from tests.stores import Backend, PostgresBackend, SqliteBackend
from tests.wires import always, serving

SECRET = "khoa-bi-mat-vi-du-16"
BORN_THERE = "G22.99-260305-00011"


@contextmanager
def opened(folder: Path, *connectors: Any, clock: TestClock) -> Iterator[Gateway]:
    settings = Settings(tenant=TenantSettings(code="H99"), database=DatabaseSettings(path=folder / "gateway.db"))
    with Gateway(settings, connectors=connectors, clock=clock) as gateway:
        yield gateway


def webhook(url: str, clock: TestClock) -> OneStop:
    options = {"kind": "webhook", "told_of": ["cong"], "url": url, "secret": SecretStr(SECRET), "timeout_s": 5}
    return build("motcua", options, clock=clock)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def door(clock: TestClock) -> Iterator[Door]:
    with receiving(MockOneStop(SECRET.encode(), clock.now)) as door:
        yield door


def born_there(status: DossierStatus = DossierStatus.SUBMITTED, hours: int = 0) -> Dossier:
    accepted = None if status is DossierStatus.SUBMITTED else MORNING
    return a_dossier(
        code=BORN_THERE, origin=Origin.PORTAL, status=status, status_at=MORNING + timedelta(hours=hours),
        accepted_at=accepted, due_at=None,
    )  # fmt: skip


def told(gateway: Gateway, source: str, body: Dossier | ProcessingStep, number: str) -> None:
    gateway.submit(Change(source=source, source_id=number, body=body))


def a_story(gateway: Gateway) -> None:
    """The portal bears a dossier, the one-stop system works on it, and the portal tells a step."""
    told(gateway, "cong", born_there(), "1")
    told(gateway, "mot-cua", born_there(DossierStatus.ACCEPTED, 1), "2")
    at = MORNING + timedelta(hours=2)
    told(gateway, "cong", a_step(dossier=BORN_THERE, at=at, content="Cổng ghi nhận"), "3")


def test_nobody_is_told_what_they_said(tmp_path: Path, clock: TestClock, door: Door) -> None:
    """
    The one-stop system hears what the portal said and never itself; the portal hears the one-stop system alone.
    """
    portal = ScriptedPartner(name="cong")
    portal.route = lambda kind, origin: kind  # type: ignore[method-assign] # it wants everything.
    with opened(tmp_path, portal, webhook(door.url, clock), clock=clock) as gateway:
        a_story(gateway)
        gateway.run_until_idle()

        assert [(each["kind"], each["body"]["status"]) for each in door.system.changes] == [("dossier", 1), ("step", 2)]
        assert len(portal.applied) == 1


def test_a_lost_answer_makes_no_second_change(tmp_path: Path, clock: TestClock, door: Door) -> None:
    """
    The receiver worked, its answer was lost, then it failed once: told again, it knows the key. In order all the same.
    """
    door.script[:] = [None, 500]
    with opened(tmp_path, webhook(door.url, clock), clock=clock) as gateway:
        a_story(gateway)
        gateway.run_until_idle()
        (status,) = gateway.status()

    assert (status.delivered, status.dead) == (2, 0)
    assert [each["kind"] for each in door.system.changes] == ["dossier", "step"]
    assert door.system.changes[0]["sequence"] < door.system.changes[1]["sequence"]


@pytest.mark.parametrize(
    ("status", "state"), [(422, "dead"), (401, "held"), (404, "waits")], ids=["refused", "stranger", "no-service"]
)
def test_a_refusal_is_read_by_what_it_means(
    tmp_path: Path, clock: TestClock, door: Door, status: int, state: str
) -> None:
    """
    Only a refusal of this one change makes a dead letter; a wrong secret or address waits for whoever mends it.
    """
    connector = webhook(door.url, clock)
    door.script[:] = [status]
    with opened(tmp_path, connector, clock=clock) as gateway:
        told(gateway, "cong", born_there(), "1")
        gateway.run_until_idle()

        ended = [entry.what for entry in gateway.timeline(BORN_THERE) if entry.what.startswith("call.")]
    assert ended == {
        "dead": ["call.rejected"],
        "held": ["call.unauthenticated", "call.delivered"],
        "waits": ["call.unreachable", "call.delivered"],
    }[state]  # fmt: skip


def test_a_secret_is_replaced_without_an_agreed_hour(tmp_path: Path, clock: TestClock) -> None:
    """
    We sign with the new secret already, the receiver knows the old one, and some day the new one: each change arrives
    and nobody is held. Refused under both, the change waits like any other that nobody may bring.
    """
    new = "khoa-moi-vi-du-00016"
    options = {"kind": "webhook", "told_of": ["cong"], "secret": SecretStr(new), "old_secret": SecretStr(SECRET)}
    with receiving(MockOneStop(SECRET.encode(), clock.now)) as door:
        sink = build("motcua", options | {"url": door.url, "timeout_s": 5}, clock=clock)
        with opened(tmp_path, sink, clock=clock) as gateway:
            for number, secret in enumerate((SECRET, SECRET, new, new)):
                door.system.secret = secret.encode()
                door.script[:] = [401, 401] if number == 3 else []
                told(gateway, "cong", born_there(hours=number), str(number))
                gateway.run_until_idle()

            ended = [entry.what for entry in gateway.timeline(BORN_THERE) if entry.what.startswith("call.")]

    assert ended == ["call.delivered"] * 3 + ["call.unauthenticated", "call.delivered"]
    # The secret that fitted last is tried first: one that is out of use costs one refusal, not one for each change.
    assert door.system.forgeries == 2


@pytest.mark.parametrize("shown", [True, False])
def test_a_receiver_may_ask_for_our_certificate(tmp_path: Path, clock: TestClock, shown: bool) -> None:
    """
    With it the change arrives over TLS; without it nothing has left us, and the change waits.
    """
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    ours = ca.issue_cert("lienthong.vidu.example")
    ours.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    ours.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(asking)
    ca.configure_trust(asking)
    asking.verify_mode = ssl.CERT_REQUIRED
    files = {"client_cert_file": tmp_path / "cert.pem", "client_key_file": tmp_path / "key.pem"} if shown else {}

    with serving(always(b"HTTP/1.1 204 No Content\r\n\r\n"), tls=asking) as server:
        url = f"https://localhost:{server.port}/nhan"
        sink = build(
            "motcua",
            {
                "kind": "webhook",
                "told_of": ["cong"],
                "url": url,
                "secret": SecretStr(SECRET),
                "ca_file": tmp_path / "ca.pem",
                **files,
            },
            clock=clock,
        )
        (health,) = sink.check()
        sink.close()

    assert health.ok is shown
    assert (len(server.heard) == 1) is shown


def table(backend: Backend, **options: Any) -> OneStop:
    given = {
        "kind": "table", "told_of": ["cong"], "database_url": SecretStr(backend.sqlalchemy_url), "table": "thay_doi",
        "columns": {"key": "ma", "sequence": "thu_tu", "kind": "loai", "body": "noi_dung"}, "timeout_s": 5,
    }  # fmt: skip
    return build("motcua", given | options)


def test_each_change_becomes_one_row(tmp_path: Path, backend: Backend, clock: TestClock) -> None:
    """
    Rows in the province's own table under its own names; a row that is there already, for its commit was not
    confirmed, is left alone.
    """
    backend.execute("CREATE TABLE thay_doi (ma TEXT PRIMARY KEY, thu_tu BIGINT, loai TEXT, noi_dung TEXT)")
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    with opened(first, table(backend), clock=clock) as gateway:
        told(gateway, "cong", born_there(), "1")
    shutil.copytree(first, second)
    with opened(first, table(backend), clock=clock) as gateway:
        gateway.run_until_idle()
        before = backend.rows("SELECT ma, loai, noi_dung FROM thay_doi")
    with opened(second, table(backend), clock=clock) as gateway:
        a_story(gateway)
        gateway.run_until_idle()
        rows = backend.rows("SELECT ma, loai, noi_dung FROM thay_doi ORDER BY thu_tu")

    assert rows[0] == before[0]
    assert [loai for _, loai, _ in rows] == ["dossier", "step"]
    assert '"status":1' in rows[0][2]


def test_a_table_that_somebody_locks_holds_nobody_for_long(backend: Backend) -> None:
    """
    The province's own work has the table: the change waits for its next attempt, and the worker is free again.
    """
    backend.execute("CREATE TABLE thay_doi (ma TEXT PRIMARY KEY, thu_tu BIGINT, loai TEXT, noi_dung TEXT)")
    locks = {
        "sqlite": ["BEGIN EXCLUSIVE"],
        "postgresql": ["SET idle_in_transaction_session_timeout = '5s'", "LOCK TABLE thay_doi"],
    }
    with closing(table(backend, timeout_s=0.3)) as sink, closing(backend.connect()) as other:
        for statement in locks[backend.name]:
            other.execute(statement)
        (health,) = sink.check()

    assert (health.ok, "cannot be reached" in health.detail) == (False, True)


def a_message() -> Message:
    body = body_json(born_there())
    return Message(1, "motcua", "dossier", BORN_THERE, 1, "5f0c" * 8, body, 0, MORNING, established=False)


AT_THE_END = """
CREATE TABLE thay_doi (ma TEXT PRIMARY KEY, thu_tu BIGINT, loai TEXT, noi_dung TEXT);
CREATE FUNCTION xet() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$;
CREATE CONSTRAINT TRIGGER xet AFTER INSERT ON thay_doi DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION xet();
"""


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("23503", Rejected), ("22001", Rejected), ("44000", Rejected), ("40001", Faulted), ("P0001", Faulted),
        ("57014", Unreachable), ("40003", OutcomeUnknown), ("57P01", OutcomeUnknown),
    ],
)  # fmt: skip
def test_what_the_table_refuses_at_the_end_is_refused(
    postgres_backend: PostgresBackend, code: str, means: type[DeliveryError]
) -> None:
    """
    A constraint that is looked at in the commit takes the row back: that is no doubt, but a refusal, or a reason to try
    again; where the server says no for reasons of its own, it is there, and other rows need not wait. In doubt is only
    what it does not know itself, or a connection that it ends.
    """
    postgres_backend.execute(AT_THE_END.format(code=code))
    with closing(table(postgres_backend)) as sink:
        (outcome,) = sink.deliver([a_message()])
        found = sink.probe(a_message()).finding

    assert isinstance(outcome, Failed)
    assert (type(outcome.error), found) == (means, Finding.ABSENT)


def test_a_commit_that_a_file_did_not_take_leaves_no_row_that_only_we_see(tmp_path: Path) -> None:
    """
    In SQLite a failed commit may be tried again, and the row stays in its transaction. Whoever looks next, maybe over
    the same connection, does not take it for there: the province reads as long as the commit may wait.
    """
    backend = SqliteBackend(tmp_path)
    backend.execute("CREATE TABLE thay_doi (ma TEXT PRIMARY KEY, thu_tu BIGINT, loai TEXT, noi_dung TEXT)")
    with closing(table(backend, timeout_s=0.3)) as sink, closing(backend.connect()) as province:
        reading = province.execute("SELECT 1 FROM thay_doi UNION ALL SELECT 2 UNION ALL SELECT 3")
        reading.fetchone()
        (outcome,) = sink.deliver([a_message()])
        found = sink.probe(a_message()).finding
        reading.close()
        again = sink.deliver([a_message()])
        rows = backend.rows("SELECT count(*) FROM thay_doi")

    assert isinstance(outcome, Failed)
    assert (type(outcome.error), found) == (OutcomeUnknown, Finding.ABSENT)
    assert (again, rows) == ([Delivered()], [(1,)])


def test_a_row_that_another_worker_commits_first_is_there(postgres_backend: PostgresBackend) -> None:
    """
    The key is compared in the commit only. Another worker has inserted the row and not committed yet: this one waits
    for it, its own row is taken back, and the change is delivered.
    """
    postgres_backend.execute(
        "CREATE TABLE thay_doi (ma TEXT UNIQUE DEFERRABLE INITIALLY DEFERRED, thu_tu BIGINT, loai TEXT, noi_dung TEXT)"
    )
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    message = a_message()
    with (
        closing(table(postgres_backend)) as sink,
        closing(postgres_backend.connect()) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute("INSERT INTO thay_doi (ma) VALUES (%s)", [message.key])
        outcome = pool.submit(sink.deliver, [message])
        until(lambda: postgres_backend.rows(waits) == [(1,)], "it waits for the other", timeout_s=10)
        other.commit()

        assert outcome.result() == [Delivered()]
    assert postgres_backend.rows("SELECT count(*) FROM thay_doi") == [(1,)]


def test_a_table_that_is_not_there_is_said_before_anything_is_sent(backend: Backend) -> None:
    """
    ``lienthong check`` names the table and what to look at, and no value.
    """
    with closing(table(backend, table="khong_co")) as sink:
        (health,) = sink.check()

    assert (health.ok, health.what) == (False, "bảng / table khong_co")
    assert "columns" in health.detail


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "webhook", "told_of": ["cong"]}, "lacks url"),
        ({"kind": "webhook", "told_of": ["cong"], "url": "http://127.0.0.1:9", "secret": "ngan"}, "lacks secret_env"),
        ({"kind": "webhook", "told_of": ["cong"], "client_key_file": __file__}, "come together"),
        ({"kind": "table", "told_of": ["cong"], "database_url": "sqlite://"}, "lacks table"),
        ({"kind": "table", "told_of": ["cong"], "database_url": "x", "table": "t"}, "no SQLAlchemy address"),
        ({"kind": "table", "told_of": ["cong"], "database_url": "x", "table": "t; DROP"}, "no name of a table"),
        ({"kind": "pull", "told_of": []}, "told_of"),
    ],
)
def test_a_slip_in_the_configuration_is_found_at_the_start(options: dict[str, Any], said: str) -> None:
    """
    Each mistake with its remedy, before any change waits.
    """
    with pytest.raises(ConfigurationError, match=said):
        settings_from({"partners": {"motcua": {"connector": "onestop", **options}}})


def test_land_tax_reaches_the_one_stop_system(tmp_path: Path, clock: TestClock, door: Door) -> None:
    """
    The portal sends a tax notice for a dossier of the province, twice, and the receipt of its payment: the one-stop
    system hears of each once, with its values; the portal hears of none.
    """
    receipt: dict[str, Any] = dict.fromkeys(
        (
            "HoTenNguoiNopTien", "SoCMTNguoiNopTien", "DiaChiNguoiNopTien", "TinhNguoiNopTien", "HuyenNguoiNopTien",
            "XaNguoiNopTien", "MaSoThue", "UrlFileChungTu",
        ),
        "ví dụ",
    )  # fmt: skip
    receipt["MaHoSo"] = str(a_dossier().code)
    receipt["ThongTinThanhToan"] = {
        "MaThongBaoThue": "17", "ThoiGianThanhToan": "20260305150000", "SoTien": "1500000",
        "NoiDungThanhToan": "ví dụ", "TrangThaiThanhToan": 1,
    }  # fmt: skip
    with opened(tmp_path, connector(), webhook(door.url, clock), clock=clock) as gateway:
        told(gateway, "mot-cua", a_dossier(), "1")
        call(gateway, "nhantbthuedvcqg", notice(str(a_dossier().code)))
        call(gateway, "nhantbthuedvcqg", notice(str(a_dossier().code)))
        call(gateway, "nhanhsdvcqg", {"service": "NhanChungTuThueDat", "isUpdating": "False", "data": receipt})
        (sink,) = [engine for engine in gateway.engines() if engine.partner == "motcua"]
        gateway.run_until_idle(engines=[sink])

        bodies = [each["body"] for each in door.system.changes]
        assert [body["topic"] for body in bodies] == ["tax-notices", "tax-receipt"]
        assert bodies[0]["data"]["amount"] == 1_500_000
        assert bodies[1]["data"]["UrlFileChungTu"] == "ví dụ"
        assert {status.partner: status.pending for status in gateway.status()} == {"cong": 1, "motcua": 0}
