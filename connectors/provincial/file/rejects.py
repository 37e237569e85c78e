"""
The rejects file: each refused row as it was, with its line, the cells at fault, and why.

It is an export like any other: mended, it is imported again with the same mapping. Three columns stand in
front; their headings are in no mapping, so they are not read back. The file holds personal data and is
readable by its owner only.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from connectors.provincial.file.headings import Binding
from connectors.provincial.file.refusals import FileRefused, Part, Refusal
from connectors.provincial.file.words import heading_key

LEADING = ("Dòng", "Cột", "Lý do")
_LEADING_KEYS = [heading_key(heading) for heading in LEADING]


def path_for(path: Path, part: Part) -> Path:
    """Where the rows of one table go: ``x.csv``, and ``x-buoc.csv`` for the steps."""
    return path if part is Part.DOSSIERS else path.with_name(f"{path.stem}-buoc{path.suffix}")


def guard(path: Path, sources: Iterable[Path]) -> None:
    """Refuse a rejects file that would overwrite what is being imported."""
    taken = {path_for(path, part).resolve() for part in Part}
    for source in sources:
        if source.resolve() in taken:
            reason = "vừa là tệp nhập vừa là tệp ghi các dòng bị từ chối"
            raise FileRefused(source, reason, "Chọn tên khác cho tệp ghi các dòng bị từ chối")


def write(path: Path, binding: Binding, delimiter: str, refused: Iterable[tuple[Refusal, Sequence[str]]]) -> int:
    """
    Write *refused* to *path* in UTF-8 with a byte order mark; returns the number of rows, none makes no file.

    The file appears complete or not at all. One that was there before is kept beside it with ``.cu`` added,
    since somebody may have been mending it.
    """
    skip = len(LEADING) if [heading_key(h) for h in binding.headings[: len(LEADING)]] == _LEADING_KEYS else 0
    started = path.with_name(path.name + ".tam")
    started.unlink(missing_ok=True)
    count = 0
    try:
        started.touch(mode=0o600)
        with started.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerow([*LEADING, *binding.headings[skip:]])
            for refusal, cells in refused:
                writer.writerow([refusal.line, refusal.column, refusal.reason, *cells[skip:]])
                count += 1
        if count:
            if path.exists():
                path.replace(path.with_name(path.name + ".cu"))
            started.replace(path)
    except OSError as error:
        reason = f"không ghi được tệp các dòng bị từ chối ({error.strerror})"
        raise FileRefused(path, reason, "Kiểm tra quyền ghi và chỗ trống của thư mục") from error
    finally:
        started.unlink(missing_ok=True)
    return count
