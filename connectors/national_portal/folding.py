"""
Which header makes an earlier one needless (contract 6.3, 14). Pure.

Every push carries the whole header, so the later of two ends the same, unless the portal merges where it was not
said (section 20, question 5), or a citizen could have seen what only the earlier one said. In doubt both are sent.
"""

from __future__ import annotations

from collections.abc import Hashable

from gateway.model import Dossier
from gateway.model.text import name_key

_MOMENTS = ("submitted_at", "accepted_at", "due_at", "completed_at", "returned_at", "refused_at")


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
        and all(getattr(earlier, name) in (None, getattr(later, name)) for name in _MOMENTS)
        and _listed(earlier) <= _listed(later)
        and (established or not any(document.deleted for document in later.documents))
    )


def _listed(dossier: Dossier) -> frozenset[Hashable]:
    """What the lists of a header are about, files to be deleted included. Files without an id replace each other."""
    return frozenset(
        (
            *(("file", document.id or "") for document in dossier.documents),
            *(("paper", name_key(paper.name), name_key(paper.kind)) for paper in dossier.other_papers),
            *(("fee", fee.code, fee.kind, fee.moment, name_key(fee.name)) for fee in dossier.fees),
            *(("result", result.id, result.result_code, name_key(result.name)) for result in dossier.results),
            *(("supplement", supplement.id) for supplement in dossier.supplements),
            *(
                ("supplement", supplement.id, document.id or "")
                for supplement in dossier.supplements
                for document in supplement.documents
            ),
        )
    )
