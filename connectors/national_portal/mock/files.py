"""
The files that dossiers link to: the portal pulls them after acceptance (contract 7.5).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.national_portal.mock.ledger import FileFetch, Ledger


def links(item: Mapping[str, Any]) -> Iterator[str]:
    """All links of a pushed header."""
    for name, link in (("TaiLieuNop", "DuongDanTaiTepTin"), ("DanhSachGiayToKetQua", "DuongDanTepTinKetQua")):
        for row in item.get(name) or ():
            if row.get("IsDeleted") != "True":
                yield str(row[link])


def note(ledger: Ledger, item: Mapping[str, Any], status: int, size: int) -> None:
    """Record the same fetch result for every link of a stored header."""
    dossier = ledger.find(item["MaHoSo"])
    if dossier is not None:
        for url in links(item):
            dossier.files[url] = FileFetch(url, status, size)


def queue(waiting: deque[tuple[str, str]], item: Mapping[str, Any]) -> None:
    """Put the links of a stored header behind those that wait to be fetched."""
    waiting.extend((str(item["MaHoSo"]), url) for url in links(item))
