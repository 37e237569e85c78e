"""The dossier as it stands, from the cells of its own columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from connectors.provincial.file.cells import Place, RowReader, places
from connectors.provincial.file.groups import GroupReader, make, positions_of
from connectors.provincial.file.headings import Binding
from connectors.provincial.file.mapping import FileMapping
from connectors.provincial.file.parties import read_agency, read_applicant
from connectors.provincial.file.procedures import ProcedureIndex
from connectors.provincial.file.sequence import PULL_BACKS, ReadStep
from connectors.provincial.file.steps import STATUSES
from gateway.errors import InvalidInput
from gateway.model import (
    Channel,
    Dossier,
    DossierCode,
    DossierStatus,
    OnlinePayment,
    ProcedureCode,
    ResultDelivery,
)
from gateway.model.times import vietnam_day
from mappings import ProcedureCatalogue

Made = TypeVar("Made")

_PLAIN = ("return_note", "note", "extra", "receipt_number", "local_code")
_FACTS = ("submitted_at", "accepted_at", "completed_at", "returned_at", "refused_at")
_OWN_TIME = {
    DossierStatus.SUBMITTED: "submitted_at",
    DossierStatus.ACCEPTED: "accepted_at",
    DossierStatus.REFUSED: "refused_at",
    DossierStatus.FINISHED: "completed_at",
    DossierStatus.RETURNED: "returned_at",
}


class HeaderReader:
    """Reads the dossier's columns; every fault stays with the reader."""

    def __init__(
        self, mapping: FileMapping, binding: Binding, reader: RowReader, catalogue: ProcedureCatalogue
    ) -> None:
        self._mapping = mapping
        self._reader = reader
        self._at = places(mapping.columns, binding)
        self._groups = GroupReader(mapping, binding, reader)
        self._procedures = ProcedureIndex(mapping.procedures, catalogue)
        self._plain = [name for name in _PLAIN if name in self._at]

    @property
    def positions(self) -> set[int]:
        """Where in the row the dossier is told, its code apart."""
        told = {name: place for name, place in self._at.items() if name != "code"}
        return positions_of([told]) | self._groups.positions

    @property
    def status(self) -> Place | None:
        return self._at.get("status")

    def code(self) -> DossierCode | None:
        """The dossier's code. An alias with a five-digit serial is never a key."""
        code = self._reader.parsed(self._at["code"], DossierCode.parse, "mã hồ sơ")
        if code is not None and code.is_alias:
            reason = f"«{code}» có số thứ tự năm chữ số, chỉ là bí danh. Dùng mã in trên giấy tiếp nhận"
            self._reader.fault(self._at["code"], reason)
            return None
        return code

    def dossier(self, code: DossierCode | None, steps: Sequence[ReadStep]) -> Dossier | None:
        """The header; None when there are faults."""
        reader, at = self._reader, self._at
        values: dict[str, Any] = {name: reader.text(at[name]) for name in self._plain}
        for name in _FACTS:
            if name in at:
                values[name] = reader.at(at[name])
        values["due_at"] = reader.at(at.get("due_at"), past=False)
        values["procedure"], values["procedure_name"] = self._procedure()
        values["status"] = self._status(steps)
        values["local_status"] = reader.text(at.get("local_status") or at.get("status"))
        values["applicant"] = read_applicant(reader, at, self._mapping)
        values["agency"] = read_agency(reader, at, self._mapping)
        values["subject"] = reader.needed(at["subject"], "trích yếu")
        values["channel"] = self._word("channel", Channel)
        values["result_delivery"] = self._word("result_delivery", ResultDelivery, "hình thức trả kết quả")
        values["online_payment"] = self._word("online_payment", OnlinePayment) or OnlinePayment.NONE
        values["account_verified"] = reader.flag(at.get("account_verified"))
        values["databases"] = tuple(filter(None, map(str.strip, (reader.text(at.get("databases")) or "").split(";"))))
        values |= self._groups.read(code)
        values["status_at"] = self._status_at(values, steps)
        if reader.faults or code is None:
            return None
        return make(Dossier, reader, self._place_of, code=code, **values)

    def _place_of(self, field: str) -> Place | None:
        return self._at.get("procedure_code" if field == "procedure" else field)

    def _procedure(self) -> tuple[ProcedureCode | None, str | None]:
        reader, by_code, by_name = self._reader, self._at.get("procedure_code"), self._at.get("procedure_name")
        code, name = reader.text(by_code), reader.text(by_name)
        place = by_name if code is None and name is not None else by_code or by_name
        if code is None and name is None:
            reader.needed(place, "mã hoặc tên thủ tục")
            return None, None
        try:
            return self._procedures.find(code, name)
        except InvalidInput as refusal:
            reader.fault(place, refusal)
            return None, None

    def _status(self, steps: Sequence[ReadStep]) -> DossierStatus | None:
        place = self._at.get("status")
        if self._reader.text(place) is not None:
            words = self._mapping.words["status"]
            return self._reader.parsed(place, lambda raw: STATUSES[words.meaning(raw)])
        if steps:
            return steps[-1].step.status
        self._reader.fault(place, "thiếu trạng thái, và không có bước nào cho biết. Điền theo hệ thống một cửa")
        return None

    def _status_at(self, values: Mapping[str, Any], steps: Sequence[ReadStep]) -> datetime | None:
        """
        When the present status was reached: its own column, the step that says so, the date that goes with it, and
        where the file tells none of these, the latest time that the file tells of the dossier.
        """
        told = self._reader.at(self._at.get("status_at"))
        status: DossierStatus | None = values["status"]
        last = steps[-1].step if steps else None
        if told is not None or status is None:
            return told
        if last is not None and last.status is status:
            return last.at
        own: datetime | None = values.get(_OWN_TIME.get(status, ""))
        if own is not None:
            return max(own, last.at) if last is not None and vietnam_day(own) == vietnam_day(last.at) else own
        if last is not None and (last.status, status) in PULL_BACKS:
            said = f"«{status.value} {status.label_vi}» đi lùi so với bước cuối «{last.status.label_vi}»"
            remedy = "Xuất lại cả hồ sơ và các bước cùng một lúc, hoặc ghi bước kéo lùi kèm thời điểm"
            self._reader.fault(self.status, f"{said} mà không ghi thời điểm. {remedy}")
            return None
        times = [values[name] for name in _FACTS if values.get(name) is not None]
        times += [entry.received_at or entry.requested_at for entry in values["supplements"]]
        times += [last.at] if last is not None else []
        if not times and not self._reader.faults:
            self._reader.fault(None, "hồ sơ không có ngày nào. Điền ngày tiếp nhận hoặc ngày nộp")
        return max(times, default=None)

    def _word(self, name: str, kind: Callable[[str], Made], needed: str = "") -> Made | None:
        words = self._mapping.words[name]
        return self._reader.parsed(self._at.get(name), lambda raw: kind(words.meaning(raw)), needed)
