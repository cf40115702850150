"""Choose, among the files of a source, the ones that make up one data set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from matinee.data.recognise import Role, Table, recognise
from matinee.data.report import Ledger
from matinee.data.sources import Entry, Source, looks_like
from matinee.errors import DataError

_FOLD_FILE = re.compile(r".*?([1-9])\.test")
_PART_FILE = re.compile(r".+\.(?:base|test)")
METADATA_STEM = "metadata"
SIMULATED_MARK = "SIMULATED.txt"
"""A file of this name beside the ratings says that a program made them."""
_USUAL_STEMS: dict[Role, tuple[str, ...]] = {
    "ratings": ("ratings", "rating", "u"),
    "movies": ("movies", "movie", "u"),
    "links": ("links", "link"),
    "tags": ("tags", "tag"),
}
"""Names that decide where several files of one folder could play a role."""


@dataclass
class Layout:
    """The files of one data set, recognised by content.

    Attributes:
        leader: the file of ratings, or of movies where those alone were wanted.
        movies, links, tags: the chosen files, None where there is none.
        folds: cross-validation fold from 1 → its file of test ratings.
        metadata: a file called metadata.csv or metadata.parquet beside the ratings.
        simulated: whether a file beside the ratings says that a program made them.
        unused: files of the same folder that were not chosen.
    """

    leader: Table
    movies: Table | None = None
    links: Table | None = None
    tags: Table | None = None
    folds: dict[int, Table] = field(default_factory=dict)
    metadata: Entry | None = None
    simulated: bool = False
    unused: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Family of the files, such as "movielens-100k"."""
        if self.movies is not None and self.movies.flagged:
            return "movielens-100k"
        if self.leader.parquet:
            return "parquet"
        return {"::": "movielens-dat", ",": "csv"}.get(self.leader.separator, "delimited")


def find_layout(source: Source, ledger: Ledger, *, need_ratings: bool = True) -> Layout:
    """Choose the files of one data set.

    Args:
        source: the files.
        ledger: told of files that cannot be read.
        need_ratings: false looks for movies alone.

    Raises:
        DataError: if nothing is recognised, ratings are missing though needed, or several data sets lie side by side.
    """
    tables, broken = _recognised(source)
    leading: Role = "ratings" if need_ratings else "movies"
    leaders = _whole_files([table for table in tables if table.role == leading])
    if source.chosen is not None:
        leaders = [table for table in tables if table.role == leading and table.entry is source.chosen]
    if not leaders:
        raise next(iter(broken.values()), None) or _nothing_found(source, tables, leading)
    folder = _only_folder(source, leaders)
    leader = _choose(leading, leaders) or leaders[0]
    mine = [table for table in tables if table.entry.folder == folder]
    layout = Layout(
        leader=leader,
        movies=_choose("movies", mine) if need_ratings else leader,
        links=_choose("links", mine),
        tags=_choose("tags", mine),
        folds=_folds(mine),
        metadata=_metadata(source, folder),
        simulated=any(_is_mark(entry) for entry in source.entries if entry.folder == folder),
    )
    if source.chosen is None:
        for name, error in broken.items():
            ledger.note(f"{name} was left out: {error.message}")
        layout.unused = _unused(source, layout, folder)
    return layout


def _recognised(source: Source) -> tuple[list[Table], dict[str, DataError]]:
    """Return the recognised files, and by name the ones that cannot be read."""
    tables: list[Table] = []
    broken: dict[str, DataError] = {}
    for entry in source.entries:
        try:
            table = recognise(entry)
        except DataError as error:
            if source.chosen in (None, entry):
                broken[entry.shown] = error
        else:
            tables += [] if table is None else [table]
    return tables, broken


def _whole_files(ratings: list[Table]) -> list[Table]:
    """Leave out files of a part of the ratings, such as u1.base, where others are there."""
    whole = [table for table in ratings if not _PART_FILE.fullmatch(table.entry.base)]
    return whole or ratings


def _only_folder(source: Source, leaders: list[Table]) -> str:
    folders = sorted({table.entry.folder for table in leaders})
    if len(folders) > 1:
        raise DataError(
            f"{source.path} holds several data sets: {', '.join(folders[:8])}.", hint="Name one of these folders."
        )
    return folders[0]


def _choose(role: Role, tables: list[Table]) -> Table | None:
    """Return the file that plays a role; where several could, the one with the usual name."""
    able = [table for table in tables if table.role == role]
    if len(able) > 1:
        able = [table for table in able if table.entry.stem != METADATA_STEM]
    for stem in _USUAL_STEMS[role] if len(able) > 1 else ():
        usual = [table for table in able if table.entry.stem == stem]
        if len(usual) == 1:
            return usual[0]
    if len(able) > 1:
        names = ", ".join(table.entry.shown for table in able[:8])
        raise DataError(
            f"Several files could hold the {role}: {names}.",
            hint="Name the file of ratings itself, or leave only one of them in the folder.",
        )
    return able[0] if able else None


def _folds(tables: list[Table]) -> dict[int, Table]:
    found: dict[int, Table] = {}
    for table in tables:
        match = _FOLD_FILE.fullmatch(table.entry.base)
        if table.role == "ratings" and match:
            found[int(match[1])] = table
    return dict(sorted(found.items())) if len(found) > 1 else {}


def _metadata(source: Source, folder: str) -> Entry | None:
    for entry in source.entries:
        if entry.folder == folder and entry.base in (f"{METADATA_STEM}.parquet", f"{METADATA_STEM}.csv"):
            return entry
    return None


def _unused(source: Source, layout: Layout, folder: str) -> list[str]:
    chosen = [layout.leader, layout.movies, layout.links, layout.tags, *layout.folds.values()]
    used = {table.entry.name for table in chosen if table is not None}
    if layout.metadata is not None:
        used.add(layout.metadata.name)
    mine = [entry for entry in source.entries if entry.folder == folder and not _is_mark(entry)]
    return [entry.shown for entry in mine if entry.name not in used]


def _is_mark(entry: Entry) -> bool:
    return entry.base == SIMULATED_MARK.lower()


def _nothing_found(source: Source, tables: list[Table], leading: Role) -> DataError:
    if source.chosen is not None:
        role = next((table.role for table in tables if table.entry is source.chosen), None)
        what = f"holds {role}" if role else f"is {looks_like(source.chosen.head())}"
        return DataError(f"{source.path} {what}, not {leading} as MovieLens writes them.", hint=_EXPECTED)
    if not source.entries:
        return DataError(f"{source.path} holds no files.", hint=_EXPECTED)
    if any(table.role == "movies" for table in tables):
        return DataError(f"{source.path} has movies but no ratings.", hint=_EXPECTED)
    seen = [f"{entry.shown} ({_seems(entry, tables)})" for entry in source.entries[:6]]
    more = f" and {len(source.entries) - 6} more" if len(source.entries) > 6 else ""
    return DataError(
        f"{source.path} holds no {leading} that can be recognised: {', '.join(seen)}{more}.", hint=_EXPECTED
    )


def _seems(entry: Entry, tables: list[Table]) -> str:
    role = next((table.role for table in tables if table.entry is entry), None)
    return role or looks_like(entry.head())


_EXPECTED = (
    "Expected: the zip or folder of a MovieLens release, or a CSV or Parquet file with the columns "
    "userId, movieId, rating and timestamp."
)
