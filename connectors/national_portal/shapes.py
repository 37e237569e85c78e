"""
The shapes in which adapters take a call (contract 2.6): one call in, one HTTP request out. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol
from urllib.parse import quote, urlencode

from connectors.national_portal import wire
from connectors.national_portal.settings import PortalSettings

_NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})


class Group(StrEnum):
    """Endpoint groups of the portal (contract 2.2, 4)."""

    AUTH = "auth"
    SHARE = "share"
    INTEGRATION = "integration"


@dataclass(frozen=True, slots=True)
class Call:
    """
    One call of a service. *parameters* stand flat beside the service name; *data* is what is pushed, if anything.

    *updating* is set for ``DongBoHoSoMC`` only (contract 2.5, 6.3).
    """

    service: str
    group: Group = Group.INTEGRATION
    parameters: Mapping[str, str] = field(default_factory=lambda: _NO_PARAMETERS)
    data: object = field(default=None, repr=False)
    updating: bool | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request without what is the same for all of them."""

    method: str
    url: str
    content: bytes = field(default=b"", repr=False)


class Shape(Protocol):
    """How one kind of adapter wants to be asked."""

    session: bool
    """Whether our session travels in the call; else the adapter has its own."""

    def request(self, call: Call, session: str, /) -> Request: ...


class Envelope:
    """Variant A: one endpoint per group, everything in one envelope (contract 2.5)."""

    session = True

    def __init__(self, settings: PortalSettings) -> None:
        base = base_of(settings)
        query = _query(_routing(settings))
        self._urls = {
            Group.AUTH: _join(base, settings.auth_endpoint) + query,
            Group.SHARE: _join(base, settings.share_endpoint) + query,
            Group.INTEGRATION: _join(base, settings.integration_endpoint) + query,
        }
        self._madonvi = settings.madonvi

    def login(self, username: str, password: str) -> Request:
        """The only call without a session (contract 2.4)."""
        return Request("POST", self._urls[Group.AUTH], wire.render({"username": username, "password": password}))

    def request(self, call: Call, session: str, /) -> Request:
        body: dict[str, object] = {"session": session, "madonvi": self._madonvi, "service": call.service}
        if call.updating is not None:
            body["isUpdating"] = _word(call.updating)
        body.update(call.parameters)
        if call.data is not None:
            body["data"] = call.data
        return Request("POST", self._urls[call.group], wire.render(body))


class PathPerService:
    """Variant B: the service in the path, unit and flag in the query, the bare array as body (contract 2.6 B)."""

    session = False

    def __init__(self, settings: PortalSettings) -> None:
        self._base = base_of(settings)
        self._routing = _routing(settings)
        self._madonvi = settings.madonvi

    def request(self, call: Call, _session: str, /) -> Request:
        query = {"MaDinhDanhDV": self._madonvi}
        if call.updating is not None:
            query["isUpdating"] = _word(call.updating)
        url = _join(self._base, call.service) + _query({**query, **call.parameters, **self._routing})
        return Request("POST", url, wire.render(call.data))


class PathPerPurpose:
    """Variant C: a path for new dossiers, one for updates, one for the timeline; bare array (contract 2.6 C)."""

    session = False

    def __init__(self, settings: PortalSettings) -> None:
        base, query = base_of(settings), _query(_routing(settings))
        self._create = _join(base, settings.create_path) + query
        self._update = _join(base, settings.update_path) + query
        self._paths = {"CapNhatTienDoHoSoMC": _join(base, settings.progress_path) + query}
        self._base, self._query = base, query

    def request(self, call: Call, _session: str, /) -> Request:
        if call.updating is None:
            url = self._paths.get(call.service) or _join(self._base, call.service) + self._query
        else:
            url = self._update if call.updating else self._create
        return Request("POST", url, wire.render(call.data))


class GetFacade:
    """Variant D: questions by GET, answers double-encoded (contract 2.6 D); ``envelope.read_answer`` unwraps them."""

    session = False

    def __init__(self, settings: PortalSettings) -> None:
        self._folder = _join(base_of(settings), settings.facade_path)
        self._routing = _routing(settings)

    def request(self, call: Call, _session: str, /) -> Request:
        return Request("GET", _join(self._folder, call.service) + _query({**call.parameters, **self._routing}))


def push_shape(settings: PortalSettings) -> Shape:
    """The shape of pushes: variant D has none of its own, the system seen with it pushes as C."""
    if settings.variant == "A":
        return Envelope(settings)
    return PathPerService(settings) if settings.variant == "B" else PathPerPurpose(settings)


def question_shape(settings: PortalSettings) -> Shape:
    """The shape of questions."""
    return Envelope(settings) if settings.questions == "A" else GetFacade(settings)


def base_of(settings: PortalSettings) -> str:
    """The address below which everything is asked, without a slash at its end."""
    return _join(settings.adapter_url, settings.adapter_prefix).rstrip("/")


def headers_of(settings: PortalSettings) -> dict[str, str]:
    """What every request carries (contract 2.3). The bearer token is a secret: do not print."""
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Charset": "utf-8",
    }
    if settings.dstcode and settings.dstcode_in != "query":
        headers["dstcode"] = settings.dstcode
    if settings.bearer_token is not None:
        headers["Authorization"] = f"Bearer {settings.bearer_token.get_secret_value()}"
    return headers


def _routing(settings: PortalSettings) -> dict[str, str]:
    query: dict[str, str] = {}
    if settings.dstcode and settings.dstcode_in != "header":
        query["dstcode"] = settings.dstcode
    if settings.providerurl:
        query["providerurl"] = settings.providerurl
    return query


def _query(values: Mapping[str, str]) -> str:
    return f"?{urlencode(values, quote_via=quote)}" if values else ""


def _join(base: str, path: str) -> str:
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def _word(flag: bool) -> str:
    return "True" if flag else "False"
