"""
SIGHUP: a command that runs on takes over its configuration file as it is now, or nothing of it.
"""

from __future__ import annotations

from pathlib import Path

from gateway.api import Gateway
from gateway.cli import output
from gateway.cli.workers import Workers
from gateway.config import load
from gateway.errors import ConfigurationError
from gateway.observe import Event, get_logger, set_up

log = get_logger(__name__)


def reload(config: Path, gateway: Gateway, workers: Workers | None) -> bool:
    """
    Read *config* again: its partners are built and checked before anything changes, then *gateway* goes on with them,
    and *workers* hand over to new ones. A file with a mistake changes nothing; what is wrong is said and logged.
    """
    try:
        waiting = gateway.reconfigure(load(config), delivering=workers is not None)
    except ConfigurationError as error:
        log.error(Event.CONFIGURATION_REFUSED, problems=[str(problem) for problem in error.problems])  # noqa: TRY400 - no bug.
        output.fail(str(error))
        return False
    set_up(gateway.settings.log)
    if workers is not None:
        workers.hand_over()
    log.info(Event.CONFIGURATION_RELOADED, partners=sorted(gateway.settings.partners), at_next_start=waiting)
    return True
