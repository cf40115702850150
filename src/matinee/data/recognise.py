"""Recognise files by their first lines: which hold ratings, movies, links, tags, and how they are laid out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from matinee.data.sources import Entry
from matinee.errors import DataError

Role = Literal["ratings", "movies", "links", "tags", "users", "other"]

SEPARATORS = ("::", "\t", "|", ",", ";")

COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "user": ("userid", "user", "uid"),
    "movie": ("movieid", "movie", "itemid", "item"),
    "rating": ("rating", "stars"),
    "time": ("timestamp", "time", "unixtimestamp"),
    "order": ("order", "position"),
    "fold": ("fold",),
    "title": ("title", "movietitle", "name"),
    "genres": ("genres", "genre"),
    "imdb": ("imdbid",),
    "tmdb": ("tmdbid",),
    "tag": ("tag",),
}
"""Column names that are understood, in lower case and without anything but letters and digits.

Of ratings, a column whose name ends in `_pos` or `_order` is an order column too, one in `_fold` a fold column."""

FLAGS_100K = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
"""The 19 genre flags that end a line of `u.item`."""

_NUMBER = re.compile(r'\s*"?[+-]?\d+(?:\.\d*)?"?\s*')
_WIDTH_100K = 5 + len(FLAGS_100K)


@dataclass(frozen=True)
class Table:
    """One recognised file.

    Attributes:
        entry: the file.
        role: what it holds.
        separator: what stands between fields; "" in a Parquet file.
        columns: canonical column name (a key of `COLUMN_NAMES`) → position of the field.
        names: canonical column name → name in the file, where it has a header.
        width: number of fields in a line.
        first_line: 1-based line of the first data row.
    """

    entry: Entry
    role: Role
    separator: str
    columns: dict[str, int]
    names: dict[str, str]
    width: int
    first_line: int = 1

    @property
    def parquet(self) -> bool:
        """Whether the file is Parquet."""
        return not self.separator

    @property
    def flagged(self) -> bool:
        """Whether genres are written as flags, as in `u.item`."""
        return FLAGS_100K[0] in self.columns


def recognise(entry: Entry) -> Table | None:
    """Look at the first lines of a file; None where it is no table we know.

    Raises:
        DataError: if the file cannot be read at all, such as half a Parquet file.
    """
    head = entry.head()
    if head.startswith(b"PAR1"):
        return _with_names(entry, "", parquet_columns(entry))
    if b"\0" in head:
        return None
    lines = _first_lines(head)
    if not lines:
        return None
    return _with_header(entry, lines[0]) or _without_header(entry, lines)


def parquet_columns(entry: Entry) -> list[str]:
    """Return the column names of a Parquet file."""
    with guarded(entry):
        return list(pl.read_parquet_schema(io.BytesIO(entry.read())))


class guarded:  # noqa: N801 - reads as a verb in `with guarded(entry):`
    """Turn what polars raises on a damaged file into a `DataError` that names it."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)):
            raise DataError(
                f"{self.entry.shown} is a damaged or cut-off Parquet file.",
                hint="Fetch or copy the file again, then retry.",
            ) from error


def _first_lines(head: bytes, n: int = 20) -> list[str]:
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    lines = [line.rstrip("\r") for line in text.split("\n")[: n + 1]]
    # The last line may be cut off by the length of the head.
    whole = lines if len(lines) <= n and text.endswith("\n") else lines[:-1] or lines
    return [line for line in whole if line.strip()]


def _with_header(entry: Entry, line: str) -> Table | None:
    for separator in SEPARATORS:
        names = [name.strip().strip('"') for name in line.split(separator)]
        table = _with_names(entry, separator, names)
        if table is not None:
            return table
    return None


def _with_names(entry: Entry, separator: str, names: list[str]) -> Table | None:
    columns = canonical_columns(names)
    role = _role_of(columns)
    if role is None:
        return None
    return Table(
        entry=entry,
        role=role,
        separator=separator,
        columns=columns,
        names={canonical: names[place] for canonical, place in columns.items()},
        width=len(names),
        first_line=2 if separator else 1,
    )


def canonical_columns(names: Iterable[str]) -> dict[str, int]:
    """Map understood column names to their positions; the first of several wins."""
    found: dict[str, int] = {}
    for place, name in enumerate(names):
        plain = plain_name(name)
        for canonical, accepted in COLUMN_NAMES.items():
            if plain in accepted:
                found.setdefault(canonical, place)
        lower = name.lower()
        if lower.endswith(("_pos", "_order")):
            found.setdefault("order", place)
        if lower.endswith("_fold"):
            found.setdefault("fold", place)
    return found


def plain_name(name: str) -> str:
    """Return a column name in lower case with letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _role_of(columns: dict[str, int]) -> Role | None:
    has = columns.keys()
    if {"user", "movie"} <= has:
        return "tags" if "tag" in has and "rating" not in has else "ratings"
    if {"movie", "title"} <= has:
        return "movies"
    return "links" if "movie" in has and has & {"imdb", "tmdb"} else None


def _without_header(entry: Entry, lines: list[str]) -> Table | None:
    for separator in SEPARATORS:
        rows = [line.split(separator) for line in lines]
        width = max({len(row) for row in rows}, key=[len(row) for row in rows].count)
        if width < 3:
            continue
        numeric = _numeric_columns([row for row in rows if len(row) == width], width)
        found = _headless_columns(separator, numeric, width)
        if found is not None:
            role, columns = found
            return Table(entry, role, separator, columns, {}, width)
    return None


def _numeric_columns(rows: list[list[str]], width: int) -> list[bool]:
    """Say which columns are numbers in most of the rows; a bad row or two may be among them."""
    half = len(rows) / 2
    return [sum(_NUMBER.fullmatch(row[place]) is not None for row in rows) > half for place in range(width)]


def _headless_columns(separator: str, numeric: list[bool], width: int) -> tuple[Role, dict[str, int]] | None:
    if separator == "|" and width == _WIDTH_100K and numeric[0] and all(numeric[5:]):
        return "movies", {"movie": 0, "title": 1, "date": 2, **{flag: 5 + n for n, flag in enumerate(FLAGS_100K)}}
    if separator in ("|", "::") and width == 5 and numeric[0] and not all(numeric[:4]):
        return "users", {"user": 0}
    if width in (3, 4) and all(numeric) and separator != "|":
        return "ratings", dict(zip(("user", "movie", "rating", "time"), range(width), strict=False))
    if separator == "::" and width == 3 and numeric[0] and not numeric[1]:
        return "movies", {"movie": 0, "title": 1, "genres": 2}
    if separator == "::" and width == 4 and numeric[0] and numeric[1] and numeric[3]:
        return "tags", {"user": 0, "movie": 1, "tag": 2, "time": 3}
    return None
