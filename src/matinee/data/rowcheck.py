"""Drop rating rows whose numbers cannot be: unknown movies, stars off the scale, negative ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data.dataset import IdMap
from matinee.data.report import EXAMPLES_KEPT, FaultList
from matinee.types import UNKNOWN_TIME, BoolVector, IntVector

LOWEST, HIGHEST = 0.5, 5.0
"""Stars outside this range are bad rows."""

Numbers = NDArray[Any]

_LOOKUP_LIMIT = 1 << 24
"""Movie ids below this are found through a table, others by search."""


class RowCheck:
    """Turns frames of parsed rows into arrays of good rows.

    Args:
        known: ids of the catalogue's movies; None accepts any movie and leaves external ids.
        first_line: 1-based line of the first data row, for messages.
    """

    def __init__(self, known: IdMap | None, first_line: int) -> None:
        self.known = known
        self.first_line = first_line
        self._table: IntVector | None = None
        if known is not None and len(known) and known.ids.min() >= 0 and known.ids.max() < _LOOKUP_LIMIT:
            self._table = np.full(int(known.ids.max()) + 2, -1, np.int32)
            self._table[known.ids] = np.arange(len(known), dtype=np.int32)

    def clean(self, frame: pl.DataFrame, rows: IntVector, faults: FaultList) -> dict[str, Numbers]:
        """Return the good rows as arrays under the frame's names and "row"; movies as indices where `known`.

        Args:
            frame: parsed rows.
            rows: (n,) 0-based data row of each.
            faults: where each bad row is counted, once.
        """
        columns = {name: _array(frame[name], name) for name in frame.columns}
        columns["row"] = rows
        sieve = _Sieve(rows, self.first_line, faults)
        for name in ("user", "movie"):
            sieve.reject(columns[name] < 0, "type", columns[name], name, "a whole number from 0 up")
        if "rating" in columns:
            stars = columns["rating"]
            inside = (stars >= LOWEST) & (stars <= HIGHEST)
            if not inside.all():
                sieve.reject(np.isnan(stars), "nan", stars, "rating", "a number of stars")
                sieve.reject(~inside, "scale", stars, "rating", f"{LOWEST:g}–{HIGHEST:g} stars")
        if self.known is not None:
            given = columns["movie"]
            columns["movie"] = self._indices(given, self.known)
            sieve.reject(columns["movie"] < 0, "movie", given, "movie", "a movie of the catalogue")
        return columns if sieve.good is None else {name: column[sieve.good] for name, column in columns.items()}

    def _indices(self, ids: Numbers, known: IdMap) -> IntVector:
        if self._table is None:
            return known.find(ids)
        last = len(self._table) - 1
        # The last cell says "unknown" to every id beyond the table; negative ids go there too.
        indices: IntVector = self._table[np.where((ids < 0) | (ids > last), last, ids)]
        return indices


class _Sieve:
    """Keeps the mask of rows that passed every test so far; None while all did."""

    def __init__(self, rows: IntVector, first_line: int, faults: FaultList) -> None:
        self.rows = rows
        self.first_line = first_line
        self.faults = faults
        self.good: BoolVector | None = None

    def reject(self, bad: BoolVector, kind: str, values: Numbers, name: str, expected: str) -> None:
        """Drop the rows where `bad`; rows dropped before are not counted again."""
        if not bad.any():
            return
        if self.good is None:
            self.good = np.ones(len(self.rows), np.bool_)
        fresh = np.flatnonzero(bad & self.good)
        self.good[fresh] = False
        first = [
            (int(self.rows[place]) + self.first_line, f"{name} {_shown(values[place])}")
            for place in fresh[:EXAMPLES_KEPT]
        ]
        self.faults.add_many(kind, len(fresh), first, expected)


def _shown(value: Any) -> str:
    return str(int(value)) if isinstance(value, np.integer) else f"{value:g}"


def _array(column: pl.Series, name: str) -> Numbers:
    """Return a column as the array it becomes in the end; what may be empty gets its mark for unknown."""
    if name == "time":
        return column.fill_null(UNKNOWN_TIME).to_numpy()
    if name == "order":
        return column.fill_null(np.nan).to_numpy()
    if name == "fold":
        return column.clip(0, 127).fill_null(0).cast(pl.Int8).to_numpy()
    return column.to_numpy()
