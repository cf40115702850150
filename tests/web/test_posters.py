"""Posters: always there, always the same, always readable, never reaching for anything else."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data.sample import load_sample
from matinee.web.posters import backdrop, poster, tone, version
from matinee.web.posters.art import Dice, Palette, Sheet, luminance
from matinee.web.posters.lettering import FACES, Face, breadth, set_title
from matinee.web.posters.palettes import PALETTES, SPELLINGS
from matinee.web.posters.poster import DRAWINGS, HEIGHT, MARGIN, WIDTH

SVG = "{http://www.w3.org/2000/svg}"
ALL_PALETTES = sorted({palette for group in PALETTES.values() for palette in group}, key=repr)
ALL_DRAWINGS = sorted({draw for group in DRAWINGS.values() for draw in group}, key=lambda draw: draw.__name__)


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("palette", ALL_PALETTES, ids=lambda palette: palette.base)
def test_lettering_stands_out(palette: Palette) -> None:
    assert contrast(palette.ink, palette.base) >= 6


@given(
    film=st.integers(0, 2**40),
    title=st.text(max_size=90),
    year=st.none() | st.integers(1874, 2100),
    genres=st.lists(st.sampled_from([*DRAWINGS, *SPELLINGS, "(no genres listed)", "Unheard of"]), max_size=5),
)
@settings(max_examples=150, deadline=None)
def test_any_film_has_a_sound_poster(film: int, title: str, year: int | None, genres: list[str]) -> None:
    title = "".join(letter for letter in title if letter.isprintable())
    drawn = poster(film, title, year, tuple(genres))
    root = ET.fromstring(drawn)
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "").replace(title, "")
    assert not {element.tag for element in root.iter()} & {f"{SVG}script", f"{SVG}style", f"{SVG}image", f"{SVG}use"}
    assert not any("style" in element.attrib for element in root.iter())
    first, last = root.findall(f"{SVG}text")
    written = " ".join(span.text or "" for span in first)
    assert written.replace("…", "").casefold() in (" ".join(title.split()) or "Untitled").casefold() or "…" in written
    assert (str(year) in (last.text or "")) is (year is not None)


@pytest.mark.parametrize("draw", ALL_DRAWINGS, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("size", [(400, 600), (1600, 900)], ids=["tall", "wide"])
def test_drawings_are_numbers_and_shapes(draw, size) -> None:
    for seed in range(12):
        sheet = Sheet(*size, ALL_PALETTES[seed % len(ALL_PALETTES)], Dice(seed))
        draw(sheet)
        assert sheet.parts
        joined = "".join(sheet.parts)
        ET.fromstring(f"<svg>{joined}</svg>")
        assert "nan" not in joined
        assert "inf" not in joined


def test_the_same_film_looks_the_same_and_films_differ() -> None:
    poster.cache_clear()
    once = poster(7, "Ikiru", 1952, ("Drama",))
    poster.cache_clear()
    assert poster(7, "Ikiru", 1952, ("Drama",)) == once
    assert len({poster(film, "Ikiru", 1952, ("Drama",)) for film in range(60)}) == 60


def test_the_mark_follows_the_looks() -> None:
    marks = {
        version("Ikiru", 1952, ("Drama",)),
        version("Ikiru", 1953, ("Drama",)),
        version("Ikiru", 1952, ("Comedy",)),
        version("To Live", 1952, ("Drama",)),
    }
    assert len(marks) == 4


def test_a_poster_and_its_wide_picture_share_their_colours() -> None:
    for film in range(40):
        wide = backdrop(film, "Stalker", ("Drama", "Sci-Fi"))
        base = wide.split('stop-color="')[2].split('"')[0]
        assert base in poster(film, "Stalker", 1979, ("Drama", "Sci-Fi"))
        assert tone(film, "Stalker", ("Drama", "Sci-Fi")) == ("light" if luminance(base) > 0.3 else "dark")


@pytest.mark.parametrize("face", FACES, ids=lambda face: f"{face.weight}-{face.breadth}")
def test_titles_fit_whole(face: Face) -> None:
    width = WIDTH - 2 * MARGIN
    titles = load_sample().catalogue.titles
    for title in titles:
        size, lines = set_title(title, face, width)
        assert len(lines) <= 5
        assert all(breadth(line, face) * size <= width + 1e-6 for line in lines)
        assert " ".join(lines) == " ".join(title.split()) or any(line.endswith("…") for line in lines)
    cut = [title for title in titles if any("…" in line for line in set_title(title, face, width)[1])]
    assert len(cut) <= len(titles) // 100


def test_the_dice_are_the_same_everywhere() -> None:
    dice = Dice(0)
    # SplitMix64 of seed 0, from the reference implementation.
    assert [int(dice.throw() * 2**53) for _ in range(2)] == [0xE220A8397B1DCDAF >> 11, 0x6E789E6AA1B965F4 >> 11]
