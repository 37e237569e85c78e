"""Bad input as an operator meets it: the documented exit code, a message that says what to mend, no traceback."""

from __future__ import annotations

import csv
import json
import resource
import signal
import subprocess
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.cli.exits import ExitCode
from tests.exports import COMMON, STEPS, a_header, a_history, a_step, an_export, text_of
from tests.running import PASSWORD_NAME, Sandbox, a_place, run, sandbox, start, until

pytestmark = pytest.mark.slow

CONFIGURATION = """
tenant.code = "H99"
[sources.mot-cua]
mapping = "mapping.toml"
[partners.cong]
connector = "national_portal"
adapter_url = "http://127.0.0.1:9"
madonvi = "000.00.00.H99"
username = "000.00.00.H99"
password_env = "LIENTHONG_CONG_DVCQG_PASSWORD"
connect_retries = 0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound configuration and mapping; nobody answers at the partner's address."""
    (tmp_path / "lienthong.toml").write_text(CONFIGURATION, "utf-8")
    (tmp_path / "mapping.toml").write_text(COMMON.format(layout="flat", file="", more=STEPS), "utf-8")
    return tmp_path


def told(ended: subprocess.CompletedProcess[str], code: ExitCode, *parts: str) -> str:
    """Everything that was printed: it ended as documented, and says *parts* without a traceback."""
    printed = ended.stdout + ended.stderr
    assert ended.returncode == code, printed
    assert "Traceback" not in printed
    assert "command.failed" not in printed
    for part in parts:
        assert part in printed
    return printed


def refused(folder: Path, rows: Sequence[dict[str, str]]) -> dict[str, tuple[str, str]]:
    """Import *rows* beside a sound dossier: by serial of each refused one the line at fault, and column and reason."""
    an_export(folder / "ho-so.csv", [*a_history(1), *rows])
    told(run(folder, "import", "ho-so.csv"), ExitCode.BAD_INPUT, "bị từ chối", "ho-so.tu-choi.csv")
    with (folder / "ho-so.tu-choi.csv").open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.DictReader(file))
    assert all(row["Lý do"] for row in written)
    reasons: dict[str, tuple[str, str]] = {}
    for row in written:
        if not row["Lý do"].startswith("kèm theo dòng"):
            reasons[row["Mã hồ sơ"][-4:]] = (row["Dòng"], f"{row['Cột']}: {row['Lý do']}")
    return reasons


PROCEDURES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "0002": ({"Mã TTHC": "1.999999"}, ("Mã TTHC", "1.999999", "không có trong danh mục")),
    "0003": ({"Mã TTHC": "1.0133611"}, ("Mã TTHC", "1.0133611", "7 chữ số")),
    "0004": ({"Mã TTHC": "1.014955-Xoa"}, ("Mã TTHC", "1.014955-Xoa", "xóa")),
    "0005": ({"Mã TTHC": "1,014947"}, ("Mã TTHC", "1,014947", "Có phải 1.014947?")),
    "0006": (
        {"Mã TTHC": "", "Tên thủ tục": "Cấp chứng chỉ kiểm định viên"},
        ("Tên thủ tục", "tên chung của 2 thủ tục", "1.000148"),
    ),
    "0007": ({"Ngày tiếp nhận": "31/02/2026"}, ("Ngày tiếp nhận", "31/02/2026", "không có trong lịch")),
    "0008": ({"Trạng thái": "Đang lam"}, ("Trạng thái", "Đang làm")),
}


def test_trouble_in_rows_is_told_row_by_row(folder: Path) -> None:
    """
    Unknown procedures, the national list's own mistakes, an impossible day, one name for several codes, a strange word.
    """
    rows = [row | changes for code, (changes, _) in PROCEDURES.items() for row in a_history(int(code))]

    reasons = refused(folder, rows)

    assert set(reasons) == set(PROCEDURES)
    for number, (code, (_, parts)) in enumerate(PROCEDURES.items()):
        line, reason = reasons[code]
        assert int(line) == 6 + 4 * number
        for part in parts:
            assert part in reason
    shown = json.loads(run(folder, "status", "--json").stdout)
    assert shown["totals"]["dossiers"] == 1


