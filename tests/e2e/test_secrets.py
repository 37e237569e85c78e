"""
Planted secrets and personal values, every kind of failure, and a search through everything that is printed.

The portal of these tests repeats what it was sent in every form it can think of; a connector of a third party fails
with the whole dossier in its error.
"""

from __future__ import annotations

import json
import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import orjson
import pytest

from connectors.mocks import Directive, Request
from connectors.national_portal.mock import Account, Portal, Settings
from connectors.national_portal.mock.seed import shipped_procedures
from gateway.cli.exits import ExitCode
from gateway.sandbox import VirtualClock
from gateway.sandbox.server import Server
from tests.exports import COMMON, STEPS, a_history, a_step, an_export
from tests.running import PASSWORD_NAME, run

pytestmark = pytest.mark.slow

THIRD_PARTY = Path(__file__).parents[1] / "third_party"
PASSWORD = "MatKhau-Gieo-7731"
WRONG_PASSWORD = "SaiMatKhau-Gieo-7732"
SESSION = "phien-gieo-5b1f77c0-9d1e-4c55-8a77-3f00aa11bb22"
OWNER = "Lục Thị Gieo Trồng"
OFFICER = "Mạc Đình Thử Nghiệm"
NUMBER = "099187654321"
PHONE = "0912345678"
EMAIL = "gieo.trong@thu-nghiem.example"
SUBJECT = "Cấp lại giấy tờ cháy cùng căn nhà số bảy ngõ Gieo"
CONTENT = "Gọi điện hẹn chủ hồ sơ mang sổ cũ tới gặp bà Thử"
PLANTED = (PASSWORD, WRONG_PASSWORD, SESSION, OWNER, OFFICER, NUMBER, PHONE, EMAIL, SUBJECT, CONTENT)
PARTS = ("Gieo Trồng", "Thử Nghiệm", "5b1f77c0-9d1e", "gieo.trong", "MatKhau-Gieo", "căn nhà số bảy")
"""What would still give the planted values away when a text is cut."""
GROUPED = ("0991 8765 4321", "0912.345.678")

MORE_COLUMNS = """
email = "Email"
submitted_at = "Ngày nộp"
"""
CONFIGURATION = """
tenant.code = "H99"
delivery.concurrency = 4
delivery.lease_s = 10.0
delivery.poll_s = 0.05
delivery.retry = {{ base_s = 0.02, cap_s = 0.1, horizon_days = 0.00003 }}
delivery.breaker = {{ threshold = 1000 }}
log = {{ level = "debug", format = "{format}" }}
[sources.mot-cua]
mapping = "mapping.toml"
[partners.cong]
connector = "national_portal"
adapter_url = "{url}"
madonvi = "000.00.00.H99"
username = "000.00.00.H99"
password_env = "LIENTHONG_CONG_DVCQG_PASSWORD"
timeout_s = 1.0
read_timeout_s = 0.5
steps_per_call = 2
[partners.vidu]
connector = "vidu"
bursts = true
"""


def folded(text: str) -> str:
    """*text* without marks and case, so that no spelling hides a value."""
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return " ".join(bare.casefold().replace("đ", "d").split())


def leaks(printed: str) -> set[str]:
    """The planted values in *printed*: as they stand, escaped, in capitals, without marks."""
    texts = [printed]
    for line in printed.splitlines():
        try:
            texts.append(json.dumps(json.loads(line), ensure_ascii=False))
        except json.JSONDecodeError:
            continue
    everything = folded("\n".join(texts))
    return {value for value in (*PLANTED, *PARTS, *GROUPED) if folded(value) in everything}


def test_the_search_finds_what_it_looks_for() -> None:
    """
    In capitals, decomposed, without marks, escaped within JSON.
    """
    for spelt in (OWNER.upper(), unicodedata.normalize("NFD", OWNER), "LUC THI GIEO TRONG", json.dumps({"a": OWNER})):
        assert OWNER in leaks(f"xx {spelt} yy" if not spelt.startswith("{") else spelt)
    assert leaks("Hồ sơ H99.101.01-260302-0007 đã tới nơi") == set()


Echo = Callable[[Request, Directive], Directive]


def envelope(code: str, text: str) -> bytes:
    return orjson.dumps({"error_code": code, "message": text, "session": SESSION})


def words(request: Request) -> str:
    """What was sent, as a text that a careless portal would show."""
    return request.body.decode("utf-8", "replace")


