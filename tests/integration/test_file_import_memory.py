"""Memory does not grow with the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.exports import COMMON, STEPS, a_history, text_of

IMPORT = """
import resource, sys
from pathlib import Path
from connectors.provincial.file import import_file, parse_mapping

class Receipt:
    duplicate = False
    refusal = None

class Sink:
    def submit_many(self, changes, backfill): return [Receipt()] * len(changes)
    def known(self, codes): return {}

path = Path(sys.argv[1])
mapping = parse_mapping(path.with_name("mapping.toml").read_text("utf-8"))
report = import_file(path, mapping, Sink(), rejects_path=path.with_name("rejects.csv"))
print(report.rows, report.refused_rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def an_import_of(folder: Path, dossiers: int) -> tuple[int, int, int]:
    """Rows, refused rows and peak memory (KiB) of an import in a process of its own."""
    path = folder / f"{dossiers}.csv"
    head, *rows = text_of(a_history(1)).splitlines(keepends=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(head)
        for number in range(dossiers):
            code = f"H99.101.01-26{number // 9000 % 9 + 1:02d}02-{number % 9000:04d}"
            file.writelines(row.replace("H99.101.01-260302-0001", code) for row in rows)
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT, str(path)], capture_output=True, text=True, check=True, timeout=100
    )
    count, refused, peak_kib = map(int, ran.stdout.split())
    return count, refused, peak_kib


@pytest.mark.slow
def test_sixteen_times_the_rows_take_hardly_more_memory(tmp_path: Path) -> None:
    """
    2,500 rows against 40,000, each in its own process; the benchmark goes on to a million.
    """
    (tmp_path / "mapping.toml").write_text(COMMON.format(layout="flat", file="", more=STEPS), encoding="utf-8")
    an_import_of(tmp_path, 1)  # Compiles what is not compiled yet, which takes memory of its own.

    small, large = an_import_of(tmp_path, 625), an_import_of(tmp_path, 10_000)

    assert (small[0], large[0]) == (2_500, 40_000)
    assert small[1] == large[1] == 0
    assert large[2] <= 1.3 * small[2]
