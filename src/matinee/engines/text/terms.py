"""A film as terms: words of its title and overview, keywords and tags, genres, language, people.

Terms are known by a 64-bit hash of their kind and text, so that what was learnt is plain numbers.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[^\W_]+")
_VOWEL = re.compile("[aeiouy]")

_STOP = (
    "a about after again against all also am an and any are as at be because been before being between both but by can "
    "could did do does doing down during each ever few film films find finds first for from further get gets had has have "
    "having he her here hers herself him himself his how i if in into is it its itself just like make makes many me more "
    "most movie movies much must my new no nor not now of off on once one only or other others our out over own s same "
    "she should so some story such take takes t than that the their them themselves then there these they this those "
    "three through to too turn turns two under until up upon very was way we were what when where which while who whom "
    "whose why will with without would you your"
)
STOP_WORDS = frozenset(_STOP.split())


def fold(text: str) -> str:
    """Return text in lower case without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return letters if letters.isascii() else "".join(c for c in letters if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """Return the stems of a text's words, in order, without those that say nothing."""
    return [stem(word) for word in _WORD.findall(fold(text)) if word not in STOP_WORDS]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return a word without the usual English endings: "thrillers" and "thriller", "bending" and "bends" become one."""
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 3 and word.endswith("s") and word[-2] not in "su":
        word = word[:-1]
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and not word.endswith("eed") and _VOWEL.search(rest):
            return rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "ls" else rest
    return word.removesuffix("e") if len(word) > 3 else word


@lru_cache(maxsize=500_000)
def number(kind: str, term: str) -> int:
    """Return the 64-bit number of a term."""
    return int.from_bytes(hashlib.blake2b(f"{kind}:{term}".encode(), digest_size=8).digest(), "little")


KEYWORDS, GENRES, LANGUAGE, PEOPLE = range(4)
"""Blocks of sparse features, by place in `terms_of`'s answer."""


def terms_of(film: Mapping[str, Any], tags: Mapping[str, int]) -> Iterator[tuple[int, int, float]]:
    """Yield (block, term number, weight) for a film; a term may occur several times, weights then add up.

    Args:
        film: a row of a catalogue.
        tags: how many people gave the film each tag.
    """
    for word in words(f"{film['title']} {film['overview'] or ''}"):
        yield KEYWORDS, number("word", word), 1.0
    for phrase, count in phrases(film, tags):
        stems = words(phrase)
        yield KEYWORDS, number("phrase", " ".join(stems)), 2.0 * count
        for word in stems:
            yield KEYWORDS, number("word", word), 1.0 * count
    for genre in film["genres"]:
        yield GENRES, number("genre", genre), 1.0
    if film["language"]:
        yield LANGUAGE, number("language", film["language"]), 1.0
    for name in film["directors"]:
        yield PEOPLE, number("director", fold(name)), 1.5
    for place, name in enumerate(film["cast"][:10]):
        yield PEOPLE, number("cast", fold(name)), 1.0 if place < 3 else 0.5


def phrases(film: Mapping[str, Any], tags: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Yield the film's keywords once and its tags as often as they were given, at most five times each."""
    for keyword in film["keywords"]:
        yield keyword, 1
    for tag, count in tags.items():
        yield tag, min(count, 5)
