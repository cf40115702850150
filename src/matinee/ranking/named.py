"""Which films bear a name: of a genre, a person, a theme, a decade or a franchise; found once, without regard to case."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal, get_args

import numpy as np

from matinee.data import Catalogue
from matinee.types import IntVector

Kind = Literal["genre", "person", "decade", "theme", "franchise"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_NONE: IntVector = np.empty(0, np.int32)


class NamedFilms:
    """The films of one catalogue by what they are called after; each kind is indexed when it is first asked for.

    Args:
        catalogue: the films.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._index: dict[Kind, dict[str, IntVector]] = {}

    def of(self, kind: Kind, name: str) -> IntVector:
        """Return the indices of the films that bear a name, ascending; empty where none does.

        Args:
            kind: what the name is of. A person directed or acted; a theme is a keyword.
            name: in any case; a decade is "1980s" or "1980".
        """
        return self._by_name(kind).get(plain_name(kind, name), _NONE)

    def names(self, kind: Kind) -> list[str]:
        """Return the names of a kind as the catalogue writes them, those of most films first, then by alphabet."""
        index = self._by_name(kind)
        spelled: dict[str, str] = {}
        for _, name in self._pairs(kind):
            spelled.setdefault(plain_name(kind, name), name)
        return [spelled[name] for name in sorted(spelled, key=lambda each: (-len(index[each]), each))]

    def _by_name(self, kind: Kind) -> dict[str, IntVector]:
        if kind not in self._index:
            found: dict[str, list[int]] = defaultdict(list)
            for movie, name in self._pairs(kind):
                films = found[plain_name(kind, name)]
                if not films or films[-1] != movie:
                    films.append(movie)
            self._index[kind] = {name: np.array(films, np.int32) for name, films in found.items()}
        return self._index[kind]

    def _pairs(self, kind: Kind) -> list[tuple[int, str]]:
        """Return (movie index, name), movies ascending."""
        movies = self.catalogue.movies
        match kind:
            case "genre":
                lists = movies["genres"].to_list()
            case "theme":
                lists = movies["keywords"].to_list()
            case "person":
                lists = [[*one, *two] for one, two in movies.select("directors", "cast").iter_rows()]
            case "decade":
                lists = [[f"{year // 10 * 10}s"] if year else [] for year in self.catalogue.years.tolist()]
            case "franchise":
                names = self.catalogue.franchise_names
                lists = [[names[place]] if place >= 0 else [] for place in self.catalogue.franchises.tolist()]
        return [(movie, name) for movie, named in enumerate(lists) for name in named]


def plain_name(kind: Kind, name: str) -> str:
    """Return a name as it is compared: in lower case, a decade by its first year."""
    plain = " ".join(name.casefold().split())
    return plain.removesuffix("s") if kind == "decade" else plain
