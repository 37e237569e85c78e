"""
From a request to the question it asks: addresses, adapter variants, envelopes (contract 2.2, 2.5, 2.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol

import orjson

from connectors.national_portal.dialect import lists

PREFIXES: Final = ("/XrdAdapter/RestService/forward", "/VXPAdapter/RestService/forward")
"""Two generations of adapters; both are answered (contract 2.1)."""


class Asked(Protocol):
    """An HTTP request: *path* and *query* decoded, header names in lower case."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> Mapping[str, str]: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Paths(Protocol):
    """Where whoever stands in the portal's place answers, and for which destination (contract 2.2, 2.6)."""

    @property
    def login_path(self) -> str: ...
    @property
    def share_path(self) -> str: ...
    @property
    def integration_path(self) -> str: ...
    @property
    def create_path(self) -> str: ...
    @property
    def update_path(self) -> str: ...
    @property
    def timeline_path(self) -> str: ...
    @property
    def facade_path(self) -> str: ...
    @property
    def prefixes(self) -> tuple[str, ...]: ...
    @property
    def dstcode(self) -> str: ...
    @property
    def dstcode_needed(self) -> bool: ...


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


def read(request: Asked, paths: Paths) -> Ask:
    """Read *request*; raises one of this module's exceptions when it cannot be."""
    for prefix in paths.prefixes:
        if request.path.startswith(prefix + "/"):
            return _enveloped(request, paths, request.path[len(prefix) + 1 :])
    return _adapter(request, paths)


def serves(path: str, paths: Paths) -> bool:
    """Whether *path* is one of those that ``read`` knows, apart from the personal document store."""
    endpoints = (paths.login_path, paths.share_path, paths.integration_path)
    if any(path == f"{prefix}/{endpoint}" for prefix in paths.prefixes for endpoint in endpoints):
        return True
    return _push_at(path, paths) is not None or _is_in_facade(path, paths)


def _is_in_facade(path: str, paths: Paths) -> bool:
    return path.rpartition("/")[0].endswith(f"/{paths.facade_path}")


def _push_at(path: str, paths: Paths) -> tuple[str, str | None] | None:
    """The service that *path* ends in, and what the path itself says of ``isUpdating`` (2.6 C)."""
    ends = {
        paths.create_path: (lists.DOSSIERS, "False"),
        paths.update_path: (lists.DOSSIERS, "True"),
        paths.timeline_path: (lists.TIMELINE, None),
        **{service: (service, None) for service in lists.PUSHES},
    }
    found = [end for end in ends if path.endswith(f"/{end}")]
    return ends[max(found, key=len)] if found else None


def _enveloped(request: Asked, paths: Paths, path: str) -> Ask:
    if path.startswith("bndp/"):
        return _store(request, paths, path)
    group = {
        paths.login_path: Group.LOGIN,
        paths.share_path: Group.SHARE,
        paths.integration_path: Group.INTEGRATION,
    }.get(path)
    if group is None:
        return _adapter(request, paths)
    if request.method != "POST":
        raise NotAllowed
    _check_destination(request, paths, needed=paths.dstcode_needed)
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


def _check_destination(request: Asked, paths: Paths, *, needed: bool) -> None:
    given = {request.headers.get("dstcode", ""), request.query.get("dstcode", "")} - {""}
    # Whoever has no code of his own cannot tell a wrong one.
    if paths.dstcode and (given or needed) and paths.dstcode not in given:
        raise NoDestination


def _store(request: Asked, paths: Paths, path: str) -> Ask:
    if request.method != "POST":
        raise NotAllowed
    _check_destination(request, paths, needed=paths.dstcode_needed)
    if not request.query.get("providerurl"):
        raise NoDestination
    name = path.rpartition("/")[2]
    if name not in _STORE_PATHS:
        raise NotFound
    return Ask(Group.STORE, name, parameters=_object(request.body))


def _adapter(request: Asked, paths: Paths) -> Ask:
    """Variants B, C and D are known by the end of the path; what is before it is the adapter's own."""
    # The local adapter knows the destination by itself.
    _check_destination(request, paths, needed=False)
    if _is_in_facade(request.path, paths):
        return _facade(request, request.path.rpartition("/")[2])
    push = _push_at(request.path, paths)
    if push is None:
        raise NotFound
    if request.method != "POST":
        raise NotAllowed
    service, updating = push
    if updating is None and service == lists.DOSSIERS:
        updating = request.query.get("isUpdating")
    parameters = {"type": request.query.get("type", "2")} if service == lists.OUTCOME else {}
    return Ask(
        Group.ADAPTER,
        service,
        unit=request.query.get("MaDinhDanhDV", ""),
        updating=updating,
        data=_json(request.body),
        parameters=parameters,
    )


def _facade(request: Asked, name: str) -> Ask:
    if name not in lists.READS:
        raise NotFound
    if request.method != "GET":
        raise NotAllowed
    return Ask(
        Group.ADAPTER,
        name,
        unit=request.query.get("MaDinhDanhDV", request.query.get("madonvi", "")),
        # The envelope's own words would not narrow the question, but change it, where it is asked in an envelope.
        parameters={name: value for name, value in request.query.items() if name not in _ENVELOPE},
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
