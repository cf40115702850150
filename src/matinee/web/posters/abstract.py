"""Drawings of pure shape."""

from __future__ import annotations

from math import cos, pi, sin

from matinee.web.posters.art import Sheet, around


def orbits(s: Sheet) -> None:
    """A world and the paths around it."""
    p, d, u = s.colours, s.dice, s.u
    s.stars(46, p.b, 0.75)
    turn = d.between(-38, 38)
    r = d.between(58, 84) * u
    for path in range(4):
        s.oval(s.cx, s.cy, r * (1.55 + path * 0.5), r * (0.5 + path * 0.24), p.b if path % 2 else p.a, 1.8 * u, turn)
    s.circle(s.cx, s.cy, r, p.a)
    s.path(
        f"M{s.cx:.0f} {s.cy - r:.0f}a{r:.0f} {r:.0f} 0 0 1 0 {2 * r:.0f}a{r * 1.5:.0f} {r * 1.5:.0f} 0 0 0 0 {-2 * r:.0f}Z",
        p.base,
        0.35,
    )
    x, y = around(s.cx, s.cy, r * 2.1, turn + d.pick((0, 180)))
    s.circle(x, y, 15 * u, p.c)


def portal(s: Sheet) -> None:
    """Frames within frames, and something at the end."""
    p, d, u = s.colours, s.dice, s.u
    colours = [p.a, p.sky, p.b, p.sky, p.a, p.base, p.c]
    round_ = d.pick((0.0, 40.0, 200.0))
    shift = d.between(-10, 10)
    for k, colour in enumerate(colours):
        w, h = (300 - k * 42) * u, (400 - k * 54) * u
        s.rect(s.cx - w / 2 + shift * k * u, s.cy - h / 2 + k * 7 * u, w, h, colour, 1, max(round_ - k * 12, 0) * u)


def grid(s: Sheet) -> None:
    """A net running to the horizon under a striped sun."""
    p, d, u = s.colours, s.dice, s.u
    line, r = s.h * 0.54, d.between(98, 124) * u
    s.stars(26, p.b, 0.4)
    s.circle(s.cx, line - r * 0.42, r, p.a)
    for cut in range(5):
        s.rect(s.cx - r, line - r * 0.42 + cut * 19 * u, 2 * r, (3 + cut * 2) * u, p.sky)
    s.rect(0, line, s.w, s.h - line, p.base)
    for k in range(-12, 13):
        s.line((s.cx + k * 26 * u, line), (s.cx + k * 120 * u, s.h), p.b, 1.5 * u, 0.75)
    for k in range(7):
        y = line + (k * k * 6.5) * u
        s.line((0, y), (s.w, y), p.b, 1.5 * u, 0.75)


def eye(s: Sheet) -> None:
    """It looks back."""
    p, d, u = s.colours, s.dice, s.u
    w, h = 176 * u, d.between(84, 112) * u
    for ray in range(24):
        a, b = around(s.cx, s.cy, 190 * u, ray * 15), around(s.cx, s.cy, (222 + 34 * (ray % 2)) * u, ray * 15)
        s.line(a, b, p.a, 4 * u)
    s.path(
        f"M{s.cx - w:.0f} {s.cy:.0f}Q{s.cx:.0f} {s.cy - 2 * h:.0f} {s.cx + w:.0f} {s.cy:.0f}Q{s.cx:.0f} {s.cy + 2 * h:.0f} {s.cx - w:.0f} {s.cy:.0f}Z",
        p.c,
    )
    s.circle(s.cx, s.cy, h * 0.86, p.a)
    s.circle(s.cx, s.cy, h * 0.6, p.b)
    s.ellipse(s.cx, s.cy, d.pick((h * 0.34, h * 0.12)), h * 0.42, p.base)
    s.circle(s.cx + h * 0.26, s.cy - h * 0.3, h * 0.12, p.c)


def claws(s: Sheet) -> None:
    """Four slashes."""
    p, d, u = s.colours, s.dice, s.u
    s.circle(s.cx, s.cy, 150 * u, p.a, 0.55)
    lean = d.pick((-1, 1)) * 60 * u
    for k in range(4):
        x, top, foot = s.cx + (k - 1.5) * 64 * u, s.cy - d.between(130, 190) * u, s.cy + d.between(130, 200) * u
        s.path(
            f"M{x + lean:.0f} {top:.0f}Q{x + 26 * u:.0f} {s.cy:.0f} {x - lean:.0f} {foot:.0f}Q{x - 18 * u:.0f} {s.cy:.0f} {x + lean:.0f} {top:.0f}Z",
            p.b if k % 2 else p.c,
        )