def test_a_dossier_without_code_is_refused_by_its_line(folder: Path) -> None:
    """
    Nobody knows whose row it is; the others are taken.
    """
    rows = [*a_history(7, Mã_hồ_sơ=""), *a_history(8)]
    an_export(folder / "ho-so.csv", rows)

    told(run(folder, "import", "ho-so.csv"), ExitCode.BAD_INPUT, "4 dòng")

    written = (folder / "ho-so.tu-choi.csv").read_text("utf-8-sig")
    assert written.splitlines()[1].startswith("2,mã hồ sơ,thiếu mã hồ sơ")


def test_one_code_with_two_bodies_names_both_lines(folder: Path) -> None:
    """
    Which of them is right only a person can tell: neither is taken.
    """
    rows = a_history(7)
    rows[2] |= {"Trích yếu": "Đăng ký khai tử"}

    ((line, reason),) = refused(folder, rows).values()

    assert line == "8"
    assert "Trích yếu" in reason
    assert "dòng 6" in reason


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"Mã TTHC": "", "Tên thủ tục": "  Thủ tục  đăng ký   khai sinh "}, id="doubled spaces"),
        pytest.param(
            {"Mã TTHC": "", "Tên thủ tục": unicodedata.normalize("NFD", "Thủ tục đăng ký khai sinh")}, id="not NFC"
        ),
    ],
)
def test_names_are_compared_as_people_read_them(changes: dict[str, str], folder: Path) -> None:
    """
    Doubled spaces and marks apart from their letters change nothing.
    """
    an_export(folder / "ho-so.csv", [row | changes for row in a_history(7)])

    told(run(folder, "import", "ho-so.csv"), ExitCode.OK, "Mới / New: 1")


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        pytest.param(
            lambda path: path.write_bytes(text_of(a_history(7)).encode().replace("Trần".encode(), b"Tr\xe1\xbbn", 1)),
            ("ho-so.csv", "dòng 2", "UTF-8"),
            id="broken UTF-8",
        ),
        pytest.param(lambda path: path.write_bytes(b""), ("ho-so.csv", "rỗng"), id="empty"),
        pytest.param(lambda path: path.mkdir(), ("ho-so.csv", "thư mục"), id="a folder"),
        pytest.param(lambda path: None, ("ho-so.csv", "không có tệp này"), id="no file"),
        pytest.param(
            lambda path: an_export(path, [{"Mã HS": "x", "Ngày": "y"}]), ("tiêu đề", "Mã hồ sơ"), id="no heading"
        ),
        pytest.param(
            lambda path: an_export(path, [{k: v for k, v in a_header().items() if k != "Người nộp"}]),
            ("Người nộp",),
            id="a column is missing",
        ),
    ],
)
def test_a_file_that_cannot_be_read(make: Callable[[Path], object], parts: tuple[str, ...], folder: Path) -> None:
    """
    Nothing of it is taken, and the message says where to look.
    """
    make(folder / "ho-so.csv")

    told(run(folder, "import", "ho-so.csv"), ExitCode.BAD_INPUT, *parts)

    assert json.loads(run(folder, "status", "--json").stdout)["totals"]["dossiers"] == 0


def test_the_present_folder_is_no_file(folder: Path) -> None:
    """
    ``import .`` is a slip of the hand, not a fault of the program.
    """
    told(run(folder, "import", "."), ExitCode.BAD_INPUT, "thư mục")


def test_a_history_that_the_law_does_not_know(folder: Path) -> None:
    """
    After the result was handed over nothing is processed any more: both statuses are named.
    """
    rows = a_history(7)
    rows.append(rows[0] | a_step("06/03/2026 08:00:00", "Đang làm"))

    ((line, reason),) = refused(folder, rows).values()

    assert line == "10"
    assert "không thể theo sau 10" in reason


