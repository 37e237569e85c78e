"""
Links to a dossier's files that stand for the right to read them: signed by a key of the gateway, until a day.

A link names a dossier and a print of the file's address, never the address: what it leads to stands in the ledger.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from gateway.model import Dossier, DossierCode

LEAST_KEY: Final = 32
_DAY = timedelta(days=1)
_START = datetime(1970, 1, 1, tzinfo=UTC)


def print_of(url: str) -> str:
    """What a link says instead of the address of a file."""
    return sha256(url.encode()).hexdigest()[:24]


def file_addresses(header: Dossier) -> list[str]:
    """Where the files of a dossier lie: its documents, those handed in later, its results."""
    supplied = [document for round_ in header.supplements for document in round_.documents]
    return [paper.url for paper in (*header.documents, *supplied)] + [paper.url for paper in header.results]


@dataclass(frozen=True)
class FileLinks:
    """Makes and checks links. *days* is how long a link stays the same; it is good for that time again, at least."""

    key: bytes = field(repr=False)
    days: int = 180

    def path(self, dossier: DossierCode, url: str, name: str, now: datetime) -> str:
        """
        The path of the link to the file at *url*, shown as *name*. The same for *days*, so that an unchanged file does
        not look like a new one at every push.
        """
        period = (now - _START) // (_DAY * self.days)
        until = (_START + _DAY * self.days * (period + 2)).timestamp()
        print_, stamp = print_of(url), str(int(until))
        signature = self._signature(dossier.key, print_, stamp)
        return f"/files/{quote(dossier.key)}/{print_}/{stamp}/{signature}/{quote(name, safe='')}"

    def fits(self, dossier: str, print_: str, stamp: str, signature: str) -> bool:
        """Whether the link is ours, whenever it ends. In constant time."""
        return hmac.compare_digest(self._signature(dossier, print_, stamp).encode(), signature.encode())

    def _signature(self, dossier: str, print_: str, stamp: str) -> str:
        digest = hmac.new(self.key, f"{dossier}\n{print_}\n{stamp}".encode(), sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_over(stamp: str, now: datetime) -> bool:
    """Whether a link that fits has ended."""
    return now.timestamp() >= int(stamp)