def spiral(s: Sheet) -> None:
    """The way down."""
    p, d, u = s.colours, s.dice, s.u
    turns, way = d.between(4.5, 6.5), d.pick((-1, 1))
    s.circle(s.cx, s.cy, 196 * u, p.a)
    points = []
    for k in range(110):
        angle, r = way * k / 110 * turns * 2 * pi, 190 * u * (k / 110) ** 1.15
        points.append((s.cx + r * cos(angle), s.cy + r * sin(angle)))
    s.stroke("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points), p.b, d.between(7, 12) * u)
    s.circle(s.cx, s.cy, 15 * u, p.c)


def tunnel(s: Sheet) -> None:
    """Lines to a vanishing point."""
    p, d, u = s.colours, s.dice, s.u
    x, y = s.cx + d.between(-50, 50) * u, s.cy + d.between(-30, 30) * u
    n = d.pick((20, 24, 30))
    far = (s.w + s.h) * 0.8
    for k in range(0, n, 2):
        s.polygon(
            [(x, y), around(x, y, far, k * 360 / n), around(x, y, far, (k + 1) * 360 / n)], p.a if k % 4 else p.b, 0.85
        )
    s.circle(x, y, 66 * u, p.base)
    s.circle(x, y, 34 * u, p.c)


def target(s: Sheet) -> None:
    """Rings and a cross hair."""
    p, d, u = s.colours, s.dice, s.u
    for k, colour in enumerate((p.a, p.sky, p.b, p.base)):
        s.circle(s.cx, s.cy, (168 - k * 42) * u, colour)
    s.circle(s.cx, s.cy, 15 * u, p.c)
    turn = d.pick((0, 45))
    for k in range(4):
        s.line(around(s.cx, s.cy, 74 * u, turn + k * 90), around(s.cx, s.cy, 206 * u, turn + k * 90), p.c, 5 * u)


def burst(s: Sheet) -> None:
    """A star with too many points."""
    p, d, u = s.colours, s.dice, s.u
    for outer, inner, colour, points in ((230, 140, p.a, 22), (165, 95, p.b, 18), (92, 50, p.c, 14)):
        corners = []
        for k in range(points * 2):
            r = (outer if k % 2 else inner) * d.between(0.84, 1.12) * u
            corners.append(around(s.cx, s.cy, r, k * 180 / points))
        s.polygon(corners, colour)


def speed(s: Sheet) -> None:
    """Stripes in a hurry."""
    p, d, u = s.colours, s.dice, s.u
    slope = d.pick((-1, 1)) * d.between(0.35, 0.7)
    for _ in range(15):
        x, y = d.between(-0.2, 0.9) * s.w, d.between(0, 0.68) * s.h
        length, thick = d.between(120, 330) * u, d.between(5, 30) * u
        s.polygon(
            [(x, y), (x + length, y - length * slope), (x + length, y - length * slope + thick), (x, y + thick)],
            d.pick((p.a, p.b, p.c, p.a)),
        )
    s.circle(s.cx, s.cy, d.between(50, 76) * u, p.b)


def pair(s: Sheet) -> None:
    """Two circles that meet."""
    p, d, u = s.colours, s.dice, s.u
    r, gap, turn = d.between(98, 116) * u, d.between(60, 84) * u, d.between(-40, 40)
    (x0, y0), (x1, y1) = around(s.cx, s.cy, gap, turn + 180), around(s.cx, s.cy, gap, turn)
    s.circle(x0, y0, r, p.a)
    s.circle(x1, y1, r, p.b)
    half = (r * r - gap * gap) ** 0.5
    a, b = around(s.cx, s.cy, half, turn - 90), around(s.cx, s.cy, half, turn + 90)
    s.path(
        f"M{a[0]:.1f} {a[1]:.1f}A{r:.1f} {r:.1f} 0 0 1 {b[0]:.1f} {b[1]:.1f}A{r:.1f} {r:.1f} 0 0 1 {a[0]:.1f} {a[1]:.1f}Z",
        p.c,
    )


def quarters(s: Sheet) -> None:
    """Tiles of quarter circles."""
    p, d, u = s.colours, s.dice, s.u
    side = 100 * u
    colours = [p.a, p.b, p.c, p.a, p.b]
    for row in range(int(s.h * 0.68 / side) + 1):
        for column in range(int(s.w / side) + 1):
            x, y = column * side, row * side
            ground, shape = d.pick((p.sky, p.base)), d.pick(colours)
            s.rect(x, y, side, side, ground)
            corner = d.whole(0, 5)
            px, py = x + side * (corner % 2), y + side * (corner // 2 % 2)
            if corner < 4:
                sx, sy = (1 if corner % 2 == 0 else -1), (1 if corner // 2 == 0 else -1)
                sweep = 1 if sx * sy > 0 else 0
                s.path(
                    f"M{px:.0f} {py:.0f}h{sx * side:.0f}A{side:.0f} {side:.0f} 0 0 {sweep} {px:.0f} {py + sy * side:.0f}Z",
                    shape,
                )
            elif corner == 4:
                s.circle(x + side / 2, y + side / 2, side * 0.36, shape)


def folds(s: Sheet) -> None:
    """Planes of coloured paper."""
    p, d, u = s.colours, s.dice, s.u
    for k, colour in enumerate((p.a, p.b, p.c, p.a)):
        x = s.cx + d.between(-190, 60) * u
        y = s.h * (0.02 + k * 0.13)
        w, h, lean = d.between(150, 260) * u, d.between(170, 260) * u, d.between(-90, 90) * u
        s.polygon([(x, y), (x + w, y + lean * 0.4), (x + w + lean, y + h), (x + lean * 0.6, y + h * 0.8)], colour, 0.82)


def arcs(s: Sheet) -> None:
    """A rainbow in four colours."""
    p, d, u = s.colours, s.dice, s.u
    y = s.h * d.between(0.5, 0.6)
    x = s.cx + d.between(-60, 60) * u
    for k, colour in enumerate((p.a, p.b, p.c, p.a, p.b)):
        s.circle(x, y, (205 - k * 36) * u, colour)
    s.circle(x, y, 25 * u, p.sky)
    s.rect(0, y, s.w, s.h, p.base)


def confetti(s: Sheet) -> None:
    """A party, just over."""
    p, d, u = s.colours, s.dice, s.u
    for _ in range(int(34 * s.w / (400 * u))):
        x, y, size, colour = d.between(0, s.w), d.between(0, s.h * 0.66), d.between(9, 30) * u, d.pick((p.a, p.b, p.c))
        kind = d.whole(0, 3)
        if kind == 0:
            s.circle(x, y, size * 0.7, colour)
        elif kind == 1:
            s.polygon([around(x, y, size, d.between(0, 90) + k * 120) for k in range(3)], colour)
        elif kind == 2:
            s.ring(x, y, size * 0.6, colour, 6 * u)
        else:
            turn = d.between(0, 90)
            s.line(around(x, y, size, turn), around(x, y, size, turn + 180), colour, 9 * u)


def crystal(s: Sheet) -> None:
    """A cut stone that glows."""
    p, d, u = s.colours, s.dice, s.u
    s.stars(24, p.c, 0.6)
    n = 6
    rim = [around(s.cx, s.cy, d.between(120, 175) * u, k * 60 - 90) for k in range(n)]
    heart = (s.cx + d.between(-30, 30) * u, s.cy + d.between(-30, 30) * u)
    for k in range(n):
        s.polygon([heart, rim[k], rim[(k + 1) % n]], (p.a, p.b, p.c)[k % 3], 0.92 if k % 2 else 0.72)


def chevrons(s: Sheet) -> None:
    """Stripes of rank."""
    p, d, u = s.colours, s.dice, s.u
    up = d.pick((-1, 1))
    for k, colour in enumerate((p.a, p.b, p.c, p.a, p.b)):
        y, w, t = s.cy + (k - 2.4) * 72 * u, 160 * u, 42 * u
        s.polygon(
            [
                (s.cx - w, y),
                (s.cx, y + up * 74 * u),
                (s.cx + w, y),
                (s.cx + w, y + t),
                (s.cx, y + up * 74 * u + t),
                (s.cx - w, y + t),
            ],
            colour,
        )


def maze(s: Sheet) -> None:
    """Squares with a way in."""
    p, d, u = s.colours, s.dice, s.u
    for k in range(7):
        half, side = (182 - k * 26) * u, d.whole(0, 3)
        s.rect(s.cx - half, s.cy - half, 2 * half, 2 * half, p.a if k % 2 else p.b)
        inner = half - 9 * u
        s.rect(s.cx - inner, s.cy - inner, 2 * inner, 2 * inner, p.sky)
        gx, gy = around(s.cx, s.cy, half - 4 * u, side * 90)
        s.rect(gx - 14 * u, gy - 14 * u, 28 * u, 28 * u, p.sky)
    s.circle(s.cx, s.cy, 13 * u, p.c)
