"""Which procedure a row means: by its code, or by its name when the file has no code."""

from __future__ import annotations

from connectors.provincial.file.mapping import ProcedureCheck, ProcedureRules
from connectors.provincial.file.words import folded
from gateway.errors import InvalidInput, UnknownCode
from gateway.model import ProcedureCode, unknown_code
from gateway.model.text import show
from mappings import NotInList, ProcedureCatalogue, ProcedureEntry

NAME_FIELD = "tên thủ tục"
_REMEMBERED = 8_192
_ADD = "Thêm vào bảng [procedures.names] của tệp ánh xạ, hoặc thêm cột mã thủ tục"

Found = tuple[ProcedureCode, str | None]


class ProcedureIndex:
    """
    Looks procedures up as the mapping's rules say, remembering answers and refusals.
    """

    def __init__(self, rules: ProcedureRules, catalogue: ProcedureCatalogue) -> None:
        self._rules = rules
        self._catalogue = catalogue
        self._bases = frozenset(ProcedureCode.parse(code).base for code in rules.codes)
        self._remembered: dict[tuple[str | None, str | None], Found | InvalidInput] = {}

    def find(self, code: str | None, name: str | None) -> Found:
        """
        The procedure code, and the name that goes with it: the file's own, else the catalogue's.

        Raises InvalidInput for a malformed code, UnknownCode for what the rules' list lacks and for a name that
        several procedures bear.
        """
        asked = (code, name)
        answer = self._remembered.get(asked)
        if answer is None:
            try:
                answer = self._by_code(code, name) if code is not None else self._by_name(name)
            except InvalidInput as refusal:
                answer = refusal
            if len(self._remembered) < _REMEMBERED:
                self._remembered[asked] = answer
        if isinstance(answer, InvalidInput):
            raise answer.with_traceback(None)
        return answer

    def _by_code(self, code: str, name: str | None) -> Found:
        parsed = ProcedureCode.parse(code)
        check = self._rules.check
        if check is ProcedureCheck.LIST and parsed.base not in self._bases:
            refusal = NotInList("procedures.codes", code, self._near_listed(parsed.base))
            raise unknown_code("mã thủ tục", refusal)
        if check is ProcedureCheck.NATIONAL and parsed.base not in self._catalogue:
            try:
                self._catalogue.by_code(parsed.base)
            except NotInList as refusal:
                raise unknown_code("mã thủ tục", refusal) from None
        if name is None and parsed.base in self._catalogue:
            name = self._catalogue.by_code(parsed.base).name
        return parsed, name

    def _near_listed(self, base: str) -> list[str]:
        return [f"{code} {self._name(code)}".strip() for code in sorted(self._bases) if code[:5] == base[:5]][:3]

    def _name(self, base: str) -> str:
        return self._catalogue.by_code(base).name if base in self._catalogue else ""

    def _by_name(self, name: str | None) -> Found:
        if name is None:
            raise InvalidInput("mã thủ tục", "", "đang để trống", "Điền mã thủ tục, hoặc tên thủ tục đúng như danh mục")
        own = self._rules.names.get(folded(name))
        if own is not None:
            return self._by_code(own, name)
        try:
            entries = self._catalogue.by_name(name)
        except NotInList as refusal:
            raise unknown_code(NAME_FIELD, refusal) from None
        allowed = [entry for entry in entries if entry.code in self._bases] if self._bases else list(entries)
        if len(allowed) == 1:
            return ProcedureCode.parse(allowed[0].code), name
        raise self._no_single(name, allowed)

    def _no_single(self, name: str, entries: list[ProcedureEntry]) -> UnknownCode:
        if not entries:
            return UnknownCode(NAME_FIELD, show(name), "không có trong danh sách procedures.codes của tệp ánh xạ", _ADD)
        codes = ", ".join(f"{entry.code} ({entry.publisher})" for entry in entries)
        reason = f"là tên chung của {len(entries)} thủ tục: {codes}"
        remedy = "Chọn một mã: điền cột mã thủ tục, hoặc ghi vào [procedures.names]"
        return UnknownCode(NAME_FIELD, show(name), reason, remedy)
