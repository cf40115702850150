"""The same work under two ids, and other works under the same title.

Two entries are one work where a TMDB or IMDb id says so, or where title and year (± 1) agree, no id denies it, and they
share a director, tell nearly the same story, or are of one year and of genres that contain one another. Entries whose
TMDB ids differ are two works, whatever their titles: "War of the Worlds" of 2005 is both Spielberg's and a cheap imitation.

Of works with one title, years apart, the later is called a remake where the stories are alike or the title and genres
leave little to chance; elsewhere it is merely said that another film bears the title ("Crash").
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data import Catalogue
from matinee.errors import ShapeError
from matinee.types import BoolVector, FloatMatrix, IntVector

SAME_STORY = 0.85
"""Cosine of two descriptions from which on they tell one story under one title."""
ALIKE_STORY = 0.5
"""Cosine from which on the later of two films of one title and a common genre is a remake."""
ALIKE_GENRES = 0.6
"""Share of common genres (Jaccard) that speaks for a remake where nothing tells the story."""
LONG_AGO = 20
"""Years between an original and a remake recognised by title and genres alone."""
LONG_TITLE = 3
"""Words of a title that two unrelated films hardly share."""


@dataclass(frozen=True)
class Namesake:
    """An earlier film of the same title.

    Attributes:
        movie: index of the earlier film.
        kind: "remake" if the later one tells its story again, "title" if they share the title for all we know.
        label: what a card says.
    """

    movie: int
    kind: Literal["remake", "title"]
    label: str


class Works:
    """Which entries of one catalogue are the same work, and which have a namesake; found once.

    Args:
        catalogue: the films.
        counts: (n_movies,) ratings of each: of a work's entries the best known stands for it.
        stories: (n_movies, F) float32 vectors of the descriptions; only those of films that have an overview are looked
            at. None where there are none.
    """

    def __init__(self, catalogue: Catalogue, counts: NDArray[Any], stories: FloatMatrix | None = None) -> None:
        if len(counts) != len(catalogue) or (stories is not None and len(stories) != len(catalogue)):
            raise ShapeError(f"Counts and stories need one entry a film, {len(catalogue)} of them.")
        named: dict[str, list[int]] = defaultdict(list)
        for movie, title in enumerate(catalogue.titles):
            named[plain_title(title)].append(movie)
        self._named = {key: movies for key, movies in named.items() if key and len(movies) > 1}
        self._films = _described(catalogue, [movie for movies in self._named.values() for movie in movies])
        self._stories = stories
        self._counts = counts
        self.representative = self._representatives()
        self.namesakes = self._namesakes()
        # What was needed to find them is let go: servers keep a release for days.
        self._films, self._named, self._stories = {}, {}, None

    def collapse(self, movies: IntVector) -> IntVector:
        """Return a list in which each work stands once, at its first place, as its best known entry in that list."""
        works = self.representative[movies]
        _, first = np.unique(works, return_index=True)
        if len(first) == len(movies):
            return movies
        best: dict[int, int] = {}
        for movie, work in zip(movies.tolist(), works.tolist(), strict=True):
            if work not in best or self._rank(movie) < self._rank(best[work]):
                best[work] = movie
        return np.array([best[int(works[place])] for place in np.sort(first)], np.int32)

    def without_doubles(self, allowed: BoolVector, known: IntVector) -> BoolVector:
        """Return which films may be shown once every work is shown once.

        Args:
            allowed: (n_movies,) as the policy has it.
            known: movie indices the person has seen or hidden: another entry of the same work is as known to them.

        Returns:
            (n_movies,) bool; of the allowed entries of each work the best known, none of a work in `known`.
        """
        kept: BoolVector = allowed.copy()
        known_works = set(self.representative[known].tolist())
        for work, entries in self._doubled.items():
            open_to = entries[allowed[entries]]
            kept[entries] = False
            if work not in known_works and len(open_to):
                kept[open_to[0]] = True
        return kept

    def label(self, movie: int) -> str | None:
        """Return what a card says of an earlier film of the same title; None where there is none."""
        namesake = self.namesakes.get(movie)
        return None if namesake is None else namesake.label

    def _representatives(self) -> IntVector:
        parent = np.arange(len(self._counts), dtype=np.int32)
        for one, other in self._same_work():
            first, second = _root(parent, one), _root(parent, other)
            parent[max(first, second)] = min(first, second)
        works: dict[int, list[int]] = defaultdict(list)
        for movie in range(len(parent)):
            if parent[movie] != movie:
                works[_root(parent, movie)].append(movie)
        self._doubled: dict[int, IntVector] = {}
        representative = np.arange(len(parent), dtype=np.int32)
        for root, others in works.items():
            entries = np.array(sorted([root, *others], key=self._rank), np.int32)
            representative[entries] = entries[0]
            self._doubled[int(entries[0])] = entries
        return representative

    def _rank(self, movie: int) -> tuple[int, int]:
        return -int(self._counts[movie]), movie

    def _same_work(self) -> list[tuple[int, int]]:
        pairs = []
        for name in ("tmdb_id", "imdb_id"):
            first: dict[int, int] = {}
            for movie, film in self._films.items():
                if film[name]:
                    other = first.setdefault(film[name], movie)
                    # An id alone is not believed: metadata are joined by people and programs.
                    if other != movie and _share_title(film, self._films[other]):
                        pairs.append((other, movie))
        for movies in self._named.values():
            pairs += [(one, other) for one, other in _pairs(movies) if self._is_same(one, other)]
        return pairs

    def _is_same(self, one: int, other: int) -> bool:
        a, b = self._films[one], self._films[other]
        if not a["year"] or not b["year"] or abs(a["year"] - b["year"]) > 1:
            return False
        if a["tmdb_id"] and b["tmdb_id"]:
            return bool(a["tmdb_id"] == b["tmdb_id"])
        if a["directors"] and b["directors"]:
            return bool({*a["directors"]} & {*b["directors"]})
        story = self._story(one, other)
        if story is not None:
            return story >= SAME_STORY
        of_a, of_b = {*a["genres"]}, {*b["genres"]}
        return bool(a["year"] == b["year"] and of_a and of_b and (of_a <= of_b or of_b <= of_a))

    def _namesakes(self) -> dict[int, Namesake]:
        found = {}
        for movies in self._named.values():
            dated = sorted((movie for movie in movies if self._films[movie]["year"]), key=self._age)
            for place, movie in enumerate(dated):
                earlier = [other for other in dated[:place] if self._differ(other, movie)]
                if earlier:
                    found[movie] = self._namesake(movie, earlier)
        return found

    def _age(self, movie: int) -> tuple[int, int]:
        return self._films[movie]["year"], movie

    def _differ(self, earlier: int, later: int) -> bool:
        apart = self._films[later]["year"] - self._films[earlier]["year"]
        return bool(apart > 1 and self.representative[earlier] != self.representative[later])

    def _namesake(self, movie: int, earlier: Sequence[int]) -> Namesake:
        """Choose the original, which is the earliest one told again, or else the best known of the same title."""
        originals = [other for other in earlier if self._is_remake(other, movie)]
        other = originals[0] if originals else min(earlier, key=self._rank)
        named = f"{self._films[other]['title']} ({self._films[other]['year']})"
        if originals:
            return Namesake(other, "remake", f"Remake of {named}")
        return Namesake(other, "title", f"Not {named}")

    def _is_remake(self, earlier: int, later: int) -> bool:
        a, b = self._films[earlier], self._films[later]
        if "Documentary" in {*a["genres"]} ^ {*b["genres"]}:
            return False
        story = self._story(earlier, later)
        of_a, of_b = {*a["genres"]}, {*b["genres"]}
        if story is not None:
            return story >= ALIKE_STORY and bool(of_a & of_b)
        common = len(of_a & of_b) / max(len(of_a | of_b), 1)
        telling = len(plain_title(a["title"]).split()) >= LONG_TITLE or b["year"] - a["year"] >= LONG_AGO
        return common >= ALIKE_GENRES and telling

    def _story(self, one: int, other: int) -> float | None:
        """Return the likeness of two descriptions; None where one has none."""
        if self._stories is None or not self._films[one]["overview"] or not self._films[other]["overview"]:
            return None
        first, second = self._stories[one], self._stories[other]
        lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
        return float(first @ second) / lengths if lengths > 0 else None


def _described(catalogue: Catalogue, namesakes: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what is known of the films that share a title or an id with another, ascending; of the others nothing."""
    films = catalogue.movies.with_row_index("movie")
    doubled = [pl.col(name).is_duplicated() & pl.col(name).is_not_null() for name in ("tmdb_id", "imdb_id")]
    chosen = films.filter(pl.col("movie").is_in(namesakes) | doubled[0] | doubled[1])
    names = ("movie", "title", "alternative_titles", "year", "genres", "directors", "imdb_id", "tmdb_id", "overview")
    return {int(film["movie"]): film for film in chosen.select(names).iter_rows(named=True)}


def plain_title(title: str) -> str:
    """Return the words of a title without case, accents, punctuation and leading article.

    >>> plain_title("The Postman Always Rings Twice!"), plain_title("Amélie")
    ('postman always rings twice', 'amelie')
    """
    letters = unicodedata.normalize("NFKD", title.casefold().replace("&", " and ").replace("'", "").replace("’", ""))
    words = re.findall(r"[^\W_]+", "".join(letter for letter in letters if not unicodedata.combining(letter)))
    return " ".join(words[1:] if len(words) > 1 and words[0] in ("the", "a", "an") else words)


def _share_title(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two entries have a title in common and are of about one year."""
    names = [{plain_title(title) for title in (film["title"], *film["alternative_titles"])} for film in (a, b)]
    near = not a["year"] or not b["year"] or abs(a["year"] - b["year"]) <= 1
    return near and bool(names[0] & names[1])


def _pairs(movies: Sequence[int]) -> list[tuple[int, int]]:
    return [(one, other) for place, other in enumerate(movies) for one in movies[:place]]


def _root(parent: IntVector, movie: int) -> int:
    while parent[movie] != movie:
        movie = int(parent[movie])
    return movie
