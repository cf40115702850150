"""Where a command's data come from: a file, the sample, or what the home holds."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from matinee.cli.console import note
from matinee.data import Dataset
from matinee.data.read import read_dataset
from matinee.data.sample import load_sample
from matinee.types import Progress


class OnBadRow(StrEnum):
    """What to do with rows that cannot be used."""

    skip = "skip"
    stop = "stop"


DataPath = Annotated[
    Path | None,
    typer.Option(
        "--data", help="A MovieLens zip or folder, or CSV/Parquet files with the same columns.", show_default=False
    ),
]
MetadataPath = Annotated[
    Path | None,
    typer.Option(
        "--metadata",
        help="A CSV or Parquet file with overviews, people, languages, joined by movie id.",
        show_default=False,
    ),
]
BadRows = Annotated[
    OnBadRow, typer.Option("--bad-rows", help="Skip and report rows that cannot be used, or stop at the first.")
]


def read(path: Path, metadata: Path | None, bad_rows: OnBadRow, progress: Progress) -> Dataset:
    """Read a data set and tell every line of the reader's report."""
    mode: Literal["skip", "stop"] = "stop" if bad_rows is OnBadRow.stop else "skip"
    reading = read_dataset(path, on_bad_row=mode, metadata=metadata, progress=progress)
    for line in reading.report.lines():
        note(line)
    return reading.dataset


def read_or_sample(path: Path | None, metadata: Path | None, bad_rows: OnBadRow, progress: Progress) -> Dataset:
    """Read the data set at a path, or the embedded sample where none is given."""
    if path is not None:
        return read(path, metadata, bad_rows, progress)
    note("Using the embedded sample: real films, simulated viewers.")
    return load_sample(progress)
