"""Join what else is known of the movies (overview, people, keywords, language, poster …) by id.

Any CSV or Parquet file with a movieId, tmdbId or imdbId column will do. Metadata fill what is unknown and change nothing
that the catalogue knows.
"""

from __future__ import annotations

import io

import polars as pl

from matinee.data.cells import id_of, is_age_unreadable, value_of
from matinee.data.dataset import MOVIE_SCHEMA, Catalogue
from matinee.data.fields import decode
from matinee.data.recognise import guarded, plain_name
from matinee.data.report import FileReport, Ledger, shorten
from matinee.data.sources import Entry, looks_like
from matinee.errors import DataError

METADATA_COLUMNS: dict[str, tuple[str, ...]] = {
    "overview": ("overview", "description", "plot", "summary", "storyline"),
    "directors": ("directors", "director"),
    "cast": ("cast", "actors", "actor1", "actor2", "actor3", "actor1name", "actor2name", "actor3name"),
    "keywords": ("keywords", "tmdbkeywords", "plotkeywords", "imdbplotkeywords"),
    "language": ("language", "originallanguage"),
    "country": ("country", "productioncountry"),
    "runtime": ("runtime", "runtimeminutes", "duration"),
    "popularity": ("popularity",),
    "poster_path": ("posterpath", "poster"),
    "age": ("age", "minimumage", "certification", "contentrating", "agerating", "mpaarating"),
    "franchise": ("franchise", "collection", "belongstocollection", "series"),
    "year": ("year", "releaseyear", "releasedate"),
    "genres": ("genres",),
    "imdb_id": ("imdbid",),
    "tmdb_id": ("tmdbid",),
}
"""Catalogue column → names it goes by in files, in lower case and with letters and digits only.

Lists are taken from all the columns that are there, other things from the first that is not empty."""

_KEYS = {"movie_id": ("movieid",), "tmdb_id": ("tmdbid",), "imdb_id": ("imdbid",)}


def join_metadata(catalogue: Catalogue, entry: Entry, ledger: Ledger, *, listed: bool = True) -> Catalogue:
    """Fill what the catalogue does not know from a file of metadata.

    Args:
        catalogue: the movies.
        entry: a CSV or Parquet file with a movieId, tmdbId or imdbId column; of rows with one id the first counts.
        ledger: told how many movies were found, and of each kind of thing for how many.
        listed: whether the file is to be listed in the report.

    Raises:
        DataError: if the file is no table, or has no id column or none of the columns known here.
    """
    frame = _table(entry)
    plain = {plain_name(name): name for name in reversed(frame.columns)}
    key = _key(plain, entry, frame.columns)
    found = _recognised(frame, plain)
    columns = [name for name in found.columns if name != key]
    if not columns:
        raise DataError(
            f"{entry.shown} has none of the columns that describe a movie; it has {', '.join(frame.columns[:12])}.",
            hint=f"Known are: {', '.join(sorted({name for names in METADATA_COLUMNS.values() for name in names}))}.",
        )
    _note_unreadable_ages(frame, plain, entry, ledger)
    extra = _one_row_an_id(found.with_columns(_ids(frame, plain, key).alias("key")), entry, ledger)
    if listed:
        ledger.report.files.append(FileReport(entry.shown, "rows of metadata", frame.height, extra.height))
    joined = catalogue.movies.join(
        extra, left_on=key, right_on="key", how="left", suffix="_extra", maintain_order="left"
    )
    filled = joined.with_columns(_fill(name).alias(name) for name in columns).select(list(MOVIE_SCHEMA))
    matched = int(catalogue.movies[key].is_in(extra["key"].to_list()).sum())
    described = ", ".join(f"{_known(filled[name]):,} {name.replace('_', ' ')}" for name in columns)
    ledger.note(f"Metadata for {matched:,} of {len(catalogue):,} movies; known are now: {described}.")
    return Catalogue(filled)


