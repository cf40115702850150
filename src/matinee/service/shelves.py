"""The first page: three rows that say honestly how they came about, no film twice, none that is known already."""

from __future__ import annotations

import numpy as np

from matinee.ranking import COLD, STATISTICAL, Recommendation
from matinee.service.answers import Shelf
from matinee.service.films import Films
from matinee.service.person import Person

GENRES_TRIED = 3
"""Among this many favourite genres one is chosen that still has films to show."""
ENOUGH = 6
"""Films that make a row worth showing."""
RECENT = 20
"""A film chosen to build a row on is among this many latest ratings."""


class Shelves:
    """Builds the rows of one page.

    Args:
        films: the release.
        person: whom the page is for; may have told us nothing.
        genres: genres the viewer named as theirs.
        n: films in a row, at most.
    """

    def __init__(self, films: Films, person: Person, genres: tuple[str, ...], n: int) -> None:
        self._films = films
        self._recommender = films.recommender
        self._person = person
        self._profile = person.profile
        self._genres = genres
        self._n = n
        self._own = person.values
        self._taken: set[int] = set(self._own)

    def build(self) -> tuple[tuple[Shelf, ...], bool]:
        """Return the rows that hold a film, and whether the first is personal."""
        first, known = self._for_you()
        rows = (first, self._because() or self._trending() or self._best_rated(), self._genre())
        return tuple(row for row in rows if row is not None), known

    def _for_you(self) -> tuple[Shelf | None, bool]:
        answer = self._recommender.recommend(
            self._profile, self._n, policy=self._person.policy, taste=self._person.taste
        )
        if answer.strategy not in (COLD, STATISTICAL):
            return self._shelf(
                "for-you", "For you", f"Made from your {len(self._profile)} ratings.", answer.items
            ), True
        if len(self._profile):
            note = f"Not personal yet. {answer.because}"
        else:
            note = f"We do not know you yet, so this is what most {self._recommender.viewers} rated."
        return self._shelf("popular", "Popular with everybody", note, answer.items), False

    def _because(self) -> Shelf | None:
        seed = self._seed()
        if seed is None:
            return None
        title = self._films.catalogue.titles[seed]
        near = self._recommender.similar(seed, self._n, self._taken, policy=self._person.rules)
        if seed in self._person.thumbed:
            heading = f"Because you liked {title}"
        elif self._recommender.info.data.explicit:
            heading = f"Because you gave {title} {stars_in_words(self._own[seed])}"
        else:
            heading = f"Because you watched {title}"
        note = f"Films close to {title}, one of your favourites among your latest ratings."
        return self._shelf("because", heading, note, near)

    def _seed(self) -> int | None:
        """Return the best liked of the latest films, the newest among equals; None where nothing recent was liked."""
        movies, values = self._profile.movies[-RECENT:], self._profile.values[-RECENT:]
        low, high = self._recommender.info.data.scale
        liked = low + 0.7 * (high - low) if self._recommender.info.data.explicit else 0.0
        if not len(values) or values.max() < liked:
            return None
        return int(movies[np.flatnonzero(values == values.max())[-1]])

    def _trending(self) -> Shelf | None:
        items = self._recommender.trending(self._n, exclude=self._taken, policy=self._person.rules)
        return self._shelf("trending", "Trending now", f"Rated most {self._lately()}.", items)

    def _best_rated(self) -> Shelf | None:
        items = self._top(self._films.order("rating").movies)
        note = "The highest averages, those of films with few ratings drawn towards the average of all."
        return self._shelf("best-rated", "Best rated", note, items)

    def _genre(self) -> Shelf | None:
        genres, why = self._favourite_genres()
        rows = [(genre, self._of_genre(genre)) for genre in genres[:GENRES_TRIED]]
        # A favourite whose films stand in the rows above already gives way to the next.
        best = max(rows, key=lambda row: min(len(row[1][1]), ENOUGH), default=None)
        if best is None:
            return None
        genre, (trends, items) = best
        if trends:
            return self._shelf("trending-genre", f"Trending in {genre}", f"{why}; rated most {self._lately()}.", items)
        return self._shelf("best-rated-genre", f"Best rated in {genre}", f"{why}; the highest averages.", items)

    def _of_genre(self, genre: str) -> tuple[bool, list[Recommendation]]:
        """Return films of a genre, and whether they are there because they trend."""
        items = self._recommender.trending(self._n, genre, exclude=self._taken, policy=self._person.rules)
        if items:
            return True, items
        order = self._films.order("rating").movies
        return False, self._top(order[self._films.of_genre(genre)[order]])

    def _favourite_genres(self) -> tuple[list[str], str]:
        """Return genres, the one the viewer prefers most over everybody first, and why they were chosen."""
        names = self._films.catalogue.genre_names
        everybody = self._films.ratings_by_genre
        if self._profile and not self._recommender.hybrid.is_cold(len(self._profile)):
            mine = self._films.catalogue.genres[self._profile.movies]
            weights = np.maximum(self._profile.values - self._profile.values.mean() + 1.0, 0)
            # Square root: a genre must be frequent in the profile, not only rare elsewhere.
            lift = (weights @ mine) / np.sqrt(everybody + everybody.mean() + 1.0)
            return [names[place] for place in np.argsort(-lift, kind="stable")], "A genre you rate often and well"
        if self._genres:
            return list(self._genres), "A genre you chose"
        return [names[place] for place in np.argsort(-everybody, kind="stable")], "A genre with many ratings"

    def _top(self, order: np.ndarray) -> list[Recommendation]:
        counts = self._films.learned("count")
        allowed = self._recommender.filters.allowed(self._person.rules, self._profile)
        open_to = [int(movie) for movie in order if movie not in self._taken and counts[movie] > 0 and allowed[movie]][
            : self._n
        ]
        weighted, viewers = self._films.learned("weighted"), self._recommender.viewers
        return [
            Recommendation(movie, float(weighted[movie]), f"{int(counts[movie]):,} {viewers} rated it")
            for movie in open_to
        ]

    def _lately(self) -> str:
        return f"by {self._recommender.viewers} in the last 90 days of the data"

    def _shelf(self, key: str, title: str, note: str, items: list[Recommendation]) -> Shelf | None:
        if not items:
            return None
        self._taken.update(item.movie for item in items)
        return Shelf(key=key, title=title, note=note, cards=self._films.cards(items, self._person))


def stars_in_words(value: float) -> str:
    """Return "1 star", "4 stars" or "4½ stars"."""
    whole, half = divmod(value, 1)
    number = f"{int(whole) or ''}{'½' if half else ''}" or "0"
    return f"{number} {'star' if value <= 1 else 'stars'}"
