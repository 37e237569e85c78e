"""What the façade's settings must be before anything is answered."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.national_portal.connector import build
from gateway.config.read import settings_from
from gateway.errors import ConfigurationError

FACADE: dict[str, Any] = {"username": "mc", "password": "bi-mat-vi-du", "session_secret": "k" * 32}


def options(**facade: Any) -> dict[str, Any]:
    return {
        "adapter_url": "http://adapter.vidu.example",
        "madonvi": "000.00.00.H99",
        "username": "u",
        "password": "p",
        "facade": {name: value for name, value in (FACADE | facade).items() if value is not ...},
    }


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"password": ...}, "facade.password"),
        ({"password": ""}, "facade.password"),
        ({"session_secret": ...}, "facade.session_secret"),
        ({"session_secret": "k" * 31}, "facade.session_secret"),
        ({"bearer_token": ""}, "facade.bearer_token"),
        ({"units": ["x"]}, "facade.units"),
        ({"trusted_networks": ["10.1.2.3/8"]}, "facade.trusted_networks"),
        ({"source": "cong"}, "facade.source"),
        ({"pasword": "x"}, "facade.pasword"),
    ],
)
def test_a_mistake_is_named_by_its_path(changes: dict[str, Any], path: str) -> None:
    """
    And the secret that stood there is not repeated.
    """
    with pytest.raises(ConfigurationError) as caught:
        build("cong", options(**changes))

    assert [problem.path for problem in caught.value.problems] == [path]
    assert "bi-mat" not in str(caught.value)


def test_without_the_section_nobody_is_answered() -> None:
    """
    Denied by default.
    """
    connector = build("cong", {key: value for key, value in options().items() if key != "facade"})

    assert connector.front is None


def test_its_secrets_come_from_the_environment() -> None:
    """
    Within the partner's table as well as in it.
    """
    facade = {"username": "mc", "password_env": "MC_PASSWORD", "session_secret_env": "MC_SECRET"}
    partner = {"connector": "national_portal", **options(), "facade": facade}

    settings = settings_from({"partners": {"cong": partner}}, env={"MC_PASSWORD": "bi-mat", "MC_SECRET": "k" * 32})
    with pytest.raises(ConfigurationError) as caught:
        settings_from({"partners": {"cong": partner}}, env={"MC_PASSWORD": "bi-mat"})

    assert "bi-mat" not in repr(settings)
    assert [problem.path for problem in caught.value.problems] == ["partners.cong.facade.session_secret_env"]
