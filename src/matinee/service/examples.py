"""Example answers: shown in the OpenAPI description and in `docs/api.md`."""

from __future__ import annotations

from typing import Any

FILM: dict[str, Any] = {
    "id": 1366,
    "title": "The Godfather",
    "alternative_titles": [],
    "year": 1972,
    "genres": ["Crime", "Drama"],
    "overview": "A crime patriarch's youngest son, meant for a clean life, is drawn into the family business.",
    "directors": ["Francis Ford Coppola"],
    "cast": ["Marlon Brando", "Al Pacino", "James Caan"],
    "language": "en",
    "country": "United States",
    "runtime": 175,
    "imdb_id": None,
    "tmdb_id": None,
    "rating_mean": 4.1873,
    "rating_count": 412,
    "your_rating": None,
}

CARD: dict[str, Any] = {
    "film": FILM,
    "score": 0.9466,
    "reason": "Because you gave Goodfellas 4.5 stars",
    "because": [{"movie_id": 1502, "title": "Goodfellas", "your_rating": 4.5, "amount": 0.056}],
}

_EVERYBODY = {**CARD, "score": 147.41, "reason": "Rated 4.2 on average by 412 simulated viewers", "because": []}
_NEAR = {**CARD, "score": 0.0403, "reason": "People who liked Goodfellas liked it too", "because": []}

PERSONAL_LIST: dict[str, Any] = {
    "viewer_id": 2001,
    "n_ratings": 7,
    "strategy": "hybrid",
    "because": "A blend of ease, popular, from 7 ratings.",
    "release": "20260115-101500-3f2a9c",
    "data_label": "sample (simulated viewers)",
    "cards": [CARD],
}
RATED: dict[str, Any] = {"movie_id": 1366, "value": 4.5, "n_ratings": 8}
OWN_RATINGS: dict[str, Any] = {"items": [{"film": {**FILM, "your_rating": 4.5}, "rated_at": 1768471200}]}
SESSION: dict[str, Any] = {
    "viewer_id": 2001,
    "name": "Ada",
    "token": "v3Xb0s3cR3t0f0nLy0n3v13w3rAbCdEfGhIjKlMnOpQ",
    "expires": 1800007200,
}
FILM_PAGE: dict[str, Any] = {
    "films": [FILM],
    "next_cursor": "WyJwb3B1bGFyIixudWxsLCI1ZjA4YTFjMiIsMV0",
    "total": 894,
}
FILMS: dict[str, Any] = {"items": [FILM]}
TRENDING: dict[str, Any] = {"items": [_EVERYBODY]}
SIMILAR: dict[str, Any] = {"items": [_NEAR]}
HEALTH: dict[str, Any] = {"status": "ok"}
READINESS: dict[str, Any] = {
    "status": "ready",
    "release": "20260115-101500-3f2a9c",
    "data": "sample (simulated viewers)",
}
PROBLEM: dict[str, Any] = {
    "type": "urn:matinee:problem:unknown-id",
    "title": "Not Found",
    "status": 404,
    "detail": "There is no movie 999999.",
    "instance": "/api/movies/999999",
    "request_id": "9f86d081884c7d65",
    "hint": "Known movie ids run from 1001 to 5424 (894 of them).",
}
