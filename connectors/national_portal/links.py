"""
The addresses of files as the portal can reach them (contract 7.5): signed links of the gateway in place of the
province's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from connectors.national_portal.settings import PortalSettings
from gateway.links import FileLinks
from gateway.model import DossierCode

T = TypeVar("T")

_ADDRESSES = {"DuongDanTaiTepTin": "TenTepDinhKem", "DuongDanTepTinKetQua": "TenGiayTo"}
"""Each member that holds an address, and the one beside it that holds the file's name."""
_NAMELESS = "tep"


class PublicLinks:
    """Puts links in place of addresses where the settings say so; else everything stays as it is."""

    def __init__(self, settings: PortalSettings, now: Callable[[], datetime]) -> None:
        key = settings.link_key.get_secret_value()
        self._links = FileLinks(key.encode(), settings.link_days) if settings.link_base else None
        self._base = settings.link_base
        self._now = now

    def put_in(self, data: T, code: DossierCode) -> T:
        """*data* with every address replaced; *data* itself is not touched."""
        if self._links is None:
            return data
        replaced: T = self._replaced(data, code, self._links)
        return replaced

    def _replaced(self, value: Any, code: DossierCode, links: FileLinks) -> Any:
        if isinstance(value, list):
            return [self._replaced(each, code, links) for each in value]
        if not isinstance(value, dict):
            return value
        found = {name: self._replaced(each, code, links) for name, each in value.items()}
        for address, name in _ADDRESSES.items():
            if url := found.get(address):
                shown = str(found.get(name) or _NAMELESS)
                found[address] = self._base + links.path(code, url, shown, self._now())
        return found
