"""Read a file of ratings into columns, each row checked; bad rows are counted with file and line.

Text comes in stretches of some megabytes, so that memory holds the columns and little else.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data.columns import ColumnStore
from matinee.data.dataset import IdMap
from matinee.data.delimited import COLUMNS, DelimitedParser
from matinee.data.recognise import Table, guarded
from matinee.data.report import EXAMPLES_KEPT, FaultList, Ledger, shorten
from matinee.data.rowcheck import Numbers, RowCheck
from matinee.types import FloatVector, IntVector, LongVector, Progress, silent


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
    store = ColumnStore()
    n_bad = done = 0
    for stretch, faults, n_bytes in _stretches(table, parser):
        for frame, rows in stretch:
            store.append(check.clean(frame, rows, faults), expected=table.entry.size / max(done + n_bytes, 1))
        n_bad += sum(fault.count for fault in faults.faults())
        ledger.record(faults.faults())
        done += n_bytes
        progress("reading ratings", min(done, table.entry.size), max(table.entry.size, 1))
    columns = store.columns()
    users = columns.get("user", np.empty(0, np.int32))
    return RatingColumns(
        users=users,
        movies=columns.get("movie", np.empty(0, np.int32)),
        values=columns.get("rating", np.ones(len(users), np.float32)),
        times=columns.get("time"),
        rows=columns.get("row", np.empty(0, np.int32)),
        order=columns.get("order"),
        folds=columns.get("fold"),
        n_read=len(users) + n_bad,
    )


def _stretches(
    table: Table, parser: DelimitedParser
) -> Iterator[tuple[Iterator[tuple[pl.DataFrame, IntVector]], FaultList, int]]:
    """Yield the frames of each stretch, the list that gathers its bad rows, and its bytes."""
    if table.parquet:
        faults = FaultList(table.entry.shown)
        yield iter([_parquet(table, faults)]), faults, table.entry.size
        return
    for block in table.entry.blocks():
        faults = FaultList(table.entry.shown)
        yield parser.parse(block, faults), faults, len(block)


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
