"""
A third party's connector, found by its entry point like any other: it takes everything, unless told to refuse.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2s

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from gateway.config.explain import problems_of
from gateway.errors import AuthenticationFailed, ConfigurationError, Rejected
from gateway.model.text import mask_name
from gateway.ports import (
    Advice,
    Delivered,
    Failed,
    Finding,
    Health,
    Message,
    Operation,
    Outcome,
    Preview,
    Probe,
    WireField,
)

log = logging.getLogger(__name__)


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    password: SecretStr = SecretStr("dung-mat-khau")
    refuses: frozenset[str] = frozenset()
    silent: bool = Field(False, description="calls take until the partner is closed")
    call_s: float = 1.0
    channel: str = Field("1", description="how dossiers came in, as it is sent")
    bursts: bool = Field(False, description="a bug: every call and question raises with the dossier in its text")


@dataclass
class ViduPartner:
    name: str
    options: Options
    hung_up: threading.Event = field(default_factory=threading.Event)

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {"dossier": Operation("dossier"), "step": Operation("step", 10)}

    @property
    def longest_call(self) -> timedelta:
        return timedelta(seconds=self.options.call_s)

    def route(self, kind: str, origin: str) -> str | None:
        return kind

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        self._burst(messages[0])
        if self.options.silent:
            log.warning("vidu.called")
            self.hung_up.wait(self.options.call_s)
        return [
            Failed(Rejected(self.name, "R-7", "Thủ tục không được phép / not allowed"))
            if message.dossier in self.options.refuses
            else Delivered()
            for message in messages
        ]

    def probe(self, message: Message) -> Probe:
        self._burst(message)
        return Probe(Finding.APPLIED)

    def preview(self, message: Message) -> Preview:
        form = {"maHoSo": message.dossier, "kenh": self.options.channel, "nguoiNop": "Nguyễn Văn Ví Dụ"}
        return Preview(
            {
                path: WireField(mask_name(value) if path == "nguoiNop" else value, blake2s(value.encode()).hexdigest())
                for path, value in form.items()
            }
        )

    def advise(self, operation: str, code: str, text: str) -> Advice | None:
        return Advice("Phòng Ví Dụ / The example office", "Gọi phòng / Call it") if code == "R-7" else None

    def _burst(self, message: Message) -> None:
        if self.options.bursts:
            raise ValueError(f"cannot write {message.body.decode()}")

    def check(self) -> Sequence[Health]:
        if self.options.password.get_secret_value() != "dung-mat-khau":
            raise AuthenticationFailed(self.name, "-1", "Sai tài khoản / wrong account")
        return [Health("đăng nhập / login", True, "được / works")]

    def close(self) -> None:
        self.hung_up.set()


def build(name: str, options: Mapping[str, object], **_: object) -> ViduPartner:
    """The entry point."""
    try:
        return ViduPartner(name, Options.model_validate(dict(options)))
    except ValidationError as error:
        raise ConfigurationError(list(problems_of(error, Options))) from None
