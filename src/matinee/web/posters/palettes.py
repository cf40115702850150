"""Colours by genre: what the eye expects of a comedy or of a ghost story."""

from __future__ import annotations

from collections.abc import Sequence

from matinee.web.posters.art import Dice, Palette

_DRAMA = (
    Palette("#1d1a26", "#3a3350", "#c8553d", "#f28f3b", "#ffd5c2", "#fff3ea"),
    Palette("#f3e7d3", "#f3e7d3", "#c1440e", "#1f3a4d", "#e0a458", "#1c2430"),
    Palette("#10222b", "#1f4e5f", "#79a8a9", "#f4f7f7", "#e8a87c", "#f4f7f7"),
    Palette("#2b1b17", "#6b2d1f", "#d98e04", "#f2c14e", "#f7e7ce", "#fff5e4"),
    Palette("#dfe3df", "#dfe3df", "#38598b", "#a2a8d3", "#d65a31", "#18283f"),
    Palette("#231123", "#5b2247", "#e0777d", "#f6d6ad", "#8e3b46", "#fbeee0"),
)
_COMEDY = (
    Palette("#ffc93c", "#ffc93c", "#ff6f3c", "#155263", "#fff4d6", "#1b2a30"),
    Palette("#f7c5cc", "#f7c5cc", "#cc313d", "#2a6f77", "#fff1e6", "#3a1017"),
    Palette("#14504c", "#2c8c85", "#ffd166", "#ef476f", "#f8f4e3", "#fdfaf0"),
    Palette("#f6efe2", "#f6efe2", "#ef5b5b", "#20a39e", "#ffba49", "#23272b"),
)
_SCI_FI = (
    Palette("#080c1c", "#131c46", "#3f5bd9", "#8fd3ff", "#ff6b6b", "#eef3ff"),
    Palette("#0d0221", "#26135c", "#ff3864", "#2de2e6", "#f9c80e", "#f5efff"),
    Palette("#0a1f1c", "#0f4c45", "#3ddc97", "#d7ffe9", "#ff9f1c", "#eafff5"),
    Palette("#141414", "#2b2b2f", "#f25c05", "#f2b705", "#d9d4c7", "#f5f1e8"),
)
_HORROR = (
    Palette("#0c0a0b", "#2a0a0e", "#a4161a", "#e5383b", "#f5f3f4", "#f8ecec"),
    Palette("#10120e", "#2b331f", "#6a7b35", "#c8d96f", "#e8e4c9", "#f2f2e2"),
    Palette("#0b0f14", "#1c2b36", "#4f6d7a", "#c0d6df", "#dd6e42", "#e8f1f5"),
)
_CRIME = (
    Palette("#0e0f12", "#23272e", "#d7263d", "#f2f2f2", "#8d99ae", "#f6f6f6"),
    Palette("#14110f", "#34312d", "#d9c5b2", "#f3f3f4", "#e4572e", "#f7f1ea"),
    Palette("#101820", "#17324a", "#fee715", "#f2f2f2", "#5c7c9c", "#fbfbf2"),
    Palette("#e9e4d8", "#e9e4d8", "#1b1b1b", "#8a817c", "#bc2c1a", "#1b1b1b"),
)
_ROMANCE = (
    Palette("#3a0d2b", "#7a1f4b", "#ff7096", "#ffc2d1", "#ffe5ec", "#fff0f4"),
    Palette("#f9e0d2", "#f9e0d2", "#d1495b", "#edae49", "#8c2f39", "#43121d"),
    Palette("#241b3a", "#5b3a72", "#f4989c", "#ffd3b6", "#fbe9e7", "#fff3ee"),
)
_ADVENTURE = (
    Palette("#0c2e2a", "#1f7a6c", "#f4a259", "#f6e7cb", "#bc4b51", "#fbf4e4"),
    Palette("#11263c", "#2d6a9f", "#ffb703", "#fefae0", "#fb8500", "#fefaf0"),
    Palette("#2a1a0b", "#8a5a24", "#e9c46a", "#fff1cf", "#264653", "#fff5de"),
)
_ACTION = (
    Palette("#160b06", "#4a1306", "#ff5400", "#ffbd00", "#fff1d6", "#fff6e6"),
    Palette("#0b132b", "#1c2541", "#5bc0be", "#f4f4f9", "#ff4d4d", "#f4f7ff"),
    Palette("#a30d18", "#d62828", "#fcbf49", "#003049", "#fdf0d5", "#fff6e5"),
)
_ANIMATION = (
    Palette("#16324f", "#2a8fbd", "#ffd23f", "#ee4266", "#f7fff7", "#f7fff7"),
    Palette("#47206b", "#8a4fc4", "#ffd166", "#7ae7c7", "#ffffff", "#fdf7ff"),
    Palette("#fbe8a6", "#fbe8a6", "#f4976c", "#303c6c", "#b4dfe5", "#22294d"),
)
_FANTASY = (
    Palette("#141034", "#3b2d86", "#b892ff", "#ffc2e2", "#ffef9f", "#f6f0ff"),
    Palette("#0b2027", "#1f5d63", "#70a9a1", "#f6f1d1", "#ffd275", "#f6f6ec"),
)
_MUSICAL = (
    Palette("#2b0a3d", "#6a1b6e", "#ff6ad5", "#ffd1f7", "#f9d423", "#fff0fb"),
    Palette("#1a1a2e", "#22305a", "#e94560", "#f8f1e5", "#f5b700", "#fbf4ea"),
)
_WAR = (
    Palette("#1b1e14", "#4b5035", "#a98f5d", "#e5d9b6", "#b23a2e", "#f4eedb"),
    Palette("#1c1c1c", "#4a4e52", "#a7a9a4", "#ececea", "#c0392b", "#f2f2f0"),
)
_WESTERN = (
    Palette("#2a120a", "#c8551b", "#f2a541", "#f9d9a0", "#7a2e12", "#fff0d8"),
    Palette("#f0d9a8", "#f0d9a8", "#c4471f", "#7c2d12", "#e28f41", "#3c1608"),
)
_DOCUMENTARY = (
    Palette("#0f1d1a", "#254441", "#43aa8b", "#eff6e0", "#ff6f59", "#eff6e0"),
    Palette("#eceae4", "#eceae4", "#2f4858", "#f26419", "#86bbd8", "#1d2c36"),
)
_MYSTERY = (
    Palette("#0e1421", "#2a3f5f", "#7a93ac", "#e4ecf2", "#f2c14e", "#eef3f8"),
    Palette("#15101f", "#3d2c55", "#8e6bb5", "#e9dcf5", "#f2a65a", "#f4edfb"),
)

