"""Who may call: all that is configured must hold, and nothing configured lets nobody in."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from gateway.callbacks import Guard, SourceRates
from gateway.config import settings_from
from gateway.config.callbacks import CallbackSettings
from gateway.errors import ConfigurationError
from gateway.notices import PartnerCall
from gateway.policy import RateLimit
from tests.callers import HEADER, SECRET, signed
from tests.clocks import TestClock

BODY = b'{"id": 1}'
SIGNED = {"signature_header": HEADER, "signature_secret": SECRET}
KEY = {"key_header": "X-Key", "shared_secret": SECRET}
CERTIFIED = {"certificate_header": "X-Client", "certificates": ["CN=vi-du"]}
BASE64 = base64.b64encode(hmac.new(SECRET.encode(), BODY, sha256).digest()).decode()


def test_a_secret_is_replaced_with_overlap() -> None:
    """
    The partner changes over when it can: both secrets are good until the moment that was set, then the new one alone,
    and a third never. The same for a key in a header.
    """
    clock, new, old = TestClock(), "khoa-moi-vi-du-0016", SECRET
    until = clock.now() + timedelta(days=7)
    signing = {"signature_header": HEADER, "signature_secret": new, "old_signature_secret": old, "old_until": until}
    keyed = {"key_header": "X-Key", "shared_secret": new, "old_shared_secret": old, "old_until": until}

    def admits(now: datetime) -> list[list[bool]]:
        return [
            [Guard(CallbackSettings.model_validate(options), None).admits(call(headers), now) for headers in proofs]
            for options, proofs in (
                (signing, [signed(BODY, each) for each in (new, old, "khoa-thu-ba-012345")]),
                (keyed, [{"X-Key": each} for each in (new, old, "khoa-thu-ba-012345", "")]),
            )
        ]

    assert admits(until - timedelta(microseconds=1)) == [[True, True, False], [True, True, False, False]]
    assert admits(until) == [[True, False, False], [True, False, False, False]]


class Proving:
    """A connector with a proof of its own, or none where no secret is configured."""

    def __init__(self, answer: bool | None) -> None:
        self.answer = answer

    def proof(self, call: PartnerCall) -> bool | None:
        return self.answer


def admitted(options: dict[str, Any] | None, call: PartnerCall, connector: object = None) -> bool:
    settings = None if options is None else CallbackSettings.model_validate(options)
    return Guard(settings, connector).admits(call, TestClock().now())


def call(
    headers: dict[str, str] | None = None, source: str = "192.0.2.7", body: bytes = BODY, *, proxied: bool = False
) -> PartnerCall:
    return PartnerCall("/", body, {name.lower(): value for name, value in (headers or {}).items()}, source, proxied)


@pytest.mark.parametrize(
    ("options", "good", "bad"),
    [
        (SIGNED, call(signed(BODY)), call(signed(BODY), body=BODY + b" ")),
        (SIGNED, call(signed(BODY)), call(signed(BODY, "khoa-khac-0123456"))),
        (SIGNED, call(signed(BODY)), call()),
        (
            SIGNED | {"signature_prefix": "sha256=", "signature_encoding": "base64"},
            call({HEADER: f"sha256={BASE64}"}), call({HEADER: BASE64}),
        ),
        (KEY, call({"X-Key": SECRET}), call({"X-Key": SECRET[:-1]})),
        (KEY, call({"X-Key": SECRET}), call({"X-Key": "ké"})),
        (CERTIFIED, call({"X-Client": "CN=vi-du"}, proxied=True), call({"X-Client": "CN=khac"}, proxied=True)),
        (CERTIFIED, call({"X-Client": "CN=vi-du"}, proxied=True), call({"X-Client": "CN=vi-du"})),
        ({"from_networks": ["192.0.2.0/24"]}, call(source="::ffff:192.0.2.9"), call(source="198.51.100.1")),
        ({"from_networks": ["192.0.2.0/24"]}, call(), call(source="unknown")),
        (SIGNED | KEY, call(signed(BODY) | {"X-Key": SECRET}), call(signed(BODY))),
    ],
    ids=["body", "secret", "unsigned", "base64", "key", "letters", "subject", "no-proxy", "network", "no-ip", "both"],
)  # fmt: skip
def test_only_the_whole_proof_admits(options: dict[str, Any], good: PartnerCall, bad: PartnerCall) -> None:
    """
    What fits is let in; one byte, key, subject or network off is not.
    """
    assert admitted(options, good)
    assert not admitted(options, bad)


def test_without_any_proof_nobody_calls() -> None:
    """
    No section, or a section without a proof: closed. A connector's own proof opens and closes like any other.
    """
    assert not admitted(None, call(signed(BODY)), Proving(True))
    assert not admitted({}, call())
    assert not admitted({}, call(), Proving(None))
    assert admitted({}, call(), Proving(True))
    assert not admitted({"from_networks": ["192.0.2.7"]}, call(), Proving(False))


def test_a_source_gets_its_burst_and_then_its_rate() -> None:
    """
    Three at once, the fourth must wait a second; another source has its own bucket, a network of IPv6 only one.
    """
    clock, rates = TestClock(), SourceRates(RateLimit(1, timedelta(seconds=1), 3))

    def calls(source: str, count: int) -> list[bool]:
        return [rates.admits(source, clock.now()) for _ in range(count)]

    assert calls("192.0.2.1", 4) == [True, True, True, False]
    assert calls("192.0.2.2", 1) == [True]
    assert calls("2001:db8::1", 2) + calls("2001:db8::2", 2) == [True, True, True, False]
    clock.advance(timedelta(seconds=1))
    assert calls("192.0.2.1", 2) == [True, False]


def test_a_hundred_thousand_sources_take_bounded_memory() -> None:
    """
    Only the sources seen last are remembered.
    """
    clock, rates = TestClock(), SourceRates(RateLimit(1, timedelta(seconds=1), 1), most=50)

    for number in range(1000):
        assert rates.admits(f"10.0.{number // 256}.{number % 256}", clock.now())

    assert len(rates) == 50
    assert not rates.admits("10.0.3.231", clock.now())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"from_networks": ["10.0.0.0/99"]}, "no address or network"),
        ({"key_header": "X-Key"}, "shared_secret_env"),
        ({"signature_header": "X-S", "signature_secret": "ngan"}, "too short"),
        ({"certificate_header": "X-C"}, "certificates"),
        ({"key_header": "X-Key", "shared_secret": SECRET, "old_shared_secret": SECRET}, "old_until"),
        ({"old_signature_secret": SECRET, "old_until": TestClock().now()}, "signature_secret_env"),
        ({"old_until": datetime(2026, 12, 1)}, "no offset"),  # noqa: DTZ001 - the mistake.
    ],
)
def test_half_a_proof_is_a_mistake(options: dict[str, Any], said: str) -> None:
    """
    A header without its secret, a certificate that anybody could claim: said when the configuration is read.
    """
    with pytest.raises(ConfigurationError, match=said):
        settings_from({"partners": {"thu": {"connector": "x", "callbacks": options}}}, offline=True)


def test_the_secret_comes_from_the_environment() -> None:
    """
    It stands in no file and prints as stars.
    """
    given = {"key_header": "X-Key", "shared_secret_env": "VIDU_KEY"}
    settings = settings_from(
        {"partners": {"cong": {"connector": "onestop", "kind": "pull", "told_of": ["a"], "callbacks": given}}},
        env={"VIDU_KEY": SECRET}, offline=True,
    )  # fmt: skip

    callbacks = settings.partners["cong"].callbacks
    assert callbacks is not None
    assert callbacks.shared_secret is not None
    assert callbacks.shared_secret.get_secret_value() == SECRET
    assert SECRET not in repr(settings)
