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
    "age": 17,
    "franchise": "The Godfather",
    "imdb_id": None,
    "tmdb_id": None,
    "rating_mean": 4.1873,
    "rating_count": 412,
    "your_rating": None,
    "your_feedback": [],
}

CARD: dict[str, Any] = {
    "film": FILM,
    "score": 0.9466,
    "reason": "Because you gave Goodfellas 4.5 stars",
    "because": [{"movie_id": 1502, "title": "Goodfellas", "your_rating": 4.5, "amount": 0.056}],
    "namesake": None,
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
SAID: dict[str, Any] = {"movie_id": 1366, "kinds": ["watchlist", "not_for_me"], "can_undo": True}
OWN_FEEDBACK: dict[str, Any] = {
    "items": [{"film": {**FILM, "your_feedback": ["watchlist"]}, "kind": "watchlist", "given_at": 1768471200}]
}
TAKEN_BACK: dict[str, Any] = {"what": "feedback", "movie_id": 1366, "left": 3}
TASTE: dict[str, Any] = {
    "sliders": [{"kind": "genre", "name": "Horror", "level": -1, "films": 73}],
    "genres": ["Action", "Comedy", "Drama", "Horror"],
    "decades": ["2020s", "2010s", "2000s"],
}
SETTINGS: dict[str, Any] = {
    "max_age": 12,
    "max_runtime": 150,
    "min_year": None,
    "max_year": None,
    "languages": ["en", "fr"],
    "only_available": False,
    "discovery": 0.4,
    "available": [1366, 1502],
}
AUDIT: dict[str, Any] = {
    "film": FILM,
    "shown": False,
    "bars": [{"rule": "age", "text": "It is for people of 17 and over, and your limit is 12."}],
    "place": None,
    "n_allowed": 311,
    "answer": "It is for people of 17 and over, and your limit is 12.",
}
_SHELF: dict[str, Any] = {
    "key": "for-you",
    "title": "For you",
    "note": "Made from your 7 ratings.",
    "cards": [CARD],
    "next_cursor": "ACxbImZvci15b3UiLDIwNDY4LCIyMDI2MDExNS0xMDE1MDAtM2YyYTljIiwxXeUCa3xR8A",
    "start": 0,
}
HOME: dict[str, Any] = {
    "shelves": [_SHELF],
    "known": True,
    "n_ratings": 7,
    "n_needed": 0,
    "day": 20468,
    "question": None,
    "tried": {"movie_id": 1366, "strategy": "content", "propensity": 0.241573},
    "data_label": "sample (simulated viewers)",
    "simulated": True,
}
MORE_OF_ROW: dict[str, Any] = {"shelf": {**_SHELF, "next_cursor": None, "start": 1}}
OPENED: dict[str, Any] = {"movie_id": 1366, "shown": True}
INSIGHT: dict[str, Any] = {
    "film": FILM,
    "strategy": "hybrid",
    "score": 0.61,
    "parts": [
        {
            "kind": "popularity",
            "label": "What people in general make of it",
            "amount": 0.4,
            "movie_id": None,
            "your_rating": None,
            "exact": True,
            "method": "exact",
        },
        {
            "kind": "rating",
            "label": "Goodfellas",
            "amount": 0.21,
            "movie_id": 1502,
            "your_rating": 4.5,
            "exact": True,
            "method": "als, svd: exact given the solved profile; else exact",
        },
    ],
    "predicted": 4.2,
    "n_ratings": 7,
}
LIST_CHANGE: dict[str, Any] = {"film": {**FILM, "your_rating": 4.5}, "n": 10, "leaving": [FILM], "coming": [FILM]}
EVENING: dict[str, Any] = {
    "picks": [
        {
            "film": FILM,
            "confidence": "sure",
            "says": [
                {"name": "You", "place": 4, "reason": "Because you gave Goodfellas 4.5 stars"},
                {"name": "Bo", "place": 9, "reason": "Rated 4.2 on average by 412 simulated viewers"},
            ],
        }
    ],
    "rule": "proportional",
    "because": "894 films pass everybody's limits; chosen by the rule proportional for 2.",
    "n_candidates": 894,
    "satisfaction": {"You": 0.93, "Bo": 0.88},
}
HISTORY: dict[str, Any] = {
    "items": [{"film": {**FILM, "your_rating": 4.5}, "what": "rating", "value": 4.5, "at": 1768471200}],
    "next_cursor": "1768471200000000000",
}
PREFERENCES: dict[str, Any] = {
    "n_ratings": 7,
    "mean": 3.857,
    "genres": [{"name": "Drama", "count": 5, "mean": 4.1, "level": 1}],
    "decades": [{"name": "1990s", "count": 4, "mean": 4.125, "level": 0}],
    "people": [{"name": "Al Pacino", "count": 2, "mean": 4.5, "level": 0}],
}
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
