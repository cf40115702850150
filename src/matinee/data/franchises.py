"""Read from titles which films are parts of one series, for catalogues that do not say.

Three habits of titling are understood: numbered parts ("Alien 3", "The Godfather: Part II", "Star Wars: Episode V - …"),
subtitles under one name ("The Lord of the Rings: …", "Mission: Impossible - …") and adventures ("Indiana Jones and the …").
A name makes a franchise only where at least two films bear it, and a film belongs to the longest name it bears. The
reading is cautious: a film wrongly called a sequel would hide others, one that is missed costs nothing. What shares
no words ("The Dark Knight" and "Batman Begins") needs a column `franchise`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

_ROMAN = {
    name: number
    for number, name in enumerate(
        ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI"), start=1
    )
}
_WORDS = {"one": 1, "two": 2, "deux": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}

_NUMBER = rf"(?P<number>{'|'.join(sorted(_ROMAN, key=len, reverse=True))}|20|1\d|[1-9])(?:\s+1/2)?"
_NUMBERED = re.compile(rf"^(?P<stem>.+?)\s+{_NUMBER}(?:(?:\s*[:,]|\s+-)\s.*)?$")
_PART = re.compile(
    r"^(?P<stem>.+?)(?:[:,]|\s+-)?\s+\(?(?:Part|Pt\.?|Episode|Chapter|Vol\.?|Volume|Book)\s+"
    rf"(?P<number>{'|'.join(sorted(_ROMAN, key=len, reverse=True))}|\d\d?|(?i:{'|'.join(_WORDS)}))\)?"
    r"(?:(?:\s*[:,]|\s+-)\s.*)?$"
)
_HEAD = re.compile(r":\s+|\s+[-–—]\s+")
_ADVENTURE = re.compile(r"^(?P<stem>\w\S*(?:\s\w\S*)+?) and the \S")

_WORD = re.compile(r"[^\W_]+")

_KINGS = frozenset({
    "alexander", "catherine", "charles", "edward", "elizabeth", "frederick", "george", "henry", "ivan", "john", "king",
    "louis", "nicholas", "peter", "philip", "pope", "queen", "richard", "william",
})  # fmt: skip
"""Names borne with a number by rulers, who are no sequels: "Henry V", "Richard III"."""

MOST_SKIPPED = 4
"""A bare number up to this one continues a film without a number even if the parts between are absent ("Alien 3")."""
LONGEST_PAUSE = 20
"""Years after which a film of a similar title is rather another work than a part of the series."""
ADVENTURES = 3
"""Films called "X and the …" that make X a series; two may be chance."""


@dataclass(frozen=True)
class _Claim:
    """One film's claim to be part of a series.

    Attributes:
        movie: index.
        name: the name of the series as this film writes it.
        kind: "base" (called so itself), "bare" (a number behind the name), "counted" (the number 1 behind it), "part" (a
            number introduced by a word), "subtitle" or "adventure".
        number: the number, 0 where there is none.
        own: whether the film's main title says so, not another title of it.
    """

    movie: int
    name: str
    kind: str
    number: int = 0
    own: bool = True


def franchises_from_titles(movies: pl.DataFrame) -> list[str | None]:
    """Return the name of each movie's franchise, None where it seems to have none.

    Args:
        movies: `title`, `alternative_titles`, `year` and `genres` as a catalogue has them.
    """
    rows = movies.select("title", "alternative_titles", "year", "genres").rows()
    years: list[int | None] = [row[2] for row in rows]
    genres = [frozenset(row[3]) for row in rows]
    claims: dict[str, list[_Claim]] = defaultdict(list)
    spoken: dict[tuple[int, str], str] = {}
    for movie, (title, others, *_) in enumerate(rows):
        for place, each in enumerate((title, *others)):
            for claim in _claims(movie, each, own=place == 0):
                key = _key(claim.name)
                if key and not key.isdigit():
                    claims[key].append(claim)
                if claim.own:
                    spoken.setdefault((movie, claim.kind), claim.name)
    franchise: list[str | None] = [None] * len(rows)
    found: dict[str, set[int]] = {}
    # The longest name first: "Mission: Impossible" is no part of "The Mission".
    shared = (key for key, made in claims.items() if len(made) > 1)
    for key in sorted(shared, key=lambda each: (-len(each), each)):
        open_to = [claim for claim in claims[key] if franchise[claim.movie] is None]
        members = _members(open_to, years, genres)
        if len({claim.movie for claim in members}) < 2:
            continue
        first = min(members, key=lambda claim: (claim.kind != "base", years[claim.movie] or 9999, claim.movie))
        name = first.name if first.own else spoken.get((first.movie, first.kind), rows[first.movie][0])
        # A film in two halves within the series ("The Hunger Games: Mockingjay - Part 1") brings both along.
        inner = {
            other
            for claim in claims[key]
            if claim.kind not in ("base", "bare") and (other := franchise[claim.movie]) is not None
        }
        joined = {claim.movie for claim in members}
        for other in inner:
            joined.update(found.pop(other, set()))
        found.setdefault(name, set()).update(joined)
        for movie in joined:
            franchise[movie] = name
    return franchise


def _claims(movie: int, title: str, *, own: bool) -> Iterator[_Claim]:
    """Yield every way in which a title may name a series."""
    yield _Claim(movie, title, "base", own=own)
    if (found := _PART.match(title)) is not None:
        yield _Claim(movie, found["stem"], "part", _value(found["number"]), own)
    elif (found := _NUMBERED.match(title)) is not None and _key(found["stem"]) not in _KINGS:
        kind = "counted" if found["number"] == "1" else "bare"
        yield _Claim(movie, found["stem"], kind, _value(found["number"]), own)
    for found in _HEAD.finditer(title):
        yield _Claim(movie, title[: found.start()], "subtitle", own=own)
    if (found := _ADVENTURE.match(title)) is not None:
        yield _Claim(movie, found["stem"], "adventure", own=own)


def _members(claims: Sequence[_Claim], years: Sequence[int | None], genres: Sequence[frozenset[str]]) -> list[_Claim]:
    """Return the claims to one name that hold: none, or those of at least two films."""
    kinds: dict[str, list[_Claim]] = defaultdict(list)
    for claim in claims:
        kinds[claim.kind].append(claim)
    # A documentary series, or one artist's evenings, can be seen in any order.
    told = [claim for claim in kinds["subtitle"] if "Documentary" not in genres[claim.movie]]
    if kinds["counted"]:
        # "Movie 1", "Movie 2" … are numbers in place of titles: no series calls its first film so.
        kinds["bare"] = []
    numbered = kinds["part"] + kinds["bare"]
    base = _base(kinds["base"], [*numbered, *told], years)
    numbered = kinds["part"] + _in_sequence(kinds["bare"], kinds["part"], has_base=base is not None)
    found = numbered + told
    if len(kinds["adventure"]) >= ADVENTURES and not base:
        found = found + _without_pause(kinds["adventure"], years)
    if base is None:
        return found
    if numbered or len({claim.movie for claim in told}) > 1:
        return [base, *found]
    return [base, *(claim for claim in told if _follows(claim.movie, base.movie, years, genres))]


def _base(candidates: Sequence[_Claim], followers: Sequence[_Claim], years: Sequence[int | None]) -> _Claim | None:
    """Of films that bear the bare name (an original and its remakes) return the last one before the first follower."""
    others = {claim.movie for claim in followers}
    candidates = [claim for claim in candidates if claim.movie not in others]
    known = [year for claim in followers if (year := years[claim.movie]) is not None]
    if not followers or not candidates:
        return None
    if not known:
        return candidates[0]
    before = [claim for claim in candidates if (years[claim.movie] or 9999) <= min(known)]
    return max(before, key=lambda claim: (years[claim.movie] or 0, -claim.movie), default=None)


def _in_sequence(bare: Sequence[_Claim], parts: Sequence[_Claim], *, has_base: bool) -> list[_Claim]:
    """Keep bare numbers that continue something: "Apollo 13" and "Apollo 18" are no parts of one story."""
    numbers = {claim.number for claim in (*bare, *parts)}
    kept: list[_Claim] = []
    for claim in sorted(bare, key=lambda each: each.number):
        continues = claim.number - 1 in numbers or claim.number + 1 in numbers
        if (has_base and 2 <= claim.number <= MOST_SKIPPED) or (continues and (has_base or len(numbers) > 1)):
            kept.append(claim)
    return kept


def _without_pause(claims: Sequence[_Claim], years: Sequence[int | None]) -> list[_Claim]:
    """Return the first run of films with no long pause between them that makes a series; empty where there is none."""
    dated = sorted(
        ((year, claim) for claim in claims if (year := years[claim.movie]) is not None), key=lambda each: each[0]
    )
    run: list[tuple[int, _Claim]] = []
    for year, claim in dated:
        if run and year - run[-1][0] > LONGEST_PAUSE:
            if len({each.movie for _, each in run}) >= ADVENTURES:
                break
            run = []
        run.append((year, claim))
    return [claim for _, claim in run] if len({each.movie for _, each in run}) >= ADVENTURES else []


def _follows(movie: int, base: int, years: Sequence[int | None], genres: Sequence[frozenset[str]]) -> bool:
    """Whether "Name: Subtitle" may be the one sequel of "Name": later, but not much, and of a kind."""
    first, second = years[base], years[movie]
    if first is None or second is None:
        return False
    return 0 < second - first <= LONGEST_PAUSE and bool(genres[movie] & genres[base])


def _value(number: str) -> int:
    if number.isdigit():
        return int(number)
    return _ROMAN.get(number) or _WORDS[number.casefold()]


def _key(name: str) -> str:
    """Return the words of a name without case, accents, punctuation and leading article."""
    letters = name.casefold()
    if not letters.isascii():
        letters = "".join(each for each in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(each))
    words = _WORD.findall(letters)
    return " ".join(words[1:] if len(words) > 1 and words[0] in ("the", "a", "an") else words)
