"""The films of one release in the words of the service, and the orders in which a catalogue can be paged."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from matinee.errors import InputError, UnknownIdError
from matinee.ranking import COLD, Recommendation, Recommender
from matinee.ranking.reasons import stars
from matinee.service.answers import Card, Evidence, Film
from matinee.service.person import STRANGER, Person
from matinee.types import BoolVector, IntVector, Profile

Sort = Literal["popular", "rating", "title", "newest"]
SORTS: tuple[Sort, ...] = get_args(Sort)

Own = Person | Mapping[int, float]
"""Who asks for films, or only the stars they gave by movie index."""

FILMS_KEPT = 20_000
"""Films whose description stays in memory."""


@dataclass(frozen=True)
class Order:
    """One order of the whole catalogue.

    Attributes:
        movies: (n_movies,) int32 movie indices, each once.
        mark: short digest of the order; differs whenever the order does.
    """

    movies: IntVector
    mark: str


class Films:
    """Descriptions, cards and orders for the films of one release; everything is made once and kept.

    Args:
        recommender: the release.
    """

    def __init__(self, recommender: Recommender) -> None:
        self.recommender = recommender
        self.catalogue = recommender.catalogue
        self._described = lru_cache(FILMS_KEPT)(self._describe)

    @cached_property
    def data_label(self) -> str:
        """Name of the data, and that its viewers are simulated where they are."""
        data = self.recommender.info.data
        return f"{data.name} (simulated viewers)" if data.simulated else data.name

    def index(self, movie_id: int) -> int:
        """Return the index of a film.

        Raises:
            UnknownIdError: if the catalogue has no such film.
        """
        return self.catalogue.ids.index(movie_id)

    def id_of(self, movie: int) -> int:
        """Return the id of a film by index."""
        return int(self.catalogue.ids.ids[movie])

    def film(self, movie: int, own: Own) -> Film:
        """Describe one film.

        Args:
            movie: its index.
            own: the viewer, or only their stars by movie index.
        """
        film = self._described(movie)
        person = _person(own)
        if movie not in person.stars and movie not in person.feedback:
            return film
        return replace(film, your_rating=person.stars.get(movie), your_feedback=person.feedback.get(movie, ()))

    def films(self, movies: Iterable[int], own: Own) -> tuple[Film, ...]:
        """Describe films in the order given."""
        return tuple(self.film(int(movie), own) for movie in movies)

    def indices(self, movie_ids: Collection[int]) -> list[int]:
        """Return the indices of those films that the release has."""
        places = self.catalogue.ids.find(np.array(list(movie_ids), np.int64))
        found: list[int] = places[places >= 0].tolist()
        return found

    def by_index(self, values: Mapping[int, int]) -> dict[int, int]:
        """Return values by movie index instead of id, of those films that the release has."""
        places = self.catalogue.ids.find(np.array(list(values), np.int64)).tolist()
        return {place: value for place, value in zip(places, values.values(), strict=True) if place >= 0}

    def cards(
        self, items: Sequence[Recommendation], own: Own, labels: Mapping[int, str] | None = None
    ) -> tuple[Card, ...]:
        """Turn what the ranking answers into cards.

        Args:
            items: the films.
            own: the viewer, or only their stars by movie index.
            labels: what to say of an earlier film of the same title, by movie index, where the items do not say it.
        """
        person = _person(own)
        values = person.values
        return tuple(
            Card(
                film=self.film(item.movie, person),
                score=item.score,
                reason=self._reason(item, person),
                because=tuple(
                    Evidence(
                        movie_id=self.id_of(each.movie),
                        title=self.catalogue.titles[each.movie],
                        your_rating=values[each.movie],
                        amount=each.amount,
                    )
                    for each in item.because
                ),
                namesake=item.namesake or (labels or {}).get(item.movie),
            )
            for item in items
        )

    def _reason(self, item: Recommendation, person: Person) -> str:
        """Return a card's reason; it speaks of a thumb where no stars were given."""
        reason = item.reason
        for each in item.because:
            if each.movie in person.thumbed:
                title = self.catalogue.titles[each.movie]
                reason = reason.replace(f"you gave {title} {stars(person.values[each.movie])}", f"you liked {title}")
        return reason

    def genre_name(self, genre: str) -> str:
        """Return a genre as the catalogue writes it, whatever the case it is given in.

        Raises:
            UnknownIdError: naming the known genres.
        """
        names = self.catalogue.genre_names
        for name in names:
            if name.casefold() == genre.casefold():
                return name
        raise UnknownIdError(f"No film has the genre {genre!r}.", hint=f"Genres: {', '.join(names) or 'none'}.")

    def of_genre(self, genre: str) -> BoolVector:
        """Return (n_movies,) bool: the films of a genre as the catalogue writes it."""
        column: BoolVector = self.catalogue.genres[:, self.catalogue.genre_names.index(genre)]
        return column

    def learned(self, name: str) -> NDArray[Any]:
        """Return what the engine `popular` learned of every film, such as its `count` or `weighted` average."""
        return self.recommender.release.engines[COLD].arrays[name]

    def order(self, sort: str) -> Order:
        """Return one order of the whole catalogue.

        Raises:
            InputError: naming the known orders.
        """
        if sort not in SORTS:
            raise InputError(f"There is no order {sort!r}.", hint=f"Orders: {', '.join(SORTS)}.")
        return self._orders[sort]

    @cached_property
    def _orders(self) -> dict[str, Order]:
        return {sort: self._sorted(sort) for sort in SORTS}

    def _sorted(self, sort: Sort) -> Order:
        ids = self.catalogue.ids.ids
        keys: dict[Sort, tuple[NDArray[Any], ...]] = {
            "popular": (ids, -self.learned("weighted"), -self.learned("count")),
            "rating": (ids, -self.learned("count"), -self.learned("weighted")),
            "title": (ids, np.array([title.casefold() for title in self.catalogue.titles], dtype=np.str_)),
            "newest": (ids, -self.learned("count"), -self.catalogue.years),
        }
        movies = np.lexsort(keys[sort]).astype(np.int32)
        return Order(movies, hashlib.sha256(ids[movies].tobytes()).hexdigest()[:8])

    def _describe(self, movie: int) -> Film:
        row = self.catalogue.movies.row(movie, named=True)
        statistics = self.recommender.statistics(movie)
        same = ("title", "year", "overview", "language", "country", "runtime", "age", "imdb_id", "tmdb_id")
        series = int(self.catalogue.franchises[movie])
        return Film(
            id=row["movie_id"],
            alternative_titles=tuple(row["alternative_titles"]),
            genres=tuple(row["genres"]),
            franchise=self.catalogue.franchise_names[series] if series >= 0 else None,
            directors=tuple(row["directors"]),
            cast=tuple(row["cast"]),
            rating_mean=round(statistics.mean, 4) if statistics.count else None,
            rating_count=statistics.count,
            **{name: row[name] for name in same},
        )


def _person(own: Own) -> Person:
    return own if isinstance(own, Person) else Person(Profile.empty(), STRANGER.policy, stars=own)


def stars_of(profile: Profile) -> dict[int, float]:
    """Return a profile's stars by movie index."""
    return dict(zip(profile.movies.tolist(), profile.values.tolist(), strict=True))
