"""Read tables of a few columns field by field: the slow, exact way, with a line number for everything.

Movies, links and tags are read like this always; ratings only where the fast way meets something odd.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl

from matinee.data.recognise import Table, guarded
from matinee.data.report import FaultList, shorten

_WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0*)?")
_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE)
_SPECIAL = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def whole_number(text: str) -> int:
    """Return a whole number.

    Raises:
        ValueError: for anything else.
    """
    text = text.strip()
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text.partition(".")[0])


def real_number(text: str) -> float:
    """Return a number, NaN and infinity included.

    Raises:
        ValueError: for anything else.
    """
    text = text.strip()
    if not (_REAL.fullmatch(text) or _SPECIAL.fullmatch(text)):
        raise ValueError(text)
    return float(text)


def unix_seconds(text: str) -> int:
    """Return seconds since 1970, given as a whole number or as an ISO 8601 date and time (UTC unless it says otherwise).

    Raises:
        ValueError: for anything else.
    """
    text = text.strip()
    if text[4:5] != "-":
        return whole_number(text)
    when = datetime.fromisoformat(text)
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def split_line(line: str, table: Table) -> list[str] | None:
    """Split one line into its fields; None where a quotation mark is never closed."""
    if '"' not in line or len(table.separator) > 1 or table.separator in "\t|":
        return line.split(table.separator)
    try:
        return next(csv.reader([line], delimiter=table.separator, strict=True))
    except csv.Error:
        return None


def checked_fields(line: str, number: int, table: Table, faults: FaultList) -> list[str] | None:
    """Split one line; count it as a fault and return None where it has not the fields it should."""
    fields = split_line(line, table)
    if fields is None:
        faults.add(number, "quote", shorten(line), "a closing quotation mark")
    elif len(fields) < table.width:
        faults.add(number, "short", shorten(line), f"{table.width} fields, not {len(fields)}")
    elif len(fields) > table.width:
        faults.add(number, "long", shorten(line), f"{table.width} fields, not {len(fields)}")
    else:
        return fields
    return None


def records(table: Table, columns: tuple[str, ...], faults: FaultList) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the wanted columns of each good row, absent columns and nulls as "".

    Text that is not UTF-8 throughout is read as Latin-1, as the early releases are.
    """
    if table.parquet:
        yield from _parquet_records(table, columns)
        return
    places = [table.columns.get(name) for name in columns]
    text = decode(table.entry.read())
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip("\r")
        if number < table.first_line or not line.strip():
            continue
        fields = checked_fields(line, number, table, faults)
        if fields is not None:
            yield number, ["" if place is None else fields[place] for place in places]


def decode(content: bytes) -> str:
    """Decode UTF-8, or Latin-1 where it is not that."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _parquet_records(table: Table, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    present = [name for name in columns if name in table.names]
    with guarded(table.entry):
        frame = pl.read_parquet(io.BytesIO(table.entry.read()), columns=[table.names[name] for name in present])
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    text = frame.with_columns(pl.col(lists).list.join("|")).cast(pl.String).fill_null("")
    for number, row in enumerate(text.iter_rows(), start=1):
        values = dict(zip(present, row, strict=True))
        yield number, [values.get(name, "") for name in columns]
