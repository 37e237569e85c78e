"""An operator's day with the installed command: the sandbox beside it, real sockets, a real file."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("lienthong")
EXAMPLE = Path(__file__).parents[2] / "examples" / "localities" / "ha-tinh"
PASSWORD = "sandbox"
ENVIRONMENT = {**os.environ, "LIENTHONG_CONG_DVCQG_PASSWORD": PASSWORD, "COLUMNS": "200", "PYTHONWARNINGS": "error"}


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[str]:
    """The address of a sandbox that lets Hà Tĩnh in."""
    ready = tmp_path / "ready"
    command = [str(COMMAND), "sandbox", "--port", "0", "--province", "H27", "--ready-file", str(ready)]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield ready.read_text("utf-8").strip()
        process.terminate()
        assert process.wait(timeout=15) == 0


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Hà Tĩnh exports, written once: nobody changes it."""
    folder = tmp_path_factory.mktemp("exports") / "ha-tinh"
    assert run(folder.parent, "demo", "--write-exports", str(folder), "--locality", "ha-tinh").returncode == 0
    return folder


@pytest.fixture
def place(tmp_path: Path, portal: str, exports: Path) -> Path:
    """Hà Tĩnh's configuration, mapping and exports, pointed at the sandbox."""
    folder = tmp_path / "ha-tinh"
    shutil.copytree(exports, folder)
    configuration = (EXAMPLE / "lienthong.toml").read_text("utf-8").replace("http://127.0.0.1:8765", portal)
    (folder / "lienthong.toml").write_text(configuration, "utf-8")
    (folder / "mapping.toml").write_bytes((EXAMPLE / "mapping.toml").read_bytes())
    return folder


def run(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in *folder* to its end."""
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **(env or {})},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def answer(folder: Path, *arguments: str) -> dict[str, int]:
    """The JSON document of a command that ended well."""
    ended = run(folder, *arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    document: dict[str, int] = json.loads(ended.stdout)
    return document


def test_an_export_travels_to_the_portal_and_a_later_one_brings_only_what_changed(place: Path) -> None:
    """
    Check, import, deliver; the same file again is nothing; a week later some dossiers changed; nothing is dead.
    """
    assert run(place, "check").returncode == 0
    tried = answer(place, "import", "ha-tinh.xlsx", "--dry-run")
    first = answer(place, "import", "ha-tinh.xlsx")
    delivered = answer(place, "sync", "--until-idle")
    again = answer(place, "import", "ha-tinh.xlsx")
    later = answer(place, "import", "ha-tinh-tuan-sau.xlsx")
    answer(place, "sync", "--until-idle")

    assert tried["new"] == first["new"] == first["dossiers"] > 0
    assert delivered["delivered"] == first["accepted"]
    assert (again["accepted"], again["unchanged"]) == (0, first["dossiers"])
    assert later["changed"] > 0
    assert run(place, "status", "--exit-code").returncode == 0


def test_a_row_that_is_refused_is_written_down_with_its_reason(place: Path) -> None:
    """
    31/02 and an unknown status: exit code 4, the good dossiers are accepted, the others wait in a file.
    """
    headings = ["Mã hồ sơ", "Mã TTHC", "Trạng thái", "Ngày tiếp nhận", "Người nộp", "Đối tượng", "Số giấy tờ"]
    rows = [
        ["H27.151-261020-0001", "1.001193", "Đang xử lý", "20/10/2026", "Nguyễn Văn Ví Dụ", "Cá nhân", "099090000017"],
        ["H27.151-261020-0002", "1.001193", "Đang xử lý", "31/02/2026", "Trần Thị Thử", "Cá nhân", "099090000025"],
        ["H27.151-261020-0003", "1.001193", "Chờ trời mưa", "20/10/2026", "Lê Văn Mẫu", "Cá nhân", "099090000033"],
    ]
    with (place / "ho-so.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([headings, *rows])
    (place / "csv.toml").write_text(
        """
        source = "csv"
        layout = "columns"
        dates.formats = ["dd/MM/yyyy"]
        [columns]
        code = "Mã hồ sơ"
        procedure_code = "Mã TTHC"
        status = "Trạng thái"
        accepted_at = "Ngày tiếp nhận"
        applicant_name = "Người nộp"
        applicant_kind = "Đối tượng"
        identifier = "Số giấy tờ"
        subject = { value = "Chứng thực" }
        agency_name = { value = "UBND phường Ví Dụ" }
        result_delivery = { value = "counter" }
        [[step_columns]]
        at = "Ngày tiếp nhận"
        status = 2
        officer = { value = "Trần Thị Thử" }
        content = { value = "Tiếp nhận" }
        [applicant_kind]
        "Cá nhân" = "citizen"
        """,
        "utf-8",
    )

    ended = run(place, "import", "ho-so.csv", "--mapping", "csv.toml", "--json")

    report = json.loads(ended.stdout)
    assert ended.returncode == 4
    assert (report["new"], report["refused_dossiers"]) == (1, 2)
    refused = (place / "ho-so.tu-choi.csv").read_text("utf-8-sig")
    assert "31/02/2026" in refused
    assert "Chờ trời mưa" in refused
    assert "099090000025" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param({"LIENTHONG_CONG_DVCQG_PASSWORD": "sai"}, "đăng nhập", id="wrong password"),
        pytest.param(None, "cong-dvcqg", id="wrong address"),
    ],
)
def test_a_partner_that_does_not_let_us_in_is_found_by_check(
    changed: dict[str, str] | None, words: str, place: Path
) -> None:
    """
    Exit code 5, a text that names the partner, and no secret in it.
    """
    if changed is None:
        configuration = place / "lienthong.toml"
        text = configuration.read_text("utf-8")
        port = text.partition("127.0.0.1:")[2].partition('"')[0]
        configuration.write_text(text.replace(f"127.0.0.1:{port}", "127.0.0.1:9"), "utf-8")

    ended = run(place, "check", env=changed)

    assert ended.returncode == 5
    assert words in ended.stdout
    assert PASSWORD not in (ended.stdout + ended.stderr).replace("sandbox portal", "")
