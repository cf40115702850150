"""Drawings of things people make: streets, rooms, machines, music."""

from __future__ import annotations

from matinee.web.posters.art import Sheet, around


def skyline(s: Sheet) -> None:
    """Towers with lit windows."""
    p, d, u = s.colours, s.dice, s.u
    s.circle(s.cx + d.between(-90, 90) * u, s.h * 0.24, d.between(46, 78) * u, p.c)
    for level, colour in ((0.4, p.a), (0.5, p.base)):
        x = -20 * u
        while x < s.w:
            width, top = d.between(34, 74) * u, s.h * level + d.between(-60, 70) * u
            s.rect(x, top, width, s.h, colour)
            if colour == p.base:
                for row in range(9):
                    for column in range(int(width / (16 * u))):
                        if d.chance(0.34):
                            s.rect(x + (7 + column * 15) * u, top + (14 + row * 20) * u, 6 * u, 9 * u, p.b, 0.9)
            x += width + (d.between(0, 10) * u)


def blinds(s: Sheet) -> None:
    """Light through a venetian blind, and who stands in it."""
    p, d, u = s.colours, s.dice, s.u
    tilt = d.between(-46, 46) * u
    for bar in range(12):
        y = (-30 + bar * 40) * u
        s.polygon(
            [(0, y + tilt), (s.w, y - tilt), (s.w, y - tilt + 19 * u), (0, y + tilt + 19 * u)], p.b, 0.16 + bar * 0.02
        )
    x = s.cx + d.between(-40, 40) * u
    s.ellipse(x, s.h * 0.36, 43 * u, 54 * u, p.base)
    s.path(
        f"M{x - 118 * u:.0f} {s.h:.0f}C{x - 118 * u:.0f} {s.h * 0.52:.0f} {x - 60 * u:.0f} {s.h * 0.46:.0f} {x:.0f} {s.h * 0.46:.0f}"
        f"S{x + 118 * u:.0f} {s.h * 0.52:.0f} {x + 118 * u:.0f} {s.h:.0f}Z",
        p.base,
    )
    s.ellipse(x, s.h * 0.31, 84 * u, 13 * u, p.a)
    s.path(
        f"M{x - 46 * u:.0f} {s.h * 0.31:.0f}q4 {-64 * u:.0f} {46 * u:.0f} {-58 * u:.0f}t{46 * u:.0f} {58 * u:.0f}Z", p.a
    )


def window(s: Sheet) -> None:
    """A window and its light on the floor."""
    p, d, u = s.colours, s.dice, s.u
    w, h = d.between(120, 150) * u, d.between(190, 230) * u
    x, y = s.cx - w / 2 + d.between(-40, 40) * u, s.h * 0.1
    lean = d.pick((-1, 1)) * d.between(50, 110) * u
    s.rect(0, s.h * 0.56, s.w, s.h, p.a)
    s.polygon(
        [(x + lean, s.h * 0.6), (x + w + lean, s.h * 0.6), (x + w + lean * 2.4, s.h), (x + lean * 2.4, s.h)], p.b, 0.75
    )
    s.rect(x, y, w, h, p.b)
    s.circle(x + w * d.between(0.25, 0.75), y + h * d.between(0.25, 0.6), 30 * u, p.c)
    s.rect(x + w / 2 - 3 * u, y, 6 * u, h, p.sky)
    s.rect(x, y + h * 0.42, w, 6 * u, p.sky)


def stairs(s: Sheet) -> None:
    """A flight of steps towards the light."""
    p, d, u = s.colours, s.dice, s.u
    up = d.pick((-1, 1))
    tread, rise, steps = 400 * u / 7, d.between(34, 44) * u, 7
    left = s.cx - 200 * u
    s.circle(s.cx + up * 128 * u, s.h * 0.62 - steps * rise - 18 * u, 44 * u, p.c)
    for step in range(steps):
        x = left + (step if up > 0 else steps - 1 - step) * tread
        y = s.h * 0.72 - (step + 1) * rise
        s.rect(x, y, tread + 1, s.h - y, p.a if step % 2 else p.b)


def keyhole(s: Sheet) -> None:
    """Somebody's door."""
    p, d, u = s.colours, s.dice, s.u
    r = d.between(52, 66) * u
    s.ring(s.cx, s.cy, r * 2.55, p.a, 3 * u, 0.7)
    s.circle(s.cx, s.cy, r * 2.2, p.a)
    s.circle(s.cx, s.cy - r * 0.34, r * 0.82, p.base)
    s.polygon(
        [
            (s.cx - r * 0.36, s.cy),
            (s.cx + r * 0.36, s.cy),
            (s.cx + r * 0.72, s.cy + r * 1.5),
            (s.cx - r * 0.72, s.cy + r * 1.5),
        ],
        p.base,
    )
    s.circle(s.cx + d.between(-12, 12) * u, s.cy - r * 0.3, r * 0.2, p.c)


