"""The first page: titled rows of films, each saying truly why it is there; see `build_page` and `more`."""

from matinee.ranking.shelves.cursor import ShelfCursor, StalePageError
from matinee.ranking.shelves.page import Page, PageConfig, Row, build_page, more
from matinee.ranking.shelves.screen import Person, Screen

__all__ = [
    "Page",
    "PageConfig",
    "Person",
    "Row",
    "Screen",
    "ShelfCursor",
    "StalePageError",
    "build_page",
    "more",
]
