"""Read a data set of any known layout: `read_dataset` for everything, `read_catalogue` for movies alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from matinee.data.assemble import SortedRatings, assemble, index_ids
from matinee.data.dataset import Catalogue, Dataset, IdMap
from matinee.data.folds import read_folds
from matinee.data.layout import Layout, find_layout
from matinee.data.metadata import join_metadata
from matinee.data.movies import join_links, read_movies, read_tags, unknown_movies
from matinee.data.ratings import RatingColumns, read_ratings
from matinee.data.recognise import Table
from matinee.data.report import FileReport, Ledger, OnBadRow, ReadReport
from matinee.data.rowcheck import HIGHEST, LOWEST
from matinee.data.sources import Source, open_file, open_source
from matinee.errors import DataError
from matinee.types import UNKNOWN_TIME, FloatVector, Progress, silent

_LATEST_SECONDS = 10**11
"""Times beyond this (the year 5138) are taken for milliseconds."""


@dataclass(frozen=True)
class Reading:
    """What was read and what there is to say about it."""

    dataset: Dataset
    report: ReadReport


def read_dataset(
    path: Path,
    *,
    on_bad_row: OnBadRow = "skip",
    metadata: Path | None = None,
    progress: Progress = silent,
) -> Reading:
    """Read ratings, movies, links and tags from a zip, a folder or a single file, recognised by their content.

    Args:
        path: a MovieLens release (zip or folder), or a CSV or Parquet file of ratings; its neighbours are used too.
        on_bad_row: "skip" counts bad rows and goes on; "stop" raises at the first.
        metadata: a CSV or Parquet file with more about the movies; default: metadata.parquet or metadata.csv beside
            the ratings, if there is one.
        progress: told how many bytes of the ratings have been read.

    Raises:
        DataError: if there is nothing that can be read as ratings, or at the first bad row with `on_bad_row="stop"`.
    """
    with open_source(Path(path)) as source:
        ledger = Ledger(str(path), on_bad_row)
        layout = find_layout(source, ledger)
        dataset = _read(source, layout, ledger, metadata, progress)
        ledger.report.layout = layout.name
        ledger.report.unused = layout.unused
    return Reading(dataset, ledger.report)


def read_catalogue(path: Path, *, on_bad_row: OnBadRow = "skip", metadata: Path | None = None) -> Catalogue:
    """Read the movies of a zip, a folder or a single file; ratings need not be there.

    Raises:
        DataError: if there are no movies, or at the first bad row with `on_bad_row="stop"`.
    """
    with open_source(Path(path)) as source:
        ledger = Ledger(str(path), on_bad_row)
        layout = find_layout(source, ledger, need_ratings=False)
        catalogue = _catalogue(layout.leader, layout, ledger)
        return _with_metadata(catalogue, layout, ledger, metadata)


def _read(source: Source, layout: Layout, ledger: Ledger, metadata: Path | None, progress: Progress) -> Dataset:
    table = layout.leader
    catalogue = None if layout.movies is None else _catalogue(layout.movies, layout, ledger)
    columns = read_ratings(table, None if catalogue is None else catalogue.ids, ledger, progress)
    name, n_read = table.entry.shown, columns.n_read
    if not len(columns.users):
        first = f" The first: {ledger.report.examples[0]}." if ledger.report.examples else ""
        raise DataError(f"{name} holds no rating that can be used; {n_read:,} rows were read.{first}")
    if catalogue is None:
        ids, movies = index_ids(columns.movies)
        catalogue = unknown_movies(ids)
        columns = replace(columns, movies=movies)
        ledger.note("There is no file of movies: titles are unknown, and movies are called by their number.")
    catalogue = _with_metadata(catalogue, layout, ledger, metadata)
    _note_gaps(columns, table, ledger)
    ratings = assemble(_in_seconds(columns, ledger), len(catalogue))
    ledger.report.files.insert(0, FileReport(name, "ratings", n_read, len(ratings.users)))
    ledger.report.duplicates = len(ratings.dropped)
    dataset = _dataset(source.name, catalogue, ratings, explicit="rating" in table.columns)
    if layout.folds and dataset.folds is None:
        dataset = replace(dataset, folds=read_folds(layout.folds, dataset, ledger))
    if layout.tags is not None:
        dataset = replace(dataset, tags=read_tags(layout.tags, catalogue.ids, ledger))
    return replace(dataset, simulated=True) if layout.simulated else dataset


def _catalogue(movies: Table, layout: Layout, ledger: Ledger) -> Catalogue:
    catalogue = read_movies(movies, ledger)
    return catalogue if layout.links is None else join_links(catalogue, layout.links, ledger)


def _with_metadata(catalogue: Catalogue, layout: Layout, ledger: Ledger, given: Path | None) -> Catalogue:
    entry = layout.metadata if given is None else open_file(given)
    used_as_movies = layout.movies is not None and layout.movies.entry is entry
    return catalogue if entry is None else join_metadata(catalogue, entry, ledger, listed=not used_as_movies)


def _dataset(name: str, catalogue: Catalogue, ratings: SortedRatings, *, explicit: bool) -> Dataset:
    return Dataset(
        name=name,
        catalogue=catalogue,
        user_ids=IdMap(ratings.user_ids, "user"),
        users=ratings.users,
        movies=ratings.movies,
        values=ratings.values,
        times=ratings.times,
        rows=ratings.rows,
        # Releases before 2003 knew whole stars only.
        scale=(LOWEST, HIGHEST) if explicit and _has_halves(ratings.values) else (1.0, HIGHEST),
        explicit=explicit,
        ordered=ratings.ordered,
        folds=ratings.folds,
    )


def _has_halves(values: FloatVector, stretch: int = 1 << 16) -> bool:
    stretches = (values[start : start + stretch] for start in range(0, len(values), stretch))
    return any(bool((part != np.rint(part)).any()) for part in stretches)


def _note_gaps(columns: RatingColumns, table: Table, ledger: Ledger) -> None:
    """Say which ratings lack a time or a place in the order column."""
    n = len(columns.users)
    if columns.times is None:
        ledger.note("The ratings have no times.")
    elif untimed := int((columns.times == UNKNOWN_TIME).sum()):
        ledger.note(f"{untimed:,} of {n:,} ratings have no time.")
    if columns.order is not None:
        column = table.names["order"]
        placeless = int(np.isnan(columns.order).sum())
        ledger.note(
            f"Where not all times of a user are known, column {column} orders the ratings; "
            f"{placeless:,} ratings without a place in it come first."
        )
    if "rating" not in table.columns:
        ledger.note("There are no stars: the file only says who watched what.")


def _in_seconds(columns: RatingColumns, ledger: Ledger) -> RatingColumns:
    """Return the columns with times in seconds, should the file count milliseconds."""
    if columns.times is None or not len(columns.times) or columns.times.max() <= _LATEST_SECONDS:
        return columns
    known = columns.times != UNKNOWN_TIME
    if np.median(columns.times[known]) <= _LATEST_SECONDS:
        return columns
    ledger.note("Times are milliseconds in the file and were divided by 1,000.")
    return replace(columns, times=np.where(known, columns.times // 1000, UNKNOWN_TIME))
