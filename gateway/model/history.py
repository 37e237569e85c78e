"""
A dossier with its whole history, told in an order in which its public status never moves back.

A portal shows the status of the last header it got. The final header first and the steps after it would show
"returned" and then walk through the past; so the dossier is told as it was at its first step, then the steps,
then as it is now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from pydantic import ValidationError

from gateway.errors import InvalidInput
from gateway.model.change import Change, body_json
from gateway.model.dossier import Dossier, SupplementRound
from gateway.model.enums import DossierStatus, OnlinePayment
from gateway.model.explain import explain
from gateway.model.step import ProcessingStep
from gateway.model.times import vietnam_day

_ACCEPTED = frozenset(
    {
        DossierStatus.ACCEPTED,
        DossierStatus.PROCESSING,
        DossierStatus.STOPPED,
        DossierStatus.FINISHED,
        DossierStatus.RETURNED,
    }
)
_FINISHED = frozenset({DossierStatus.FINISHED, DossierStatus.RETURNED})
_RETURNED = frozenset({DossierStatus.RETURNED})
_REFUSED = frozenset({DossierStatus.REFUSED})


def unfold(dossier: Dossier, steps: Sequence[ProcessingStep], source: str) -> list[Change]:
    """
    The changes that tell *dossier* and *steps*: the header of the first step, the steps by time, the final header.

    The ids of the changes are made of their content, so that the same history twice changes nothing. A header that
    went from A to B and back to A needs an id of its own: the first A's would make it a repeat.

    Steps of the same moment keep their given order. The final header is left out when nothing differs from the
    first. Raises ``InvalidInput`` when a step belongs to another dossier, when the header is older than the last
    step and contradicts it, or when its dates contradict each other at the first step.
    """
    if not steps:
        return [_header(dossier, source)]
    ordered = sorted(steps, key=lambda step: step.at)
    _check(dossier, ordered)
    opening = dossier if _is_last_word(ordered, dossier) else as_of(dossier, ordered[0])
    changes = [_header(opening, source)]
    changes += (Change(source=source, source_id=f"step:{step.identity}", body=step) for step in ordered)
    if opening != dossier:
        changes.append(_header(dossier, source))
    return changes


def as_of(dossier: Dossier, step: ProcessingStep) -> Dossier:
    """
    The header as it was when *step* happened: its status, and of the dated facts only those that had happened.

    What carries no date and may be younger than the step (results, notes, the local status, an online payment) is
    left out; the final header brings it.
    """
    by = step.at
    accepted_at = _accepted_as_of(dossier, step)
    supplements = tuple(_round_as_of(entry, by) for entry in dossier.supplements if entry.requested_at <= by)
    return dossier.model_copy(
        update={
            "status": step.status,
            "status_at": by,
            "local_status": None,
            "wording": None,
            "submitted_at": _stamped(dossier.submitted_at, step, frozenset(DossierStatus)),
            "accepted_at": accepted_at,
            "due_at": None if accepted_at is None else _due_as_of(dossier, by),
            "completed_at": _completed_as_of(dossier, step),
            "returned_at": _stamped(dossier.returned_at, step, _RETURNED),
            "refused_at": dossier.refused_at if step.status in _REFUSED else None,
            "return_note": None,
            "note": None,
            "results": (),
            "supplements": supplements,
            "online_payment": _unpaid(dossier),
        }
    )


def _is_last_word(ordered: Sequence[ProcessingStep], dossier: Dossier) -> bool:
    return len(ordered) == 1 and ordered[0].status is dossier.status and dossier.status_at <= ordered[0].at


def _stamped(moment: datetime | None, step: ProcessingStep, statuses: frozenset[DossierStatus]) -> datetime | None:
    """
    *moment*, if the status of *step* says that it had come, by the clock or on the same day.

    Systems stamp a fact and the step that records it some seconds apart, and many keep days without hours.
    """
    if moment is None or step.status not in statuses:
        return None
    return moment if moment <= step.at or vietnam_day(moment) == vietnam_day(step.at) else None


def _accepted_as_of(dossier: Dossier, step: ProcessingStep) -> datetime | None:
    accepted_at = dossier.accepted_at
    if accepted_at is None or step.status is DossierStatus.SUBMITTED:
        return None
    return accepted_at if accepted_at < step.at else _stamped(accepted_at, step, _ACCEPTED)


def _completed_as_of(dossier: Dossier, step: ProcessingStep) -> datetime | None:
    """Also after a pull-back: the first end of processing stays a fact, if it fell on an earlier day."""
    completed_at = dossier.completed_at
    if completed_at is None or step.status in (*_FINISHED, DossierStatus.SUBMITTED):
        return _stamped(completed_at, step, _FINISHED)
    return completed_at if vietnam_day(completed_at) < vietnam_day(step.at) else None


def _due_as_of(dossier: Dossier, by: datetime) -> datetime | None:
    later = [entry for entry in dossier.supplements if entry.received_at is None or entry.received_at > by]
    moved = [entry for entry in later if entry.due_after is not None or entry.due_before is not None]
    return min(moved, key=lambda entry: entry.requested_at).due_before if moved else dossier.due_at


def _round_as_of(entry: SupplementRound, by: datetime) -> SupplementRound:
    if entry.received_at is None or entry.received_at <= by:
        return entry
    return entry.model_copy(
        update={
            "received_at": None,
            "received_by": None,
            "receipt_note": None,
            "due_after": None,
            "documents": (),
            "fees": (),
        }
    )


def _unpaid(dossier: Dossier) -> OnlinePayment:
    if dossier.online_payment in (OnlinePayment.PORTAL, OnlinePayment.PROVINCE):
        return OnlinePayment.OFFLINE
    return dossier.online_payment


def _check(dossier: Dossier, ordered: Sequence[ProcessingStep]) -> None:
    for step in ordered:
        if step.dossier != dossier.code:
            raise InvalidInput(
                "steps",
                step.dossier.text,
                f"là bước của hồ sơ khác với {dossier.code} (is another dossier's step)",
                "Gom các bước theo đúng mã hồ sơ (group steps by dossier code)",
            )
    last = ordered[-1]
    if dossier.status_at < last.at and dossier.status is not last.status:
        raise InvalidInput(
            "status",
            f"{dossier.status.value} {dossier.status.label_vi}",
            f"cũ hơn bước cuối, bước cuối ghi trạng thái {last.status.value} {last.status.label_vi} "
            "(is older than the last step and differs from it)",
            "Xuất lại hồ sơ để trạng thái khớp với tiến độ (export the dossier again so that both agree)",
        )


def _header(dossier: Dossier, source: str) -> Change:
    digest = hashlib.sha256(body_json(dossier)).hexdigest()
    try:
        return Change(source=source, source_id=f"dossier:{dossier.code.key}:{digest}", body=dossier)
    except ValidationError as error:
        raise explain(error)[0] from None
