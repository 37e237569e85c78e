"""
``python -m tests.simulation``: run worlds by their seeds; the last line is the count of everything, as JSON.

A seed that fails prints what was wrong and how to see it again; with ``--trace`` also everything that happened.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing

import orjson

from tests.simulation.databases import ServerPlace
from tests.simulation.running import simulate
from tools.postgres import postgres


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what *arguments* ask for; 1 when any seed failed."""
    options = _parser().parse_args(arguments)
    seeds = range(options.first, options.first + options.seeds)
    with ExitStack() as stack:
        place = None
        if options.postgresql:
            place = stack.enter_context(closing(ServerPlace(stack.enter_context(postgres()))))
        total = simulate(seeds, trace=options.trace, say=lambda text: sys.stderr.write(f"{text}\n"), place=place)
    sys.stdout.write(orjson.dumps(total.as_dict()).decode() + "\n")
    return 1 if total.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Simulate the gateway.")
    parser.add_argument("--seeds", type=int, default=300, help="how many worlds")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first seed")
    parser.add_argument("--trace", action="store_true", help="print all that happened in worlds that fail")
    parser.add_argument("--postgresql", action="store_true", help="keep the data in PostgreSQL, on a server of its own")
    return parser


if __name__ == "__main__":
    sys.exit(main())
