"""One poster for every film: a drawing chosen by genre, varied by id, lettered with title, year and genres.

The same film gives the same drawing on every machine. Nothing is fetched, so a poster can never be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from html import escape
from zlib import crc32

from matinee.web.posters import abstract, city, nature
from matinee.web.posters.art import Dice, Palette, Sheet, luminance
from matinee.web.posters.lettering import FACES, SANS, Face, set_title
from matinee.web.posters.palettes import choose_palette, usual_genre

DESIGN = 4
"""Raised when the drawings change, so that browsers fetch them again."""

WIDTH, HEIGHT = 400, 600
MARGIN = 30
FRAMED = 0.3
"""Share of posters whose drawing sits in a frame above the lettering."""

Drawing = Callable[[Sheet], None]

DRAWINGS: dict[str, tuple[Drawing, ...]] = {
    "Drama": (nature.horizon, city.window, abstract.folds, abstract.quarters, city.stairs, nature.waves, nature.petals),
    "Comedy": (abstract.confetti, city.bunting, city.balloons, abstract.arcs, abstract.quarters),
    "Sci-Fi": (abstract.orbits, abstract.grid, abstract.portal, abstract.tunnel),
    "Horror": (abstract.eye, abstract.claws, nature.forest, nature.fog),
    "Crime": (city.blinds, city.skyline, abstract.target, abstract.maze),
    "Film-Noir": (city.blinds, city.skyline, city.stairs),
    "Thriller": (abstract.spiral, abstract.tunnel, abstract.maze, city.blinds, city.keyhole),
    "Romance": (abstract.pair, nature.petals, nature.horizon, nature.night),
    "Adventure": (nature.mountains, nature.waves, nature.hills, abstract.burst),
    "Action": (abstract.burst, abstract.speed, abstract.target, city.skyline),
    "Animation": (nature.hills, abstract.arcs, city.balloons, nature.night),
    "Children": (nature.hills, city.balloons, abstract.arcs, city.bunting),
    "Fantasy": (abstract.crystal, nature.night, nature.mountains, abstract.portal),
    "Musical": (city.bars, city.vinyl, abstract.confetti),
    "War": (city.searchlights, abstract.chevrons, nature.horizon),
    "Western": (nature.mesa, nature.horizon),
    "Documentary": (nature.contours, city.lens, city.bars),
    "Mystery": (city.keyhole, nature.fog, abstract.spiral, nature.forest),
}

OPEN_ENDED = {
    *(nature.mountains, nature.hills, nature.waves, nature.forest, nature.night, nature.mesa),
    *(abstract.grid, abstract.arcs, city.skyline, city.searchlights, city.stairs),
}
"""Drawings that run into the lettering and are never framed."""


def version(title: str, year: int | None, genres: Sequence[str]) -> str:
    """Return a short mark that changes whenever the poster of a film would."""
    return f"{crc32(repr((DESIGN, title, year, tuple(genres))).encode()):08x}"


@lru_cache(maxsize=4096)
def poster(film: int, title: str, year: int | None, genres: tuple[str, ...]) -> str:
    """Return the poster of a film as an SVG document, 400 by 600 units."""
    sheet, draw, dice = _drawn(film, title, genres, WIDTH, HEIGHT)
    palette = sheet.colours
    face = dice.pick(FACES)
    lettering, top = _letter(title, year, genres, face, palette)
    if draw not in OPEN_ENDED and dice.chance(FRAMED):
        return _framed(sheet, top, lettering)
    shade = max(top - 150, 90)
    return _document(sheet, _shade(palette, shade / HEIGHT, min((top - 8) / HEIGHT, 0.96)), lettering)


@lru_cache(maxsize=256)
def backdrop(film: int, title: str, genres: tuple[str, ...]) -> str:
    """Return the same drawing without lettering, 1600 by 900 units: its subject to the right, room for text to the left."""
    sheet, _, _ = _drawn(film, title, genres, 1600, 900)
    fade = _stops(sheet.colours.base, ((0.0, 1.0), (0.3, 1.0), (0.46, 0.88), (0.74, 0.0)))
    veil = f'<linearGradient id="s">{fade}</linearGradient><rect width="100%" height="100%" fill="url(#s)"/>'
    return _document(sheet, veil, "")


def tone(film: int, title: str, genres: Sequence[str]) -> str:
    """Return "light" or "dark": what the colour behind a film's lettering is."""
    return "light" if luminance(choose_palette(genres, _dice(film, title)).base) > 0.3 else "dark"


