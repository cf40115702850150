"""The films of the sample: facts and one-line descriptions, read from the CSV files beside this module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from matinee.data.dataset import Catalogue
from matinee.errors import DataError

FOLDER = Path(__file__).parent
"""Where the film files lie."""

COLUMNS: dict[str, pl.DataType] = {
    "id": pl.Int64(),
    "title": pl.String(),
    "original_title": pl.String(),
    "year": pl.Int32(),
    "genres": pl.String(),
    "director": pl.String(),
    "cast": pl.String(),
    "runtime": pl.Int32(),
    "language": pl.String(),
    "country": pl.String(),
    "overview": pl.String(),
    "fame": pl.Int32(),
}
"""Columns of a film file, in order. Lists are separated by "|"; `original_title` is empty where it equals the title;
`language` is ISO 639-1, `runtime` minutes, `fame` 1 (for the curious) to 5 (everybody has heard of it)."""

OPTIONAL: dict[str, pl.DataType] = {"age": pl.Int16(), "franchise": pl.String()}
"""Columns that may follow: the youngest age in years a film is fit for, and the series it belongs to; empty where unknown."""

LISTS = ("genres", "director", "cast", "country")
"""Columns that hold several names."""

GENRES = (
    "Action",
    "Adventure",
    "Animation",
    "Children",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
"""The words a film file may use for genres: those of MovieLens."""


def read_films(paths: Sequence[Path] | None = None) -> pl.DataFrame:
    """Read film files into one table, sorted by id.

    Args:
        paths: the files; by default every `films_*.csv` of the package.

    Returns:
        The columns of `COLUMNS` and `OPTIONAL`, those named in `LISTS` as lists of strings (never null).

    Raises:
        DataError: if there is no file, or one has other columns or a value of the wrong kind.
    """
    found = sorted(FOLDER.glob("films_*.csv")) if paths is None else list(paths)
    if not found:
        raise DataError(
            f"There are no film files in {FOLDER}.", hint="Install Matinee again: its package is incomplete."
        )
    return (
        pl.concat([_read(path) for path in found])
        .with_columns(pl.col(name).fill_null("").str.split("|").list.filter(pl.element() != "") for name in LISTS)
        .sort("id")
    )


def _read(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, schema_overrides=COLUMNS | OPTIONAL)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path.name} is not a readable film file: {str(error).splitlines()[0]}") from error
    known = [name for name in frame.columns if name not in OPTIONAL]
    if known != list(COLUMNS):
        raise DataError(f"{path.name} must have the columns {', '.join(COLUMNS)}; got {', '.join(frame.columns)}.")
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in OPTIONAL.items() if name not in frame.columns]
    return frame.with_columns(absent).select(*COLUMNS, *OPTIONAL)


def catalogue_of(films: pl.DataFrame) -> Catalogue:
    """Return the catalogue of a film table; the row number is the movie index.

    A film made in several countries is listed under the first, the one that made most of it.
    """
    return Catalogue.of(
        films.select(
            "title",
            "year",
            "genres",
            "cast",
            "runtime",
            "language",
            "overview",
            "age",
            "franchise",
            movie_id="id",
            directors="director",
            country=pl.col("country").list.first(),
            alternative_titles=pl.concat_list("original_title").list.drop_nulls(),
        )
    )
