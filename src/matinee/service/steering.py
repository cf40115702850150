"""How people steer what they are shown: feedback, sliders, limits of the household, undo, and the question why not.

Everything is stored before it is acknowledged and counts on the next request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import numpy as np

from matinee.errors import InputError, StateError
from matinee.ranking.policy import Policy
from matinee.ranking.taste import Slider, Taste
from matinee.service.answers import (
    Audit,
    Bar,
    Event,
    History,
    HouseholdSettings,
    OwnFeedback,
    Preference,
    Preferences,
    Said,
    SliderState,
    TakenBack,
    TasteState,
)
from matinee.store import Limits, Store
from matinee.store.schema import FEEDBACK_KINDS

if TYPE_CHECKING:
    from matinee.service.person import Person
    from matinee.service.programme import Programme

SLIDERS_MOST = 500
"""Sliders one person may move."""
PEOPLE_SHOWN = 20
LEADS = 3
"""Actors of a film that count in a viewer's preferences."""


class NothingToUndoError(StateError):
    """Every action has been taken back, or is too long ago."""


class Steering:
    """The use cases of control, for a viewer whose identity the caller has proven."""

    if TYPE_CHECKING:
        store: Store
        _programme: Programme

        def _ask(self, viewer_id: int | None) -> tuple[Programme, Person]: ...

    # Feedback

    def say(self, viewer_id: int, movie_id: int, kind: str, *, given: bool = True) -> Said:
        """Store that a viewer says one thing of a film beside stars, or no longer says it.

        Raises:
            InputError: if there is no such kind of feedback.
            UnknownIdError: if there is no such viewer or film.
        """
        self.store.set_feedback(viewer_id, movie_id, kind, given=given)
        kinds = tuple(each.kind for each in self.store.feedback(viewer_id)[::-1] if each.movie_id == movie_id)
        return Said(movie_id=movie_id, kinds=kinds, can_undo=self.store.n_actions(viewer_id) > 0)

    def said(self, viewer_id: int, kind: str | None = None) -> tuple[OwnFeedback, ...]:
        """Return what a viewer said of films, newest first; films the live release lacks are left out.

        Args:
            viewer_id: who.
            kind: keep one kind only, such as "watchlist".

        Raises:
            InputError: if there is no such kind of feedback.
            UnknownIdError: if there is no such viewer.
        """
        if kind is not None and kind not in FEEDBACK_KINDS:
            raise InputError(f"There is no feedback {kind!r}.", hint=f"Feedback: {', '.join(FEEDBACK_KINDS)}.")
        now, person = self._ask(viewer_id)
        stored = [each for each in self.store.feedback(viewer_id) if kind in (None, each.kind)]
        return tuple(
            OwnFeedback(film=now.films.film(place, person), kind=each.kind, given_at=each.given_at)
            for place, each in zip(_places(now, (each.movie_id for each in stored)), stored, strict=True)
            if place >= 0
        )

    def undo(self, viewer_id: int) -> TakenBack:
        """Take back the latest feedback, change of taste or change of settings; again takes back the one before.

        Raises:
            NothingToUndoError: if there is none.
            UnknownIdError: if there is no such viewer.
        """
        undone = self.store.undo(viewer_id)
        if undone is None:
            raise NothingToUndoError("There is nothing to undo.", hint="Ratings are changed by rating again.")
        return TakenBack(what=undone.what, movie_id=undone.movie_id, left=undone.left)

    # Taste

    def taste(self, viewer_id: int) -> TasteState:
        """Return a viewer's sliders.

        Raises:
            UnknownIdError: if there is no such viewer.
        """
        now, person = self._ask(viewer_id)
        named = now.named
        return TasteState(
            sliders=tuple(
                SliderState(kind=each.kind, name=each.name, level=each.level, films=len(named.of(each.kind, each.name)))
                for each in person.taste.sliders
            ),
            genres=tuple(now.films.catalogue.genre_names),
            decades=tuple(sorted(named.names("decade"), reverse=True)),
        )

    def set_taste(self, viewer_id: int, sliders: Iterable[Slider]) -> TasteState:
        """Let these be a viewer's sliders, in place of the former; those at 0 are forgotten.

        Raises:
            InputError: if there are too many.
            UnknownIdError: if there is no such viewer.
        """
        taste = Taste.of(sliders)
        if len(taste.sliders) > SLIDERS_MOST:
            raise InputError(f"A taste has up to {SLIDERS_MOST} sliders; got {len(taste.sliders)}.")
        self.store.set_sliders(viewer_id, [(each.kind, each.name, each.level) for each in taste.sliders])
        return self.taste(viewer_id)

    # Limits

    def settings(self, viewer_id: int) -> HouseholdSettings:
        """Return what a viewer's household allows.

        Raises:
            UnknownIdError: if there is no such viewer.
        """
        limits, available = self.store.limits(viewer_id)
        return HouseholdSettings(
            max_age=limits.max_age,
            max_runtime=limits.max_runtime,
            min_year=limits.min_year,
            max_year=limits.max_year,
            languages=limits.languages,
            only_available=limits.only_available,
            discovery=limits.discovery,
            available=available,
        )

    def set_settings(
        self, viewer_id: int, limits: Limits, available: Collection[int] | None = None
    ) -> HouseholdSettings:
        """Let these be the limits of a viewer's household.

        Args:
            viewer_id: whose.
            limits: all of them.
            available: ids of the films that can be watched; None leaves the list alone.

        Raises:
            InputError: if the limits contradict each other, or the dial is out of range.
            UnknownIdError: if there is no such viewer or film; nothing is changed then.
        """
        # Says what is wrong with a limit before it is stored.
        Policy(
            max_age=limits.max_age,
            max_runtime=limits.max_runtime,
            min_year=limits.min_year,
            max_year=limits.max_year,
        )
        if limits.discovery is not None and not 0 <= limits.discovery <= 1:
            raise InputError(f"The dial runs from 0 to 1; got {limits.discovery:g}.")
        self.store.set_limits(viewer_id, limits, available)
        return self.settings(viewer_id)

    # Questions

    def why_not(self, viewer_id: int, movie_id: int, strategy: str = "hybrid") -> Audit:
        """Say why a film is not shown to a viewer: what bars it, or at which place of their list it stands.

        Raises:
            UnknownIdError: if there is no such viewer, film or strategy.
        """
        now, person = self._ask(viewer_id)
        movie = now.films.index(movie_id)
        found = now.recommender.why_not(
            person.profile, movie, strategy=strategy, policy=person.policy, taste=person.taste
        )
        texts = " ".join(each.text for each in found.objections)
        return Audit(
            film=now.films.film(movie, person),
            shown=not found.objections,
            bars=tuple(Bar(rule=each.rule, text=each.text) for each in found.objections),
            place=found.place,
            n_allowed=found.n_allowed,
            answer=texts or f"Nothing bars it: it stands at place {found.place:,} of {found.n_allowed:,}.",
        )

    def history(self, viewer_id: int, n: int = 50, cursor: str | None = None) -> History:
        """Return what a viewer did, newest first; films the live release lacks are left out.

        Args:
            viewer_id: who.
            n: how many events at most.
            cursor: `next_cursor` of the part before.

        Raises:
            InputError: if the cursor is none of ours.
            UnknownIdError: if there is no such viewer.
        """
        now, person = self._ask(viewer_id)
        account = self.store.account(viewer_id)
        events: list[tuple[int, int, str, float | None, int | None]] = [
            (each.position, each.movie_id, "rating", each.value, each.rated_at) for each in account.ratings
        ]
        events += [(each.position, each.movie_id, each.kind, None, each.given_at) for each in account.feedback]
        if cursor is not None:
            if not (cursor.isascii() and cursor.isdigit()):
                raise InputError(
                    "The cursor cannot be read.", hint="Give back `next_cursor` as it came, or none to start."
                )
            events = [event for event in events if event[0] < int(cursor)]
        events.sort(key=lambda event: event[:3], reverse=True)
        places = _places(now, (event[1] for event in events))
        known = [(event, place) for event, place in zip(events, places, strict=True) if place >= 0]
        return History(
            items=tuple(
                Event(film=now.films.film(place, person), what=what, value=value, at=at)
                for (_, _, what, value, at), place in known[:n]
            ),
            next_cursor=str(known[n - 1][0][0]) if len(known) > n else None,
        )

    def preferences(self, viewer_id: int) -> Preferences:
        """Say what a viewer's stars say of genres, decades and people.

        Raises:
            UnknownIdError: if there is no such viewer.
        """
        now, person = self._ask(viewer_id)
        movies = now.films.catalogue.movies
        genres: dict[str, list[float]] = {}
        decades: dict[str, list[float]] = {}
        people: dict[str, list[float]] = {}
        for movie, value in person.stars.items():
            film = movies.row(movie, named=True)
            if film["year"]:
                decades.setdefault(f"{film['year'] // 10 * 10}s", []).append(value)
            for name in film["genres"]:
                genres.setdefault(name, []).append(value)
            for name in dict.fromkeys([*film["directors"], *film["cast"][:LEADS]]):
                people.setdefault(name, []).append(value)
        often = {name: values for name, values in people.items() if len(values) > 1}
        values = list(person.stars.values())
        return Preferences(
            n_ratings=len(values),
            mean=round(float(np.mean(values)), 3) if values else None,
            genres=_preferences(genres, person.taste, "genre"),
            decades=_preferences(decades, person.taste, "decade"),
            people=_preferences(often, person.taste, "person")[:PEOPLE_SHOWN],
        )


def _preferences(found: dict[str, list[float]], taste: Taste, kind: str) -> tuple[Preference, ...]:
    levels = {each.key: each.level for each in taste.sliders}
    made = [
        Preference(
            name=name,
            count=len(values),
            mean=round(float(np.mean(values)), 3),
            level=levels.get(Slider(kind, name, 0).key, 0),  # type: ignore[arg-type]
        )
        for name, values in found.items()
    ]
    return tuple(sorted(made, key=lambda each: (-each.count, -each.mean, each.name)))


def _places(now: Programme, movie_ids: Iterable[int]) -> list[int]:
    """Return movie indices in the live release, -1 for films it lacks."""
    places: list[int] = now.films.catalogue.ids.find(np.array(list(movie_ids), np.int64)).tolist()
    return places
