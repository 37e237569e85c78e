"""
The portal's own catalogue, kept in memory for as long as the settings say (contract 5).

Procedure names and fields in dossiers come from here and never from a hand-written list (contract 6.1).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from connectors.national_portal.client import PortalClient
from connectors.national_portal.flight import OneFlight
from connectors.national_portal.patience import Patience
from connectors.national_portal.procedures import to_procedure
from connectors.national_portal.rows import Row, text_in
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.translate import Listed
from gateway.errors import DeliveryError, Rejected
from gateway.model import ProcedureCode

log = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_MISSING = 1000
"""So many codes that the portal does not list are remembered: one may ask for any of them. Those it lists are few."""


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    value: T
    until: float
    stale: bool = False


class Catalogue:
    """
    Reads through to the portal: one flight per key, what was read holds for its validity.

    When the portal cannot be asked, an entry past its validity is used and said to be stale; without any entry the
    fault goes to the caller, who may try again.
    """

    def __init__(
        self,
        partner: str,
        settings: PortalSettings,
        client: PortalClient,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._partner = partner
        self._settings = settings
        self._client = client
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._procedures: dict[str, _Entry[Listed | None]] = {}
        self._missing: OrderedDict[str, None] = OrderedDict()
        self._procedure_flights: OneFlight[str, _Entry[Listed | None]] = OneFlight()
        self._lists: dict[str, _Entry[Sequence[Row]]] = {}
        self._list_flights: OneFlight[str, _Entry[Sequence[Row]]] = OneFlight()

    def procedure(
        self, code: ProcedureCode, dossier: str, patience: Patience, *, again: bool = False
    ) -> tuple[Listed, bool]:
        """
        The procedure as the portal lists it, and whether that knowledge is stale.

        *again* does not believe an earlier answer that the portal does not list it: somebody has requeued, so it may
        have been announced since. Raises ``Rejected`` naming code, list and dossier when the portal does not list it.
        """
        forms = self._forms(code)
        if again:
            self._forget_missing(forms)
        for form in forms:
            entry = self._entry(form, code, patience)
            if entry.value is not None:
                return entry.value, entry.stale
        raise Rejected(
            self._partner,
            "unknown-procedure",
            f"{dossier}: mã thủ tục «{code}» không có trong danh mục của Cổng (LayThuTuc) / is not in the portal's "
            "list. Sửa mã ở hệ thống một cửa hoặc đề nghị công bố, rồi gửi lại / Mend the code or have it announced, "
            "then requeue",
        )

    def listed(self, code: ProcedureCode, patience: Patience) -> bool | None:
        """Whether the portal lists the procedure; None when it cannot be asked and nothing is remembered."""
        try:
            self.procedure(code, "", patience)
        except Rejected:
            return False
        except DeliveryError:
            return None
        return True

    def row(self, code: ProcedureCode, patience: Patience) -> tuple[Row | None, bool]:
        """
        ``LayThuTuc`` for exactly this form of a code, none where the portal does not list it, and whether it is stale.
        """
        entry = self._entry(code.text, code, patience)
        return (None if entry.value is None else entry.value.row), entry.stale

    def rows(self, service: str, ask: Callable[[], list[Row]], patience: Patience) -> tuple[Sequence[Row], bool]:
        """The rows of the list *service*, by *ask* where they are not in memory, and whether they are stale."""
        entry = self._list_entry(service, ask, patience)
        return entry.value, entry.stale

    def procedures(self, patience: Patience) -> dict[str, str]:
        """Code and name of every procedure of the national list (contract 5.3)."""
        rows = self._list("LayDanhSachTTHC", lambda: self._client.list_procedures(patience=patience), patience)
        return {text_in(row, "MATTHC"): text_in(row, "TENTTHC") for row in rows if text_in(row, "MATTHC")}

    def category(self, service: str, patience: Patience) -> Sequence[Row]:
        """The rows of a category such as ``LayDanhMucLinhVuc`` or ``LayDanhMucCoQuan`` (contract 5.1, 5.2)."""
        return self._list(service, lambda: self._client.list_category(service, patience=patience), patience)

    def _forms(self, code: ProcedureCode) -> Sequence[str]:
        """The forms of *code* to look up, in order. Partners disagree on the suffix; the portal's list decides."""
        if code.suffix is None or self._settings.procedure_suffix == "strip":
            return (code.base,)
        return (code.text,) if self._settings.procedure_suffix == "keep" else (code.text, code.base)

    def _forget_missing(self, forms: Sequence[str]) -> None:
        with self._lock:
            for form in forms:
                entry = self._procedures.get(form)
                if entry is not None and entry.value is None:
                    del self._procedures[form]
                    del self._missing[form]

    def _entry(self, form: str, code: ProcedureCode, patience: Patience) -> _Entry[Listed | None]:
        entry = self._procedures.get(form)
        if entry is not None and self._monotonic() < entry.until:
            return entry
        read = partial(self._read, form, code, patience)
        return self._through(self._procedures, self._procedure_flights, form, read, patience)

    def _read(self, form: str, code: ProcedureCode, patience: Patience) -> _Entry[Listed | None]:
        row = self._client.read_procedure(form, patience=patience)
        procedure = None if row is None else to_procedure(row, code)
        whole = procedure is not None and procedure.field_code and procedure.field_name
        # What is missing or incomplete may be mended at the portal any minute; people requeue and expect it to be seen.
        validity = self._settings.catalogue_validity_s if whole else self._settings.catalogue_retry_s
        listed = None if procedure is None or row is None else Listed(form, procedure, row)
        return _Entry(listed, self._monotonic() + validity)

    def _list(self, service: str, ask: Callable[[], list[Row]], patience: Patience) -> Sequence[Row]:
        return self._list_entry(service, ask, patience).value

    def _list_entry(self, service: str, ask: Callable[[], list[Row]], patience: Patience) -> _Entry[Sequence[Row]]:
        def read() -> _Entry[Sequence[Row]]:
            return _Entry(ask(), self._monotonic() + self._settings.catalogue_validity_s)

        return self._through(self._lists, self._list_flights, service, read, patience)

    def _through(
        self,
        entries: dict[str, _Entry[T]],
        flights: OneFlight[str, _Entry[T]],
        key: str,
        read: Callable[[], _Entry[T]],
        patience: Patience,
    ) -> _Entry[T]:
        entry = entries.get(key)
        if entry is not None and self._monotonic() < entry.until:
            return entry

        def fetch() -> _Entry[T]:
            # The flight before may have landed between the look above and this one.
            landed = entries.get(key)
            if landed is not None and self._monotonic() < landed.until:
                return landed
            fresh = read()
            self._keep(entries, key, fresh)
            return fresh

        try:
            return flights.take(key, fetch, wait_s=patience.left_s, late=patience.over)
        except DeliveryError as error:
            if entry is None:
                raise
            extra = {"partner": self._partner, "key": key, "code": error.code}
            log.warning("national_portal.catalogue_stale", extra=extra)
            stale = replace(entry, until=self._monotonic() + self._settings.catalogue_retry_s, stale=True)
            self._keep(entries, key, stale)
            return stale

    def _keep(self, entries: dict[str, _Entry[T]], key: str, entry: _Entry[T]) -> None:
        with self._lock:
            entries[key] = entry
            self._missing.pop(key, None)
            if entry.value is not None:
                return
            self._missing[key] = None
            if len(self._missing) > _MOST_MISSING:
                oldest, _ = self._missing.popitem(last=False)
                del self._procedures[oldest]
