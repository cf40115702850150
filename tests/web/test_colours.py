"""Colours: text can be read and controls can be seen, in both themes and on every film's own colour."""

from __future__ import annotations

import re

import pytest

from matinee.web.posters.art import luminance
from matinee.web.posters.palettes import PALETTES
from matinee.web.rendering import STATIC

HEXADECIMAL = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{6});")


def colours(css: str) -> dict[str, str]:
    return dict(HEXADECIMAL.findall(css))


def block(css: str, selector: str) -> dict[str, str]:
    return colours(css.split(f"{selector} {{", 1)[1].split("}", 1)[0])


DARK = colours((STATIC / "css/tokens.css").read_text())
LIGHT = DARK | colours((STATIC / "css/light.css").read_text())
CARDS = (STATIC / "css/cards.css").read_text()
GROUNDS = ["bg", "bg-deep", "surface", "surface-high"]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_light_theme_replaces_every_colour_that_needs_it() -> None:
    assert set(colours((STATIC / "css/light.css").read_text())) == set(DARK)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
class TestThemes:
    @pytest.mark.parametrize("ground", GROUNDS)
    @pytest.mark.parametrize("text", ["ink", "ink-soft", "ink-faint", "accent", "good", "bad"])
    def test_text(self, theme: dict[str, str], text: str, ground: str) -> None:
        assert contrast(theme[text], theme[ground]) >= 4.5

    @pytest.mark.parametrize("ground", GROUNDS)
    @pytest.mark.parametrize("part", ["edge", "focus", "star"])
    def test_parts_of_controls(self, theme: dict[str, str], part: str, ground: str) -> None:
        assert contrast(theme[part], theme[ground]) >= 3

    @pytest.mark.parametrize("fill", ["fill", "fill-hover"])
    def test_buttons(self, theme: dict[str, str], fill: str) -> None:
        assert contrast(theme["on-fill"], theme[fill]) >= 7


@pytest.mark.parametrize("base", sorted({palette.base for group in PALETTES.values() for palette in group}))
def test_the_hero_can_be_read_on_every_films_colour(base: str) -> None:
    tokens = block(CARDS, ".tone-light" if luminance(base) > 0.3 else ".tone-dark")
    for text in ("ink", "ink-soft", "ink-faint", "accent"):
        assert contrast(tokens[text], base) >= 4.5, text
    for part in ("edge", "focus"):
        assert contrast(tokens[part], base) >= 3, part


def test_luminance_is_that_of_the_standard() -> None:
    assert luminance("#ffffff") == pytest.approx(1)
    assert luminance("#000000") == 0
    # 0.2126 of full red, as WCAG 2.2 defines it.
    assert luminance("#ff0000") == pytest.approx(0.2126)
    assert luminance("#777777") == pytest.approx(0.184, abs=0.001)
