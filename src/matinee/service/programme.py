"""What is on: one live release and what requests derive from it."""

from __future__ import annotations

from functools import cached_property

from matinee.ranking import Recommender
from matinee.ranking.named import NamedFilms
from matinee.ranking.shelves import Person as Visitor
from matinee.ranking.shelves import Screen, build_page
from matinee.service.elicit import telling
from matinee.service.films import Films
from matinee.service.slots import explorers
from matinee.types import FloatVector


class Programme:
    """One live release and what is derived from it; replaced as a whole."""

    def __init__(self, recommender: Recommender) -> None:
        self.recommender = recommender
        self.films = Films(recommender)

    @cached_property
    def screen(self) -> Screen:
        """The release, prepared for first pages."""
        return Screen(self.recommender)

    @cached_property
    def explorers(self) -> tuple[str, ...]:
        """Strategies that try for the place of a page that is there to learn."""
        return explorers(self.recommender)

    @cached_property
    def telling(self) -> FloatVector:
        """How much a newcomer's opinion of each film tells us."""
        return telling(self.films)

    @property
    def named(self) -> NamedFilms:
        """Which films bear which names."""
        return self.recommender.filters.named

    def rehearse(self) -> None:
        """Try the release out and build a page for nobody, and with it what the first visitors would wait for.

        Raises:
            Exception: whatever is wrong with the release.
        """
        self.recommender.rehearse()
        build_page(self.screen, Visitor())
