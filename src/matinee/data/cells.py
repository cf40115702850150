"""Turn one cell of a metadata file, however it is written, into the value a catalogue keeps."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterable
from typing import Any

from matinee.data.fields import whole_number
from matinee.data.titles import split_genres

_LANGUAGES = {
    "english": "en", "french": "fr", "spanish": "es", "german": "de", "italian": "it", "japanese": "ja", "russian": "ru",
    "mandarin": "zh", "chinese": "zh", "cantonese": "zh", "cn": "zh", "hindi": "hi", "korean": "ko", "portuguese": "pt",
    "swedish": "sv", "danish": "da", "dutch": "nl", "norwegian": "no", "nb": "no", "polish": "pl", "persian": "fa",
}  # fmt: skip
"""Names of languages, and codes that mean a dialect or a written form, → ISO 639-1."""

_AGES = {
    # United States: cinema, its former marks, television
    "g": 0, "pg": 10, "gp": 10, "m": 15, "pg-13": 13, "r": 17, "nc-17": 18, "x": 18,
    "tv-y": 0, "tv-y7": 7, "tv-y7-fv": 7, "tv-g": 0, "tv-pg": 10, "tv-14": 14, "tv-ma": 17,
    # United Kingdom, Ireland, and marks for everybody elsewhere
    "u": 0, "uc": 0, "12a": 12, "15a": 15, "r18": 18, "all": 0, "al": 0, "tp": 0, "t": 0, "atp": 0, "l": 0,
}  # fmt: skip
"""Marks of age, in lower case, → the youngest age in years. A mark that leaves it to the parents counts as 10; of a mark
that means several ages ("M") the highest counts."""
_UNRATED = frozenset({"", "nr", "ur", "not rated", "unrated", "approved", "passed", "none", "n/a", "tbd"})
"""Marks that say nothing of an age; "Approved" and "Passed" were given to films for grown-ups too."""
_AGE = re.compile(r"(?:(?:fsk|usk|k|m|ma|pg|vm|r)[ -]?)?(?P<years>\d{1,2})\+?")
OLDEST = 21
"""No film waits for people older than this."""
_COLLECTION = re.compile(r"\s*[(\[]?\b(?:film )?(?:collection|franchise|film series)[)\]]?$", re.IGNORECASE)

_NO_LANGUAGE = "xx"
_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")
_LISTS = frozenset({"directors", "cast", "keywords"})


def value_of(column: str, cells: tuple[Any, ...]) -> Any:
    """Return the value of a catalogue column.

    Args:
        column: name of the catalogue column.
        cells: what the file's columns for it hold, in order of preference; lists are made of all of them.

    Returns:
        a list, text or number as `MOVIE_SCHEMA` has it; None where nothing is known.
    """
    if column in _LISTS:
        return list(dict.fromkeys(name for cell in cells for name in names_in(cell))) or None
    known = (_value(column, cell) for cell in cells if cell is not None)
    return next((value for value in known if value not in (None, [])), None)


def _value(column: str, cell: Any) -> Any:
    if column == "genres":
        return split_genres("|".join(names_in(cell)))
    if column == "country":
        return next(iter(names_in(cell)), None)
    text = str(cell).strip()
    if column == "language":
        return _language(text)
    if column == "age":
        return age_of(text)
    if column == "franchise":
        return next((_COLLECTION.sub("", name) or None for name in names_in(_unpacked(cell))), None)
    if column == "year":
        found = _YEAR.search(text)
        return int(found[1]) if found else None
    if column in ("runtime", "popularity"):
        number = _number(text)
        return number if number is None or column == "popularity" else (round(number) or None)
    if column in ("imdb_id", "tmdb_id"):
        return id_of(text)
    return text or None


def age_of(text: str) -> int | None:
    """Return the youngest age in years of a mark such as "PG-13", "FSK 16", "15" or "18+"; None where there is none."""
    plain = " ".join(text.casefold().removeprefix("rated ").split())
    if plain in _AGES:
        return _AGES[plain]
    found = _AGE.fullmatch(plain.removesuffix(".0"))
    years = None if found is None else int(found["years"])
    return years if years is not None and years <= OLDEST else None


def is_age_unreadable(text: str) -> bool:
    """Whether a cell says something of an age that cannot be understood, rather than nothing."""
    return age_of(text) is None and text.strip().casefold() not in _UNRATED


def id_of(text: str) -> int | None:
    """Return the number of an IMDb or TMDB id, written 114709, "0114709" or "tt0114709"; None where there is none."""
    if not text:
        return None
    try:
        return whole_number(text.strip().removeprefix("tt"))
    except ValueError:
        return None


def names_in(cell: Any) -> list[str]:
    """Return the names in a cell: a list, JSON such as `[{"name": "Drama"}]`, or text parted by "|" or commas."""
    if cell is None:
        return []
    if isinstance(cell, str):
        parsed = _parsed(cell) if cell.lstrip().startswith("[") else None
        if not isinstance(parsed, list):
            return _stripped(cell.split("|") if "|" in cell else cell.split(", "))
        cell = parsed
    items = cell if isinstance(cell, list) else [cell]
    return _stripped(item.get("name") if isinstance(item, dict) else item for item in items)


def _unpacked(cell: Any) -> Any:
    """Return a mapping written as text (`{"name": "Alien Collection"}`) as one, anything else as it is."""
    if isinstance(cell, str) and cell.lstrip().startswith("{"):
        parsed = _parsed(cell)
        return parsed if isinstance(parsed, dict) else None
    # A comma belongs to the name of a series: there is one in a cell.
    return [cell] if isinstance(cell, str) else cell


def _stripped(names: Iterable[Any]) -> list[str]:
    return [text for name in names if name is not None and (text := str(name).strip())]


def _parsed(text: str) -> Any:
    """Parse JSON, or the Python literals some files hold in its stead; None where it is neither."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _language(text: str) -> str | None:
    code = _LANGUAGES.get(text.lower(), text.lower())
    return code if len(code) == 2 and code.isalpha() and code != _NO_LANGUAGE else None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
