"""
The words of a mapping file: local words and the codes that they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from connectors.provincial.file.mapping import WordList
from connectors.provincial.file.mapping_tables import Tables
from connectors.provincial.file.words import folded, quoted
from gateway.errors import InvalidInput
from gateway.model import (
    AgencyCode,
    ApplicantKind,
    Channel,
    DossierStatus,
    FeeKind,
    FeeMoment,
    OnlinePayment,
    ProcedureCode,
    ResultDelivery,
    Reuse,
)

WORD_TABLES: Mapping[str, tuple[str, type[StrEnum]]] = {
    "channel": ("hình thức nộp", Channel),
    "applicant_kind": ("đối tượng", ApplicantKind),
    "result_delivery": ("hình thức trả kết quả", ResultDelivery),
    "online_payment": ("thanh toán trực tuyến", OnlinePayment),
    "fee_kind": ("loại phí", FeeKind),
    "fee_moment": ("thời điểm thu", FeeMoment),
    "reuse": ("tái sử dụng", Reuse),
}


def read_words(tables: Tables, name: str, field: str, codes: type[StrEnum]) -> WordList:
    """The table *name*, beside which each of *codes* stands for itself."""
    own: dict[str, str] = {}
    for word, code in tables.table(name).items():
        if code not in set(codes):
            tables.wrong(f"{name}.{word}", f"«{code}» không có trong danh mục", f"Chọn một trong {quoted(codes)}")
        own[word] = str(code)
    _refuse_two_meanings(tables, name, own)
    meanings = {str(code): str(code) for code in codes} | {folded(word): code for word, code in own.items()}
    return WordList(field, name, meanings, (*own, *map(str, codes)))


def read_status_words(tables: Tables, name: str, base: WordList | None = None) -> WordList:
    """The table *name* over *base*, or over the national names."""
    meanings = dict(base.meanings) if base else {folded(s.label_vi): str(int(s)) for s in DossierStatus}
    own = {word: national_status(tables, f"{name}.{word}", raw) for word, raw in tables.table(name).items()}
    _refuse_two_meanings(tables, name, own)
    meanings.update({folded(word): code for word, code in own.items()})
    spelled = base.spelled if base else tuple(status.label_vi for status in DossierStatus)
    return WordList("trạng thái", name if own or base is None else base.table, meanings, (*own, *spelled))


def national_status(tables: Tables, path: str, raw: Any) -> str:
    """The code of a national status that is given by number or name; "" for anything else."""
    if isinstance(raw, int) and not isinstance(raw, bool) and raw in DossierStatus.__members__.values():
        return str(raw)
    if isinstance(raw, str):
        for status in DossierStatus:
            if folded(raw) == folded(status.label_vi):
                return str(int(status))
    listed = ", ".join(f"{int(s)} {s.label_vi}" for s in DossierStatus)
    tables.wrong(path, f"«{raw}» không phải trạng thái quốc gia", f"Dùng số hoặc tên: {listed}")
    return ""


def _refuse_two_meanings(tables: Tables, name: str, own: Mapping[str, str]) -> None:
    seen: dict[str, str] = {}
    for word, code in own.items():
        if seen.setdefault(folded(word), code) != code:
            tables.wrong(f"{name}.{word}", "một từ (khác cách viết) có hai nghĩa", "Giữ lại một dòng")


def read_codes(
    tables: Tables, path: str, table: Mapping[str, Any], kind: type[AgencyCode | ProcedureCode]
) -> dict[str, str]:
    """Codes of one *kind* by the folded names that stand for them."""
    found = {}
    for name, code in table.items():
        try:
            kind.parse(code if isinstance(code, str) else "")
        except InvalidInput as error:
            tables.wrong(f"{path}.{name}", f"«{code}» {error.reason}", error.remedy)
        else:
            found[folded(name)] = code
    return found
