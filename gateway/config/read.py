"""Reads a configuration: TOML text to settings, or to the list of everything that is wrong with it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from gateway.config.connectors import build_connector
from gateway.config.explain import problems_of
from gateway.config.settings import PartnerSettings, Settings
from gateway.errors import ConfigurationError, Problem

SECRET_KEY = re.compile(
    r"password|passwd|secret|token|api_?key|private_?key|pass_?phrase|database_?url|link_?key", re.IGNORECASE
)
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_TYPED_PARTNER_KEYS = frozenset(PartnerSettings.model_fields) - {"options"}


def load(path: Path | str, env: Mapping[str, str] | None = None, *, offline: bool = False) -> Settings:
    """
    Read the TOML file *path* once; secrets named by ``…_env`` come from *env*, by default the process's own.

    *offline* is for programs that only read the database: secrets stay unread and connectors unasked.
    Raises ``ConfigurationError`` with every mistake of the file. Relative paths in it count from its folder.
    """
    path = Path(path)
    return settings_from(parse(path), env=os.environ if env is None else env, folder=path.parent, offline=offline)


def parse(path: Path) -> dict[str, Any]:
    """Read the file as TOML. A byte order mark is welcome, another encoding than UTF-8 is not."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise _refused(
            path, "không có tệp này / no such file", "Tạo mới bằng «lienthong init» / Make one with «lienthong init»"
        ) from error
    except OSError as error:
        raise _refused(
            path,
            f"không đọc được / cannot be read ({error.strerror})",
            "Kiểm tra quyền đọc của tài khoản đang chạy / Check that this account may read it",
        ) from error
    except UnicodeDecodeError as error:
        raise _refused(
            path,
            f"không phải UTF-8, byte thứ {error.start + 1} / is not UTF-8, byte {error.start + 1}",
            "Lưu lại bằng mã UTF-8 / Save it again as UTF-8",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise _refused(
            path,
            f"sai cú pháp TOML / is not valid TOML: {error}",
            "Sửa dòng đó; chuỗi ký tự đặt trong dấu nháy kép / Mend that line; text stands in double quotes",
        ) from error


def settings_from(
    values: Mapping[str, Any],
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    offline: bool = False,
) -> Settings:
    """
    Build settings from nested plain values, as they stand in the TOML file.

    Secrets named by ``…_env`` are looked up in *env*; relative paths count from *folder*, by default the current one.
    Raises ``ConfigurationError`` with every mistake.
    """
    folder = Path() if folder is None else folder
    problems: list[Problem] = []
    prepared = dict(values)
    if isinstance(values.get("partners"), Mapping):
        prepared["partners"] = {
            name: _partner(f"partners.{name}", partner, env or {}, folder, [] if offline else problems)
            for name, partner in values["partners"].items()
        }
    database = values.get("database")
    if isinstance(database, Mapping) and "url_env" in database:
        prepared["database"] = _database(database, env or {}, problems)
    service = values.get("service")
    if isinstance(service, Mapping) and isinstance(files := service.get("files"), Mapping):
        said = _options("service.files", files, env or {}, folder, [] if offline else problems)
        if isinstance(directory := said.get("directory"), str):
            said["directory"] = str(folder / directory)
        prepared["service"] = {**service, "files": said}
    try:
        settings: Settings | None = Settings.model_validate(prepared)
    except ValidationError as error:
        settings = None
        problems.extend(problem for problem in problems_of(error, Settings) if problem.path)
    if not offline:
        lacking = {problem.path.rpartition("_")[0] for problem in problems}
        problems.extend(problem for problem in _connector_problems(prepared) if problem.path not in lacking)
    if problems or settings is None:
        raise ConfigurationError(_in_order(problems))
    return _anchored(settings, folder)


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(set(problems), key=lambda problem: (problem.path, problem.reason))


def _refused(path: Path, reason: str, remedy: str) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), reason, remedy)])


def _partner(path: str, values: object, env: Mapping[str, str], folder: Path, problems: list[Problem]) -> object:
    """Separate what every partner has from the connector's own options, with the secrets looked up."""
    if not isinstance(values, Mapping):
        return values
    typed = {key: value for key, value in values.items() if key in _TYPED_PARTNER_KEYS}
    if isinstance(callbacks := typed.get("callbacks"), Mapping):
        typed["callbacks"] = _options(f"{path}.callbacks", callbacks, env, folder, problems)
    own = {key: value for key, value in values.items() if key not in _TYPED_PARTNER_KEYS}
    return {**typed, "options": _options(path, own, env, folder, problems)}


