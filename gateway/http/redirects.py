"""
Where a redirect may lead: below the partner's own base address, and nowhere else. Pure.

Nobody but the partner gets the session, the account or the dossiers that the operator meant for it; and a partner that
was broken into cannot send the gateway into the province's network.
"""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urljoin, urlsplit

KEEPING = frozenset({301, 302, 307, 308})
"""Statuses after which the same request is sent again, as it was; 303 asks for another one and is no answer."""
_PORTS = {"http": 80, "https": 443}


def onward(base: str, url: str, location: str) -> str | None:
    """
    The path and query to ask next, when *url* answered with *location*; none when that leaves *base*.

    *base* is a scheme, a host, maybe a port, and a path without a slash at its end.
    """
    within = urlsplit(base)
    try:
        target = urljoin(url, location).partition("#")[0]
        there = urlsplit(target)
        same = _origin(there) == _origin(within)
    except ValueError:
        return None
    if not same or target == url or not there.path.startswith(f"{within.path}/") or _climbs(there.path):
        return None
    return there.path + (f"?{there.query}" if there.query else "")


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _climbs(path: str) -> bool:
    """Whether a server could read *path* as one that leaves its folder, however often it unquotes."""
    while True:
        if ".." in path or "\\" in path:
            return True
        plain = unquote(path)
        if plain == path:
            return False
        path = plain
