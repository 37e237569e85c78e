"""
What a mapping file says, as frozen values: which heading is which field, which word is which code.

``mapping_toml`` reads and checks it; an annotated example is ``example.toml`` beside this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum

from connectors.provincial.file.dates import DateReader
from connectors.provincial.file.words import did_you_mean, folded
from gateway.errors import UnknownCode

DOSSIER_FIELDS = (
    "code", "procedure_code", "procedure_name", "status", "status_at", "local_status", "channel",
    "submitted_at", "accepted_at", "due_at", "completed_at", "returned_at", "refused_at",
    "applicant_name", "applicant_kind", "identifier", "personal_id", "old_card", "passport", "tax_code",
    "account_id", "account_verified", "email", "phone", "fax", "subject", "agency_code", "agency_name",
    "result_delivery", "return_note", "note", "extra", "receipt_number", "online_payment", "databases", "local_code",
)  # fmt: skip
STEP_FIELDS = ("code", "at", "status", "officer", "content", "title", "department", "started_at", "due_at", "order")
GROUP_FIELDS: Mapping[str, tuple[str, ...]] = {
    "documents": (
        "name", "url", "id", "component_code", "digitised", "reuse", "from_national_store", "replaces_result",
    ),
    "other_papers": ("name", "quantity", "kind"),
    "fees": ("name", "amount", "code", "kind", "moment"),
    "results": ("name", "url", "result_code", "component_code", "id"),
    "supplements": (
        "id", "requested_at", "content", "requested_by", "received_at", "received_by", "receipt_note",
        "due_before", "due_after",
    ),
}  # fmt: skip
GROUP_NEEDS: Mapping[str, tuple[str, ...]] = {
    "documents": ("name", "url"),
    "other_papers": ("name", "quantity", "kind"),
    "fees": ("name", "amount", "kind", "moment"),
    "results": ("name", "url"),
    "supplements": ("requested_at", "content"),
}
TIME_FIELDS = frozenset({
    "status_at", "submitted_at", "accepted_at", "due_at", "completed_at", "returned_at", "refused_at",
    "at", "started_at", "requested_at", "received_at", "due_before", "due_after",
})  # fmt: skip


class Layout(StrEnum):
    """How an export tells the steps of a dossier."""

    SHEETS = "sheets"
    """One row per dossier; the steps in another sheet, or in a second file."""

    FLAT = "flat"
    """One row per step, the columns of the dossier repeated or left blank."""

    COLUMNS = "columns"
    """One row per dossier; some of its dates are steps."""


class ProcedureCheck(StrEnum):
    """Against which list a procedure code must hold."""

    NATIONAL = "national"
    LIST = "list"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Column:
    """
    Where one field comes from: the first of *headings* that the file has, or the constant *value*.

    *optional* lets the file lack the column. *fill* is the time of day of a date without one.
    *path* names the entry of the mapping file.
    """

    path: str
    headings: tuple[str, ...] = ()
    value: str | None = None
    optional: bool = False
    fill: time | None = None


@dataclass(frozen=True, slots=True)
class StepColumn:
    """Layout ``columns``: a date column of the dossier row that is a step of the named status."""

    at: Column
    status: int
    officer: Column
    content: Column
    department: Column | None = None
    title: Column | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Columns of the dossier row that together are one fee line, document, paper, result or supplement round."""

    kind: str
    path: str
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class WordList:
    """Local words and what they mean here; a word outside it is refused by name, never guessed."""

    field: str
    table: str
    meanings: Mapping[str, str]
    spelled: tuple[str, ...]

    def meaning(self, word: str) -> str:
        """The code of *word* (NFC, any case). Raises UnknownCode with list and suggestions."""
        found = self.meanings.get(folded(word))
        if found is None:
            remedy = did_you_mean(word, self.spelled, f"Thêm từ này vào bảng [{self.table}] của tệp ánh xạ")
            raise UnknownCode(self.field, word, f"không có trong bảng [{self.table}]", remedy)
        return found


@dataclass(frozen=True, slots=True)
class ProcedureRules:
    """How procedures are recognised. *names* are the operator's own names (folded) and win over the list's."""

    check: ProcedureCheck = ProcedureCheck.NATIONAL
    codes: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileMapping:
    """One mapping file, checked whole."""

    source: str
    layout: Layout
    dates: DateReader
    columns: Mapping[str, Column]
    steps: Mapping[str, Column]
    step_columns: tuple[StepColumn, ...]
    groups: tuple[Group, ...]
    words: Mapping[str, WordList]
    agencies: Mapping[str, str]
    procedures: ProcedureRules
    sheets: tuple[str, ...] = ()
    steps_sheets: tuple[str, ...] = ()
    delimiter: str | None = None
    encoding: str | None = None
    blank: frozenset[str] = frozenset()
    future: timedelta = timedelta(hours=1)
    omit_bad_identifiers: bool = False
