"""
What the one-stop systems of a simulated province submit, and when.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from gateway.lifecycle import DOSSIER_MOVES
from gateway.model import Change, Channel, Dossier, DossierCode, DossierStatus, ProcessingStep, unfold
from tests.builders import MORNING, a_code, a_document, a_dossier, a_result, a_step
from tests.simulation.plan import Plan

S = DossierStatus
PUBLISHED = "1.001193"
UNPUBLISHED = "1.004194"
"""A procedure that the portal lists only once somebody has seen to it."""

_WALKED = {S.ACCEPTED, S.PROCESSING, S.SUPPLEMENT_REQUESTED, S.WITHDRAWN, S.STOPPED, S.FINISHED, S.RETURNED}


@dataclass(frozen=True, slots=True)
class Submission:
    """Changes of one commit, *after_s* seconds of the story; some may be refused where *refusable* says so."""

    after_s: float
    changes: tuple[Change, ...]
    refusable: bool = False


@dataclass(frozen=True, slots=True)
class Local:
    """A dossier born here. *poison* steps are refused by the portal, so is all of it while *unpublished*."""

    code: DossierCode
    submissions: tuple[Submission, ...]
    unpublished: bool
    poison: frozenset[str]


@dataclass(frozen=True, slots=True)
class Foreign:
    """A dossier that a business filed on the portal, and what the province did with it."""

    code: DossierCode
    promotion: dict[str, Any]
    submissions: tuple[Submission, ...]


def locals_of(plan: Plan, chance: Random) -> list[Local]:
    return [_local(serial, plan, chance) for serial in range(1, plan.dossiers + 1)]


def foreigners_of(plan: Plan, chance: Random) -> list[Foreign]:
    return [_foreign(serial, plan, chance) for serial in range(1, plan.portal_born + 1)]


def _local(serial: int, plan: Plan, chance: Random) -> Local:
    unpublished = chance.random() < 0.08
    path = _walk(plan.longest, chance)
    steps = _steps(serial, path)
    poison: set[str] = set()
    hidden: Sequence[Submission] = ()
    # A portal that keeps the good half of a refused batch puts steps before the refused one: nobody can prevent that.
    if chance.random() < 0.15 and not plan.portal["partial_batches"]:
        own = Random(f"{plan.duration_s} {serial}")
        at = own.choice([chance.randrange(len(steps)), len(steps) - 1])
        # The portal wants a text; a one-stop system may have none.
        steps[at] = steps[at].model_copy(update={"content": ""})
        poison.add(steps[at].identity)
        hidden = _hidden(serial, steps[: at + 1], plan, own)
    submissions = list(_exports(serial, path, steps, unpublished, plan, chance))
    submissions += _repeats(submissions, chance)
    submissions += _late(serial, steps, plan, chance)
    submissions += hidden
    submissions += _nonsense(serial, submissions, chance)
    return Local(
        a_code(serial), tuple(sorted(submissions, key=lambda each: each.after_s)), unpublished, frozenset(poison)
    )


def _walk(longest: int, chance: Random) -> list[DossierStatus]:
    """A way through the law of at most *longest* steps."""
    path = [S.ACCEPTED]
    wanted = chance.randint(1, longest)
    while len(path) < wanted and (ways := sorted(DOSSIER_MOVES[path[-1]] & _WALKED)):
        going_on = [status for status in ways if status is not S.RETURNED]
        path.append(chance.choice(going_on or ways) if len(path) + 1 < wanted else chance.choice(ways))
        if chance.random() < 0.15:
            path.append(path[-1])
    return path


def _steps(serial: int, path: Sequence[DossierStatus]) -> list[ProcessingStep]:
    return [
        a_step(
            dossier=a_code(serial),
            at=MORNING + timedelta(hours=number),
            status=status,
            content=f"Bước {number} của hồ sơ {serial}",
        )
        for number, status in enumerate(path)
    ]


def _header(serial: int, path: Sequence[DossierStatus], version: str, *, unpublished: bool = False) -> Dossier:
    """The header after the last of *path*; *version* makes its subject unlike any other's."""
    at = MORNING + timedelta(hours=len(path) - 1)
    changes: dict[str, Any] = {"code": a_code(serial), "subject": f"Hồ sơ {serial}, bản {version}"}
    if path[-1] in {S.FINISHED, S.RETURNED}:
        changes |= {"completed_at": at, "results": (a_result(),)}
    if path[-1] is S.RETURNED:
        changes |= {"returned_at": at}
    if unpublished:
        changes |= {"procedure": UNPUBLISHED}
    return a_dossier(status=path[-1], status_at=at, **changes)


