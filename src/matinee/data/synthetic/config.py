"""How large a simulated data set is: the counts of MovieLens 32M, or fewer in proportion."""

from __future__ import annotations

from dataclasses import dataclass

from matinee.errors import SettingsError

N_RATINGS, N_USERS, N_MOVIES = 32_000_204, 200_948, 87_585
"""Counts of MovieLens 32M."""
LARGEST_PROFILE = 33_332 / N_MOVIES
"""Share of the films that its busiest person rated."""
SMALLEST_PROFILE = 20
"""Ratings of everybody at least, as in MovieLens."""
MOVIES_GROW = 0.75
"""Films grow with the ratings to this power: MovieLens 1M has 3,706 rated ones, 20M has 26,744, 32M has 84,432."""


@dataclass(frozen=True, kw_only=True)
class SyntheticConfig:
    """Counts and seed; counts that are not given follow from the number of ratings."""

    ratings: int = N_RATINGS
    """Ratings in all, without those of held-out people."""
    users: int | None = None
    """People; default: as many as keeps MovieLens 32M's 159 ratings a person."""
    movies: int | None = None
    """Films; default: those of MovieLens 32M, fewer for fewer ratings."""
    held_out: int = 0
    """Further people of the same world, written into a folder of their own."""
    seed: int = 0
    """Of everything; the same seed and counts give the same bytes."""

    def __post_init__(self) -> None:
        """Refuse counts that do not fit together."""
        if self.ratings < 1000:
            raise SettingsError(f"A simulation needs at least 1,000 ratings; got {self.ratings:,}.")
        if self.held_out < 0 or self.seed < 0:
            raise SettingsError(f"held_out and seed must not be negative; got {self.held_out} and {self.seed}.")
        if self.n_movies < 3 * SMALLEST_PROFILE:
            raise SettingsError(f"A simulation needs at least {3 * SMALLEST_PROFILE} films; got {self.n_movies}.")
        if self.n_users < 1 or not SMALLEST_PROFILE <= self.ratings / self.n_users <= self.n_movies / 10:
            raise SettingsError(
                f"{self.ratings:,} ratings of {self.n_movies:,} films by {self.n_users:,} people do not fit together.",
                hint=f"On average a person rates at least {SMALLEST_PROFILE} films and at most a tenth of them.",
            )

    @property
    def n_users(self) -> int:
        """People whose ratings are written, held-out ones not counted."""
        return max(round(N_USERS * self.ratings / N_RATINGS), 1) if self.users is None else self.users

    @property
    def n_movies(self) -> int:
        """Films in the catalogue."""
        return round(N_MOVIES * (self.ratings / N_RATINGS) ** MOVIES_GROW) if self.movies is None else self.movies

    @property
    def largest_profile(self) -> int:
        """Ratings of one person at most."""
        return max(int(LARGEST_PROFILE * self.n_movies), SMALLEST_PROFILE)
