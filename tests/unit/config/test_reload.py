"""What of a new file a running process takes over."""

from __future__ import annotations

import pytest

from gateway.config import settings_from
from gateway.config.reload import taken_over
from gateway.errors import ConfigurationError

PRESENT = settings_from({"tenant": {"code": "H99"}, "service": {"listen": "127.0.0.1:8080"}})


def test_limits_and_levels_hold_at_once_and_addresses_wait() -> None:
    """
    The pace and the log change; what listens stays as it was opened, and is told to wait for the next start.
    """
    new = settings_from(
        {
            "tenant": {"code": "H99"}, "service": {"listen": "127.0.0.1:9090"}, "log": {"level": "debug"},
            "delivery": {"concurrency": 3},
        }
    )  # fmt: skip

    taken, waiting = taken_over(PRESENT, new)

    assert (taken.log.level, taken.delivery.concurrency) == ("debug", 3)
    assert taken.service.listen == "127.0.0.1:8080"
    assert waiting == ("service",)


@pytest.mark.parametrize("other", [{"tenant": {"code": "H98"}}, {"database": {"path": "elsewhere.db"}}])
def test_another_gateway_is_refused(other: dict[str, dict[str, str]]) -> None:
    """
    Another tenant or database under running workers would tell one province's dossiers as another's.
    """
    with pytest.raises(ConfigurationError, match=next(iter(other))):
        taken_over(PRESENT, settings_from({"tenant": {"code": "H99"}, **other}))
