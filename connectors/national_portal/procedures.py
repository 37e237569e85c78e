"""
The portal's words in, ours out: procedures of its catalogue (contract 5.4).

Lenient where the portal is known to be careless: an array may be missing or null, a number may be text.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.national_portal.rows import Row, count_of, rows_in, text_in
from gateway.errors import InvalidInput
from gateway.model import Procedure, ProcedureCode, ProcedurePaper, ProcedureResult, TimeLimit, TimeUnit
from gateway.model.text import name_key

_UNITS = {
    "giờ": TimeUnit.HOUR,
    "ngày làm việc": TimeUnit.WORKING_DAY,
    "ngày": TimeUnit.DAY,
    "tháng": TimeUnit.MONTH,
}
_PUBLIC = "1"


def to_procedure(row: Row, asked: ProcedureCode) -> Procedure | None:
    """A row of ``LayThuTuc``; none when it does not even carry a name. *asked* is the code that was looked up."""
    name = text_in(row, "TENTTHC")
    if not name:
        return None
    fields = rows_in(row, "LINHVUCTHUCHIEN")
    field = fields[0] if fields else {}
    return Procedure(
        code=_procedure_code(text_in(row, "MATTHC")) or asked,
        name=name,
        field_code=text_in(field, "MALINHVUC") or None,
        field_name=text_in(field, "TENLINHVUC") or None,
        results=tuple(
            ProcedureResult(code=text_in(result, "MAKETQUA") or None, name=text_in(result, "TENKETQUA") or None)
            for result in rows_in(row, "KETQUATHUCHIEN")
        ),
        papers=tuple(_papers(row)),
        levels=tuple(level for each in rows_in(row, "CAPTHUCHIEN") if (level := text_in(each, "TENCAP"))),
        max_time=_max_time(row),
        listed=text_in(row, "TRANGTHAI") in {_PUBLIC, ""},
    )


def _procedure_code(text: str) -> ProcedureCode | None:
    try:
        return ProcedureCode.parse(text)
    except InvalidInput:
        return None


def _papers(row: Row) -> Iterator[ProcedurePaper]:
    for case in rows_in(row, "THANHPHANHOSO"):
        for paper in rows_in(case, "GIAYTO"):
            if name := text_in(paper, "TENGIAYTO"):
                yield ProcedurePaper(
                    name=name,
                    code=text_in(paper, "MAGIAYTO") or None,
                    case=text_in(case, "TRUONGHOP") or None,
                    originals=count_of(text_in(paper, "SOBANCHINH")),
                    copies=count_of(text_in(paper, "SOBANSAO")),
                )


def _max_time(row: Row) -> TimeLimit | None:
    """The longest limit over all channels, when all of them are in one unit that we know."""
    limits = [
        (_UNITS.get(name_key(text_in(term, "DONVITINH"))), count_of(text_in(term, "THOIGIANGIAIQUYET")))
        for channel in rows_in(row, "CACHTHUCTHUCHIEN")
        for term in rows_in(channel, "THOIGIAN")
    ]
    units = {unit for unit, _ in limits}
    if len(units) != 1 or None in units:
        return None
    amounts = [amount for _, amount in limits if amount]
    unit = units.pop()
    return TimeLimit(amount=max(amounts), unit=unit) if amounts and unit is not None else None
