"""``lienthong check``: everything that could stop the gateway, said before it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from connectors.provincial.file import load_mapping
from gateway.api import Gateway
from gateway.cli import output
from gateway.cli.exits import ExitCode
from gateway.cli.hearing import unheard
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, JsonOption
from gateway.config import LogSettings, Settings, build_connectors, load
from gateway.errors import ConfigurationError, DeliveryError, Problem, StoreError
from gateway.observe import set_up


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, whether it is right, and what was seen."""

    what: str
    ok: bool
    detail: str
    exit_code: ExitCode = ExitCode.OK


def check(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """
    Kiểm tra cấu hình, cơ sở dữ liệu, tệp ánh xạ, đối tác và tài khoản; nêu mọi lỗi một lần.
    / Check configuration, database, mapping files, partners and credentials; every mistake at once.

    Ví dụ / Example:

      [cyan]lienthong check --config /etc/lienthong/lienthong.toml[/]
    """
    set_up(LogSettings(level="error"))
    findings = list(examine(config))
    wrong = [finding for finding in findings if not finding.ok]
    if json:
        output.print_json(
            {"ok": not wrong, "checks": [{"what": f.what, "ok": f.ok, "detail": f.detail} for f in findings]}
        )
    else:
        for finding in findings:
            mark = "[green]✓[/]" if finding.ok else "[bold red]✗[/]"
            output.out.print(f"{mark} {output.plain(finding.what)}: {output.plain(finding.detail)}", soft_wrap=True)
        if wrong:
            output.fail(f"{len(wrong)} điều phải sửa / {len(wrong)} things to mend")
    if wrong:
        raise typer.Exit(min(finding.exit_code for finding in wrong))


def examine(config: Path) -> Iterator[Finding]:
    """Look at everything that can be looked at; one mistake does not hide the next."""
    settings, whole = None, True
    try:
        settings = load(config)
    except ConfigurationError as error:
        yield from _mistakes(error)
        whole = False
        settings = _without_partners(config)
    else:
        yield Finding(str(config), True, "hợp lệ / valid")
    if settings is None:
        return
    yield from _database(settings, whole=whole)
    for name, source in settings.sources.items():
        yield from _mapping(name, source.mapping)
    if whole:
        yield from _partners(settings)


def _without_partners(config: Path) -> Settings | None:
    """What can be used of a configuration whose partners are wrong."""
    try:
        return load(config, offline=True)
    except ConfigurationError:
        return None


def _mistakes(error: ConfigurationError) -> Iterator[Finding]:
    for problem in error.problems:
        yield _finding(problem)


def _finding(problem: Problem) -> Finding:
    return Finding(problem.path, False, f"{problem.reason}. {problem.remedy}", ExitCode.CONFIGURATION)


def _database(settings: Settings, *, whole: bool) -> Iterator[Finding]:
    """The database, and what only it can tell of the partners; without *whole* those cannot be built."""
    where = settings.database.path if settings.database.url is None else "PostgreSQL"
    what = f"database {where}"
    try:
        with Gateway(settings, connectors=None if whole else []) as gateway:
            dossiers, unserved = gateway.totals().get("dossiers", 0), gateway.unserved()
            strangers = list(unheard(gateway))
    except StoreError as error:
        yield Finding(what, False, str(error), ExitCode.DATABASE)
        return
    yield Finding(what, True, f"ghi được / writable, {output.number(dossiers)} hồ sơ / dossiers")
    for partner, count in unserved.items():
        yield Finding(f"partners.{partner}", False, output.nobody_serves(partner, count), ExitCode.CONFIGURATION)
    for problem in strangers:
        yield _finding(problem)


def _mapping(name: str, path: Path) -> Iterator[Finding]:
    try:
        mapping = load_mapping(path)
    except ConfigurationError as error:
        for problem in error.problems:
            where = problem.path if str(path) in problem.path else f"{path}: {problem.path}"
            yield Finding(
                f"sources.{name}", False, f"{where}: {problem.reason}. {problem.remedy}", ExitCode.CONFIGURATION
            )
    else:
        yield Finding(f"sources.{name}", True, f"{path}, nguồn / source «{mapping.source}»")


def _partners(settings: Settings) -> Iterator[Finding]:
    for name, connector in build_connectors(settings).items():
        try:
            for health in connector.check():
                yield Finding(f"{name}: {health.what}", health.ok, health.detail, ExitCode.PARTNER)
        except DeliveryError as error:
            yield Finding(name, False, str(error), ExitCode.PARTNER)
        finally:
            connector.close()
