"""The first page: rows with true titles, more of each, and one question for people we do not know yet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from matinee.errors import InputError, StoreError
from matinee.ranking.shelves import PageConfig, Row, ShelfCursor, build_page, more
from matinee.ranking.shelves import Person as Visitor
from matinee.service.answers import Asked, Home, Shelf, Tried
from matinee.service.slots import draw
from matinee.store import Memory, Shown, Slot, Store
from matinee.store.schema import EXPLORE, QUESTION

if TYPE_CHECKING:
    from matinee.service.person import Person
    from matinee.service.programme import Programme

log = logging.getLogger(__name__)

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
        memory = self._memory(viewer_id)
        slot = memory.slot or self._draw(now, viewer_id)
        visitor = self._visitor(now, person, viewer_id, memory, skipped)
        # A strategy that was drawn in the morning may be gone with the release it was drawn for.
        if slot is not None and slot.strategy in now.explorers:
            visitor = replace(visitor, explorer=slot.strategy)
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
            tried=None
            if slot is None or page.explored is None
            else Tried(
                movie_id=now.films.id_of(page.explored), strategy=slot.strategy, propensity=round(slot.propensity, 6)
            ),
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
        visitor = self._visitor(now, person, viewer_id, self._memory(viewer_id))
        row = more(now.screen, visitor, place, _checked(n), now.films.indices(exclude))
        return None if row is None else _shelf(now, row, person, {}, place.start)

    # What was shown

    def remember_page(self, viewer_id: int | None, home: Home) -> None:
        """Store what a page showed to a viewer. Whatever goes wrong is logged and goes no further: the page is out.

        Args:
            viewer_id: who saw it; of somebody we do not know nothing is stored.
            home: the page, as `home` returned it.
        """
        tried = None if home.tried is None else home.tried.movie_id
        shown = [
            Shown(EXPLORE if card.film.id == tried else shelf.kind, card.film.id, place)
            for shelf in home.shelves
            for place, card in enumerate(shelf.cards)
        ]
        if home.question is not None:
            shown.append(Shown(QUESTION, home.question.film.id, 0))
        slot = None if home.tried is None else Slot(home.tried.strategy, home.tried.propensity)
        self._remember(viewer_id, home.day, shown, slot)

    def remember_row(self, viewer_id: int | None, shelf: Shelf | None) -> None:
        """Store which further films of a row were shown, as `more` returned them; as quietly as `remember_page`."""
        if shelf is not None:
            shown = [Shown(shelf.kind, card.film.id, shelf.start + place) for place, card in enumerate(shelf.cards)]
            self._remember(viewer_id, self._today(), shown)

    def opened(self, viewer_id: int | None, movie_id: int) -> bool:
        """Store that a viewer opened a film from their page of today or yesterday; as quietly as `remember_page`.

        Returns:
            Whether a page had shown it.
        """
        if viewer_id is None:
            return False
        try:
            return self.store.mark_opened(viewer_id, movie_id, int(self._clock()))
        except Exception:
            log.exception("Opening film %d by viewer %d is not remembered", movie_id, viewer_id)
            return False

    def _remember(self, viewer_id: int | None, day: int, shown: list[Shown], slot: Slot | None = None) -> None:
        if viewer_id is None or not shown:
            return
        try:
            self.store.remember(viewer_id, day, shown, slot)
        except Exception:
            log.exception("The page of viewer %d is not remembered", viewer_id)

    def _memory(self, viewer_id: int | None) -> Memory:
        if viewer_id is None:
            return Memory()
        try:
            return self.store.memory(viewer_id, self._today())
        except StoreError:
            log.exception("Earlier pages of viewer %d are not remembered", viewer_id)
            return Memory()

    def _draw(self, now: Programme, viewer_id: int | None) -> Slot | None:
        """Return who gets the place to learn of a viewer's day; None where nobody tries."""
        if viewer_id is None or not now.explorers:
            return None
        try:
            counts = self.store.slot_counts(self._today())
        except StoreError:
            log.exception("What was learnt from earlier pages cannot be read")
            return None
        choice = draw(now.explorers, counts, viewer_id, self._today())
        return Slot(choice.strategy, choice.propensity)

    def _today(self) -> int:
        return int(self._clock() // DAY)

    def _visitor(
        self, now: Programme, person: Person, viewer_id: int | None, memory: Memory, skipped: Collection[int] = ()
    ) -> Visitor:
        """Return a viewer as the page knows them."""
        return Visitor(
            profile=person.profile,
            policy=person.policy,
            taste=person.taste,
            thumbed=person.thumbed,
            genres=() if viewer_id is None else self.store.favourite_genres(viewer_id),
            shown=now.films.by_index(memory.in_vain),
            day=self._today(),
            asked=frozenset(now.films.indices([*skipped, *memory.asked])),
            dial=person.dial,
        )


def _shelf(now: Programme, row: Row, person: Person, labels: dict[int, str], start: int = 0) -> Shelf:
    kind, _, subject = row.key.partition("/")
    if kind == "because":
        subject = str(now.films.id_of(int(subject)))
    return Shelf(
        key=f"{kind}/{subject}" if subject else kind,
        title=row.title,
        note=row.note,
        cards=now.films.cards(row.items, person, labels),
        next_cursor=None if row.cursor is None else row.cursor.text(),
        start=start,
    )


def _checked(n: int) -> int:
    if not 1 <= n <= LONGEST_ROW:
        raise InputError(f"A row has 1 to {LONGEST_ROW} films; got {n}.")
    return n
