"""Read a file of ratings into columns, each row checked; bad rows are counted with file and line.

Text comes in stretches of some megabytes, so that memory holds the columns and little else.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data.dataset import IdMap
from matinee.data.delimited import COLUMNS, DelimitedParser
from matinee.data.recognise import Table, guarded
from matinee.data.report import EXAMPLES_KEPT, FaultList, Ledger, shorten
from matinee.data.rowcheck import Numbers, RowCheck
from matinee.types import FloatVector, IntVector, LongVector, Progress, silent

_TYPES: dict[str, Any] = {
    "user": np.int32,
    "movie": np.int32,
    "rating": np.float32,
    "time": np.int64,
    "row": np.int32,
    "order": np.float64,
    "fold": np.int8,
}


@dataclass(frozen=True)
class RatingColumns:
    """Ratings in file order, checked row by row.

    Attributes:
        users: (n,) external user ids, int32 or int64.
        movies: (n,) int32 movie indices, or external ids where no catalogue was given.
        values: (n,) float32 stars; 1.0 throughout where the file has no ratings column.
        times: (n,) int64 Unix seconds or `UNKNOWN_TIME`; None where the file has no times.
        rows: (n,) int32 0-based data row in the file, bad rows counted.
        order: (n,) float64 place within the user given by the file, NaN where none; None without such a column.
        folds: (n,) int8, 0 where none; None without such a column.
        n_read: data rows in the file, bad ones counted.
    """

    users: Numbers
    movies: Numbers
    values: FloatVector
    times: LongVector | None
    rows: IntVector
    order: NDArray[np.float64] | None
    folds: NDArray[np.int8] | None
    n_read: int


def read_ratings(table: Table, known: IdMap | None, ledger: Ledger, progress: Progress = silent) -> RatingColumns:
    """Read a file of ratings.

    Args:
        table: the recognised file.
        known: ids of the catalogue's movies; None accepts any movie and leaves external ids.
        ledger: where bad rows are counted.
        progress: told the bytes read.

    Raises:
        DataError: if the file is damaged, or at the first bad row where the ledger says so.
    """
    check = RowCheck(known, table.first_line)
    parser = DelimitedParser(table)
    pieces: dict[str, list[Numbers]] = {name: [] for name in _TYPES}
    n_bad = 0
    for stretch, faults in _stretches(table, parser, progress):
        for frame, rows in stretch:
            for name, column in check.clean(frame, rows, faults).items():
                pieces[name].append(column)
        n_bad += sum(fault.count for fault in faults.faults())
        ledger.record(faults.faults())
    columns = {name: _joined(pieces, name) for name in list(pieces)}
    n = len(columns["user"])
    return RatingColumns(
        users=columns["user"],
        movies=columns["movie"],
        values=columns["rating"] if "rating" in table.columns else np.ones(n, np.float32),
        times=columns["time"] if "time" in table.columns else None,
        rows=columns["row"],
        order=columns["order"] if "order" in table.columns else None,
        folds=columns["fold"] if "fold" in table.columns else None,
        n_read=n + n_bad,
    )


def _joined(pieces: dict[str, list[Numbers]], name: str) -> Numbers:
    """Join the pieces of one column and let them go, so that no column is in memory twice for long."""
    parts = pieces.pop(name)
    return np.concatenate(parts) if parts else np.empty(0, _TYPES[name])


def _stretches(
    table: Table, parser: DelimitedParser, progress: Progress
) -> Iterator[tuple[Iterator[tuple[pl.DataFrame, IntVector]], FaultList]]:
    """Yield the frames of each stretch with the list that gathers its bad rows."""
    name, total = table.entry.shown, max(table.entry.size, 1)
    if table.parquet:
        faults = FaultList(name)
        yield iter([_parquet(table, faults)]), faults
    else:
        done = 0
        for block in table.entry.blocks():
            faults = FaultList(name)
            yield parser.parse(block, faults), faults
            done += len(block)
            progress("reading ratings", min(done, total - 1), total)
    progress("reading ratings", total, total)


def _parquet(table: Table, faults: FaultList) -> tuple[pl.DataFrame, IntVector]:
    """Read a Parquet file as one frame; rows with a null or another type where a number belongs are faults."""
    present = [name for name in COLUMNS if name in table.names]
    with guarded(table.entry):
        raw = pl.read_parquet(io.BytesIO(table.entry.read()), columns=[table.names[name] for name in present])
    raw = raw.rename({table.names[name]: name for name in present}).select(present)
    kinds = {"rating": pl.Float32, "order": pl.Float64}
    dates = [name for name, kind in raw.schema.items() if kind.is_temporal()]
    frame = raw.with_columns(pl.col(dates).dt.epoch("s")).cast(
        {name: kinds.get(name, pl.Int64) for name in present}, strict=False
    )
    required = [name for name in ("user", "movie", "rating") if name in present]
    rows = np.arange(frame.height, dtype=np.int32)
    good = np.ones(frame.height, np.bool_)
    for name in required:
        bad = frame[name].is_null().to_numpy() & good
        good &= ~bad
        lines = np.flatnonzero(bad)
        shown = [(int(line) + 1, f"{name} {shorten(str(raw[name][int(line)]))}") for line in lines[:EXAMPLES_KEPT]]
        faults.add_many("type", len(lines), shown, "a number")
    return (frame, rows) if good.all() else (frame.filter(pl.Series(good)), rows[good])
