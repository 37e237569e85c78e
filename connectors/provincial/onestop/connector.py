"""
The one-stop system as a partner: told what others tell the gateway, never what it told us itself.

Every operation is harmless: whoever receives a change twice knows it by its key.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from pydantic import ValidationError

from connectors.provincial.onestop.client import WebhookClient
from connectors.provincial.onestop.settings import OneStopSettings
from connectors.provincial.onestop.table import TableClient, longest_s
from connectors.provincial.onestop.translate import told
from connectors.provincial.onestop.wire import Told, rendered
from gateway.config.explain import problems_of
from gateway.errors import ConfigurationError, DeliveryError
from gateway.http import Network
from gateway.ports import (
    Clock,
    Delivered,
    Failed,
    Finding,
    Health,
    Message,
    Operation,
    Outcome,
    Probe,
    SystemClock,
)

KINDS = ("dossier", "step", "notice")
"""The kinds of change, each an operation of its own."""

AT_ONCE = 10
"""Changes of one kind and dossier that a reader gets at once."""
_PROBE = "người nhận nhận ra bản lặp theo khóa / the receiver knows a repeat by its key"


class _Client(Protocol):
    def tell(self, told: Told) -> None: ...
    def close(self) -> None: ...


class NoClient:
    """Nobody is called."""

    def tell(self, told: Told) -> None:
        raise AssertionError(f"{told.key}: no worker delivers to a partner that fetches")

    def close(self) -> None:
        """Nothing to give back."""


class OneStop(ABC):
    """What all ways have in common; *client* is the way. Safe for several threads."""

    def __init__(self, name: str, settings: OneStopSettings, client: _Client) -> None:
        self._name = name
        self._settings = settings
        self._client = client

    @property
    def name(self) -> str:
        return self._name

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {kind: Operation(kind, harmless=True) for kind in KINDS}

    @property
    def longest_call(self) -> timedelta:
        return timedelta(seconds=self._settings.timeout_s)

    def route(self, kind: str, origin: str) -> str | None:  # noqa: ARG002 - wherever the dossier was born.
        return kind if kind in KINDS else None

    @property
    def told_of(self) -> frozenset[str]:
        return self._settings.told_of

    def speaks_as(self, source: str) -> bool:
        """All sources but those that it is told of are the one-stop system itself."""
        return source not in self.told_of

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        (message,) = messages
        try:
            self._client.tell(told(message))
        except DeliveryError as error:
            return [Failed(error)]
        return [Delivered()]

    def probe(self, message: Message) -> Probe:  # noqa: ARG002 - a table can be asked.
        return Probe(Finding.CANNOT_TELL, _PROBE)

    @abstractmethod
    def check(self) -> Sequence[Health]: ...

    def close(self) -> None:
        self._client.close()


class WebhookSink(OneStop):
    """Signed POSTs to an address of the one-stop system."""

    def __init__(self, name: str, settings: OneStopSettings, client: WebhookClient) -> None:
        super().__init__(name, settings, client)
        self._webhook = client

    def check(self) -> Sequence[Health]:
        """Reach the address with a question that carries nothing; any answer shows that somebody is there."""
        what = f"webhook: {self._settings.url}"
        return [_healthy(what, self._webhook.ping, "Kiểm tra url, ca_file / Check url, ca_file")]


class PullSink(OneStop):
    """The one-stop system reads by itself, through the service."""

    def __init__(self, name: str, settings: OneStopSettings) -> None:
        super().__init__(name, settings, NoClient())

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {kind: Operation(kind, AT_ONCE, harmless=True) for kind in KINDS}

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self._settings.lease_s)

    def told(self, message: Message) -> bytes:
        return rendered(told(message))

    def check(self) -> Sequence[Health]:
        return [Health("pull", True, "hệ thống một cửa tự lấy / the one-stop system fetches by itself")]


class TableSink(OneStop):
    """Rows in a table of the province's own database."""

    def __init__(self, name: str, settings: OneStopSettings, client: TableClient) -> None:
        super().__init__(name, settings, client)
        self._rows = client

    @property
    def longest_call(self) -> timedelta:
        return timedelta(seconds=longest_s(self._settings))

    def probe(self, message: Message) -> Probe:
        return Probe(Finding.APPLIED if self._rows.has(told(message)) else Finding.ABSENT, "khóa / key")

    def check(self) -> Sequence[Health]:
        remedy = "Kiểm tra database_url_env, table, columns / Check them"
        return [_healthy(f"bảng / table {self._settings.table}", self._rows.check, remedy)]


def _healthy(what: str, ask: Callable[[], object], remedy: str) -> Health:
    try:
        ask()
    except DeliveryError as error:
        return Health(what, False, f"[{error.code}] {error.text}. {remedy}")
    return Health(what, True, "tới được / reached")


def build(
    name: str, options: Mapping[str, object], *, clock: Clock | None = None, network: Network | None = None
) -> OneStop:
    """
    The connector from the options of one partner; makes no call. *network* stands in for the network in tests.

    Raises ``ConfigurationError`` with every mistake.
    """
    try:
        settings = OneStopSettings.model_validate(dict(options))
    except ValidationError as error:
        raise ConfigurationError(list(problems_of(error, OneStopSettings))) from None
    if settings.kind == "pull":
        return PullSink(name, settings)
    if settings.kind == "table":
        return TableSink(name, settings, TableClient(name, settings))
    return WebhookSink(name, settings, WebhookClient(name, settings, now=(clock or SystemClock()).now, network=network))
