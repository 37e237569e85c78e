"""
One import in a process of its own, whose peak of memory is the import's: ``python -m benchmarks.importer FILE FOLDER``.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import orjson

from benchmarks.listener import Listener
from benchmarks.measure import cost_of
from connectors.provincial.file import import_file, parse_mapping
from gateway.api import Gateway
from gateway.config import DatabaseSettings, Settings

HEADINGS = (
    "Số hồ sơ", "Mã thủ tục", "Tình trạng", "Kênh", "Ngày nộp", "Ngày tiếp nhận", "Ngày hẹn trả", "Tên người nộp",
    "Số định danh", "Di động", "Nội dung hồ sơ", "Cơ quan", "Khoản thu", "Số tiền", "Thời điểm", "Trạng thái bước",
    "Cán bộ", "Phòng", "Nội dung",
)  # fmt: skip
MAPPING = """
source = "motcua-vidu"
layout = "flat"

[file]
delimiter = ","
encoding = "utf-8"

[dates]
formats = ["dd/MM/yyyy HH:mm:ss"]

[columns]
code = "Số hồ sơ"
procedure_code = "Mã thủ tục"
status = "Tình trạng"
channel = "Kênh"
submitted_at = "Ngày nộp"
accepted_at = "Ngày tiếp nhận"
due_at = "Ngày hẹn trả"
applicant_name = "Tên người nộp"
applicant_kind = { value = "citizen" }
personal_id = "Số định danh"
phone = "Di động"
subject = "Nội dung hồ sơ"
agency_name = "Cơ quan"
result_delivery = { value = "counter" }
online_payment = { value = "none" }

[steps]
at = "Thời điểm"
status = "Trạng thái bước"
officer = "Cán bộ"
department = "Phòng"
content = "Nội dung"

[[fees]]
name = "Khoản thu"
amount = "Số tiền"
kind = { value = "charge" }
moment = { value = "acceptance" }

[status]
"Được tiếp nhận" = 2
"Thẩm định" = 4
"Trình lãnh đạo" = 4

[channel]
"Trực tiếp" = "counter"
"""


def peak_bytes() -> int:
    """The most memory that this process ever held. What a parent held before it started us does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(file: Path, folder: Path) -> None:
    """Import *file* into a new gateway in *folder* and print what that took, as one JSON line."""
    reports = []
    with Gateway(Settings(database=DatabaseSettings(path=folder / "gateway.db")), connectors=[Listener()]) as gateway:
        mapping = parse_mapping(MAPPING)
        before = peak_bytes()
        cost = cost_of(lambda: reports.append(import_file(file, mapping, gateway, rejects_path=folder / "tu-choi.csv")))
        totals = gateway.totals()
    report = reports[0]
    found = {
        "rows": report.rows,
        "dossiers": report.dossiers,
        "steps": totals["step"],
        "refused_rows": report.refused_rows,
        "before_bytes": before,
        "peak_bytes": peak_bytes(),
        "wall_s": cost.wall_s,
        "cpu_s": cost.cpu_s,
    }
    print(orjson.dumps(found).decode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