def test_five_mistakes_are_told_at_once(folder: Path) -> None:
    """
    Mended once, not five times; each with its path, its value or reason, and what would be right.
    """
    (folder / "lienthong.toml").write_text(
        CONFIGURATION.replace('"http://127.0.0.1:9"', '"adapter.tinh.gov.vn"')
        .replace('madonvi = "000.00.00.H99"', 'madonvi = "Tỉnh Ví Dụ"')
        .replace('mapping = "mapping.toml"', "mapping = 5")
        + 'timeout = 5\n[delivery]\nlease_s = 1.0\n[log]\nlevel = "loud"\n',
        "utf-8",
    )
    paths = (
        "partners.cong.adapter_url", "partners.cong.madonvi", "sources.mot-cua.mapping", "partners.cong.timeout",
        "delivery.lease_s", "log.level",
    )  # fmt: skip

    for command in (["check"], ["sync", "--until-idle"], ["import", "x.csv"]):
        ended = run(folder, *command)
        if command == ["check"]:
            told(ended, ExitCode.CONFIGURATION, *paths[:4], paths[5], "timeout_s", "adapter.tinh.gov.vn")
        else:
            told(ended, ExitCode.CONFIGURATION, "lỗi / errors:", *paths[:4])


def test_a_missing_secret_names_its_variable(folder: Path) -> None:
    """
    The name of the variable, and that it is to be set.
    """
    ended = run(folder, "check", environment={PASSWORD_NAME: ""})

    told(ended, ExitCode.CONFIGURATION, PASSWORD_NAME, "partners.cong.password_env")


@pytest.mark.parametrize(
    ("path", "prepare"),
    [
        pytest.param("mapping.toml/gateway.db", lambda folder: None, id="a file as folder"),
        pytest.param("nowhere/gateway.db", lambda folder: None, id="no folder"),
        pytest.param("taken", lambda folder: (folder / "taken").mkdir(), id="a folder as file"),
        pytest.param("mapping.toml", lambda folder: None, id="no database"),
    ],
)
@pytest.mark.parametrize("command", [["check"], ["import", "ho-so.csv"]], ids=lambda command: command[0])
def test_a_database_that_cannot_be_written(
    command: list[str], path: str, prepare: Callable[[Path], object], folder: Path
) -> None:
    """
    The file is named, and what to check.
    """
    prepare(folder)
    an_export(folder / "ho-so.csv", a_history(7))
    without_partners = CONFIGURATION.partition("[partners.cong]")[0]
    (folder / "lienthong.toml").write_text(f'database.path = "{path}"\n{without_partners}', "utf-8")

    told(run(folder, *command), ExitCode.DATABASE, Path(path).name, "Kiểm tra")


@contextmanager
def a_small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own for the database; skips where none can be mounted."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_full_disk_takes_nothing_by_half(folder: Path) -> None:
    """
    The import stops with a plain word; once there is room, the same import completes it.
    """
    an_export(folder / "ho-so.csv", [row for serial in range(1, 900) for row in a_history(serial)])
    with a_small_disk(folder, "900k") as disk:
        (folder / "lienthong.toml").write_text(f'database.path = "{disk / "gateway.db"}"\n{CONFIGURATION}', "utf-8")
        told(run(folder, "import", "ho-so.csv"), ExitCode.DATABASE, "Hết chỗ trên đĩa", "gateway.db", "đã nhận vẫn còn")
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)

        told(run(folder, "import", "ho-so.csv"), ExitCode.OK, "899 hồ sơ")

        assert json.loads(run(folder, "status", "--json").stdout)["totals"] == {
            "dossiers": 899, "dossier": 1798, "step": 3596
        }  # fmt: skip


@pytest.mark.parametrize("limit", [60_000, 400_000], ids=["at the first start", "later"])
def test_a_quota_is_told_like_a_full_disk(limit: int, folder: Path) -> None:
    """
    No file may grow beyond the limit: also where no disk can be mounted, and while the database is being made.
    """
    an_export(folder / "ho-so.csv", [row for serial in range(1, 400) for row in a_history(serial)])

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    told(run(folder, "import", "ho-so.csv", before=limited), ExitCode.DATABASE, "lienthong.db", "đĩa")
    told(run(folder, "import", "ho-so.csv"), ExitCode.OK, "399 hồ sơ")


