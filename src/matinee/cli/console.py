"""What every command shares: its options, its progress bars, and how it speaks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from matinee.types import Progress as Report

Home = Annotated[
    Path,
    typer.Option(
        "--home", envvar="MATINEE_HOME", help="The one folder everything is kept in.", show_default="~/.matinee"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys instead of text.")]

DEFAULT_HOME = Path("~/.matinee")

out = Console(soft_wrap=False, highlight=False)
"""Results go here: standard output."""
err = Console(stderr=True, highlight=False)
"""Progress, notes and errors go here, so that results can be piped."""


def print_json(value: Any) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def note(text: str) -> None:
    """Tell the reader something beside the result."""
    err.print(text, style="dim")


def home_folder(home: Path) -> Path:
    """Return the home folder with `~` resolved."""
    return home.expanduser().absolute()


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Yield a progress callback that draws one bar a stage; silent when standard error is not a terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bars = Progress(*columns, console=err, transient=False, disable=not err.is_terminal)
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done, total=total)

    with bars:
        yield report
