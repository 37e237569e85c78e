"""
Planted secrets and personal values sent through the whole service, with everything that fails, and a search through all
that leaves it: the log at level debug, metrics, spans, and the answers that others get.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import IO, Any

import httpx
import orjson
import pytest

from gateway import Gateway
from gateway.config import load
from gateway.model import Identifier, IdentifierKind, body_json
from gateway.sandbox.server import Server
from tests.builders import MORNING, a_code, a_dossier, a_step, an_applicant
from tests.collector import Collector, collector
from tests.planted import (
    CONTENT,
    EMAIL,
    NUMBER,
    OFFICER,
    OWNER,
    PASSWORD,
    PHONE,
    SESSION,
    SUBJECT,
    THIRD_PARTY,
    WRONG_PASSWORD,
    Parrot,
    leaks,
)
from tests.running import ENVIRONMENT, PASSWORD_NAME, until
from tests.serving import served

pytestmark = pytest.mark.slow

UNIT = "000.00.00.H99"
SIGNING = "khoa-ky-phien-gieo-7733-0123456789abcdef"
CONFIGURATION = f"""
tenant.code = "H99"
service.listen = "127.0.0.1:0"
service.max_body_bytes = 65536
delivery.concurrency = 4
delivery.lease_s = 10.0
delivery.poll_s = 0.05
delivery.retry = {{{{ base_s = 0.02, cap_s = 0.1, horizon_days = 0.00001 }}}}
delivery.breaker = {{{{ threshold = 1000 }}}}
log = {{{{ level = "debug", format = "json" }}}}
[partners.cong]
connector = "national_portal"
adapter_url = "{{url}}"
madonvi = "{UNIT}"
username = "{UNIT}"
password_env = "{PASSWORD_NAME}"
timeout_s = 1.0
read_timeout_s = 0.5
steps_per_call = 2
[partners.cong.facade]
username = "{UNIT}"
password_env = "{PASSWORD_NAME}"
session_secret_file = "phien.khoa"
[partners.vidu]
connector = "vidu"
bursts = true
"""
DOSSIERS = 32
"""Of sixteen pushes the portal takes two: so many are needed for steps to be sent as well."""
ABOUT = "H99.01.01-260302-0001"


def planted_dossier(serial: int) -> bytes:
    person = an_applicant(
        name=OWNER, phone=PHONE, email=EMAIL, identifiers=(Identifier(kind=IdentifierKind.PERSONAL, number=NUMBER),)
    )
    return body_json(a_dossier(code=a_code(serial), applicant=person, subject=SUBJECT))


def planted_step(serial: int) -> bytes:
    when = MORNING + timedelta(hours=1)
    return body_json(a_step(dossier=a_code(serial), at=when, officer=OFFICER, content=CONTENT))


def wrong_dossiers() -> Iterator[bytes]:
    """Refused for reasons that concern the planted values, or not readable at all."""
    for path, value in (
        ("status", OWNER), ("code", SUBJECT), ("status_at", CONTENT), ("procedure", OWNER), (NUMBER, OWNER),
    ):  # fmt: skip
        yield orjson.dumps({**orjson.loads(planted_dossier(90)), path: value})
    whole = orjson.loads(planted_dossier(90))
    yield orjson.dumps({**whole, "applicant": {**whole["applicant"], "phone": OWNER, "email": f"{EMAIL}@{EMAIL}"}})
    yield planted_dossier(90)[:-20]
    yield b"[" * 40 + OWNER.encode()
    yield planted_dossier(90) + b" " * 70_000


class World:
    """The running service, its collector, and what came out of it."""

    def __init__(self, url: str, watch: str, collected: Collector, keys: dict[str, str]) -> None:
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=20.0)
        self.watch = watch
        self.collected = collected
        self.keys = keys
        self.told: list[str] = []
        self.leaked: set[str] = set()
        """What answers told that their own requests did not."""

    def ask(self, method: str, path: str, content: bytes = b"", *, key: str = "mot-cua", **headers: str) -> int:
        """Send one request, keep its answer to be searched; its status."""
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {self.keys.get(key, key)}"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.request(method, path, content=content, headers=sent | named)
        said = f"{answer.headers}\n{answer.text}"
        self.told.append(said)
        # Whoever sent a code that is none reads it again, to find the slip; nobody else does.
        self.leaked |= leaks(said) - leaks(f"{path}\n{content.decode()}")
        return answer.status_code


def submit(world: World) -> int:
    """Dossiers and steps, good and wrong, once and again; how many were taken."""
    taken = 0
    for serial in range(1, DOSSIERS + 1):
        taken += world.ask("POST", "/v1/dossiers", planted_dossier(serial), Idempotency_Key=f'"d{serial}"') == 201
        taken += world.ask("POST", "/v1/steps", planted_step(serial), Idempotency_Key=f'"s{serial}"') == 201
    items = [{"source_id": f"b{n}", "body": orjson.loads(planted_dossier(n))} for n in range(61, 64)]
    items.append({"source_id": NUMBER, "body": {"kind": "dossier", "status": OWNER}})
    assert world.ask("POST", "/v1/batches", orjson.dumps(items)) == 200
    wrong = [
        world.ask("POST", "/v1/dossiers", body, Idempotency_Key=f'"w{n}"') for n, body in enumerate(wrong_dossiers())
    ]
    assert {400, 413, 422} <= set(wrong) <= {201, 400, 413, 422}
    world.ask("POST", "/v1/dossiers", planted_dossier(2), Idempotency_Key='"d1"')
    world.ask("POST", "/v1/dossiers", planted_dossier(1), Idempotency_Key=f'"{PHONE}"', traceparent=NUMBER)
    return taken


def pry(world: World) -> None:
    """What strangers and curious ones ask, with planted values wherever a value can stand."""
    for key in ("stranger", WRONG_PASSWORD, f"{OWNER.encode()!r}"):
        assert world.ask("GET", f"/v1/dossiers/{ABOUT}", key=key) in {401, 403, 404}
    for path in (f"/v1/dossiers/{NUMBER}", f"/{PHONE}", f"/v1/dossiers?cursor={EMAIL}", f"/callbacks/{OWNER}/{NUMBER}"):
        world.ask("GET", path, key="reader", X_Request_ID=NUMBER, Cookie=f"session={SESSION}", baggage=f"a={PHONE}")
    world.ask("GET", f"/v1/dossiers/{ABOUT}", key="elsewhere")
    world.ask("GET", "/metrics", key="reader")


def push_to_the_facade(world: World) -> None:
    """Logins with right and wrong passwords, and pushes with and without a session, as a one-stop system makes them."""
    prefix = "/XrdAdapter/RestService/forward/mapi"
    for password in (WRONG_PASSWORD, PASSWORD):
        world.client.post(f"{prefix}/login", json={"username": UNIT, "password": password})
    session = world.client.post(f"{prefix}/login", json={"username": UNIT, "password": PASSWORD}).json()["session"]
    world.keys["session"] = session
    element = {
        "MaHoSo": str(a_code(70)), "MaTTHC": "1.001193", "ChuHoSo": OWNER, "SoDienThoai": PHONE, "Email": EMAIL,
        "SoGiayToChuHoSo": NUMBER, "TrichYeuHoSo": SUBJECT, "NgayNopHoSo": CONTENT,
    }  # fmt: skip
    questions = [
        {"HOIDAPID": f"{n}", "MaLinhVuc": "G17-XD99", "NOIDUNG": f"{OWNER}, {PHONE}: {SUBJECT}?", "MADONVI": "H99",
         "TENDONVI": "Sở", "NguoiHoi": OWNER, "ThuDienTu": EMAIL}
        for n in range(20)
    ]  # fmt: skip
    replies = [
        {"HOIDAPID": f"{n}", "MADONVI": "H99", "NGUOITRALOI": OFFICER, "CHUCVUNGUOITRALOI": SUBJECT,
         "NGAYTRALOI": "05/03/2026", "NOIDUNGTRALOI": f"{CONTENT}, {NUMBER}"}
        for n in range(20)
    ]  # fmt: skip
    wrong = [questions[0] | {"HOIDAPID": f"{OWNER} {NUMBER}"}, questions[0] | {"MADONVI": OWNER}]
    pushes: list[tuple[str, list[dict[str, str]]]] = [
        ("DongBoHoSoMC", [element]), ("DongBoHoiDap", questions), ("DongBoKetQuaHoiDapGuiTuDVCQG", replies),
        *(("DongBoHoiDap", [item]) for item in wrong),
    ]  # fmt: skip
    for said, (service, data) in product((session, SESSION), pushes):
        message = {"session": said, "madonvi": UNIT, "service": service, "isUpdating": "False", "data": data}
        answer = world.client.post(f"{prefix}/integration", json=message)
        world.told.append(answer.text)
        world.leaked |= leaks(answer.text) - leaks(str(data))


def run_the_service(folder: Path, log: IO[str]) -> tuple[World, Parrot, list[dict[str, Any]]]:
    """Everything at once; the world with what was told, the portal, and the dead letters."""
    partner = Parrot()
    server = Server(partner)
    (folder / "lienthong.toml").write_text(CONFIGURATION.format(url=server.url), "utf-8")
    (folder / "phien.khoa").write_text(SIGNING, "utf-8")
    environment = {**ENVIRONMENT, PASSWORD_NAME: PASSWORD, "PYTHONPATH": str(THIRD_PARTY)}
    with ExitStack() as stack:
        stack.callback(server.close)
        gateway = stack.enter_context(
            Gateway(load(folder / "lienthong.toml", environment, offline=True), connectors=[])
        )
        made = {
            "mot-cua": gateway.keys.create("mot-cua", ["submit"], agencies=None, life=timedelta(days=1)),
            "reader": gateway.keys.create("doc", ["read"], agencies=None, life=timedelta(days=1)),
            "elsewhere": gateway.keys.create(
                "noi-khac", ["read", "submit"], agencies=["H99.77"], life=timedelta(days=1)
            ),
        }
        collected = stack.enter_context(collector())
        process, url = stack.enter_context(
            served(
                folder, "--with-workers", "--metrics", "127.0.0.1:0",
                environment={**environment, **collected.environment}, stdout=log, stderr=subprocess.STDOUT,
            )
        )  # fmt: skip
        said = (folder / "log").read_text("utf-8")
        found = re.search(r"(http://\S+)/metrics", said)
        assert found is not None
        world = World(url, found[1], collected, {name: key.token for name, key in made.items()})
        stack.callback(world.client.close)
        assert submit(world) == 2 * DOSSIERS
        pry(world)
        push_to_the_facade(world)

        until(
            lambda: all(gateway._store.next_due(partner) is None for partner in ("cong", "vidu")),
            "nothing can be sent any more",
        )
        for path in ("/metrics", "/health/ready"):
            world.told.append(httpx.get(world.watch + path, trust_env=False).text)
            world.leaked |= leaks(world.told[-1])
        letters = [{"partner": letter.partner, "code": letter.code} for letter in gateway.dead_letters()]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    return world, partner, letters


def test_nothing_planted_leaves_the_service(tmp_path: Path) -> None:
    """
    Intake, façade, prying strangers, a portal that repeats everything and a connector with a bug: nothing planted is in
    the log, in metrics, in spans, or in an answer to somebody who did not send it; keys, passwords, sessions and what
    signs them are nowhere.
    """
    with (tmp_path / "log").open("w+", encoding="utf-8") as log:
        world, partner, letters = run_the_service(tmp_path, log)
    said = (tmp_path / "log").read_text("utf-8")
    spans = b"\n".join(world.collected.raw).decode("utf-8", "replace")
    told = "\n".join(world.told)

    # The values did pass through, and everything that was searched had something to tell.
    assert {OWNER, NUMBER, EMAIL, SUBJECT, OFFICER, CONTENT} <= partner.echoed
    assert {letter["partner"] for letter in letters} == {"cong", "vidu"}
    for event in ("service.request_answered", "delivery.message_carried", "delivery.connector_fault"):
        assert event in said
    assert {"deliver cong", "call cong", "call vidu", "accept"} <= {span.name for span in world.collected.spans}
    assert "lienthong_dead_letters{" in told
    assert "urn:lienthong:problem:invalid-input" in told

    assert (leaks(said), leaks(spans), world.leaked) == (set(), set(), set())
    secrets = {PASSWORD, WRONG_PASSWORD, SESSION, SIGNING, *world.keys.values()}
    assert {secret for secret in secrets for text in (said, spans, told) if secret in text} == set()