def _one_row_an_id(extra: pl.DataFrame, entry: Entry, ledger: Ledger) -> pl.DataFrame:
    """Drop rows whose "key" is null or was there before, and say how many."""
    with_id = extra.drop_nulls("key")
    distinct = with_id.unique("key", keep="first", maintain_order=True)
    if nameless := extra.height - with_id.height:
        ledger.note(f"{nameless:,} rows of {entry.shown} have no usable id and were left out.")
    if repeated := with_id.height - distinct.height:
        ledger.note(f"{repeated:,} rows of {entry.shown} repeat an id; the first of each counts.")
    return distinct


def _table(entry: Entry) -> pl.DataFrame:
    content = entry.read()
    if content.startswith(b"PAR1"):
        with guarded(entry):
            return pl.read_parquet(io.BytesIO(content))
    if not content or b"\0" in content[:4096] or content.startswith(b"%PDF"):
        raise DataError(
            f"{entry.shown} is {looks_like(content[:4096])}, not a table.", hint="Expected: a CSV or Parquet file."
        )
    try:
        return pl.read_csv(decode(content).encode(), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{entry.shown} cannot be read as CSV: {reason}.", hint="Expected: CSV with a header."
        ) from error


def _key(plain: dict[str, str], entry: Entry, columns: list[str]) -> str:
    for key, names in _KEYS.items():
        if any(name in plain for name in names):
            return key
    raise DataError(
        f"{entry.shown} has no column that says which movie a row is about; it has {', '.join(columns[:12])}.",
        hint="Expected: a column movieId, tmdbId or imdbId.",
    )


def _ids(frame: pl.DataFrame, plain: dict[str, str], key: str) -> pl.Series:
    column = frame[plain[_KEYS[key][0]]].cast(pl.String)
    return pl.Series([None if text is None else id_of(text) for text in column], dtype=pl.Int64)


def _recognised(frame: pl.DataFrame, plain: dict[str, str]) -> pl.DataFrame:
    """Return the understood columns under the catalogue's names and in its types, unknowns null."""
    columns: list[pl.Series] = []
    for name, accepted in METADATA_COLUMNS.items():
        present = [frame[plain[other]].to_list() for other in accepted if other in plain]
        if present:
            values = [value_of(name, cells) for cells in zip(*present, strict=True)]
            columns.append(pl.Series(name, values, dtype=MOVIE_SCHEMA[name], strict=False))
    return pl.DataFrame(columns)


def _note_unreadable_ages(frame: pl.DataFrame, plain: dict[str, str], entry: Entry, ledger: Ledger) -> None:
    """Say which marks of age mean nothing here, since a film without an age is shown to no child."""
    strange: dict[str, int] = {}
    for name in METADATA_COLUMNS["age"]:
        for cell in frame[plain[name]].to_list() if name in plain else ():
            if cell is not None and is_age_unreadable(str(cell)):
                strange[str(cell).strip()] = strange.get(str(cell).strip(), 0) + 1
    if strange:
        most = sorted(strange, key=lambda text: (-strange[text], text))[:3]
        ledger.note(
            f"{sum(strange.values()):,} marks of age in {entry.shown} were not understood and count as unknown: "
            f"{', '.join(shorten(text, 20) for text in most)}{' …' if len(strange) > len(most) else ''}."
        )


def _fill(name: str) -> pl.Expr:
    """Return what the catalogue knows of one column, or what the metadata know where it knows nothing."""
    ours, theirs = pl.col(name), pl.col(f"{name}_extra")
    if isinstance(MOVIE_SCHEMA[name], pl.List):
        return pl.when(ours.list.len() > 0).then(ours).otherwise(theirs.fill_null([]))
    return pl.coalesce(ours, theirs)


def _known(column: pl.Series) -> int:
    known = column.list.len() > 0 if isinstance(column.dtype, pl.List) else column.is_not_null()
    return int(known.sum())
