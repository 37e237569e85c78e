"""The result as a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Better, Figure

_NARROWEST = 100


def show(
    console: Console, figures: Sequence[Figure], machine: Mapping[str, object], left_out: Mapping[str, str]
) -> None:
    """One row per figure: what we reach, what the other side reaches, and the ratio against its target."""
    console.width = max(console.width, _NARROWEST)
    table = Table(title="Liên Thông: benchmarks")
    for heading in ("figure", "value", "other", "ratio", "by CPU", "target"):
        table.add_column(heading, justify="left" if heading == "figure" else "right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.value:,.0f}",
            f"{figure.other:,.0f}",
            f"{figure.ratio:.3f}",
            f"{figure.ratio_cpu:.3f}",
            _target(figure),
            "" if figure.target is None else "[green]met[/]" if figure.met else "[bold red]MISSED[/]",
        )
    console.print(table)
    for figure in figures:
        console.print(f"[bold]{figure.name}[/]: {figure.unit}; other: {figure.compared_to}", highlight=False)
    console.print(", ".join(f"{key} {value}" for key, value in machine.items()), style="dim", highlight=False)
    for name, reason in left_out.items():
        console.print(f"[bold yellow]LEFT OUT[/] {name}: {reason}", highlight=False)
    for figure in figures:
        if not figure.met:
            console.print(f"[bold red]MISSED[/] {figure.name}: ratio {figure.ratio:.3f}, target {_target(figure)}")


def _target(figure: Figure) -> str:
    if figure.target is None:
        return "–"
    return f"{'≥' if figure.better is Better.HIGHER else '≤'} {figure.target:g}"