def _drawn(film: int, title: str, genres: Sequence[str], w: float, h: float) -> tuple[Sheet, Drawing, Dice]:
    dice = _dice(film, title)
    palette = choose_palette(genres, dice)
    known = [name for name in map(usual_genre, genres) if name in DRAWINGS] or ["Drama"]
    draw = dice.pick(DRAWINGS[dice.pick(known[:3])])
    lettering_dice = Dice(film * 2654435761)
    sheet = Sheet(w, h, palette, dice)
    draw(sheet)
    return sheet, draw, lettering_dice


def _dice(film: int, title: str) -> Dice:
    return Dice(crc32(f"{film} {title}".encode()))


def _stops(colour: str, stops: Sequence[tuple[float, float]]) -> str:
    return "".join(
        f'<stop offset="{place:.3f}" stop-color="{colour}" stop-opacity="{opacity:g}"/>' for place, opacity in stops
    )


def _shade(palette: Palette, start: float, end: float) -> str:
    """Return a rectangle that fades from nothing to the base colour behind the lettering."""
    fade = _stops(palette.base, ((start, 0.0), (end, 0.97)))
    return (
        f'<linearGradient id="s" x1="0" y1="0" x2="0" y2="1">{fade}</linearGradient>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#s)"/>'
    )


def _letter(title: str, year: int | None, genres: Sequence[str], face: Face, palette: Palette) -> tuple[str, float]:
    """Return the lettering and the height at which it begins."""
    size, lines = set_title(title, face, WIDTH - 2 * MARGIN)
    leading = size * 1.06
    foot = HEIGHT - 34
    small = " · ".join([str(year)] * bool(year) + [name for name in genres if name[0] != "("][:2]).upper()
    first = foot - 34 - leading * (len(lines) - 1)
    spans = "".join(
        f'<tspan x="{MARGIN}" y="{first + leading * number:.0f}">{escape(line.upper() if face.capitals else line)}</tspan>'
        for number, line in enumerate(lines)
    )
    tracking = f' letter-spacing="{face.tracking * size:.1f}"' if face.tracking else ""
    text = (
        f'<text font-family="{face.family}" font-weight="{face.weight}" font-size="{size:.0f}"{tracking} fill="{palette.ink}">{spans}</text>'
        f'<text x="{MARGIN}" y="{foot}" font-family="{SANS}" font-weight="700" font-size="15" letter-spacing="2"'
        f' fill="{palette.ink}" opacity=".86">{escape(small)}</text>'
    )
    return text, first - size


def _framed(sheet: Sheet, top: float, lettering: str) -> str:
    """Return a poster with the drawing cropped to a frame that ends above the lettering."""
    height = max(top - 22 - MARGIN, 120)
    width = WIDTH - 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{sheet.colours.base}"/>'
        f'<svg x="{MARGIN}" y="{MARGIN}" width="{width}" height="{height:.0f}" viewBox="0 30 {WIDTH} {WIDTH * height / width:.0f}"'
        f' preserveAspectRatio="xMidYMin slice">{_sky(sheet.colours)}{"".join(sheet.parts)}</svg>{lettering}</svg>'
    )


def _document(sheet: Sheet, shade: str, lettering: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {sheet.w:g} {sheet.h:g}" width="{sheet.w:g}" height="{sheet.h:g}"'
        f' preserveAspectRatio="xMidYMid slice">{_sky(sheet.colours)}{"".join(sheet.parts)}{shade}{lettering}</svg>'
    )


def _sky(palette: Palette) -> str:
    return (
        '<linearGradient id="k" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{palette.sky}"/><stop offset="1" stop-color="{palette.base}"/></linearGradient>'
        '<rect width="100%" height="110%" fill="url(#k)"/>'
    )
