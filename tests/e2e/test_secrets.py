"""
Planted secrets and personal values, every kind of failure, and a search through everything that is printed.

The portal of these tests repeats what it was sent; a connector of a third party fails with the whole dossier in its
error.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.exits import ExitCode
from gateway.sandbox.server import Server
from tests.exports import COMMON, STEPS, a_history, a_step, an_export
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
from tests.running import PASSWORD_NAME, run

pytestmark = pytest.mark.slow

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


def test_the_search_finds_what_it_looks_for() -> None:
    """
    In capitals, decomposed, without marks, escaped within JSON.
    """
    for spelt in (OWNER.upper(), unicodedata.normalize("NFD", OWNER), "LUC THI GIEO TRONG", json.dumps({"a": OWNER})):
        assert OWNER in leaks(f"xx {spelt} yy" if not spelt.startswith("{") else spelt)
    assert leaks("Hồ sơ H99.101.01-260302-0007 đã tới nơi") == set()


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
