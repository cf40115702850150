"""A page: rows of films in which no film stands twice, and a cursor a row to go on without repeats.

Rows are drafted in the order of `KINDS`; each takes its films off those that follow. A row that does not reach the smallest
size is left out rather than filled up. The same person, day and release make the same page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from matinee.errors import InputError, SettingsError
from matinee.ranking.answers import Recommendation
from matinee.ranking.elicit import Question
from matinee.ranking.shelves.cursor import ShelfCursor
from matinee.ranking.shelves.kinds import KINDS, Different, Draft, Kind
from matinee.ranking.shelves.screen import Evening, Person, Screen


@dataclass(frozen=True, kw_only=True)
class PageConfig:
    """The size of a page."""

    n: int = 12
    """Films in a row, at most."""
    smallest: int = 5
    """A row with fewer films is left out; the first row is shown with any."""
    rows: int = 9
    """Rows of a page, at most."""
    kinds: tuple[str, ...] = tuple(kind.name for kind in KINDS)
    """Which kinds of rows, in the order of the page."""
    each: tuple[tuple[str, int], ...] = (("because", 2), ("trending", 2))
    """Kinds that may stand on the page more than once, and how often."""

    def __post_init__(self) -> None:
        known = [kind.name for kind in KINDS]
        unknown = [name for name in self.kinds if name not in known]
        if unknown:
            raise SettingsError(f"There is no kind of row {unknown[0]!r}.", hint=f"Kinds: {', '.join(known)}.")
        if min(self.n, self.smallest, self.rows) < 1:
            raise SettingsError(f"n, smallest and rows must be at least 1; got {self.n}, {self.smallest}, {self.rows}.")


DEFAULT_PAGE = PageConfig()


@dataclass(frozen=True)
class Row:
    """One titled row.

    Attributes:
        key: kind and subject, such as "because/17" (a movie index) or "trending/Drama"; unique on a page.
        title: heading.
        note: how the row came about, in one sentence.
        items: films, never empty; `Page.labels` says which of them have a namesake.
        cursor: what `more` goes on from; None where the row has no more films.
    """

    key: str
    title: str
    note: str
    items: tuple[Recommendation, ...]
    cursor: ShelfCursor | None

    @property
    def kind(self) -> str:
        """The kind of row, without its subject."""
        return self.key.partition("/")[0]


@dataclass(frozen=True)
class Page:
    """A first page.

    Attributes:
        rows: in the order to show them; no film twice.
        known: whether we know the person well enough to rank for them.
        labels: what a card says of an earlier film of the same title, by movie index.
        question: for somebody we do not know yet, the film whose rating would teach us most.
        explored: the film that the person's explorer chose; None where no row has room for it.
    """

    rows: tuple[Row, ...]
    known: bool
    labels: dict[int, str]
    question: Question | None = None
    explored: int | None = None


def build_page(screen: Screen, person: Person, config: PageConfig = DEFAULT_PAGE) -> Page:
    """Return a person's page of the day.

    Args:
        screen: the release, prepared.
        person: whom it is for, and on which day.
        config: its size.

    Raises:
        UnknownIdError: if there is no such strategy.
        ShapeError: if the policy or the profile names a film beyond the catalogue.
    """
    evening = screen.evening(person)
    drafts: list[tuple[str, Draft, bool]] = []
    for kind in (kind for name in config.kinds for kind in KINDS if kind.name == name):
        room = dict(config.each).get(kind.name, 1)
        for key, draft, further in _drafts(evening, kind, config, first=not drafts):
            drafts.append((key, draft, further))
            evening.take(draft.movies.tolist())
            room -= 1
            if not room or len(drafts) == config.rows:
                break
        if len(drafts) == config.rows:
            break
    films = frozenset(movie for _, draft, _ in drafts for movie in draft.movies.tolist())
    said = evening.personal(
        [movie for _, draft, _ in drafts if draft.reasons is None for movie in draft.movies.tolist()]
    )
    rows = []
    for key, draft, further in drafts:
        cursor = ShelfCursor(key, person.day, screen.version, len(draft.movies), films) if further else None
        rows.append(Row(key, draft.title, draft.note, _items(draft, said), cursor))
    labels = {movie: label for movie in sorted(films) if (label := screen.works.label(movie)) is not None}
    explored = None
    if person.explorer is not None:
        explored = next((int(draft.movies[0]) for key, draft, _ in drafts if key == Different.name), None)
    return Page(tuple(rows), evening.known, labels, evening.question(), explored)


def more(
    screen: Screen, person: Person, cursor: ShelfCursor, n: int = DEFAULT_PAGE.n, exclude: Collection[int] = ()
) -> Row | None:
    """Return the next films of a row, none of which was on the page or in the row before; None where there are none.

    The row is found anew, so that a rating given on the way counts at once.

    Args:
        screen: the release, prepared.
        person: as for the page; the cursor's day holds, whatever theirs is.
        cursor: of the row, as it came.
        n: how many films at most.
        exclude: movie indices seen on the way in other rows.

    Raises:
        StalePageError: if another release made the page.
        InputError: if the cursor names no row this release can make.
    """
    cursor.require(screen.version)
    name, _, subject = cursor.key.partition("/")
    kind = next((kind for kind in KINDS if kind.name == name), None)
    if kind is None or n < 1:
        raise InputError(f"There is no row {cursor.key!r} of {n} films.", hint="Load the page again.")
    evening = screen.evening(replace(person, day=cursor.seed), cursor.films | frozenset(exclude))
    draft = kind.fill(evening, subject, n + 1)
    if draft is None or not len(draft.movies):
        return None
    further = len(draft.movies) > n
    draft = replace(draft, movies=draft.movies[:n], reasons=None if draft.reasons is None else draft.reasons[:n])
    shown = draft.movies.tolist()
    said = evening.personal(shown) if draft.reasons is None else {}
    onward = replace(
        cursor, start=cursor.start + len(shown), films=cursor.films | frozenset(shown) | frozenset(exclude)
    )
    return Row(cursor.key, draft.title, draft.note, _items(draft, said), onward if further else None)


def _drafts(evening: Evening, kind: Kind, config: PageConfig, *, first: bool) -> Iterator[tuple[str, Draft, bool]]:
    """Yield the rows of one kind that are long enough, cut to length, and whether more films follow."""
    for subject in kind.find(evening):
        draft = kind.fill(evening, subject, config.n + 1)
        if draft is not None and len(draft.movies) >= (1 if first else min(config.smallest, config.n)):
            reasons = None if draft.reasons is None else draft.reasons[: config.n]
            key = f"{kind.name}/{subject}" if subject else kind.name
            cut = replace(draft, movies=draft.movies[: config.n], reasons=reasons)
            yield key, cut, len(draft.movies) > config.n


def _items(draft: Draft, said: dict[int, Recommendation]) -> tuple[Recommendation, ...]:
    movies: Sequence[int] = draft.movies.tolist()
    if draft.reasons is None:
        return tuple(said[movie] for movie in movies)
    return tuple(
        Recommendation(movie, float(draft.scores[movie]), reason)
        for movie, reason in zip(movies, draft.reasons, strict=True)
    )
