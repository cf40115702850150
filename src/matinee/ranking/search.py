"""Search by title, person, genre and year: every word must be found, titles count most, well-known films come first.

A query of several words that says what a film is about ("mind-bending thrillers") is also asked of the engine `content`
where the release has it; what that finds follows the films in which every word was found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import numpy as np
import polars as pl

from matinee.data import Catalogue
from matinee.errors import UnknownIdError
from matinee.types import FloatVector

_WORD = re.compile(r"[^\W_]+")
_YEAR = re.compile(r"^(?P<title>.+?)\s*\((?P<year>\d{4})\)$")


ByMeaning = Callable[[str, int], list[tuple[int, float]]]


def plain(text: str) -> str:
    """Return lower-case words without accents or punctuation, joined by single spaces."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(_WORD.findall("".join(letter for letter in letters if not unicodedata.combining(letter))))


class Search:
    """Find films by words.

    Args:
        catalogue: the films.
        fame: (n_movies,) how well known each is, not negative; breaks ties.
        by_meaning: returns movie index and score for a query in plain language, best first; None where nobody can.
    """

    def __init__(self, catalogue: Catalogue, fame: FloatVector, by_meaning: ByMeaning | None = None) -> None:
        self.catalogue = catalogue
        self._by_meaning = by_meaning
        self.fame = fame / max(float(fame.max(initial=0)), 1.0)
        movies = catalogue.movies
        lists = ("alternative_titles", "directors", "cast", "genres", "keywords")
        joined = movies.select("title", "year", "overview", *(pl.col(name).list.join(" ") for name in lists))
        titles = [
            plain(f"{title} {other}") for title, other in joined.select("title", "alternative_titles").iter_rows()
        ]
        people = [plain(f"{directors} {cast}") for directors, cast in joined.select("directors", "cast").iter_rows()]
        rest = [
            plain(f"{genres} {keywords} {overview or ''} {year or ''}")
            for genres, keywords, overview, year in joined.select("genres", "keywords", "overview", "year").iter_rows()
        ]
        self._texts = pl.DataFrame({"title": titles, "people": people, "rest": rest}).with_columns(
            (" " + pl.all()).name.keep()  # words are found at their beginning: " mat" in " the matrix"
        )
        self._exact = [plain(title) for title in catalogue.titles]

    def __call__(self, query: str, n: int) -> list[int]:
        """Return up to `n` movie indices, best first; empty for a query without words."""
        words = plain(query).split()
        found = self._by_words(words, n)
        if self._by_meaning is None or len(words) < 2 or len(found) >= n:
            return found
        more = [movie for movie, _ in self._by_meaning(query, n + len(found)) if movie not in set(found)]
        return [*found, *more][:n]

    def _by_words(self, words: list[str], n: int) -> list[int]:
        if not words or not len(self.catalogue):
            return []
        found = [
            pl.max_horizontal(
                pl.col(field).str.contains(f" {word}", literal=True).cast(pl.Float32) * weight
                for field, weight in (("title", 3.0), ("people", 2.0), ("rest", 1.0))
            ).alias(f"w{place}")
            for place, word in enumerate(words)
        ]
        hits = self._texts.select(found).to_numpy()
        everywhere = np.flatnonzero((hits > 0).all(axis=1))
        wanted = " ".join(words)
        exact = np.array([self._closeness(int(index), wanted) for index in everywhere], dtype=np.float32)
        score = hits[everywhere].mean(axis=1) + exact + self.fame[everywhere]
        return [int(index) for index in everywhere[np.lexsort((everywhere, -score))][:n]]

    def _closeness(self, index: int, wanted: str) -> float:
        title = self._exact[index]
        if title == wanted or title.removeprefix("the ") == wanted:
            return 4.0
        return 1.0 if title.startswith(wanted) or title.removeprefix("the ").startswith(wanted) else 0.0

    def resolve(self, text: str) -> int:
        """Return the one film a person means by an id, a title, or a title with its year.

        Raises:
            UnknownIdError: if there is none, or several; the hint names candidates.
        """
        ids = self.catalogue.ids
        if text.strip().isdigit() and int(ids.find([int(text)])[0]) >= 0:
            return int(ids.find([int(text)])[0])
        match = _YEAR.match(text.strip())
        title, year = (match["title"], int(match["year"])) if match else (text, None)
        wanted = plain(title)
        same = [
            index
            for index, name in enumerate(self._exact)
            if name == wanted and (year is None or self.catalogue.years[index] == year)
        ]
        if len(same) == 1:
            return same[0]
        near = same or self._by_words(wanted.split(), 5)
        if len(near) == 1:
            return near[0]
        if not near:
            raise UnknownIdError(f"No film is called {text!r}.", hint="Try fewer words, or a movie id.")
        names = "; ".join(
            f"{ids.ids[index]} {self.catalogue.titles[index]} ({self.catalogue.years[index] or '?'})" for index in near
        )
        problem = f"Several films are called {text!r}." if same else f"No film is called exactly {text!r}."
        raise UnknownIdError(problem, hint=f"Name one by id: {names}.")
