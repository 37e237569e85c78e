"""A partner that calls us, as payment providers do: signed notices with ids of their own, each worth one dossier."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from gateway.config.callbacks import CallbackSettings
from gateway.model import Change, DossierStatus, Origin
from gateway.ports import Delivered, Finding, Health, Inbox, Message, Operation, Outcome, Probe, Reply, Said
from tests.builders import a_dossier

SECRET = "khoa-ky-vi-du-0016"
HEADER = "X-Vidu-Signature"
SIGNED: dict[str, Any] = {"signature_header": HEADER, "signature_secret": SECRET}
ANYBODY: dict[str, Any] = {"from_networks": ["127.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"]}


def settings(**changes: Any) -> CallbackSettings:
    return CallbackSettings.model_validate(SIGNED | changes)


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {HEADER: hmac.new(secret.encode(), body, sha256).hexdigest()}


def notice(number: int = 1, **changes: Any) -> bytes:
    """Notice *number*, about a dossier of its own."""
    values = {"id": f"gd-{number}", "dossier": f"G22.99-260305-{number:05d}", "subject": "Lần đầu", "amount": 1}
    return orjson.dumps(values | changes)


@dataclass
class CallingPartner:
    """
    Answers ``{"ok": <how often it was asked>}``, so that an answer given again can be told from a new one.

    *hold* keeps its work from ending until it is set; *bursts* is how often it shall fail first.
    """

    name: str = "thu"
    hold: threading.Event | None = None
    bursts: int = 0
    received: list[str] = field(default_factory=list)

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {}

    @property
    def longest_call(self) -> timedelta:
        return timedelta(seconds=1)

    def route(self, kind: str, origin: str) -> str | None:
        return None

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        return [Delivered()] * len(messages)

    def probe(self, message: Message) -> Probe:
        return Probe(Finding.CANNOT_TELL)

    def check(self) -> Sequence[Health]:
        return []

    def close(self) -> None: ...

    def event_id(self, path: str, content: bytes) -> str | None:
        try:
            return str(orjson.loads(content)["id"])
        except (ValueError, TypeError, KeyError):
            return None

    def receive(self, path: str, content: bytes, inbox: Inbox, now: datetime) -> Reply | None:
        if path != "/paid":
            return None
        if self.hold is not None:
            self.hold.wait(10)
        if self.bursts:
            self.bursts -= 1
            raise ValueError("a bug, with Nguyễn Văn Ví Dụ in its text")
        try:
            body = orjson.loads(content)
        except ValueError:
            return Reply(400, "text/plain", b"unreadable", Said.UNREADABLE)
        if body["amount"] < 0:
            return Reply(200, "application/json", b'{"ok":false}', Said.REFUSED)
        self.received.append(body["id"])
        dossier = a_dossier(
            code=body["dossier"], subject=body["subject"], origin=Origin.PORTAL, status=DossierStatus.SUBMITTED,
            accepted_at=None, due_at=None,
        )  # fmt: skip
        inbox.submit(Change(source=self.name, source_id=body["id"].replace("\0", ""), body=dossier))
        return Reply(200, "application/json", orjson.dumps({"ok": len(self.received)}), Said.TAKEN, dossier.code)
