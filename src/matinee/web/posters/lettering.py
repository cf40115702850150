"""Titles set in lines that fit, without measuring fonts we cannot know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SERIF = "'Iowan Old Style',Palatino,'Palatino Linotype','URW Palladio L','Liberation Serif',Georgia,'DejaVu Serif Condensed',serif"
SANS = "'Avenir Next','Helvetica Neue','Liberation Sans',Arial,'DejaVu Sans Condensed',sans-serif"
NARROW = "'Avenir Next Condensed','Roboto Condensed','Arial Narrow','Liberation Sans Narrow','Helvetica Neue',Arial,'DejaVu Sans Condensed',sans-serif"


@dataclass(frozen=True)
class Face:
    """A way to set a title.

    Attributes:
        family: CSS font list.
        weight: CSS font weight.
        capitals: whether everything is set in capitals.
        breadth: width of an average letter as a share of the font size, with room for broader fallbacks.
        largest: largest font size, in poster units.
        tracking: extra space between letters, as a share of the font size.
    """

    family: str
    weight: int
    capitals: bool
    breadth: float
    largest: float
    tracking: float = 0.0


FACES = (
    Face(SERIF, 700, capitals=False, breadth=0.635, largest=80, tracking=-0.01),
    Face(SANS, 800, capitals=True, breadth=0.76, largest=60),
    Face(NARROW, 700, capitals=True, breadth=0.67, largest=84),
    Face(SERIF, 400, capitals=False, breadth=0.585, largest=80),
    Face(SANS, 700, capitals=False, breadth=0.645, largest=68, tracking=-0.02),
)

_SLIM, _BROAD = set("iljtfrI.,:;'’!|()[] -"), set("mwMWQ@%&ÆŒ—…")
SMALLEST = 24.0


def breadth(text: str, face: Face) -> float:
    """Return about how wide a line is, in font sizes."""
    letters = text.upper() if face.capitals else text
    units = sum(0.55 if letter in _SLIM else 1.4 if letter in _BROAD else 1.0 for letter in letters)
    wide_script = sum(0.9 for letter in letters if ord(letter) > 0x2E7F)
    return units * (face.breadth + face.tracking) + wide_script * (1 - face.breadth)


def set_title(title: str, face: Face, width: float, lines: int = 5) -> tuple[float, list[str]]:
    """Break a title into lines as large as they fit.

    Args:
        title: any text.
        face: how it is set.
        width: room for a line, in poster units.
        lines: most lines allowed; what does not fit ends in an ellipsis.

    Returns:
        The font size and the lines.
    """
    words = title.split() or ["Untitled"]
    size = face.largest
    while size > SMALLEST:
        broken = _break(words, face, width / size)
        allowed = 2 if size > face.largest * 0.72 else 3 if size > face.largest * 0.5 else lines
        if len(broken) <= allowed and all(breadth(line, face) <= width / size for line in broken):
            return size, broken
        size -= 2
    broken = [_shorten(line, face, width / SMALLEST) for line in _break(words, face, width / SMALLEST)]
    if len(broken) > lines:
        broken = [*broken[: lines - 1], _shorten(broken[lines - 1] + "…", face, width / SMALLEST)]
    return SMALLEST, broken


def _break(words: Sequence[str], face: Face, room: float) -> list[str]:
    """Fill lines greedily, then even them out without adding any."""
    greedy = _fill(words, face, room)
    if len(greedy) == 1:
        return greedy
    narrow = room
    for share in (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55):
        tried = _fill(words, face, room * share)
        if len(tried) > len(greedy) or any(breadth(line, face) > room * share for line in tried):
            break
        narrow = room * share
    return _fill(words, face, narrow)


def _fill(words: Sequence[str], face: Face, room: float) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if breadth(longer, face) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _shorten(line: str, face: Face, room: float) -> str:
    if breadth(line, face) <= room:
        return line
    while line and breadth(line + "…", face) > room:
        line = line[:-1]
    return line.rstrip() + "…"