def values(request: Request) -> str:
    """The values that were sent, without the JSON around them."""
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)
        elif isinstance(value, str):
            found.append(value)

    walk(orjson.loads(request.body or b"{}"))
    return " - ".join(found)


def said(code: str, spell: Callable[[Request], str]) -> Echo:
    """An envelope with *code*, in whose message stands what was sent."""
    return lambda request, answer: replace(answer, status=200, body=envelope(code, spell(request)))


def shown(status: int, kind: str = "text/html") -> Echo:
    """A page that shows what was sent."""

    def echo(request: Request, answer: Directive) -> Directive:
        page = f"<html><body><h1>Lỗi</h1><pre>{words(request)}</pre>{SESSION}</body></html>".encode()
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "X-Request": "".join(c for c in words(request) if c.isascii())[:200],
        }
        return replace(answer, status=status, headers=headers, body=page)

    return echo


def one_by_one(request: Request) -> str:
    """Also what was not sent in this call, as an officer would write it."""
    number, phone = f"{NUMBER[:4]} {NUMBER[4:8]} {NUMBER[8:]}", f"{PHONE[:4]}.{PHONE[4:7]}.{PHONE[7:]}"
    return f"Chủ hồ sơ {OWNER.upper()}, cán bộ {OFFICER}, số {number}, điện thoại {phone}"


ECHOES: tuple[Echo, ...] = (
    said("1", lambda request: f"Dữ liệu không hợp lệ: {words(request)}"),
    said("1", values),
    said("-1", values),
    said("55", lambda request: unicodedata.normalize("NFD", values(request))),
    said("0", lambda request: f"Không lưu được {values(request).upper()}"),
    said("1", lambda request: folded(values(request))),
    said("1", lambda request: values(request)[-250:]),
    said("1", one_by_one),
    shown(200),
    shown(500),
    shown(404),
    shown(400, "text/plain"),
    shown(413),
    shown(403),
)


class Parrot:
    """A portal that answers every push in another wrong way, and everything else well; *logins* may fail too."""

    def __init__(self) -> None:
        self.portal = Portal(Settings(), VirtualClock(datetime.now(UTC), ticking=True), new_session=lambda: SESSION)
        self.portal.add_account(Account.of_province("H99", PASSWORD))
        self.portal.add_procedures(shipped_procedures())
        self._lock = threading.Lock()
        self._pushes = cycle((*ECHOES, None, None))
        self._logins = cycle((said("5", words), said("-1", words), shown(500), shown(401)))
        self.bad_logins = False
        self.echoed: set[str] = set()

    def handle(self, request: Request) -> Directive:
        body = words(request)
        answer = self.portal.handle(request)
        with self._lock:
            if "DongBoHoSoMC" in body or "CapNhatTienDoHoSoMC" in body:
                echo = next(self._pushes)
                if echo is not None:
                    self.echoed |= {value for value in PLANTED if value in body}
                    return echo(request, answer)
            if self.bad_logins and "password" in body:
                return next(self._logins)(request, answer)
        return answer


@pytest.fixture
def parrot() -> Iterator[tuple[Parrot, str]]:
    partner = Parrot()
    server = Server(partner)
    yield partner, server.url
    server.close()


def planted_rows() -> list[dict[str, str]]:
    """Dossiers that carry every planted value; some of them are refused, for reasons that concern such values."""
    cells = {"Người nộp": OWNER, "Số giấy tờ": NUMBER, "Điện thoại": PHONE, "Email": EMAIL, "Trích yếu": SUBJECT}
    cells["Ngày nộp"] = "02/03/2026 08:00:00"
    step = {"Cán bộ": OFFICER, "Nội dung": CONTENT}
    rows = [row | cells | step for serial in range(1, 19) for row in a_history(serial)]
    for serial, wrong in enumerate(
        (
            {"Số giấy tờ": f"{NUMBER}9"},
            {"Số giấy tờ": OWNER},
            {"Điện thoại": f"{PHONE}00000"},
            {"Điện thoại": OWNER},
            {"Email": f"{EMAIL}@{EMAIL}"},
            {"Đối tượng": OWNER},
            {"Đơn vị": ""},
            {"Ngày tiếp nhận": SUBJECT},
            {"Trạng thái": OWNER},
            {"Lệ phí": SUBJECT},
            {"Mã TTHC": SUBJECT},
            {"Mã hồ sơ": SUBJECT},
        ),
        start=20,
    ):
        rows += [row | cells | step | wrong for row in a_history(serial)]
    again = a_history(40)[0] | cells | step
    rows += [again, again | {"Trích yếu": f"{SUBJECT}, bản khác"} | a_step("02/03/2026 10:00:00", "Đang làm") | step]
    return rows


