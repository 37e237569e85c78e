"""
``python -m benchmarks``: measure, write ``build/bench.json``, print a table.

A missed target is printed and does no more; with ``--strict`` it ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import orjson
from rich.console import Console

from benchmarks import (
    accepting,
    calling,
    claiming,
    delivering,
    importing,
    machine,
    producing,
    queueing,
    recovering,
    scaling,
    serving,
    sharing,
    soaking,
    table,
    working,
)
from benchmarks.measure import Figure, Setting
from benchmarks.peers import comparing

BENCHMARKS: Mapping[str, Callable[[Setting], Iterator[Figure]]] = {
    "accept": accepting.run,
    "produce": producing.run,
    "http": calling.run,
    "deliver": delivering.run,
    "fast": calling.whole,
    "share": sharing.run,
    "queue": queueing.run,
    "work": working.run,
    "recover": recovering.run,
    "serve": serving.run,
    "import": importing.run,
    "claim": claiming.run,
    "scale": scaling.run,
    "soak": soaking.run,
    "peers": comparing.run,
}
LONG = {"scale", "soak"}
"""Those that need 20 GB on the disk, or a quarter of an hour: only when asked for, or quick."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what *arguments* ask for; the exit code."""
    options = _parser().parse_args(arguments)
    err = Console(stderr=True)
    began = time.perf_counter()

    def say(text: str) -> None:
        err.print(f"[dim]{time.perf_counter() - began:6.1f} s[/]  {text}", highlight=False)

    setting = Setting(options.quick, options.seed, options.folder, say, options.peers)
    facts = machine.facts()
    figures = [figure for name in _chosen(options) for figure in BENCHMARKS[name](setting)]
    document = {
        "quick": options.quick,
        "seed": options.seed,
        "seconds": round(time.perf_counter() - began, 1),
        "machine": facts,
        "figures": [figure.as_dict() for figure in figures],
        "left_out": setting.left_out,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    if options.json:
        print(orjson.dumps(document).decode())
    else:
        table.show(Console(), figures, facts, setting.left_out)
    return 1 if options.strict and not all(figure.met for figure in figures) else 0


def _chosen(options: argparse.Namespace) -> Sequence[str]:
    if options.only:
        return list(options.only)
    return [name for name in BENCHMARKS if options.all or options.quick or name not in LONG]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the gateway on this machine.")
    parser.add_argument(
        "--only", action="append", choices=sorted(BENCHMARKS), metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}"
    )
    parser.add_argument("--all", action="store_true", help=f"also {' and '.join(sorted(LONG))}, which take long")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that every benchmark runs")
    parser.add_argument("--seed", type=int, default=1, help="of the invented dossiers")
    parser.add_argument("--json", action="store_true", help="print the document instead of the table")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a target is missed")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"), help="where the document goes")
    parser.add_argument(
        "--folder", type=Path, default=Path("build"), help="databases are written here: choose the disk to measure"
    )
    parser.add_argument(
        "--peers", type=Path, default=Path(".venv-bench"), help="virtual environment with the other engines"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
