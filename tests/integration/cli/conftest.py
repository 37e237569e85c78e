"""Running commands in process, in a folder of their own, with a third party's partner installed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.api import Gateway
from gateway.cli.main import app
from gateway.config import load
from tests.builders import a_change, a_code, a_dossier

THIRD_PARTY = Path(__file__).parents[2] / "third_party"

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Commands set up the logging of their process; put back what was there."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("gateway", "connectors", "mappings")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command runs; the third party's package can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(THIRD_PARTY)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Run ``lienthong`` with these arguments."""

    def command(*arguments: str, env: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", **(env or {})})

    return command


@pytest.fixture
def configured(folder: Path) -> Path:
    """A configuration with one partner that refuses the third of the dossiers."""
    path = folder / "lienthong.toml"
    path.write_text(f'[partners.vidu]\nconnector = "vidu"\nrefuses = ["{a_code(3).key}"]\n', "utf-8")
    return path


@pytest.fixture
def accepted(configured: Path) -> list[str]:
    """Three dossiers in the ledger, waiting for delivery."""
    codes = [a_code(serial) for serial in (1, 2, 3)]
    with Gateway(load(configured, {})) as gateway:
        gateway.submit_many([a_change(a_dossier(code=code), source_id=f"dossier:{code.key}") for code in codes])
    return [str(code) for code in codes]