def configure(folder: Path, url: str, log: str) -> None:
    (folder / "lienthong.toml").write_text(CONFIGURATION.format(url=url, format=log), "utf-8")


@pytest.fixture
def folder(tmp_path: Path, parrot: tuple[Parrot, str]) -> Path:
    mapping = COMMON.format(layout="flat", file="", more=STEPS).replace("[status]", MORE_COLUMNS + "\n[status]", 1)
    (tmp_path / "mapping.toml").write_text(mapping, "utf-8")
    an_export(tmp_path / "ho-so.csv", planted_rows())
    return tmp_path


def test_nothing_planted_is_printed_whatever_fails(folder: Path, parrot: tuple[Parrot, str]) -> None:
    """
    Import with refusals, a portal that repeats everything, a connector with a bug, wrong passwords, and every report;
    the log as JSON, and for people.
    """
    partner, url = parrot
    environment = {PASSWORD_NAME: PASSWORD, "PYTHONPATH": str(THIRD_PARTY)}
    printed: dict[str, str] = {}

    def command(*arguments: str, password: str = PASSWORD) -> str:
        ended = run(folder, *arguments, environment={**environment, PASSWORD_NAME: password})
        printed[" ".join(arguments)] = printed.get(" ".join(arguments), "") + ended.stdout + ended.stderr
        return ended.stdout

    configure(folder, url, "console")
    command("import", "ho-so.csv")
    command("check")
    configure(folder, url, "json")
    command("import", "ho-so.csv", "--json")
    command("sync", "--until-idle", "--json")
    command("status")
    command("dead-letters", "list")
    letters = json.loads(command("dead-letters", "list", "--json"))["letters"]
    command("timeline", "H99.101.01-260302-0001")
    command("timeline", "H99.101.01-260302-0003", "--json")
    command("timeline", OWNER)
    for letter in letters[:2]:
        command("dead-letters", "show", str(letter["id"]))
    configure(folder, url, "console")
    command("dead-letters", "requeue", str(letters[0]["id"]), "--dry-run")
    command("check", password=WRONG_PASSWORD)
    partner.bad_logins = True
    command("check")
    command("sync", "--until-idle", password=WRONG_PASSWORD)

    assert {OWNER, NUMBER, EMAIL, SUBJECT, OFFICER, CONTENT, SESSION} <= partner.echoed
    assert len(letters) >= 10
    assert "delivery.connector_fault" in printed["sync --until-idle --json"]
    found = {name: leaks(text) for name, text in printed.items() if name != f"timeline {OWNER}"}
    assert {name: values for name, values in found.items() if values} == {}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('password_env = "{secret}"', id="the secret for its variable"),
        pytest.param("password_file = 5\npassword_env = 7", id="numbers"),
        pytest.param('password = "{secret}"\npasword = "{secret}"', id="a misspelt key"),
        pytest.param('password = ["{secret}"]', id="a list"),
        pytest.param('password = "{secret}', id="no closing quote"),
        pytest.param('adapter_url = "http://user:{secret}@127.0.0.1"', id="in the address"),
        pytest.param('bearer_token = {{ a = "{secret}" }}', id="a table"),
        pytest.param('proxy = "http://user:{secret}@127.0.0.1:1"\npassword = "x"', id="in the proxy"),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(line: str, tmp_path: Path) -> None:
    """
    The configuration is refused or the partner is out of reach; the secret stands in no message.
    """
    (tmp_path / "lienthong.toml").write_text(
        '[partners.cong]\nconnector = "national_portal"\nmadonvi = "000.00.00.H99"\nusername = "x"\n'
        + ('adapter_url = "http://127.0.0.1:9"\n' if "adapter_url" not in line else "")
        + line.format(secret=PASSWORD),
        "utf-8",
    )

    ended = run(tmp_path, "check")

    assert ended.returncode in {ExitCode.CONFIGURATION, ExitCode.PARTNER}
    assert leaks(ended.stdout + ended.stderr) == set()
