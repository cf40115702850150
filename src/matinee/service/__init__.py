"""Service: the use cases, and the JSON API over them."""

from matinee.service.answers import (
    Card,
    Evidence,
    Film,
    FilmPage,
    Home,
    OwnRating,
    PersonalList,
    Rated,
    Session,
    Shelf,
)
from matinee.service.use_cases import Cinema

__all__ = [
    "Card",
    "Cinema",
    "Evidence",
    "Film",
    "FilmPage",
    "Home",
    "OwnRating",
    "PersonalList",
    "Rated",
    "Session",
    "Shelf",
]