def _exports(
    serial: int,
    path: Sequence[DossierStatus],
    steps: Sequence[ProcessingStep],
    unpublished: bool,
    plan: Plan,
    chance: Random,
) -> Iterator[Submission]:
    """The story in several exports, each with what is new since the one before."""
    cuts = sorted({len(path), *(chance.randint(1, len(path)) for _ in range(chance.randint(0, 4)))})
    at_s, told = chance.random() * plan.duration_s / 2, 0
    for cut in cuts:
        header = _header(serial, path[:cut], str(cut), unpublished=unpublished)
        corrections = list(_corrections(header, chance))
        changes = unfold(header, list(steps[:cut]), "motcua")
        if told:
            news = [change for change in changes if change.body in steps[told:cut]]
            changes = [*news, Change(source="motcua", source_id=f"{serial}:{cut}", body=header)]
        told = cut
        changes += [
            Change(source="motcua", source_id=f"{serial}:{cut}.{number}", body=correction)
            for number, correction in enumerate(corrections)
        ]
        if chance.random() < 0.4:
            for change in changes:
                yield Submission(at_s, (change,))
                at_s += chance.random()
        else:
            yield Submission(at_s, tuple(changes))
        at_s += chance.random() * plan.duration_s / len(cuts)


def _corrections(header: Dossier, chance: Random) -> Iterator[Dossier]:
    """The same header again with a mended text, and at times with another file, one less, or another due date."""
    for number in range(chance.choice([0, 0, 0, 1, 3])):
        changes: dict[str, Any] = {"subject": f"{header.subject}, sửa {number}"}
        what = chance.random()
        if what < 0.3:
            changes["documents"] = (*header.documents, a_document(id=f"{header.subject}/{number}"))
        elif what < 0.45:
            changes["documents"] = tuple(doc.model_copy(update={"deleted": True}) for doc in header.documents[:1])
        elif what < 0.6 and header.due_at is not None:
            changes["due_at"] = header.due_at + timedelta(days=1)
        header = header.model_copy(update=changes)
        yield header


def _repeats(given: Sequence[Submission], chance: Random) -> Iterator[Submission]:
    """The same again, from the same source and from another one that numbers its own way."""
    for submission in given:
        if chance.random() < 0.15:
            yield Submission(submission.after_s + chance.random() * 60, submission.changes)
        if chance.random() < 0.15:
            other = [
                change.model_copy(update={"source": "phanmem2", "source_id": f"pm2:{change.source_id}"})
                for change in submission.changes
            ]
            # Its headers may be older than what is known by then: a status that cannot follow is refused.
            yield Submission(submission.after_s + 1 + chance.random() * 600, tuple(other), refusable=True)


def _late(serial: int, steps: Sequence[ProcessingStep], plan: Plan, chance: Random) -> Iterator[Submission]:
    """Somebody enters a step of yesterday today."""
    for number in range(chance.choice([0, 0, 1, 2])):
        earlier = chance.choice(steps)
        late = a_step(
            dossier=a_code(serial),
            at=earlier.at + timedelta(minutes=7 + number),
            status=earlier.status,
            content=f"Ghi muộn {number} của hồ sơ {serial}",
        )
        change = Change(source="motcua", source_id=f"late:{late.identity}", body=late)
        yield Submission(plan.duration_s * (0.5 + chance.random()), (change,), refusable=True)


def _hidden(serial: int, steps: Sequence[ProcessingStep], plan: Plan, chance: Random) -> Sequence[Submission]:
    """Somebody enters late what happened shortly before the last of *steps*, which the portal will refuse."""
    if len(steps) < 2:
        return ()
    late = a_step(
        dossier=a_code(serial),
        at=steps[-2].at + timedelta(minutes=3),
        status=steps[0].status,
        content=f"Ghi muộn, trước bước bị từ chối, của hồ sơ {serial}",
    )
    change = Change(source="motcua", source_id=f"hidden:{late.identity}", body=late)
    return [Submission(plan.duration_s * (0.5 + chance.random() / 2), (change,), refusable=True)]


def _nonsense(serial: int, given: Sequence[Submission], chance: Random) -> Iterator[Submission]:
    """An id that comes back with another content: refused, without any effect."""
    if chance.random() < 0.2:
        old = given[0].changes[0]
        body = _header(serial, [S.ACCEPTED], "999")
        yield Submission(given[0].after_s + chance.random() * 100, (old.model_copy(update={"body": body}),), True)


def _foreign(serial: int, plan: Plan, chance: Random) -> Foreign:
    code = DossierCode.parse(f"G22.99-261116-{serial:04d}")
    promotion = {
        "MaHoSo": code.text,
        "MaTTHC": PUBLISHED,
        "TenThuongNhan": "Công ty Ví Dụ",
        "MaSoThue": "0999999990",
        "NgayNopHoSo": "20260302090000",
    }
    path = _walk(plan.longest // 2 + 1, chance)
    submissions = []
    for cut in range(1, len(path) + 1):
        at = MORNING + timedelta(hours=cut)
        header = a_dossier(
            code=code.text,
            channel=Channel.ONLINE,
            submitted_at=MORNING - timedelta(hours=1),
            status=path[cut - 1],
            status_at=at,
            return_note=f"Kết quả {cut}",
            local_code=f"NB-{serial}",
            returned_at=at if path[cut - 1] is S.RETURNED else None,
        )
        change = Change(source="motcua", source_id=f"foreign:{serial}:{cut}", body=header)
        submissions.append(Submission((cut + chance.random()) * plan.duration_s / len(path) / 2, (change,)))
    return Foreign(code, promotion, tuple(submissions))
