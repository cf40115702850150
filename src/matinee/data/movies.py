"""Read movies, links and tags of any layout into a `Catalogue` and a frame of tags."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from matinee.data.cells import id_of
from matinee.data.dataset import MOVIE_SCHEMA, TAG_SCHEMA, Catalogue, IdMap
from matinee.data.fields import records, unix_seconds, whole_number
from matinee.data.recognise import FLAGS_100K, Table
from matinee.data.report import FaultList, FileReport, Ledger, shorten
from matinee.data.titles import parse_title, split_genres
from matinee.types import LongVector

_LIST_SEPARATOR = "\x1f"
"""Parts the items of a list while a column is still text; ASCII has it for this, and no title holds it."""


def read_movies(table: Table, ledger: Ledger) -> Catalogue:
    """Read a file of movies; a second row with the same id is a bad row.

    Raises:
        DataError: if the file is damaged, or at the first bad row where the ledger says so.
    """
    faults = FaultList(table.entry.shown)
    rows: dict[int, tuple[str, str, int | None, str, int | None, int | None]] = {}
    untitled = 0
    for line, (movie, raw_title, year, genres, imdb, tmdb) in _movie_records(table, faults):
        movie_id = _whole(movie, "movie", line, faults)
        if movie_id in rows:
            faults.add(line, "repeat", f"movie {movie_id}", "every movie once")
        elif movie_id is not None:
            title, others, titled_year = parse_title(raw_title)
            untitled += not title
            others_ = _LIST_SEPARATOR.join(others)
            rows[movie_id] = (title, others_, titled_year or year, genres, id_of(imdb), id_of(tmdb))
    n_bad = finish(faults, ledger)
    ledger.report.files.append(FileReport(table.entry.shown, "movies", len(rows) + n_bad, len(rows)))
    if untitled:
        ledger.note(f"{untitled:,} movies have no title and are called by their number.")
    return _catalogue(rows)


def _catalogue(rows: dict[int, tuple[str, str, int | None, str, int | None, int | None]]) -> Catalogue:
    """Build a catalogue from movie id → title, other titles and genres as text, year, and ids elsewhere."""
    titles, others, years, genres, imdb_ids, tmdb_ids = zip(*rows.values(), strict=True) if rows else [()] * 6
    lists = {raw: _LIST_SEPARATOR.join(split_genres(raw)) for raw in set(genres)}
    frame = pl.DataFrame(
        {
            "movie_id": list(rows),
            "title": titles,
            "alternative_titles": others,
            "year": years,
            "genres": [lists[raw] for raw in genres],
            "imdb_id": imdb_ids,
            "tmdb_id": tmdb_ids,
        },
        schema={
            name: pl.String() if isinstance(kind, pl.List) else kind
            for name, kind in MOVIE_SCHEMA.items()
            if name in ("movie_id", "title", "alternative_titles", "year", "genres", "imdb_id", "tmdb_id")
        },
    )
    listed = pl.col("alternative_titles", "genres").replace("", None).str.split(_LIST_SEPARATOR)
    named = pl.when(pl.col("title") == "").then(pl.format("Movie {}", "movie_id")).otherwise("title").alias("title")
    return Catalogue.of(frame.with_columns(listed, named))


def _movie_records(table: Table, faults: FaultList) -> Iterator[tuple[int, tuple[str, str, int | None, str, str, str]]]:
    """Yield line, and movie id, title, year of a release date, genres, IMDb id and TMDB id as text."""
    if not table.flagged:
        for line, (movie, title, genres, imdb, tmdb) in records(
            table, ("movie", "title", "genres", "imdb", "tmdb"), faults
        ):
            yield line, (movie, title, None, genres, imdb, tmdb)
        return
    for line, (movie, title, date, *marks) in records(table, ("movie", "title", "date", *FLAGS_100K), faults):
        genres = "|".join(name for name, mark in zip(FLAGS_100K, marks, strict=True) if mark.strip() == "1")
        year = int(date[-4:]) if date[-4:].isdigit() else None
        yield line, (movie, title, year, genres, "", "")


def unknown_movies(ids: LongVector) -> Catalogue:
    """Return a catalogue of movies of which nothing but the number is known."""
    return Catalogue.of(pl.DataFrame({"movie_id": ids, "title": [f"Movie {id_}" for id_ in ids]}))


def join_links(catalogue: Catalogue, table: Table, ledger: Ledger) -> Catalogue:
    """Add IMDb and TMDB ids from a file of links; ids the catalogue has already stay."""
    faults = FaultList(table.entry.shown)
    rows: dict[int, tuple[int, int | None, int | None]] = {}
    strangers = 0
    known = set(catalogue.ids.ids.tolist())
    for line, (movie, imdb, tmdb) in records(table, ("movie", "imdb", "tmdb"), faults):
        movie_id = _whole(movie, "movie", line, faults)
        if movie_id in rows:
            faults.add(line, "repeat", f"movie {movie_id}", "every movie once")
        elif movie_id is not None:
            strangers += movie_id not in known
            rows[movie_id] = (movie_id, id_of(imdb), id_of(tmdb))
    n_bad = finish(faults, ledger)
    kept = len(rows) - strangers
    ledger.report.files.append(FileReport(table.entry.shown, "links", len(rows) + n_bad, kept))
    if strangers:
        ledger.note(f"{strangers:,} links of {table.entry.shown} are of movies that the catalogue does not have.")
    schema = {name: MOVIE_SCHEMA[name] for name in ("movie_id", "imdb_id", "tmdb_id")}
    links = pl.DataFrame(list(rows.values()), schema=schema, orient="row")
    joined = catalogue.movies.join(links, on="movie_id", how="left", suffix="_link", maintain_order="left")
    return Catalogue.of(
        joined.with_columns(pl.coalesce(name, f"{name}_link").alias(name) for name in ("imdb_id", "tmdb_id"))
    )


def read_tags(table: Table, movies: IdMap, ledger: Ledger) -> pl.DataFrame:
    """Read a file of tags with the columns of `TAG_SCHEMA`; tags of unknown movies are bad rows."""
    faults = FaultList(table.entry.shown)
    known = set(movies.ids.tolist())
    rows: list[tuple[int, int, str, int | None]] = []
    for line, (user, movie, tag, time) in records(table, ("user", "movie", "tag", "time"), faults):
        user_id = _whole(user, "user", line, faults)
        movie_id = None if user_id is None else _whole(movie, "movie", line, faults)
        if user_id is None or movie_id is None:
            continue
        if movie_id in known:
            rows.append((user_id, movie_id, tag.strip(), _time_or_none(time)))
        else:
            faults.add(line, "movie", f"movie {movie_id}", "a movie of the catalogue")
    n_bad = finish(faults, ledger)
    ledger.report.files.append(FileReport(table.entry.shown, "tags", len(rows) + n_bad, len(rows)))
    return pl.DataFrame(rows, schema=TAG_SCHEMA, orient="row")


def finish(faults: FaultList, ledger: Ledger) -> int:
    """Hand the faults of a file to the ledger and return how many there are."""
    found = faults.faults()
    ledger.record(found)
    return sum(fault.count for fault in found)


def _whole(text: str, name: str, line: int, faults: FaultList) -> int | None:
    try:
        return whole_number(text)
    except ValueError:
        faults.add(line, "type", f"{name} {shorten(text)}", f"a whole number as {name} id")
        return None


def _time_or_none(text: str) -> int | None:
    try:
        return unix_seconds(text)
    except ValueError:
        return None