def test_nobody_at_the_address(folder: Path) -> None:
    """
    ``check`` names the address and the settings to look at.
    """
    told(run(folder, "check"), ExitCode.PARTNER, "http://127.0.0.1:9", "không nối được", "adapter_url")


@pytest.fixture
def portal(folder: Path) -> Iterator[Sandbox]:
    place = a_place(folder, "ha-tinh", dossiers=1, seed=1)
    with sandbox(folder, place, "calm", 1) as running:
        text = CONFIGURATION.replace("http://127.0.0.1:9", running.url).replace("H99", place.locality.unit)
        (folder / "lienthong.toml").write_text(text, "utf-8")
        yield running


def test_a_wrong_password_is_said_and_not_tried_again_and_again(portal: Sandbox, folder: Path) -> None:
    """
    ``check`` ends with it; a service says so in its log and leaves the portal alone, since accounts get locked.
    """
    an_export(folder / "ho-so.csv", [row for serial in range(1, 60) for row in a_history(serial)])
    told(run(folder, "import", "ho-so.csv"), ExitCode.OK)
    wrong = {PASSWORD_NAME: "sai-mat-khau"}

    printed = told(
        run(folder, "check", environment=wrong), ExitCode.PARTNER, "mật khẩu không đúng", "username, password"
    )
    before = portal.counters["failed_logins"]
    with start(folder, "sync", environment=wrong, stderr=subprocess.PIPE) as process:
        until(lambda: portal.counters["failed_logins"] > before, "it tries to log in")
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    tried = portal.counters["failed_logins"] - before

    assert process.returncode == ExitCode.OK
    assert "delivery.partner_held" in log
    assert "mật khẩu không đúng" in log
    assert tried <= 3
    assert "sai-mat-khau" not in printed + log


def test_a_wrong_path_at_the_address(portal: Sandbox, folder: Path) -> None:
    """
    Somebody answers, but there is no such service: these settings are to be checked.
    """
    text = (folder / "lienthong.toml").read_text("utf-8")
    (folder / "lienthong.toml").write_text(f'{text}adapter_prefix = "/khong/co"\n', "utf-8")

    told(run(folder, "check"), ExitCode.PARTNER, "http-404", "adapter_prefix")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        pytest.param(["demo", "--keep", "mapping.toml", "--dossiers", "5"], ("mapping.toml",), id="demo"),
        pytest.param(["demo", "--write-exports", "mapping.toml"], ("mapping.toml",), id="exports"),
        pytest.param(
            ["sandbox", "--port", "0", "--ready-file", "no/where"], ("--ready-file", "no/where"), id="sandbox"
        ),
        pytest.param(["import"], ("TỆP",), id="no argument"),
    ],
)
def test_a_place_that_cannot_be_written_is_blamed_by_name(
    arguments: list[str], parts: tuple[str, ...], folder: Path
) -> None:
    """
    A wrong option ends as one, and says which.
    """
    told(run(folder, *arguments), ExitCode.USAGE, *parts)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        pytest.param(["timeline", "HS-12"], ("HS-12", "ba phần"), id="no code"),
        pytest.param(["timeline", "H99.01.01-260302-9999"], ("H99.01.01-260302-9999", "không có hồ sơ"), id="unknown"),
        pytest.param(["dead-letters", "show", "5"], ("«5»", "dead-letters list"), id="no such letter"),
        pytest.param(["dead-letters", "requeue", "5"], ("«5»", "dead-letters list"), id="none to requeue"),
    ],
)
def test_a_question_about_what_is_not_there(arguments: list[str], parts: tuple[str, ...], folder: Path) -> None:
    """
    The value is repeated, and where to look.
    """
    told(run(folder, *arguments), ExitCode.BAD_INPUT, *parts)
