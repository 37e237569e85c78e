"""What an operator sets, and what he is told when it is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from connectors.national_portal.code_settings import CodeTables
from connectors.national_portal.connector import build
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.shapes import headers_of
from connectors.national_portal.transport import line_settings
from gateway.errors import ConfigurationError

GOOD: dict[str, Any] = {
    "adapter_url": "http://127.0.0.1:9/",
    "username": "000.00.00.H99",
    "password": SecretStr("mat-khau-bi-mat"),
    "madonvi": "H99",
}


def test_good_options_make_a_connector_without_a_call() -> None:
    """
    Nothing listens at the address; building must not care.
    """
    connector = build("cong", GOOD)
    connector.close()

    assert connector.name == "cong"
    assert connector.longest_call.total_seconds() == 45


def test_every_mistake_is_told_at_once() -> None:
    """
    Seven mistakes, seven lines, each with its key and a remedy; no refused value is repeated.
    """
    with pytest.raises(ConfigurationError) as caught:
        build(
            "cong",
            {
                "adapter_url": "adapter.tinh.gov.vn", "madonvi": "Hà Tĩnh", "usernme": "x", "variant": "E",
                "read_timeout_s": -1, "codes": {"channels": {"fax": "9"}},
            },
        )  # fmt: skip

    paths = [problem.path for problem in caught.value.problems]
    assert sorted(paths) == sorted(
        ["adapter_url", "madonvi", "usernme", "variant", "read_timeout_s", "codes.channels.fax"]
    )
    assert all(problem.remedy for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("shape", "needed"),
    [
        ({}, True),
        ({"variant": "B"}, True),
        ({"variant": "B", "read_variant": "D"}, False),
        ({"variant": "C"}, False),
        ({"variant": "D"}, False),
        ({"variant": "C", "read_variant": "A"}, True),
    ],
)
def test_the_account_is_needed_where_our_session_travels(shape: dict[str, Any], needed: bool) -> None:
    """
    Adapters of the shapes C and D hold the account themselves (contract 2.6).
    """
    options = {**GOOD, **shape, "username": "", "password": ""}

    if needed:
        with pytest.raises(ConfigurationError) as caught:
            build("cong", options)
        assert [problem.path for problem in caught.value.problems] == ["username", "password"]
    else:
        build("cong", options).close()


@pytest.mark.parametrize(
    "address",
    [
        "ftp://adapter",
        "https://",
        "http://nguoi:mat-khau@adapter",
        "http://adapter/?x=1",
        "adapter",
        "http://adapter:99999",
        "http://[adapter",
        "http://a..b",
        "http://" + "a" * 70 + ".vn",
    ],
)
def test_an_address_must_be_one(address: str) -> None:
    """
    The address carries neither a password nor a query.
    """
    with pytest.raises(ConfigurationError) as caught:
        build("cong", {**GOOD, "adapter_url": address})

    assert [problem.path for problem in caught.value.problems] == ["adapter_url"]
    assert "mat-khau" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["proxy.vidu:3128", "socks5://nguoi:mat-khau@proxy", "http://", "http://[proxy"])
def test_a_proxy_must_be_one_that_can_be_gone_through(proxy: str) -> None:
    """
    Said at the start, not when the first dossier is on its way.
    """
    with pytest.raises(ConfigurationError) as caught:
        build("cong", {**GOOD, "proxy": proxy})

    assert [problem.path for problem in caught.value.problems] == ["proxy"]
    assert "mat-khau" not in str(caught.value)


def test_secrets_print_as_stars() -> None:
    """
    Neither the password nor a proxy's token or account is readable in the settings.
    """
    settings = PortalSettings(**{**GOOD, "bearer_token": "bi-mat-cua-proxy", "proxy": "http://nguoi:bi-mat@proxy"})

    assert "nguoi:bi-mat" not in f"{settings!r} {settings} {line_settings(settings)}"
    assert "mat-khau-bi-mat" not in f"{settings!r} {settings}"
    assert "bi-mat-cua-proxy" not in f"{settings!r} {settings}"
    assert headers_of(settings)["Authorization"] == "Bearer bi-mat-cua-proxy"


def test_rows_given_by_the_operator_lie_over_the_built_in_ones() -> None:
    """
    A table is never replaced by the one row that someone added.
    """
    settings = PortalSettings(**{**GOOD, "length_limits": {"NguoiXuLy": 40}, "codes": {"databases": {"ho-tich": "9"}}})

    assert settings.length_limits["NguoiXuLy"] == 40
    assert settings.length_limits["TrichYeuHoSo"] == 1000
    assert settings.codes.databases["ho-tich"] == "9"
    assert settings.codes.databases["1"] == "1"


@pytest.mark.parametrize("model", [PortalSettings, CodeTables])
def test_every_setting_says_what_it_is(model: type[PortalSettings] | type[CodeTables]) -> None:
    """
    The operator's page of settings is made from these descriptions.
    """
    silent = [name for name, field in model.model_fields.items() if not field.description and name != "codes"]

    assert silent == []


def test_steps_travel_alone_where_a_repeat_would_count_twice() -> None:
    """
    A lost answer to ten steps could not be settled step by step.
    """
    careful = build("cong", {**GOOD, "timeline_deduplicated": False})
    usual = build("cong", GOOD)

    assert (usual.operations["step"].batch, usual.operations["step"].harmless) == (10, True)
    assert (careful.operations["step"].batch, careful.operations["step"].harmless) == (1, False)
    careful.close()
    usual.close()


@pytest.mark.parametrize(
    ("kind", "origin", "options", "operation"),
    [
        ("dossier", "local", {}, "dossier"),
        ("dossier", "portal", {}, "outcome"),
        ("step", "local", {}, "step"),
        ("step", "portal", {}, None),
        ("step", "portal", {"portal_born_steps": True}, "step"),
        ("shipment", "local", {}, None),
    ],
)
def test_each_body_has_its_operation(kind: str, origin: str, options: dict[str, Any], operation: str | None) -> None:
    """
    A dossier that came from the portal must never go through ``DongBoHoSoMC`` (contract 6.3).
    """
    connector = build("cong", {**GOOD, **options})
    connector.close()

    assert connector.route(kind, origin) == operation
