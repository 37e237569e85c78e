"""
The named fault profiles: how a portal behaves on a good day, a bad day, when it lies, and over Tết.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from connectors.national_portal.dialect import lists
from connectors.national_portal.mock.faults import Fault, FaultKind

_PUSHES: Final = frozenset({lists.DOSSIERS, lists.TIMELINE, lists.OUTCOME})
_CREATES: Final = frozenset({lists.DOSSIERS})
_STEPS: Final = frozenset({lists.TIMELINE})


@dataclass(frozen=True, slots=True)
class Profile:
    """*faults* apply at all times; within *closed_for* of the start, *while_closed* apply instead."""

    faults: tuple[Fault, ...] = ()
    closed_for: timedelta = timedelta(0)
    while_closed: tuple[Fault, ...] = ()


PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "calm": Profile(),
        "flaky": Profile(
            faults=(
                Fault(FaultKind.DROP, probability=0.015),
                Fault(FaultKind.DROP, probability=0.015, after_work=True),
                Fault(FaultKind.STALL, probability=0.004),
                Fault(FaultKind.STALL, probability=0.004, after_work=True),
                Fault(FaultKind.CUT, probability=0.01),
                Fault(FaultKind.HTTP, probability=0.01, status=500),
                Fault(FaultKind.HTTP, probability=0.01, status=502),
                Fault(FaultKind.HTTP, probability=0.005, status=504),
                Fault(FaultKind.HTTP, probability=0.005, status=504, after_work=True),
                Fault(FaultKind.SLOW, probability=0.005),
                Fault(FaultKind.ERROR, probability=0.01),
                Fault(FaultKind.EXPIRED, probability=0.01),
                Fault(FaultKind.TOO_MANY, probability=0.003, retry_after_s=1),
                Fault(FaultKind.CLOSED, probability=0.002, retry_after_s=2),
                Fault(FaultKind.CLOSED, probability=0.003),
                Fault(FaultKind.INT_CODE, probability=0.01),
            )
        ),
        "liar": Profile(
            faults=(
                Fault(FaultKind.NO_SUCCESS, _PUSHES, probability=0.03),
                Fault(FaultKind.SAYS_EXISTS, _CREATES, probability=0.02),
                Fault(FaultKind.STALL, _PUSHES, probability=0.004, after_work=True),
                Fault(FaultKind.DROP, _PUSHES, probability=0.03, after_work=True),
                Fault(FaultKind.CUT, probability=0.01),
                Fault(FaultKind.HTTP, _PUSHES, probability=0.01, status=500, after_work=True),
                Fault(FaultKind.HTTP, _PUSHES, probability=0.01, status=502, after_work=True),
                Fault(FaultKind.HTTP, _PUSHES, probability=0.01, status=504, after_work=True),
                Fault(FaultKind.HTML, probability=0.01),
                Fault(FaultKind.HTML, probability=0.02, after_work=True),
                Fault(FaultKind.EMPTY, probability=0.01),
                Fault(FaultKind.EMPTY, probability=0.02, after_work=True),
                Fault(FaultKind.HALF_JSON, probability=0.01),
                Fault(FaultKind.TEXT, _STEPS, probability=0.01, after_work=True),
                Fault(FaultKind.TEXT, _PUSHES, probability=0.01),
                Fault(FaultKind.ERROR, probability=0.01),
                Fault(FaultKind.DOUBLE, _PUSHES, probability=0.01),
                Fault(FaultKind.PARTIAL, _PUSHES, probability=0.03),
                Fault(FaultKind.EXPIRED, probability=0.01),
                Fault(FaultKind.PADDED_CODE, probability=0.04),
                Fault(FaultKind.INT_CODE, probability=0.04),
            )
        ),
        "tet": Profile(
            closed_for=timedelta(days=9),
            while_closed=(
                Fault(FaultKind.CLOSED, probability=0.35, retry_after_s=6 * 3600),
                Fault(FaultKind.CLOSED, probability=0.35),
                Fault(FaultKind.DROP, probability=0.15),
                Fault(FaultKind.REFUSE, probability=0.15),
            ),
        ),
    }
)