def _options(
    path: str, values: Mapping[str, Any], env: Mapping[str, str], folder: Path, problems: list[Problem]
) -> dict[str, object]:
    """A table of options, and the tables within it, with the secrets looked up."""
    options: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            options[key] = _options(f"{path}.{key}", value, env, folder, problems)
        elif key.endswith(("_env", "_file")) and SECRET_KEY.search(key):
            name, _, kind = key.rpartition("_")
            secret = (
                _from_env(f"{path}.{key}", value, env) if kind == "env" else _from_file(f"{path}.{key}", value, folder)
            )
            if isinstance(secret, Problem):
                problems.append(secret)
            options[name] = SecretStr("" if isinstance(secret, Problem) else secret)
        elif isinstance(value, str) and SECRET_KEY.search(key):
            options[key] = SecretStr(value)
        elif key.endswith("_file") and isinstance(value, str):
            options[key] = str(folder / value)
        else:
            options[key] = value
    return options


def _database(values: Mapping[str, Any], env: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    """The database's section with the url that an environment variable holds."""
    database = {key: value for key, value in values.items() if key != "url_env"}
    url = _from_env("database.url_env", values["url_env"], env)
    if isinstance(url, Problem):
        problems.append(url)
    else:
        database["url"] = url
    return database


def _from_env(path: str, name: object, env: Mapping[str, str]) -> str | Problem:
    if not isinstance(name, str) or not name:
        return Problem(
            path,
            "phải là tên một biến môi trường / must be the name of an environment variable",
            'Ví dụ / For example: "LIENTHONG_PORTAL_PASSWORD"',
        )
    if not VARIABLE.fullmatch(name):
        # Whoever wrote the secret itself here must not read it again in a log.
        return Problem(
            path,
            "không phải tên biến môi trường viết hoa / is not the name of an environment variable in capitals",
            'Ghi tên biến, không ghi mật khẩu / The name, not the secret: "LIENTHONG_PORTAL_PASSWORD"',
        )
    if not env.get(name):
        return Problem(
            path,
            f"biến môi trường {name} chưa được đặt / environment variable {name} is not set",
            f"Đặt {name} trước khi chạy / Set {name} before starting",
        )
    return env[name]


def _from_file(path: str, name: object, folder: Path) -> str | Problem:
    if not isinstance(name, str) or not name:
        return Problem(
            path,
            "phải là đường dẫn một tệp / must be the path of a file",
            'Ví dụ / For example: "/run/credentials/lienthong/portal"',
        )
    try:
        secret = (folder / name).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "UTF-8"
        return Problem(
            path,
            f"không đọc được {name} / cannot read {name} ({why})",
            "Kiểm tra đường dẫn và quyền đọc / Check the path and the right to read it",
        )
    if not secret:
        return Problem(path, f"tệp {name} rỗng / {name} is empty", "Ghi mật khẩu vào tệp / Write the secret into it")
    return secret


def _connector_problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    """
    Ask the connectors about their options and their longest call.

    They are asked also when other mistakes keep the settings from being built whole.
    """
    delivery = values.get("delivery", {})
    lease_s = delivery.get("lease_s", Settings().delivery.lease_s) if isinstance(delivery, Mapping) else None
    for name, partner in _readable_partners(values):
        try:
            connector = build_connector(name, partner)
        except ConfigurationError as error:
            yield from error.problems
            continue
        longest_s = connector.longest_call.total_seconds()
        operations = connector.operations
        connector.close()
        for operation in sorted(partner.limits.batch.keys() - operations.keys()):
            yield Problem(
                f"partners.{name}.limits.batch.{operation}",
                f"«{partner.connector}» không có việc này / has no such operation",
                f"Các việc / Its operations: {', '.join(sorted(operations))}",
            )
        if isinstance(lease_s, int | float) and 0 < lease_s <= longest_s:
            yield Problem(
                "delivery.lease_s",
                f"{lease_s:g} s không dài hơn cuộc gọi lâu nhất tới / is not longer than the longest call to"
                f" «{name}», {longest_s:g} s",
                "Tăng lease_s hoặc giảm thời gian chờ của đối tác này"
                " / Raise lease_s or lower the time-outs of this partner",
            )


def _readable_partners(values: Mapping[str, Any]) -> Iterator[tuple[str, PartnerSettings]]:
    partners = values.get("partners", {})
    for name, partner in partners.items() if isinstance(partners, Mapping) else ():
        with suppress(ValidationError):
            yield str(name), PartnerSettings.model_validate(partner)


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Make the paths independent of where the program runs."""
    database = settings.database.model_copy(update={"path": folder / settings.database.path})
    sources = {
        name: source.model_copy(update={"mapping": folder / source.mapping})
        for name, source in settings.sources.items()
    }
    service, oauth = settings.service, settings.service.oauth
    service = service.model_copy(update={"spool": folder / service.spool})
    if oauth is not None and oauth.ca_file is not None:
        anchored = oauth.model_copy(update={"ca_file": folder / oauth.ca_file})
        service = service.model_copy(update={"oauth": anchored})
    return settings.model_copy(update={"database": database, "sources": sources, "service": service})
