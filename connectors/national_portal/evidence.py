"""
What the portal's rows prove about a message whose answer was lost. Pure, save for one small memory.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

from connectors.national_portal.rows import Row, text_in, upper
from connectors.national_portal.wire import Dossier
from gateway.model import DossierStatus
from gateway.model.text import nfc
from gateway.ports import Finding, Probe

_STATUS = "TRANGTHAIHOSO"
_DECISIVE = frozenset({"MATTHC", _STATUS})
_REMEMBERED = 10_000


class StatusBefore:
    """
    The status that the portal showed just before a step was sent, while its outcome is open.

    A lane waits for that step, so nothing of ours can move the status meanwhile. Gone after a restart: then nothing is
    proved, which is safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: OrderedDict[str, str] = OrderedDict()

    def note(self, key: str, status: str) -> None:
        with self._lock:
            self._statuses[key] = status
            if len(self._statuses) > _REMEMBERED:
                self._statuses.popitem(last=False)

    def forget(self, key: str) -> None:
        with self._lock:
            self._statuses.pop(key, None)

    def of(self, key: str) -> str:
        """The status, or "" when it is not known."""
        with self._lock:
            return self._statuses.get(key, "")


def compare_status(row: Row, status: DossierStatus, before: str, *, moves: bool) -> Probe:
    """
    Whether a step to *status* is on the portal, by the status that the portal shows now and showed *before*.

    Decides only when nothing but the step can have moved the status; *moves* says that steps do.
    """
    now, wanted = text_in(row, _STATUS), str(status.value)
    seen = f"TraCuuHoSo: TRANGTHAIHOSO {before or '?'} → {now or '?'}, bước / step {wanted}"
    if before and moves and before != wanted:
        if now == wanted:
            return Probe(Finding.APPLIED, seen)
        if now == before:
            return Probe(Finding.ABSENT, seen)
    return Probe(Finding.CANNOT_TELL, seen)


def compare_header(row: Row, sent: Dossier, *, established: bool) -> Probe:
    """
    Whether the header *sent* is the one on the portal.

    A dossier that was never accepted from us before can only be this one, so what the portal shows must agree and no
    more. Of one that was, every field must be shown and equal: an update may have been lost that changed only what
    is not shown. In doubt it differs, and an update, which is harmless, settles it.
    """
    ours = upper(sent)
    differing = sorted(key for key, value in ours.items() if key in row and not _same(row[key], value))
    hidden = sorted(key for key in ours if key not in row)
    if differing:
        return Probe(Finding.DIFFERS, f"TraCuuHoSo: khác ở / differs in {', '.join(differing)}")
    if hidden and (established or not _DECISIVE.isdisjoint(hidden)):
        return Probe(Finding.DIFFERS, f"TraCuuHoSo: không cho thấy / does not show {', '.join(hidden)}")
    return Probe(Finding.APPLIED, "TraCuuHoSo: hồ sơ trên Cổng đúng như đã gửi / the portal has it as it was sent")


def _same(theirs: object, ours: object) -> bool:
    """Equal as the portal may write it: numbers for digits, null for "", other Unicode forms."""
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(theirs) == len(ours) and all(map(_same, theirs, ours))
    if isinstance(ours, Mapping):
        return isinstance(theirs, Mapping) and all(_same(theirs.get(key), value) for key, value in ours.items())
    if isinstance(theirs, Mapping | list):
        return False
    return nfc("" if theirs is None else str(theirs)).strip() == nfc(str(ours)).strip()
