"""The first page: rows with true titles, more of each, and one question for people we do not know yet."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from matinee.errors import InputError
from matinee.ranking.diversity import DEFAULT_DIAL
from matinee.ranking.shelves import PageConfig, Row, ShelfCursor, build_page, more
from matinee.ranking.shelves import Person as Visitor
from matinee.service.answers import Asked, Home, Shelf
from matinee.store import Store

if TYPE_CHECKING:
    from matinee.service.person import Person
    from matinee.service.use_cases import Programme

SHELF = 12
"""Films in a row of the first page."""
LONGEST_ROW = 50
"""Films of a row that are handed out at once, at most."""
DAY = 86_400.0


class Homes:
    """The use cases of the first page, for a viewer whose identity the caller has proven, or for nobody we know."""

    if TYPE_CHECKING:
        store: Store
        _programme: Programme
        _clock: Callable[[], float]

        def _ask(self, viewer_id: int | None) -> tuple[Programme, Person]: ...

    def home(self, viewer_id: int | None = None, n: int = SHELF, *, skipped: Collection[int] = ()) -> Home:
        """Return the first page of the day for a viewer, or for somebody we do not know.

        Args:
            viewer_id: whose page.
            n: films in a row, at most.
            skipped: ids of films not to ask about; unknown ones are ignored.

        Raises:
            InputError: if the length is none.
            UnknownIdError: if there is no such viewer.
        """
        now, person = self._ask(viewer_id)
        visitor = self._visitor(now, person, viewer_id, skipped)
        page = build_page(now.screen, visitor, PageConfig(n=_checked(n)))
        n_ratings = len(person.profile)
        question = page.question
        return Home(
            shelves=tuple(_shelf(now, row, person, page.labels) for row in page.rows),
            known=page.known,
            n_ratings=n_ratings,
            n_needed=0 if page.known else max(now.recommender.hybrid.config.cold_below - n_ratings, 0),
            day=visitor.day,
            question=None
            if question is None
            else Asked(
                film=now.films.film(question.movie, person),
                learned=round(question.learned, 6),
                known=round(question.known, 4),
            ),
            tried=None,
            data_label=now.films.data_label,
            simulated=now.recommender.info.data.simulated,
        )

    def more(
        self, cursor: str, n: int = SHELF, viewer_id: int | None = None, *, exclude: Collection[int] = ()
    ) -> Shelf | None:
        """Return the next films of a row, none of which was on the page or in the row before; None where there are none.

        Args:
            cursor: `next_cursor` of the row.
            n: how many films, at most.
            viewer_id: whose page it was.
            exclude: ids of films that were seen on the way in other rows; unknown ones are ignored.

        Raises:
            InputError: if the cursor or the length is none.
            StalePageError: if another release made the page.
            UnknownIdError: if there is no such viewer.
        """
        now, person = self._ask(viewer_id)
        place = ShelfCursor.parse(cursor, len(now.films.catalogue))
        row = more(now.screen, self._visitor(now, person, viewer_id), place, _checked(n), now.films.indices(exclude))
        return None if row is None else _shelf(now, row, person, {})

    def _today(self) -> int:
        return int(self._clock() // DAY)

    def _visitor(self, now: Programme, person: Person, viewer_id: int | None, skipped: Collection[int] = ()) -> Visitor:
        """Return a viewer as the page knows them."""
        return Visitor(
            profile=person.profile,
            policy=person.policy,
            taste=person.taste,
            thumbed=person.thumbed,
            genres=() if viewer_id is None else self.store.favourite_genres(viewer_id),
            day=self._today(),
            asked=frozenset(now.films.indices(skipped)),
            dial=DEFAULT_DIAL,
        )


def _shelf(now: Programme, row: Row, person: Person, labels: dict[int, str]) -> Shelf:
    kind, _, subject = row.key.partition("/")
    if kind == "because":
        subject = str(now.films.id_of(int(subject)))
    return Shelf(
        key=f"{kind}/{subject}" if subject else kind,
        title=row.title,
        note=row.note,
        cards=now.films.cards(row.items, person, labels),
        next_cursor=None if row.cursor is None else row.cursor.text(),
    )


def _checked(n: int) -> int:
    if not 1 <= n <= LONGEST_ROW:
        raise InputError(f"A row has 1 to {LONGEST_ROW} films; got {n}.")
    return n
