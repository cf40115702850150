"""When simulated viewers rated what: evenings, sessions with a theme, and a few films everybody suddenly talks about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

DAY = 86_400
"""Seconds."""


@dataclass(frozen=True, kw_only=True)
class DiaryConfig:
    """How the time of the sample is laid out."""

    end: int = int(datetime(2026, 9, 30, tzinfo=UTC).timestamp())
    """The instant after the last rating, in Unix seconds."""
    n_days: int = 4 * 365
    """Days before `end` on which ratings are given."""
    session_size: float = 6.0
    """Mean number of films rated in one sitting."""
    stray: float = 0.3
    """Share of films rated outside any theme."""
    n_trending: int = 8
    """Recent films that many people come to in the last `trend_days`."""
    trend_days: int = 30
    """Length of that wave."""
    trend_share: float = 0.5
    """Share of a trending film's ratings that belong to the wave."""


def times_of(
    viewers: Longs, watched: Longs, films: pl.DataFrame, config: DiaryConfig, rng: np.random.Generator
) -> Longs:
    """Return (n_ratings,) Unix seconds at which viewer `viewers[k]` rated film row `watched[k]`.

    A viewer's films are laid out theme by theme (a director they have seen several films of, in order of release; else
    the main genre), cut into sessions, and the sessions spread over the viewer's active days. Nothing is rated before
    its year of release.
    """
    position = _positions(viewers, watched, films, config, rng)
    session_of = _sessions(viewers[position], config, rng)
    times = np.empty(len(viewers), np.int64)
    times[position] = _clock(viewers[position], session_of, config, rng)
    return _respect_releases(times, watched, films, config, rng)


def _positions(
    viewers: Longs, watched: Longs, films: pl.DataFrame, config: DiaryConfig, rng: np.random.Generator
) -> Longs:
    """Return the order in which ratings are given: viewer by viewer, theme by theme, each theme by year."""
    directors = films["director"].list.first().fill_null("").rank("dense").to_numpy().astype(np.int64)[watched]
    genres = films["genres"].list.first().fill_null("").rank("dense").to_numpy().astype(np.int64)[watched]
    n_directors, n_genres = int(directors.max(initial=0)) + 1, int(genres.max(initial=0)) + 1
    _, place, count = np.unique(viewers * n_directors + directors, return_inverse=True, return_counts=True)
    theme = np.where(count[place] > 1, n_genres + directors, genres)
    n_viewers = int(viewers.max(initial=-1)) + 1
    moment = rng.random((n_viewers, n_genres + n_directors))[viewers, theme]
    strays = rng.random(len(viewers)) < config.stray
    moment = np.where(strays, rng.random(len(viewers)), moment)
    return np.lexsort((films["year"].to_numpy()[watched], moment, viewers)).astype(np.int64)


def _sessions(viewers: Longs, config: DiaryConfig, rng: np.random.Generator) -> Longs:
    """Number the sessions along ratings sorted by viewer; a new one starts with each viewer and by chance."""
    starts = rng.random(len(viewers)) < 1.0 / config.session_size
    starts[1:] |= viewers[1:] != viewers[:-1]
    numbers: Longs = np.cumsum(starts) - starts[0]
    return numbers


def _clock(viewers: Longs, session_of: Longs, config: DiaryConfig, rng: np.random.Generator) -> Longs:
    """Return rising times along each viewer's ratings: sessions on evenings of their active days, a minute or so a film."""
    first = np.flatnonzero(np.diff(session_of, prepend=-1))
    owner = viewers[first]
    n_viewers, n_sessions = int(viewers.max(initial=-1)) + 1, len(first)
    joined_U = rng.random(n_viewers) * (config.n_days - 60)
    # Two in five stay to the end; the others drift away at some point.
    stays_U = np.where(rng.random(n_viewers) < 0.4, 1.0, rng.random(n_viewers) ** 2)
    left_U = joined_U + 30 + stays_U * (config.n_days - 30 - joined_U)
    day_S = np.floor(joined_U[owner] + rng.random(n_sessions) * (left_U - joined_U)[owner]).astype(np.int64)
    evening_S = np.clip(rng.normal(20.3, 2.2, n_sessions), 7.0, 23.0) * 3600
    start_S = np.minimum(day_S, config.n_days - 1) * DAY + evening_S.astype(np.int64)
    start_S = start_S[np.lexsort((start_S, owner))]
    pace = rng.exponential(45.0, len(viewers)).astype(np.int64) + 5
    elapsed = np.cumsum(pace)
    offset = elapsed - elapsed[first][session_of]
    times: Longs = config.end - config.n_days * DAY + start_S[session_of] + offset
    return np.minimum(times, config.end - 1)


def _respect_releases(
    times: Longs, watched: Longs, films: pl.DataFrame, config: DiaryConfig, rng: np.random.Generator
) -> Longs:
    """Move ratings given before the film's year to a later day, and gather the wave of the trending films."""
    years = films["year"].to_numpy()
    released_M = np.array([int(datetime(int(year), 1, 1, tzinfo=UTC).timestamp()) for year in years])
    recent = np.argsort(-years, kind="stable")[: 5 * config.n_trending]
    trending = rng.choice(recent, min(config.n_trending, len(recent)), replace=False)
    in_wave = np.isin(watched, trending) & (rng.random(len(times)) < config.trend_share)
    too_early = times < released_M[watched]
    earliest = np.where(in_wave, config.end - config.trend_days * DAY, released_M[watched])
    anew = earliest + rng.random(len(times)) * (config.end - earliest)
    moved: Longs = np.where(in_wave | too_early, anew.astype(np.int64), times)
    return moved
