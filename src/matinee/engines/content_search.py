"""Find films by what they are about: nearness in the space of sentences, and words found in what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from matinee.engines.engine import Arrays
from matinee.engines.text.terms import number, words
from matinee.types import FloatVector

_FIELDS = {
    "title": 1.0,
    "genres": 1.0,
    "keywords": 1.0,
    "directors": 0.9,
    "cast": 0.8,
    "tags": 0.8,
    "origin": 0.8,
    "overview": 0.7,
}
"""How much a word counts by where it stands; the best place counts."""

_LANGUAGES = {
    "ar": "Arabic",
    "bn": "Bengali",
    "cn": "Cantonese Chinese",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "es": "Spanish",
    "fa": "Persian Iranian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew Israeli",
    "hi": "Hindi Indian",
    "hu": "Hungarian",
    "is": "Icelandic",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "ta": "Tamil Indian",
    "te": "Telugu Indian",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "yue": "Cantonese Chinese",
    "zh": "Chinese Mandarin",
}


def learn_index(movies: pl.DataFrame, tags: Sequence[Mapping[str, int]]) -> Arrays:
    """Return, for every word, the films it is found in.

    Returns:
        `search_terms` (n,) uint64 in order; `search_starts` (n + 1,) int64; `search_films` (n_entries,) int32 and
        `search_weights` (n_entries,) float32: word t stands in the entries `search_starts[t]:search_starts[t + 1]`.
    """
    found: dict[tuple[int, int], float] = {}
    for row, film in enumerate(movies.iter_rows(named=True)):
        for field, weight in _FIELDS.items():
            for word in words(_text(film, tags[row], field)):
                key = (number("word", word), row)
                found[key] = max(found.get(key, 0.0), weight)
    order = sorted(found)
    numbers = np.array([key[0] for key in order], np.uint64)
    terms, counts = np.unique(numbers, return_counts=True)
    return {
        "search_terms": terms,
        "search_starts": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "search_films": np.array([key[1] for key in order], np.int32),
        "search_weights": np.array([found[key] for key in order], np.float32),
    }


def _text(film: Mapping[str, Any], tags: Mapping[str, int], field: str) -> str:
    if field == "tags":
        return " ".join(tags)
    if field == "title":
        return " ".join([film["title"], *film["alternative_titles"]])
    if field == "origin":
        return f"{_LANGUAGES.get(film['language'] or '', '')} {film['country'] or ''} {_when(film['year'])}"
    value = film[field]
    return value or "" if isinstance(value, str | None) else " ".join(value)


def _when(year: int | None) -> str:
    """Return a year and its decade as people write them."""
    return f"{year} {year // 10 * 10}s" if year else ""


def keyword_match(query: str, index: Arrays, n_movies: int) -> FloatVector:
    """Return (n_movies,) the share of the query's words that a film has, rare words counting more, from 0 to 1."""
    scores = np.zeros(n_movies, np.float32)
    terms, starts, whole = index["search_terms"], index["search_starts"], 0.0
    for word in dict.fromkeys(words(query)):
        wanted = np.uint64(number("word", word))
        place = int(np.searchsorted(terms, wanted))
        known = place < len(terms) and terms[place] == wanted
        span = slice(int(starts[place]), int(starts[place + 1])) if known else slice(0, 0)
        rarity = float(np.log1p(n_movies / max(span.stop - span.start, 1)))
        whole += rarity
        scores[index["search_films"][span]] += rarity * index["search_weights"][span]
    return scores / np.float32(max(whole, 1e-6))
