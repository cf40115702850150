"""What people can do here, free of HTTP: the API and the pages both stand on `Cinema`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

import numpy as np

from matinee.errors import InputError
from matinee.ranking import Recommender
from matinee.ranking.policy import EVERYTHING, Policy
from matinee.releases import Release
from matinee.service.answers import Card, Film, FilmPage, OwnRating, PersonalList, Rated, Session
from matinee.service.elicit import to_rate
from matinee.service.evening import Evenings
from matinee.service.home import DAY, SHELF, Homes
from matinee.service.insights import Insights
from matinee.service.paging import Cursor
from matinee.service.person import STRANGER, Person, person_of
from matinee.service.programme import Programme
from matinee.service.steering import Steering
from matinee.store import Store, Ticket

MOST = 100
"""Longest list anybody gets at once."""
NAME_LENGTH = 80


class Cinema(Homes, Steering, Insights, Evenings):
    """The use cases over one live release and one store.

    Nothing about a person is kept between calls, so a rating counts on the next one. Viewer ids are taken as proven:
    who may ask for whom is decided by the caller.

    Args:
        recommender: the live release.
        store: films, people, ratings, sessions.
        session_days: how long a session lasts.
        clock: Unix seconds now; its day is the day of the first page.
    """

    def __init__(
        self,
        recommender: Recommender,
        store: Store,
        *,
        session_days: float = 365.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._programme = Programme(recommender)
        self.store = store
        self._session_seconds = session_days * DAY
        self._clock = clock

    @property
    def recommender(self) -> Recommender:
        """The live release."""
        return self._programme.recommender

    @recommender.setter
    def recommender(self, recommender: Recommender) -> None:
        # One assignment: a request in flight ends on the release it began with.
        self._programme = Programme(recommender)

    def rehearse(self) -> None:
        """Try out what is served now."""
        self._programme.rehearse()

    def premiere(self, release: Release) -> None:
        """Try a release out, and serve it from the next request on.

        Raises:
            Exception: whatever is wrong with it; what was served before still is.
        """
        programme = Programme(Recommender(release))
        programme.rehearse()
        self._programme = programme

    @property
    def genres(self) -> list[str]:
        """The genres of the catalogue, in alphabetical order."""
        return self.recommender.catalogue.genre_names

    @property
    def data_label(self) -> str:
        """Name of the data, and that its viewers are simulated where they are."""
        return self._programme.films.data_label

    @property
    def star_values(self) -> tuple[float, ...]:
        """The ratings that can be given, lowest first."""
        data = self.recommender.info.data
        if not data.explicit:
            return (1.0,)
        return tuple(half / 2 for half in range(round(data.scale[0] * 2), round(data.scale[1] * 2) + 1))

    # Lists

    def recommendations(
        self,
        viewer_id: int,
        n: int = 10,
        strategy: str = "hybrid",
        *,
        narrowed: Policy = EVERYTHING,
        exclude: Collection[int] = (),
        discovery: float | None = None,
    ) -> PersonalList:
        """Return films that may be shown to a viewer, best first.

        Args:
            viewer_id: whose list.
            n: how many films.
            strategy: one the live release knows.
            narrowed: further limits of this one list, such as a shorter runtime; they add to the viewer's own.
            exclude: ids of films to leave out; unknown ones are ignored.
            discovery: from 0, plain relevance, to 1; None is where the viewer set it.

        Raises:
            InputError: if no year satisfies the limits.
            UnknownIdError: if there is no such viewer or strategy.
        """
        now, person = self._ask(viewer_id)
        policy = person.policy & narrowed
        left_out = now.films.indices(exclude)
        answer = now.recommender.recommend(
            person.profile,
            _checked(n),
            strategy=strategy,
            policy=policy,
            taste=person.taste,
            discovery=person.dial if discovery is None else discovery,
            exclude=left_out,
        )
        return PersonalList(
            viewer_id=viewer_id,
            n_ratings=len(person.profile),
            strategy=answer.strategy,
            because=answer.because,
            release=now.recommender.info.version,
            data_label=now.films.data_label,
            cards=now.films.cards(answer.items, person),
        )

    def similar(self, movie_id: int, n: int = 10, viewer_id: int | None = None) -> tuple[Card, ...]:
        """Return the films most like one film that may be shown to the viewer.

        Raises:
            UnknownIdError: if there is no such film or viewer.
        """
        now, person = self._ask(viewer_id)
        near = now.recommender.similar(now.films.index(movie_id), _checked(n), policy=person.rules)
        return now.films.cards(near, person)

    def trending(self, n: int = 10, genre: str | None = None, viewer_id: int | None = None) -> tuple[Card, ...]:
        """Return what was rated most in the last days of the data and may be shown; empty where no times are known.

        Raises:
            UnknownIdError: if there is no such genre or viewer.
        """
        now, person = self._ask(viewer_id)
        return now.films.cards(now.recommender.trending(_checked(n), genre, policy=person.rules), person)

    # The catalogue

    def movie(self, movie_id: int, viewer_id: int | None = None) -> Film:
        """Return one film.

        Raises:
            UnknownIdError: if there is no such film or viewer.
        """
        now, person = self._ask(viewer_id)
        return now.films.film(now.films.index(movie_id), person)

    def search(self, query: str, n: int = 20, viewer_id: int | None = None, *, seen: bool = False) -> tuple[Film, ...]:
        """Return films found by title, people, genre or year, best first.

        Args:
            query: words.
            n: how many films at most.
            viewer_id: whose policy applies.
            seen: whether to find what the viewer has seen or hidden too, to change their mind about it; limits of the
                household hold all the same.
        """
        now, person = self._ask(viewer_id)
        policy = person.limits if seen else person.rules
        return now.films.films(now.recommender.search(query, _checked(n), policy=policy), person)

    def movies(
        self,
        cursor: str | None = None,
        n: int = 20,
        genre: str | None = None,
        sort: str = "popular",
        viewer_id: int | None = None,
    ) -> FilmPage:
        """Return a part of the catalogue in a fixed order; following the cursors shows every film once.

        This is where people look things up, so films they have seen or hidden are there; limits of the household hold.

        Args:
            cursor: `next_cursor` of the part before, None for the first.
            n: how many films.
            genre: keep one genre only.
            sort: "popular", "rating", "title" or "newest".
            viewer_id: whose stars to show, and whose limits apply.

        Raises:
            InputError: if the cursor or the order is unusable.
            StaleCursorError: if another release has changed the order since.
            UnknownIdError: if there is no such genre or viewer.
        """
        now, person = self._ask(viewer_id)
        order = now.films.order(sort)
        genre = None if genre is None else now.films.genre_name(genre)
        wanted = now.recommender.filters.allowed(person.limits, STRANGER.profile)
        if genre is not None:
            wanted &= now.films.of_genre(genre)
        start = 0
        if cursor is not None:
            place = Cursor.parse(cursor)
            place.require(sort, genre, order.mark)
            start = place.start
        # Cursors count films of the whole order, so that a limit changed on the way repeats and skips none.
        places = np.flatnonzero(wanted[order.movies[start:]]) + start
        shown = places[: _checked(n)]
        return FilmPage(
            films=now.films.films(order.movies[shown], person),
            next_cursor=Cursor(sort, genre, order.mark, int(shown[-1]) + 1).text()
            if len(shown) < len(places)
            else None,
            total=int(wanted.sum()),
        )

    # What people tell us

    def rate(self, viewer_id: int, movie_id: int, value: float | None) -> Rated:
        """Store a rating, or take it back with None. It is on the disk when this returns.

        Raises:
            InputError: if the value is no rating of this data's scale.
            UnknownIdError: if there is no such viewer or film.
        """
        if value is not None:
            self._check_stars(value)
        count = self.store.rate(viewer_id, movie_id, value)
        return Rated(movie_id=movie_id, value=value, n_ratings=count)

    def ratings(self, viewer_id: int) -> tuple[OwnRating, ...]:
        """Return what a viewer rated, newest first; films the live release lacks are left out.

        Raises:
            UnknownIdError: if there is no such viewer.
        """
        now, person = self._ask(viewer_id)
        stored = self.store.ratings(viewer_id)
        places = now.films.catalogue.ids.find(np.array([each.movie_id for each in stored], np.int64)).tolist()
        return tuple(
            OwnRating(film=now.films.film(place, person), rated_at=each.rated_at)
            for place, each in zip(places, stored, strict=True)
            if place >= 0
        )

    def onboarding(
        self, viewer_id: int | None = None, exclude: Collection[int] = (), n: int = SHELF
    ) -> tuple[Film, ...]:
        """Return films to ask a newcomer about: well known, divisive, and of different genres.

        Args:
            viewer_id: whose seen, hidden and barred films to leave out.
            exclude: ids of films shown already; unknown ones are ignored.
            n: how many films.

        Raises:
            UnknownIdError: if there is no such viewer.
        """
        now, person = self._ask(viewer_id)
        barred = np.flatnonzero(~now.recommender.filters.allowed(person.rules, person.profile))
        left_out = {*now.films.indices(exclude), *barred.tolist()}
        return now.films.films(to_rate(now.films, now.telling, left_out, _checked(n)), person)

    def onboard(
        self,
        name: str | None = None,
        ratings: Mapping[int, float] | None = None,
        genres: Collection[str] = (),
        viewer_id: int | None = None,
    ) -> Session:
        """Welcome a person: store who they are and what they like, and open a session, all or nothing.

        Args:
            name: what they call themselves.
            ratings: stars by movie id, in the order they were given.
            genres: genres they like.
            viewer_id: who they are, if they have been here before; None makes a new viewer.

        Raises:
            InputError: if a value is no rating of this data's scale, or the name is too long.
            UnknownIdError: if there is no such film, genre or viewer.
        """
        for value in (ratings or {}).values():
            self._check_stars(value)
        films = self._programme.films
        ticket = self.store.welcome(
            viewer_id,
            name=_clean_name(name),
            ratings=ratings,
            genres=[films.genre_name(genre) for genre in genres],
            session_seconds=self._session_seconds,
        )
        return self._session(ticket)

    # Sessions

    def viewer_of(self, token: str) -> int | None:
        """Return whose session a token opens; None where it is unknown or has expired."""
        return self.store.viewer_of(token)

    def sign_in(self, viewer_id: int) -> Session:
        """Open a session for a viewer whose identity the caller has proven.

        Raises:
            UnknownIdError: if there is no such viewer.
        """
        return self._session(self.store.open_session(viewer_id, self._session_seconds))

    def sign_out(self, token: str) -> None:
        """End a session; an unknown one is no mistake."""
        self.store.close_session(token)

    def require_ready(self) -> None:
        """Ask whether requests can be answered.

        Raises:
            StoreError: if the database does not answer.
        """
        self.store.ping()

    def _ask(self, viewer_id: int | None) -> tuple[Programme, Person]:
        """Return the live release, and a viewer in its terms."""
        now = self._programme
        if viewer_id is None:
            return now, STRANGER
        return now, person_of(self.store.account(viewer_id), now.films.catalogue, now.recommender.info.data)

    def _session(self, ticket: Ticket) -> Session:
        name = self.store.viewer_name(ticket.viewer_id)
        return Session(viewer_id=ticket.viewer_id, name=name, token=ticket.token, expires=ticket.expires)

    def _check_stars(self, value: float) -> None:
        if value not in self.star_values:
            low, high = self.star_values[0], self.star_values[-1]
            expected = f"{low:g} to {high:g} in half steps" if low < high else f"{low:g}"
            raise InputError(f"A rating must be {expected}; got {value:g}.")


def _checked(n: int) -> int:
    if not 1 <= n <= MOST:
        raise InputError(f"A list has 1 to {MOST} films; got {n}.")
    return n


def _clean_name(name: str | None) -> str | None:
    """Return a name without surrounding or doubled white space, None where nothing is left."""
    plain = " ".join((name or "").split())
    if len(plain) > NAME_LENGTH:
        raise InputError(f"A name has up to {NAME_LENGTH} characters; got {len(plain)}.")
    if not plain.isprintable():
        raise InputError("A name has visible characters only.")
    return plain or None