PALETTES: dict[str, Sequence[Palette]] = {
    "Drama": _DRAMA,
    "Comedy": _COMEDY,
    "Sci-Fi": _SCI_FI,
    "Horror": _HORROR,
    "Crime": _CRIME,
    "Film-Noir": _CRIME,
    "Thriller": _CRIME,
    "Romance": _ROMANCE,
    "Adventure": _ADVENTURE,
    "Action": _ACTION,
    "Animation": _ANIMATION,
    "Children": _ANIMATION,
    "Fantasy": _FANTASY,
    "Musical": _MUSICAL,
    "War": _WAR,
    "Western": _WESTERN,
    "Documentary": _DOCUMENTARY,
    "Mystery": _MYSTERY,
}

SPELLINGS = {
    "Science Fiction": "Sci-Fi",
    "Children's": "Children",
    "Family": "Children",
    "Music": "Musical",
    "Film Noir": "Film-Noir",
    "History": "War",
    "Biography": "Drama",
}
"""Other people's words for the same genres."""


def usual_genre(name: str) -> str:
    """Return the spelling the tables here use."""
    return SPELLINGS.get(name, name)


def choose_palette(genres: Sequence[str], dice: Dice) -> Palette:
    """Pick a palette for a film; genres other than drama say more about a film's colours and win over it."""
    known = [name for name in map(usual_genre, genres) if name in PALETTES]
    telling = [name for name in known if name != "Drama"]
    pool = (telling or known or ["Drama"])[:2]
    return dice.pick(PALETTES[dice.pick(pool)])
