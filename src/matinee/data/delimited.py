"""Parse stretches of a delimited text of ratings: strictly where it can be, line by line where it cannot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from matinee.data.fields import checked_fields, real_number, unix_seconds, whole_number
from matinee.data.recognise import Table
from matinee.data.report import FaultList, shorten
from matinee.types import IntVector

COLUMNS = ("user", "movie", "rating", "time", "order", "fold")
"""Columns a file of ratings may have; only the first three must not be empty."""

_TYPES: dict[str, pl.DataType] = {
    "user": pl.Int32(),
    "movie": pl.Int32(),
    "rating": pl.Float32(),
    "time": pl.Int64(),
    "order": pl.Float64(),
    "fold": pl.Int64(),
}
_REQUIRED = ("user", "movie", "rating")
_EXPECTED = {
    "user": "a whole number as user id",
    "movie": "a whole number as movie id",
    "rating": "a number of stars",
    "time": "whole seconds since 1970, or nothing",
    "order": "a number, or nothing",
    "fold": "a whole number, or nothing",
}
_SMALL_BYTES = 1 << 16
"""Stretches below this size are read line by line where the strict parse fails."""


class DelimitedParser:
    """Turns stretches of whole lines into frames, keeping count of the lines.

    Args:
        table: the recognised file.

    Attributes:
        columns: the columns of `COLUMNS` that the file has, in the order of the frames.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = [name for name in COLUMNS if name in table.columns]
        self._line = 1
        self._blank: list[int] = []
        self._id_type: pl.DataType = pl.Int32()
        self._dated = False

    @property
    def n_rows(self) -> int:
        """Data rows so far, good and bad; blank lines that only another line could prove to be gaps are left out."""
        return self._line - self.table.first_line - len(self._blank)

    def parse(self, stretch: bytes, faults: FaultList) -> Iterator[tuple[pl.DataFrame, IntVector]]:
        """Yield frames of `columns` and the 0-based data row of each of their rows.

        Nulls remain only in columns that may be empty. Blank lines that end the file are no faults.
        """
        if self._line == 1:
            while self._line < self.table.first_line:
                _, _, stretch = stretch.partition(b"\n")
                self._line += 1
            self._dated = self._has_dates(stretch[: 1 << 16])
        if stretch:
            yield from self._parse(stretch, faults)

    def _parse(self, stretch: bytes, faults: FaultList) -> Iterator[tuple[pl.DataFrame, IntVector]]:
        n_lines = count_lines(stretch)
        frame = self._strict(stretch, n_lines)
        if frame is not None:
            self._report_blanks(faults)
            rows = np.arange(n_lines, dtype=np.int32) + np.int32(self._line - self.table.first_line)
            self._line += n_lines
            yield frame, rows
            return
        cut = stretch.find(b"\n", len(stretch) // 2) + 1
        if len(stretch) > _SMALL_BYTES and 0 < cut < len(stretch):
            yield from self._parse(stretch[:cut], faults)
            yield from self._parse(stretch[cut:], faults)
        else:
            yield self._careful(stretch, faults)

    def _strict(self, stretch: bytes, n_lines: int) -> pl.DataFrame | None:
        """Return every line as a row of exact types, with nulls only for fields that may be empty and are; or None."""
        separator = self.table.separator.encode()
        n_separators = n_lines * (self.table.width - 1)
        if separator == b"::":
            stretch, separator = stretch.replace(b"::", b"\t"), b"\t"
        frame = self._typed(stretch, self._id_type)
        if frame is None and self._id_type == pl.Int32():
            frame = self._typed(stretch, pl.Int64())
            if frame is not None:
                self._id_type = pl.Int64()
        if frame is None or frame.height != n_lines:
            return None
        gaps = [name for name in self.columns if frame[name].null_count()]
        # A short line looks like one with empty fields, but has fewer separators. Long ones polars has refused.
        if gaps and (set(gaps) & set(_REQUIRED) or b'"' in stretch or stretch.count(separator) != n_separators):
            return None
        return frame

    def _typed(self, stretch: bytes, id_type: pl.DataType) -> pl.DataFrame | None:
        types = {**_TYPES, "user": id_type, "movie": id_type}
        if self._dated:
            types["time"] = pl.String()
        names = {place: name for name, place in self.table.columns.items() if name in self.columns}
        schema = {
            names.get(place, f"unused {place}"): types[names[place]] if place in names else pl.String()
            for place in range(self.table.width)
        }
        separator = "\t" if self.table.separator == "::" else self.table.separator
        try:
            frame = pl.read_csv(stretch, has_header=False, separator=separator, schema=schema, columns=sorted(names))
        except pl.exceptions.PolarsError:
            return None
        if self._dated:
            when = frame["time"].str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).dt.epoch("s")
            if when.null_count() != frame["time"].null_count():
                return None  # dates written otherwise
            frame = frame.with_columns(when)
        return frame.select(self.columns)

    def _careful(self, stretch: bytes, faults: FaultList) -> tuple[pl.DataFrame, IntVector]:
        """Read line by line; every line becomes a row or a fault."""
        rows: list[int] = []
        values: list[list[float | None]] = []
        for raw in stretch.removesuffix(b"\n").split(b"\n"):
            fields = self._fields(raw, faults)
            if fields is not None:
                rows.append(self._line - self.table.first_line)
                values.append(fields)
            self._line += 1
        schema = {**_TYPES, "user": pl.Int64(), "movie": pl.Int64()}
        frame = pl.DataFrame(values, schema={name: schema[name] for name in self.columns}, orient="row")
        return _narrowed(frame), np.array(rows, np.int32)

    def _fields(self, raw: bytes, faults: FaultList) -> list[float | None] | None:
        """Return the wanted columns of one line as numbers; None after counting it as a fault."""
        try:
            line = raw.decode("utf-8").rstrip("\r")
        except UnicodeDecodeError:
            faults.add(self._line, "encoding", shorten(raw.decode("latin-1")), "UTF-8 text")
            return None
        if not line.strip():
            self._blank.append(self._line)
            return None
        self._report_blanks(faults)
        fields = checked_fields(line, self._line, self.table, faults)
        if fields is None:
            return None
        numbers: list[float | None] = []
        for name in self.columns:
            text = fields[self.table.columns[name]]
            try:
                numbers.append(_number(name, text))
            except ValueError:
                faults.add(self._line, "type", f"{name} {shorten(text)}", _EXPECTED[name])
                return None
        return numbers

    def _report_blanks(self, faults: FaultList) -> None:
        for line in self._blank:
            faults.add(line, "empty", "nothing", "a rating")
        self._blank.clear()

    def _has_dates(self, start: bytes) -> bool:
        """Say whether the first line writes its time as a date."""
        if "time" not in self.columns:
            return False
        fields = start.partition(b"\n")[0].decode("utf-8", "replace").split(self.table.separator)
        place = self.table.columns["time"]
        return place < len(fields) and fields[place].strip().strip('"')[4:5] == "-"


def _narrowed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with ids in 32 bits, if they fit, so that one odd line does not widen the whole column."""
    try:
        return frame.cast({"user": pl.Int32(), "movie": pl.Int32()})
    except pl.exceptions.PolarsError:
        return frame


def _number(name: str, text: str) -> float | None:
    """Return what a column holds; None where it may be empty and is.

    Raises:
        ValueError: if it holds something else.
    """
    if name not in _REQUIRED and not text.strip():
        return None
    if name in ("rating", "order"):
        return real_number(text)
    return unix_seconds(text) if name == "time" else whole_number(text)


def count_lines(stretch: bytes) -> int:
    """Count the lines of a stretch, the last of which may lack its end."""
    ends = int(np.count_nonzero(np.frombuffer(stretch, np.uint8) == ord("\n")))
    return ends + (not stretch.endswith(b"\n"))
