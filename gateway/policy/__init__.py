"""What to do and when: pure decisions over plain values. Time and chance are arguments."""

from gateway.policy.adapt import AdaptPolicy, Pulse, after_answer
from gateway.policy.backoff import ProbePolicy, RetryPolicy
from gateway.policy.breaker import BreakerPolicy, PartnerState, after_call, half_open, may_try, merge
from gateway.policy.classes import shares
from gateway.policy.flow import LEAST_AHEAD, Flow, after_return, lanes_ahead
from gateway.policy.limits import Control, Limits, eased
from gateway.policy.outcome import (
    CONNECTOR_FAULT,
    EXPIRED,
    UNDECIDABLE,
    UNKNOWN_OPERATION,
    Decision,
    after_failed_probe,
    after_failure,
    after_probe,
)
from gateway.policy.rate import RateLimit, draw
from gateway.policy.windows import Weekly, Window, Windows, closed_until

__all__ = [
    "CONNECTOR_FAULT",
    "EXPIRED",
    "LEAST_AHEAD",
    "UNDECIDABLE",
    "UNKNOWN_OPERATION",
    "AdaptPolicy",
    "BreakerPolicy",
    "Control",
    "Decision",
    "Flow",
    "Limits",
    "PartnerState",
    "ProbePolicy",
    "Pulse",
    "RateLimit",
    "RetryPolicy",
    "Weekly",
    "Window",
    "Windows",
    "after_answer",
    "after_call",
    "after_failed_probe",
    "after_failure",
    "after_probe",
    "after_return",
    "closed_until",
    "draw",
    "eased",
    "half_open",
    "lanes_ahead",
    "may_try",
    "merge",
    "shares",
]
