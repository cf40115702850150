"""How commands show films."""

from __future__ import annotations

from typing import TypedDict

from matinee.data import Catalogue
from matinee.releases import Manifest


class FilmRow(TypedDict):
    """The stable keys of a film in JSON output."""

    movie_id: int
    title: str
    year: int | None


def film_row(catalogue: Catalogue, movie: int) -> FilmRow:
    """Return the id, title and year of a film."""
    return {
        "movie_id": int(catalogue.ids.ids[movie]),
        "title": catalogue.titles[movie],
        "year": int(catalogue.years[movie]) or None,
    }


def label(manifest: Manifest) -> str:
    """Name the data behind a list, and say so where its viewers are simulated."""
    return f"{manifest.data.name}, simulated viewers" if manifest.data.simulated else manifest.data.name
