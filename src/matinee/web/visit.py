"""One request to a page: who asks, how the answer is dressed, and what they tell us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from matinee.errors import UnknownIdError
from matinee.service import Cinema, Film, Session
from matinee.service.access import Anyone, TheCinema, hand_over
from matinee.web.forms import with_query
from matinee.web.rendering import render

THEME = "theme"
"""Cookie with the colours a person chose: "light" or "dark"; without it the system decides."""


@dataclass(frozen=True)
class RatedNote:
    """What was rated just before this page.

    Attributes:
        film: the film.
        stars: its stars now; None where they were cleared.
        was: its stars before, to undo.
    """

    film: Film
    stars: float | None
    was: float | None


@dataclass(frozen=True)
class Visit:
    """A request, the use cases, and the viewer who asks (None for somebody we do not know)."""

    request: Request
    cinema: Cinema
    viewer_id: int | None

    @property
    def needed(self) -> int:
        """How many ratings a personal list needs."""
        return self.cinema.recommender.hybrid.config.cold_below

    def n_ratings(self) -> int:
        """Return how many films the viewer has rated."""
        return 0 if self.viewer_id is None else len(self.cinema.ratings(self.viewer_id))

    def ids(self, name: str, most: int) -> list[int]:
        """Return ids of films that the address repeats under a name, or lists with commas; what is none is ignored."""
        texts = ",".join(self.request.query_params.getlist(name)).split(",")
        return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 16][:most]

    def rated(self) -> RatedNote | None:
        """Read from the address what was rated just before; None where it says nothing sensible."""
        query = self.request.query_params
        try:
            film = self.cinema.movie(int(query["rated"]), self.viewer_id)
            was = float(query["was"]) if "was" in query else None
        except (KeyError, ValueError, UnknownIdError):
            return None
        return RatedNote(film, film.your_rating, was if was in self.cinema.star_values else None)

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Fill in a template with what every page knows and the values of this one."""
        recommender, url = self.cinema.recommender, self.request.url
        theme = self.request.cookies.get(THEME)
        common = {
            "theme": theme if theme in ("light", "dark") else None,
            "path": url.path,
            "here": with_query(url.path + (f"?{url.query}" if url.query else ""), rated=None, was=None),
            "simulated": recommender.info.data.simulated,
            "viewers": recommender.viewers,
            "data_label": self.cinema.data_label,
            "star_values": self.cinema.star_values,
            "needed": self.needed,
            "query": "",
            "rated": None,
        }
        return HTMLResponse(render(template, common | values), status, headers={"Cache-Control": "no-store"})

    def back(self, url: str) -> RedirectResponse:
        """Send the browser to a page, to be fetched with GET."""
        return RedirectResponse(url, 303)

    def rate(self, movie_id: int, stars: float | None) -> tuple[int, Session | None]:
        """Store or clear one rating; somebody we do not know yet becomes a viewer.

        Returns:
            How many films the viewer has rated now, and the session that was opened for a new viewer.
        """
        if self.viewer_id is not None:
            return self.cinema.rate(self.viewer_id, movie_id, stars).n_ratings, None
        if stars is None:
            return 0, None
        return 1, self.cinema.onboard(ratings={movie_id: stars})

    def rate_all(self, ratings: Mapping[int, float]) -> Session | None:
        """Store several ratings; returns the session that was opened for a new viewer."""
        if self.viewer_id is None:
            return self.cinema.onboard(ratings=ratings) if ratings else None
        for movie_id, stars in ratings.items():
            self.cinema.rate(self.viewer_id, movie_id, stars)
        return None

    def remember(self, response: Response, session: Session | None) -> None:
        """Let the browser of a new viewer keep their session."""
        if session is not None:
            hand_over(response, session, self.request.app.state.settings)


def _visit(request: Request, cinema: TheCinema, caller: Anyone) -> Visit:
    return Visit(request, cinema, caller.viewer_id)


Visiting = Annotated[Visit, Depends(_visit)]
"""The visit a page handler is asked for."""