def bars(s: Sheet) -> None:
    """A sound, seen."""
    p, d, u = s.colours, s.dice, s.u
    step = 27 * u
    for k in range(int(s.w / step) + 1):
        far = abs(k * step - s.cx) / (s.w * 0.6)
        height = max(22, (1 - far) * d.between(120, 330)) * u
        s.rect(k * step + 6 * u, s.cy - height / 2, 14 * u, height, d.pick((p.a, p.a, p.b, p.c)), 1, 7 * u)


def vinyl(s: Sheet) -> None:
    """A record on its table."""
    p, d, u = s.colours, s.dice, s.u
    r = d.between(150, 172) * u
    s.circle(s.cx, s.cy, r, p.base)
    for groove in range(7):
        s.ring(s.cx, s.cy, r * (0.94 - groove * 0.075), p.a, 1.6 * u, 0.75)
    s.circle(s.cx, s.cy, r * 0.36, p.c)
    s.circle(s.cx, s.cy, r * 0.05, p.base)
    s.stroke(f"M{s.cx + r * 1.02:.0f} {s.cy - r * 1.02:.0f}v{r * 0.7:.0f}l{-r * 0.5:.0f} {r * 0.62:.0f}", p.b, 7 * u)


def searchlights(s: Sheet) -> None:
    """Beams across a night sky."""
    p, d, u = s.colours, s.dice, s.u
    s.stars(24, p.b)
    for beam in range(3):
        foot = s.cx + (beam - 1) * d.between(70, 130) * u
        top = s.cx + d.between(-220, 220) * u
        s.polygon(
            [(foot - 6 * u, s.h * 0.66), (foot + 6 * u, s.h * 0.66), (top + 56 * u, -20), (top - 56 * u, -20)],
            p.b,
            0.34,
        )
    s.ridge(0.62, 22, p.a, 9)
    s.ridge(0.72, 20, p.base, 6)


def lens(s: Sheet) -> None:
    """Blades of an aperture."""
    p, d, u = s.colours, s.dice, s.u
    r, turn = 150 * u, d.between(0, 60)
    s.circle(s.cx, s.cy, r, p.a)
    for blade in range(6):
        angle = turn + blade * 60
        points = [
            around(s.cx, s.cy, r * 0.98, angle),
            around(s.cx, s.cy, r * 0.98, angle + 52),
            around(s.cx, s.cy, r * 0.42, angle + 78),
        ]
        s.polygon(points, p.b if blade % 2 else p.sky, 0.85)
    s.circle(s.cx, s.cy, r * 0.34, p.base)
    s.circle(s.cx - r * 0.1, s.cy - r * 0.1, r * 0.09, p.c)


def bunting(s: Sheet) -> None:
    """Flags on strings."""
    p, d, u = s.colours, s.dice, s.u
    for row in range(4):
        y, sag = (30 + row * 92) * u, d.between(30, 64) * u
        count = max(5, int(s.w / (62 * u)))
        s.stroke(f"M-10 {y:.0f}Q{s.w / 2:.0f} {y + 2 * sag:.0f} {s.w + 10:.0f} {y:.0f}", p.b, 2.4 * u)
        for flag in range(count):
            t = (flag + 0.5) / count
            x, top = t * s.w, y + 4 * sag * t * (1 - t)
            colour = (p.a, p.b, p.c)[(flag + row) % 3]
            s.polygon([(x - 19 * u, top), (x + 19 * u, top), (x, top + 46 * u)], colour)


def balloons(s: Sheet) -> None:
    """Balloons on their way."""
    p, d, u = s.colours, s.dice, s.u
    for _ in range(d.whole(5, 8)):
        x, y, r = s.cx + d.between(-170, 170) * u, s.h * d.between(0.1, 0.52), d.between(26, 56) * u
        s.stroke(f"M{x:.0f} {y + r:.0f}q{14 * u:.0f} {50 * u:.0f} 0 {100 * u:.0f}t0 {90 * u:.0f}", p.b, 1.6 * u, 0.6)
        s.ellipse(x, y, r * 0.86, r, d.pick((p.a, p.b, p.c)))
        s.ellipse(x - r * 0.3, y - r * 0.36, r * 0.13, r * 0.22, p.base, 0.4, 24)
