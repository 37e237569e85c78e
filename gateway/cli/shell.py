"""What every command shares: its configuration and an open gateway."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.config import Settings, load
from gateway.errors import ConfigurationError
from gateway.observe import set_up

if TYPE_CHECKING:
    from gateway.api import Gateway

DEFAULT_CONFIG = Path("lienthong.toml")

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="LIENTHONG_CONFIG",
        show_envvar=True,
        help="Tệp cấu hình. / The configuration file.",
        metavar="FILE",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Một văn bản JSON ra stdout. / One JSON document on standard output.")
]


def settings_at(config: Path, *, offline: bool = False) -> Settings:
    """
    Read the configuration and set up the log.

    *offline* is for commands that only read the database: they need no secret of a partner.
    """
    settings = load(config, offline=offline)
    set_up(settings.log)
    return settings


@contextmanager
def gateway_at(config: Path, *, offline: bool = False) -> Iterator[Gateway]:
    """Open the gateway that *config* describes; *offline*, without its partners."""
    # Not for who asks for help: it is half of a command's start.
    from gateway.api import Gateway

    settings = settings_at(config, offline=offline)
    with Gateway(settings, connectors=[] if offline else None) as gateway:
        yield gateway


@contextmanager
def gateway_with_what_is_there(config: Path) -> Iterator[Gateway]:
    """Open the gateway with its partners when their secrets are at hand, else without: for what is only better so."""
    from gateway.api import Gateway

    offline = settings_at(config, offline=True)
    try:
        gateway = Gateway(load(config))
    except ConfigurationError:
        gateway = Gateway(offline, connectors=[])
    with gateway:
        yield gateway


def interactive() -> bool:
    """Whether a person sits there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
