"""
Which header makes an earlier one needless (contract 6.3, 14). Pure.

Every push carries the whole header, so the later of two ends the same, unless the portal merges where it was not
said (section 20, question 5), or a citizen could have seen what only the earlier one said. In doubt both are sent.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Set
from datetime import datetime

from connectors.national_portal.wording import paths_of
from gateway.model import Document, Dossier, DossierStatus, FeeLine
from gateway.model.text import name_key

_MOMENTS = ("submitted_at", "accepted_at", "due_at", "completed_at", "returned_at", "refused_at")
_MOMENTS_OF_A_REQUEST = ("requested_at", "received_at", "due_before", "due_after")


def supersedes(later: Dossier, earlier: Dossier, *, established: bool) -> bool:
    """
    Whether the portal ends the same without *earlier*, told just before *later*, and no citizen misses anything.

    The public status is the same in both, a date that was given stays as it was, and everything that the earlier one
    lists, or takes away, is listed by the later one too: the portal keeps files that an update does not mention. A
    dossier that is not *established* there is not born with a file to be deleted, which only an update can do.
    """
    return (
        later.status is earlier.status
        and later.procedure == earlier.procedure
        and later.origin is earlier.origin
        and _given(earlier) <= _given(later)
        and _listed(earlier) <= _listed(later)
        and paths_of(earlier.wording) <= paths_of(later.wording)
        and (established or not any(document.deleted for document in _files(later)))
    )


def _given(dossier: Dossier) -> Set[tuple[Hashable, datetime]]:
    """The dates that a header gives, those of its requests for papers included, each by its name."""
    dates: dict[Hashable, datetime | None] = {name: getattr(dossier, name) for name in _MOMENTS}
    if dossier.status is DossierStatus.REFUSED:
        # Where no date of refusal is given, the portal is told when the status was reached.
        dates["refused_at"] = dossier.refused_at or dossier.status_at
    for supplement in dossier.supplements:
        dates.update({(supplement.id, name): getattr(supplement, name) for name in _MOMENTS_OF_A_REQUEST})
    return {(name, moment) for name, moment in dates.items() if moment is not None}


def _files(dossier: Dossier) -> Iterator[Document]:
    yield from dossier.documents
    for supplement in dossier.supplements:
        yield from supplement.documents


def _listed(dossier: Dossier) -> frozenset[Hashable]:
    """What the lists of a header are about, files to be deleted included. Files without an id replace each other."""
    return frozenset(
        (
            *(("file", document.id or "") for document in dossier.documents),
            *(("paper", name_key(paper.name), name_key(paper.kind)) for paper in dossier.other_papers),
            *(("fee", *_fee(fee)) for fee in dossier.fees),
            *(("database", name) for name in dossier.databases),
            *(("identifier", identifier.kind, identifier.number) for identifier in dossier.applicant.identifiers),
            *(("result", result.id, result.result_code, name_key(result.name)) for result in dossier.results),
            *(("supplement", supplement.id) for supplement in dossier.supplements),
            *(
                ("supplement", supplement.id, document.id or "")
                for supplement in dossier.supplements
                for document in supplement.documents
            ),
            *(
                ("supplement", supplement.id, *_fee(fee))
                for supplement in dossier.supplements
                for fee in supplement.fees
            ),
        )
    )


def _fee(fee: FeeLine) -> tuple[Hashable, ...]:
    return fee.code, fee.kind, fee.moment, name_key(fee.name)
