"""A sheet to draw on: plain SVG shapes, colours from one palette, chance from one seed.

Only presentation attributes are written, no styles and no scripts, so that a drawing obeys the strictest content policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, radians, sin
from typing import TypeVar

T = TypeVar("T")
Point = tuple[float, float]


@dataclass(frozen=True)
class Palette:
    """Six colours that go together, as hexadecimal strings.

    Attributes:
        base: behind the lettering.
        sky: behind the drawing; shades into `base`.
        a: the leading shape.
        b: its partner.
        c: the accent.
        ink: the lettering; at least 6:1 on `base`.
    """

    base: str
    sky: str
    a: str
    b: str
    c: str
    ink: str


def luminance(colour: str) -> float:
    """Return the relative luminance of a hexadecimal colour, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


class Dice:
    """Repeatable chance: the same seed throws the same numbers on every machine (SplitMix64)."""

    def __init__(self, seed: int) -> None:
        self._state = seed & 0xFFFFFFFFFFFFFFFF

    def throw(self) -> float:
        """Return the next number in [0, 1)."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return ((z ^ (z >> 31)) >> 11) / (1 << 53)

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.throw()

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int(self.throw() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[int(self.throw() * len(options))]

    def chance(self, probability: float) -> bool:
        """Return true that often."""
        return self.throw() < probability


class Sheet:
    """Collects shapes on a sheet of `w` by `h` units.

    Attributes:
        u: the drawing unit, 1 on a poster 400 wide.
        cx: where the drawing has its middle; to the right of the lettering on wide sheets.
        cy: the same, downwards.
    """

    def __init__(self, w: float, h: float, palette: Palette, dice: Dice) -> None:
        self.w, self.h, self.colours, self.dice = w, h, palette, dice
        wide = w > h
        self.u = (h / 500) if wide else (w / 400)
        self.cx, self.cy = (w * 0.72, h * 0.48) if wide else (w * 0.5, h * 0.38)
        self.parts: list[str] = []

    def circle(self, x: float, y: float, r: float, fill: str, opacity: float = 1) -> None:
        """Draw a disc."""
        self.parts.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}" fill="{fill}"{_opacity(opacity)}/>')

    def ring(self, x: float, y: float, r: float, stroke: str, width: float, opacity: float = 1) -> None:
        """Draw a circle's outline."""
        self.parts.append(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}" fill="none" stroke="{stroke}" stroke-width="{_n(width)}"{_opacity(opacity)}/>'
        )

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: str, opacity: float = 1, turn: float = 0) -> None:
        """Draw an ellipse turned by `turn` degrees."""
        turned = f' transform="rotate({_n(turn)} {_n(x)} {_n(y)})"' if turn else ""
        self.parts.append(
            f'<ellipse cx="{_n(x)}" cy="{_n(y)}" rx="{_n(rx)}" ry="{_n(ry)}" fill="{fill}"{_opacity(opacity)}{turned}/>'
        )

    def oval(self, x: float, y: float, rx: float, ry: float, stroke: str, width: float, turn: float = 0) -> None:
        """Draw an ellipse's outline turned by `turn` degrees."""
        self.parts.append(
            f'<ellipse cx="{_n(x)}" cy="{_n(y)}" rx="{_n(rx)}" ry="{_n(ry)}" fill="none" stroke="{stroke}"'
            f' stroke-width="{_n(width)}" transform="rotate({_n(turn)} {_n(x)} {_n(y)})"/>'
        )

    def rect(self, x: float, y: float, w: float, h: float, fill: str, opacity: float = 1, round_: float = 0) -> None:
        """Draw a rectangle with its upper left corner at (x, y)."""
        corner = f' rx="{_n(round_)}"' if round_ else ""
        self.parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}"{corner} fill="{fill}"{_opacity(opacity)}/>'
        )

    def polygon(self, points: Sequence[Point], fill: str, opacity: float = 1) -> None:
        """Draw a filled polygon."""
        joined = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self.parts.append(f'<polygon points="{joined}" fill="{fill}"{_opacity(opacity)}/>')

    def path(self, d: str, fill: str, opacity: float = 1) -> None:
        """Draw a filled path."""
        self.parts.append(f'<path d="{d}" fill="{fill}"{_opacity(opacity)}/>')

    def stroke(self, d: str, stroke: str, width: float, opacity: float = 1) -> None:
        """Draw a path's outline with round ends."""
        self.parts.append(
            f'<path d="{d}" fill="none" stroke="{stroke}" stroke-width="{_n(width)}" stroke-linecap="round"{_opacity(opacity)}/>'
        )

    def line(self, a: Point, b: Point, stroke: str, width: float, opacity: float = 1) -> None:
        """Draw a straight line."""
        self.stroke(f"M{_n(a[0])} {_n(a[1])}L{_n(b[0])} {_n(b[1])}", stroke, width, opacity)

    def stars(self, n: int, fill: str, bottom: float = 0.6) -> None:
        """Scatter small discs over the upper part of the sheet."""
        for _ in range(n):
            self.circle(
                self.dice.between(0, self.w),
                self.dice.between(0, self.h * bottom),
                self.dice.between(0.7, 2.4) * self.u,
                fill,
                round(self.dice.between(0.35, 1), 2),
            )

    def ridge(self, height: float, rough: float, fill: str, steps: int, *, smooth: bool = False) -> None:
        """Fill everything below a random line at about `height` (share of the sheet) with a colour."""
        points = [
            (self.w * step / steps, self.h * height + self.dice.between(-rough, rough) * self.u)
            for step in range(-1, steps + 2)
        ]
        if not smooth:
            self.polygon([*points, (self.w * 1.2, self.h), (-self.w * 0.2, self.h)], fill)
            return
        d = f"M{_n(points[0][0])} {_n(points[0][1])}"
        for (x0, y0), (x1, y1) in pairwise(points):
            middle = (x0 + x1) / 2
            d += f"C{_n(middle)} {_n(y0)} {_n(middle)} {_n(y1)} {_n(x1)} {_n(y1)}"
        self.path(f"{d}V{_n(self.h)}H{_n(points[0][0])}Z", fill)


def around(x: float, y: float, r: float, degrees: float) -> Point:
    """Return the point at a distance and an angle, clockwise from the right."""
    return x + r * cos(radians(degrees)), y + r * sin(radians(degrees))


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _opacity(value: float) -> str:
    return "" if value >= 1 else f' opacity="{value:g}"'
