"""Export files for the service: what is in them, who may send them, and how to wait for their import."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from connectors.provincial.file import Part
from gateway.api import Gateway
from gateway.service.imports.spool import Spool
from tests.exports import a_history, text_of
from tests.running import until

EXPORT = text_of([*a_history(1), *a_history(2), *a_history(3, Đối_tượng="Ai đó")]).encode()
"""Two dossiers, and one whose four rows are refused."""

CSV = {"Content-Type": "text/csv"}

ENDED = {"done", "failed"}


def token(gateway: Gateway, name: str, agencies: list[str] | None = None) -> str:
    return gateway.keys.create(name, ["import"], agencies=agencies, life=timedelta(days=1)).token


def ended(client: httpx.Client, path: str) -> dict[str, Any]:
    """The job, once it is over."""
    found: list[dict[str, Any]] = [{}]

    def over() -> bool:
        found[0] = client.get(path).raise_for_status().json()
        return found[0]["state"] in ENDED

    until(over, "the import is over")
    return found[0]


def upload(spool: Spool, id_: str, content: bytes = EXPORT, part: Part = Part.DOSSIERS) -> None:
    file = spool.start(id_, part)
    file.write(content)
    spool.finish(id_, part, ".csv", file)


ID = "0123456789abcdef" * 2
