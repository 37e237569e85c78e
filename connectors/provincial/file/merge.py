"""Several rows that tell one dossier's columns, made one."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.provincial.file.faults import DossierFaulty, Faults
from connectors.provincial.file.refusals import Part
from connectors.provincial.file.staging import StagedRow


@dataclass(frozen=True, slots=True)
class Header:
    """The cells of a dossier's columns, and the index of the row that each came from."""

    cells: list[str]
    first: int
    others: Mapping[int, int] = field(default_factory=dict)

    def row_of(self, position: int | None) -> int:
        return self.first if position is None else self.others.get(position, self.first)


def merge(
    rows: Sequence[StagedRow], positions: Sequence[int], headings: Sequence[str], faults: Faults, *, inherit: bool
) -> Header:
    """
    The header that *rows* tell at *positions*.

    With *inherit* (the flat layout) a row may leave a cell blank, but what rows do say must be the same; without it
    two rows of one dossier must be the same altogether. Raises DossierFaulty when there is no row for the header.
    """
    headers = [(index, row) for index, row in enumerate(rows) if row.part is Part.DOSSIERS]
    if not headers:
        for index in range(len(rows)):
            faults.add(index, "", "có bước xử lý nhưng không có dòng hồ sơ nào mang mã này. Bổ sung dòng hồ sơ")
        raise DossierFaulty
    first, row = headers[0]
    if len(headers) == 1:
        return Header(row.cells, first)
    merged = row.cells + [""] * (len(headings) - len(row.cells))
    others: dict[int, int] = {}
    told = [merged[position] for position in positions]
    for index, row in headers[1:]:
        if len(row.cells) >= len(headings) and [row.cells[position] for position in positions] == told:
            continue
        for position in positions:
            mine = row.cells[position].strip() if position < len(row.cells) else ""
            held = merged[position].strip()
            if mine == held or (inherit and not mine):
                continue
            if inherit and not held:
                merged[position] = mine
                others[position] = index
            elif unicodedata.normalize("NFC", mine) != unicodedata.normalize("NFC", held):
                line = rows[others.get(position, first)].line
                reason = f"cùng mã hồ sơ nhưng cột này khác dòng {line}. Giữ lại một dòng đúng"
                faults.add(index, headings[position].strip(), reason)
    return Header(merged, first, others)
