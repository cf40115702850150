"""Titles as people say them: "Matrix, The (1999)" is "The Matrix" of 1999.

MovieLens files a leading article behind a comma, adds other titles in brackets, and ends with the year:
`City of Lost Children, The (Cité des enfants perdus, La) (1995)`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

NO_GENRES = "(no genres listed)"

_ARTICLES = frozenset({
    "the", "a", "an",  # English
    "le", "la", "les", "un", "une",  # French
    "el", "los", "las", "una", "lo",  # Spanish, Italian
    "il", "gli", "i",  # Italian
    "der", "die", "das", "den", "ein", "eine",  # German
    "det", "de", "en", "ett", "et", "het",  # Scandinavian, Dutch
    "o", "os", "as", "um", "uma",  # Portuguese
    "da",  # as in "Hip Hop Witch, Da"
})  # fmt: skip
_JOINED_ARTICLES = frozenset({"l'", "l’", "d'", "ha-", "al-"})
"""Articles that touch the word they belong to."""

_ARTICLE_BEHIND = re.compile(r"^(.+), (\S{1,4})$", re.DOTALL)
_YEAR = re.compile(r"(1[89]\d\d|20\d\d)(?:\s*[-–—]\s*(?:\d{4})?)?")
_ALSO_KNOWN_AS = re.compile(r"^(?:a\.?k\.?a\.?:?)\s+", re.IGNORECASE)
_NOT_A_TITLE = re.compile(
    r"(?:tv|v|vg|video|short|imax|mini-?series|tv (?:movie|series|mini-?series)|[ivx]+)", re.IGNORECASE
)
"""Bracketed marks of the kind of film, as in "Land Before Time III (1995) (V)"."""
_PART_OF_TITLE = re.compile(
    r"(?:part|pt\.?|vol\.?|volume|chapter|episode|season|series) .*|.*\b(?:cut|version|edition)", re.IGNORECASE
)
"""Bracketed words that tell two films of one name apart, as in "Che (Part 2)"; they stay where they are."""


class ParsedTitle(NamedTuple):
    """A title taken apart.

    Attributes:
        title: the display form, article first, without year and brackets; never empty unless the raw title was.
        alternatives: other titles in the order given, articles first, none equal to `title`.
        year: first year of release; None where the raw title has none.
    """

    title: str
    alternatives: list[str]
    year: int | None


def parse_title(raw: str) -> ParsedTitle:
    """Take a raw MovieLens title apart.

    >>> parse_title("City of Lost Children, The (Cité des enfants perdus, La) (1995)")
    ParsedTitle(title='The City of Lost Children', alternatives=['La Cité des enfants perdus'], year=1995)
    """
    rest, year = raw.strip(), None
    others: list[str] = []
    while (group := _last_bracket(rest)) is not None:
        before, inside = group
        found = _YEAR.fullmatch(inside)
        if found and year is None:
            year = int(found[1])
        elif found and int(found[1]) == year and inside == found[1]:
            pass  # "Don Quixote (1973) (1973)"
        elif not _ALSO_KNOWN_AS.match(inside) and (found or _PART_OF_TITLE.fullmatch(inside)):
            break
        elif not _NOT_A_TITLE.fullmatch(inside):
            others.insert(0, inside)
        rest = before
    title = article_first(rest)
    names = (article_first(_ALSO_KNOWN_AS.sub("", other)) for other in others)
    alternatives = list(dict.fromkeys(name for name in names if name and name != title))
    return ParsedTitle(title, alternatives, year)


def article_first(title: str) -> str:
    """Put an article filed behind a comma back in front: "Haine, La" is "La Haine", "Avventura, L'" is "L'Avventura"."""
    found = _ARTICLE_BEHIND.match(title)
    if found is None:
        return title
    rest, article = found.groups()
    capital = article[0].upper() + article[1:]
    if article.lower() in _JOINED_ARTICLES:
        return capital + rest
    return f"{capital} {rest}" if article.lower() in _ARTICLES else title


def split_genres(raw: str) -> list[str]:
    """Split "Adventure|Children's" into genres; early releases' "Children's" is the later "Children".

    `(no genres listed)` and "unknown" are no genres.
    """
    names = (name.strip() for name in raw.split("|"))
    known = (name for name in names if name and name not in (NO_GENRES, "unknown"))
    return ["Children" if name == "Children's" else name for name in known]


def _last_bracket(text: str) -> tuple[str, str] | None:
    """Return what stands before and inside a balanced bracket that ends the text; None where nothing would be left.

    One superfluous closing bracket is forgiven. A bracket that touches a word, as in "Spy(ies)", belongs to it,
    unless it holds a year.
    """
    if not text.endswith(")"):
        return None
    depth = 0
    for place in range(len(text) - 1, 0, -1):
        if text[place] == ")":
            depth += 1
        elif text[place] == "(":
            depth -= 1
            if depth == 0:
                before = text[:place]
                inside = text[place + 1 : -1].strip()
                apart = before[-1:].isspace() or before[-1:] == ")" or _YEAR.fullmatch(inside) is not None
                return (before.rstrip(), inside) if apart and before.strip() else None
    if depth == 1 and text.endswith("))"):
        return _last_bracket(text[:-1])
    return None
