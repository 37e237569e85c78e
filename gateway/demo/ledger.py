"""
Asks the sandbox's control interface what the portal holds and what it noticed, over a socket like any client.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

_TIMEOUT_S = 60


def portal_ledger(control_url: str) -> Sequence[Mapping[str, Any]]:
    """Every dossier of the portal with its header and timeline."""
    ledger: Sequence[Mapping[str, Any]] = _get(control_url + "ledger")
    return ledger


def portal_violations(control_url: str) -> Mapping[str, int]:
    """The counters that a correct client keeps at zero."""
    violations: Mapping[str, int] = _get(control_url + "counters")["violations"]
    return violations


def _get(url: str) -> Any:
    # The address is one that this process opened on loopback itself; a proxy of the environment must not see it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=_TIMEOUT_S) as answer:
        return orjson.loads(answer.read())
