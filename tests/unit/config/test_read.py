"""Reading a configuration: what is right comes back as values, what is wrong comes back as a list."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import DeliverySettings, load, settings_from
from gateway.errors import ConfigurationError


def problems(text: str, folder: Path, env: dict[str, str] | None = None) -> dict[str, str]:
    """Load *text* as a file and return the mistakes by path."""
    file = folder / "lienthong.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load(file, env or {})
    return {problem.path: str(problem) for problem in refused.value.problems}


def test_an_empty_configuration_works(tmp_path: Path) -> None:
    """
    Every default is a working one, and the database lies beside the file.
    """
    file = tmp_path / "lienthong.toml"
    file.write_text("", "utf-8")

    settings = load(file, {})

    assert settings.delivery == DeliverySettings()
    assert settings.database.path == tmp_path / "lienthong.db"


def test_values_are_read_and_paths_count_from_the_file(tmp_path: Path) -> None:
    """
    A daemon started from / finds the same database and mapping as an operator in the folder. Notepad's mark is welcome.
    """
    file = tmp_path / "lienthong.toml"
    file.write_text(
        """
        tenant = { code = "H99", name = "Tỉnh Ví Dụ" }
        database.path = "data/gateway.db"
        delivery = { concurrency = 4, retry = { horizon_days = 20 } }
        sources.mot-cua = { mapping = "mot-cua.toml" }
        """,
        "utf-8-sig",
    )

    settings = load(file, {})

    assert settings.tenant.name == "Tỉnh Ví Dụ"
    assert settings.database.path == tmp_path / "data/gateway.db"
    assert settings.delivery.concurrency == 4
    assert settings.delivery.retry.horizon_days == 20
    assert settings.sources["mot-cua"].mapping == tmp_path / "mot-cua.toml"


def test_five_mistakes_are_five_lines(tmp_path: Path) -> None:
    """
    An operator mends everything in one go: each mistake has its path, its reason and its remedy.
    """
    found = problems(
        """
        [database]
        path = "postgresql://server/gateway"
        [delivery]
        concurency = 16
        poll_s = "nhanh"
        [sources.mot-cua]
        mapping = "a.toml"
        maping = "b.toml"
        [log]
        format = "xml"
        """,
        tmp_path,
    )

    assert list(found) == [
        "database.path",
        "delivery.concurency",
        "delivery.poll_s",
        "log.format",
        "sources.mot-cua.maping",
    ]
    assert "SQLite" in found["database.path"]
    assert "«concurrency»" in found["delivery.concurency"]
    assert "số / must be a number" in found["delivery.poll_s"]
    assert "'json'" in found["log.format"]
    assert "«mapping»" in found["sources.mot-cua.maping"]


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        pytest.param("delivery = 3", "delivery", "[delivery]", id="a number where a table stands"),
        pytest.param("tenant.code = 42", "tenant.code", "nháy kép", id="a number where text stands"),
        pytest.param("delivery.concurrency = 1.5", "delivery.concurrency", "số nguyên", id="a half worker"),
        pytest.param("delivery.concurrency = 0", "delivery.concurrency", "at least 1", id="no worker"),
        pytest.param("delivery.concurrency = 9000", "delivery.concurrency", "at most 1024", id="too many workers"),
        pytest.param("delivery.poll_s = 0", "delivery.poll_s", "more than 0", id="no pause"),
        pytest.param("delivery.poll_s = inf", "delivery.poll_s", "must be a number", id="an endless pause"),
        pytest.param("tenant.code = ''", "tenant.code", "để trống", id="an empty code"),
        pytest.param("database.path = ' '", "database.path", "để trống", id="an empty path"),
        pytest.param("delivery.retry = { base_s = 9, cap_s = 3 }", "delivery.retry", "base_s = 9", id="cap below base"),
        pytest.param("[partners.Cong-DVC]\nconnector = 'x'", "partners.Cong-DVC", "a-z", id="a partner's odd name"),
        pytest.param("sources.a = {}", "sources.a.mapping", "«mapping = …»", id="a source without its mapping"),
        pytest.param("partnres = {}", "partnres", "«partners»", id="a misspelt section"),
        pytest.param("zzz = 1", "zzz", "tenant, database", id="a key like no other"),
    ],
)
def test_a_mistake_names_its_place_and_its_remedy(text: str, path: str, words: str, tmp_path: Path) -> None:
    """
    One mistake, one line that helps.
    """
    assert words in problems(text, tmp_path)[path]


def test_an_unknown_connector_is_named_with_what_is_installed(tmp_path: Path) -> None:
    """
    The name of an entry point is easy to misspell.
    """
    found = problems("[partners.cong]\nconnector = 'nationalportal'", tmp_path)

    assert "«national_portal»" in found["partners.cong.connector"]


def test_a_missing_secret_names_the_variable(tmp_path: Path) -> None:
    """
    The file says where the secret is; what is missing is the environment's, not the file's.
    """
    text = "[partners.cong]\nconnector = 'khac'\npassword_env = 'LIENTHONG_CONG_PASSWORD'"

    assert "LIENTHONG_CONG_PASSWORD" in problems(text, tmp_path)["partners.cong.password_env"]


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    """
    As systemd's credentials do; a missing or an empty file is named.
    """
    (tmp_path / "empty").write_text("\n", "utf-8")
    text = "[partners.cong]\nconnector = 'khac'\npassword_file = 'gone'\ntoken_file = 'empty'"

    found = problems(text, tmp_path)

    assert "gone" in found["partners.cong.password_file"]
    assert "rỗng" in found["partners.cong.token_file"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"a = ", "TOML", id="syntax"),
        pytest.param("a = 'Hà'".encode("cp1258", "replace") + b"\xff", "UTF-8", id="encoding"),
    ],
)
def test_a_file_that_is_no_toml_says_so(content: bytes, words: str, tmp_path: Path) -> None:
    """
    The refusal carries the file's name.
    """
    file = tmp_path / "lienthong.toml"
    file.write_bytes(content)

    with pytest.raises(ConfigurationError, match=words) as refused:
        load(file, {})

    assert refused.value.problems[0].path == str(file)


def test_a_missing_file_advises_init(tmp_path: Path) -> None:
    """
    The first thing a newcomer meets.
    """
    with pytest.raises(ConfigurationError, match="lienthong init"):
        load(tmp_path / "none.toml", {})


@given(
    secret=st.text(min_size=12, alphabet=st.characters(min_codepoint=33, max_codepoint=0x1EF9, exclude_characters="*"))
)
def test_a_secret_never_prints(secret: str) -> None:
    """
    Neither settings nor refusals repeat what was secret, wherever it was given.
    """
    values = {
        "connector": "khac",
        "session_token": secret,
        "password_env": "CONG_PASSWORD",
        "base_url": "https://cong.invalid",
    }

    with pytest.raises(ConfigurationError) as refused:
        settings_from({"partners": {"cong": values}, "tenant": {"code": 3}}, env={"CONG_PASSWORD": secret})

    assert secret not in str(refused.value)


def test_a_secret_prints_as_stars() -> None:
    """
    Settings may be printed and logged: a password given in any way does not come along.
    """
    partner = {
        "connector": "national_portal",
        "adapter_url": "https://adapter.invalid",
        "madonvi": "H99",
        "username": "000.00.00.H99",
        "password_env": "CONG_PASSWORD",
        "bearer_token": "the-bearer-token",
    }

    settings = settings_from({"partners": {"cong": partner}}, env={"CONG_PASSWORD": "the-password"})

    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "the-password" not in shown
    assert "the-bearer-token" not in shown
    assert "**" in shown
