"""
From a request to the question it asks: addresses, adapter variants, envelopes (contract 2.2, 2.5, 2.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import orjson

from connectors.mocks import Request
from connectors.national_portal.mock import lists
from connectors.national_portal.mock.settings import PREFIXES, Settings


class Group(Enum):
    """The endpoint groups of contract 4."""

    LOGIN = "login"
    SHARE = "share"
    INTEGRATION = "integration"
    ADAPTER = "adapter"  # Variants B to D: a local adapter logs in by itself.
    STORE = "store"  # The personal document store (11).


class NotFound(Exception):
    """No such address."""


class NotAllowed(Exception):
    """The address exists, the method does not."""


class NoDestination(Exception):
    """``dstcode`` is absent or names nobody."""


class Unreadable(Exception):
    """The body is not what the address expects."""


@dataclass(slots=True)
class Ask:
    """A question in the words of variant A, whatever variant carried it."""

    group: Group
    service: str
    session: str = ""
    unit: str = ""
    updating: Any = None
    data: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    doubled: bool = False


_ENVELOPE: Final = frozenset({"session", "madonvi", "service", "isUpdating", "type", "data"})
_STORE_PATHS: Final = frozenset({"login", "list", "file"})


def read(request: Request, settings: Settings) -> Ask:
    """Read *request*; raises one of this module's exceptions when it cannot be."""
    for prefix in PREFIXES:
        if request.path.startswith(prefix + "/"):
            return _enveloped(request, settings, request.path[len(prefix) + 1 :])
    return _adapter(request, settings)


def _enveloped(request: Request, settings: Settings, path: str) -> Ask:
    if path.startswith("bndp/"):
        return _store(request, settings, path)
    group = {
        settings.login_path: Group.LOGIN,
        settings.share_path: Group.SHARE,
        settings.integration_path: Group.INTEGRATION,
    }.get(path)
    if group is None:
        return _adapter(request, settings)
    if request.method != "POST":
        raise NotAllowed
    _check_destination(request, settings)
    body = _object(request.body)
    if group is Group.LOGIN:
        return Ask(group, lists.LOGIN, parameters=body)
    return Ask(
        group,
        str(body.get("service", "")),
        session=str(body.get("session", "")),
        unit=str(body.get("madonvi", "")),
        updating=body.get("isUpdating"),
        data=body.get("data"),
        parameters={name: value for name, value in body.items() if name not in _ENVELOPE or name == "type"},
    )


def _check_destination(request: Request, settings: Settings) -> None:
    if settings.dstcode not in (request.headers.get("dstcode"), request.query.get("dstcode")):
        raise NoDestination


def _store(request: Request, settings: Settings, path: str) -> Ask:
    if request.method != "POST":
        raise NotAllowed
    _check_destination(request, settings)
    if not request.query.get("providerurl"):
        raise NoDestination
    name = path.rpartition("/")[2]
    if name not in _STORE_PATHS:
        raise NotFound
    return Ask(Group.STORE, name, parameters=_object(request.body))


def _adapter(request: Request, settings: Settings) -> Ask:
    """Variants B, C and D are known by the last segments of the path; what is before them is the adapter's own."""
    head, _, name = request.path.rpartition("/")
    if head.rpartition("/")[2] == settings.facade_path:
        return _facade(request, name)
    pushes = {
        lists.DOSSIERS: (lists.DOSSIERS, request.query.get("isUpdating")),
        settings.create_path: (lists.DOSSIERS, "False"),
        settings.update_path: (lists.DOSSIERS, "True"),
        lists.TIMELINE: (lists.TIMELINE, None),
        settings.timeline_path: (lists.TIMELINE, None),
        lists.OUTCOME: (lists.OUTCOME, None),
    }
    if name not in pushes:
        raise NotFound
    if request.method != "POST":
        raise NotAllowed
    service, updating = pushes[name]
    parameters = {"type": request.query.get("type", "2")} if service == lists.OUTCOME else {}
    return Ask(
        Group.ADAPTER,
        service,
        unit=request.query.get("MaDinhDanhDV", ""),
        updating=updating,
        data=_json(request.body),
        parameters=parameters,
    )


def _facade(request: Request, name: str) -> Ask:
    if name not in lists.READS:
        raise NotFound
    if request.method != "GET":
        raise NotAllowed
    return Ask(
        Group.ADAPTER,
        name,
        unit=request.query.get("MaDinhDanhDV", request.query.get("madonvi", "")),
        parameters=request.query,
        doubled=True,
    )


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable from error


def _object(body: bytes) -> dict[str, Any]:
    value = _json(body)
    if not isinstance(value, dict):
        raise Unreadable
    return value
