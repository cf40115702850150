"""Drawings of places and the sky."""

from __future__ import annotations

from matinee.web.posters.art import Sheet, around


def horizon(s: Sheet) -> None:
    """A sun over water, mirrored in bars."""
    p, d, u = s.colours, s.dice, s.u
    x, line = s.cx + d.between(-60, 60) * u, s.h * d.between(0.5, 0.58)
    r = d.between(95, 135) * u
    s.circle(x, line - r * d.between(-0.1, 0.55), r, p.b)
    s.rect(0, line, s.w, s.h - line, p.a)
    for bar in range(7):
        width = r * (1.9 - bar * 0.23)
        s.rect(x - width / 2, line + (10 + bar * 17) * u, width, (9 - bar * 0.8) * u, p.b, 0.9, 4 * u)


def mountains(s: Sheet) -> None:
    """Ranges, the nearest darkest."""
    p, d, u = s.colours, s.dice, s.u
    s.circle(s.cx + d.between(-110, 110) * u, s.h * d.between(0.16, 0.3), d.between(38, 70) * u, p.b)
    s.ridge(0.44, 70, p.c, d.whole(5, 7))
    s.ridge(0.56, 60, p.a, d.whole(4, 6))
    s.ridge(0.72, 45, p.base, d.whole(4, 6))


def hills(s: Sheet) -> None:
    """Soft hills under a big sun."""
    p, d, u = s.colours, s.dice, s.u
    s.circle(s.cx + d.between(-90, 90) * u, s.h * d.between(0.24, 0.34), d.between(70, 105) * u, p.a)
    s.ridge(0.46, 40, p.c, 3, smooth=True)
    s.ridge(0.56, 40, p.b, 3, smooth=True)
    s.ridge(0.74, 26, p.base, 2, smooth=True)


def waves(s: Sheet) -> None:
    """Rolling waves like a woodcut."""
    p, d, u = s.colours, s.dice, s.u
    s.circle(s.cx + d.between(-80, 80) * u, s.h * 0.26, d.between(50, 80) * u, p.c)
    colours = [p.b, p.a, p.sky, p.a, p.base]
    for row, colour in enumerate(colours):
        y, r = s.h * (0.4 + row * 0.085), 46 * u
        shift = d.between(0, 2 * r)
        path = f"M{-2 * r - shift:.0f} {y:.0f}"
        for _ in range(int(s.w / (2 * r)) + 4):
            path += f"q{r / 2:.0f} {-r * 0.72:.0f} {r:.0f} 0t{r:.0f} 0"
        s.path(f"{path}V{s.h:.0f}H{-2 * r - shift:.0f}Z", colour)


def forest(s: Sheet) -> None:
    """Bare trunks before the moon."""
    p, d, u = s.colours, s.dice, s.u
    s.circle(s.cx + d.between(-50, 50) * u, s.h * 0.3, d.between(85, 120) * u, p.b)
    trunks = int(s.w / (34 * u))
    for depth, colour in ((0.45, p.a), (1.0, p.base)):
        for trunk in range(trunks):
            if d.chance(0.35):
                continue
            x, width = (trunk + d.throw()) * s.w / trunks, d.between(5, 15) * u * depth
            lean = d.between(-18, 18) * u
            s.polygon([(x, s.h), (x + width * 1.6, s.h), (x + width + lean, 0), (x + lean, 0)], colour)
            y = s.h * d.between(0.12, 0.5)
            side = d.pick((-1, 1))
            s.line((x + width / 2 + lean * 0.6, y), (x + side * 46 * u, y - 50 * u), colour, 3 * u * depth + u)


def night(s: Sheet) -> None:
    """A crescent, stars and a line of hills."""
    p, d, u = s.colours, s.dice, s.u
    s.stars(40, p.b)
    x, y, r = s.cx + d.between(-60, 60) * u, s.h * 0.28, d.between(70, 95) * u
    s.circle(x, y, r, p.c)
    s.circle(x + r * 0.42, y - r * 0.16, r * 0.86, p.sky)
    s.ridge(0.58, 55, p.a, d.whole(3, 5))
    s.ridge(0.7, 30, p.base, 3, smooth=True)


def mesa(s: Sheet) -> None:
    """Table mountains and a low sun."""
    p, d, u = s.colours, s.dice, s.u
    s.circle(s.cx + d.between(-70, 70) * u, s.h * 0.42, d.between(80, 120) * u, p.b)
    for level, colour in ((0.5, p.a), (0.57, p.c)):
        x = d.between(-120, 0) * u
        while x < s.w:
            width, height = d.between(70, 150) * u, d.between(50, 150) * u
            top = s.h * (level + 0.12) - height
            s.polygon(
                [(x, s.h), (x + width * 0.18, top), (x + width * 0.82, top), (x + width, s.h)],
                colour,
            )
            x += width + d.between(40, 140) * u
        s.rect(0, s.h * (level + 0.1), s.w, s.h, colour)
    s.ridge(0.74, 12, p.base, 4, smooth=True)


def contours(s: Sheet) -> None:
    """Height lines of a map."""
    p, d, u = s.colours, s.dice, s.u
    x, y = s.cx + d.between(-60, 60) * u, s.cy
    wobble = [d.between(0.75, 1.25) for _ in range(9)]
    for ring in range(11, 0, -1):
        points = [around(x, y, ring * 27 * u * wobble[k % 9], k * 40) for k in range(9)]
        path, last = "", points[-1]
        for k, (px, py) in enumerate(points):
            mx, my = (last[0] + px) / 2, (last[1] + py) / 2
            path += f"M{mx:.0f} {my:.0f}" if not k else f"Q{last[0]:.0f} {last[1]:.0f} {mx:.0f} {my:.0f}"
            last = (px, py)
        first = ((points[-1][0] + points[0][0]) / 2, (points[-1][1] + points[0][1]) / 2)
        path += f"Q{points[-1][0]:.0f} {points[-1][1]:.0f} {first[0]:.0f} {first[1]:.0f}Z"
        if ring == 3:
            s.path(path, p.c)
        s.stroke(path, p.a if ring % 3 else p.b, 2.2 * u)


def fog(s: Sheet) -> None:
    """Veils before a pale light."""
    p, d, u = s.colours, s.dice, s.u
    s.circle(s.cx, s.h * 0.3, 74 * u, p.c)
    for veil in range(9):
        y = s.h * (0.22 + veil * 0.06)
        width = d.between(180, 420) * u
        s.rect(
            s.cx + d.between(-260, 60) * u,
            y,
            width,
            d.between(10, 24) * u,
            d.pick((p.a, p.b)),
            d.between(0.3, 0.75),
            12 * u,
        )


def petals(s: Sheet) -> None:
    """A flower of ellipses."""
    p, d, u = s.colours, s.dice, s.u
    n, turn = d.pick((8, 10, 12)), d.between(0, 40)
    for layer, (r, colour) in enumerate(((88, p.a), (60, p.b), (34, p.c))):
        for k in range(n):
            angle = turn + k * 360 / n + layer * 180 / n
            x, y = around(s.cx, s.cy, r * 1.05 * u, angle)
            s.ellipse(x, y, r * u, r * 0.36 * u, colour, 0.82, angle)
    s.circle(s.cx, s.cy, 17 * u, s.colours.sky)
