"""The editable taste: sliders from "never" to "much more" for genres, people, decades, themes and series.

"Never" is a rule and becomes part of the policy. The other levels add to the score of every film they are about, so that
an explanation can name them. The addition is measured in the person's own list: its unit, the *reach*, is how far the
score falls from the 10th to the 200th film. "Much more" (2) adds one reach, which brings the 200th film level with the
10th; "more" (1) adds half of it; "less" (-1) takes half of it away. Several sliders about one film add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, get_args

import numpy as np

from matinee.data import Catalogue
from matinee.errors import InputError
from matinee.ranking.diversity import shortlist
from matinee.ranking.named import NamedFilms, plain_name
from matinee.ranking.policy import Policy
from matinee.types import BoolVector, FloatVector, IntVector

SliderKind = Literal["genre", "person", "decade", "theme", "franchise"]
SLIDER_KINDS: tuple[SliderKind, ...] = get_args(SliderKind)

NEVER, LESS, NEUTRAL, MORE, MUCH_MORE = -2, -1, 0, 1, 2
LEVELS = (NEVER, LESS, NEUTRAL, MORE, MUCH_MORE)

STEP = 0.5
"""What one level adds, in reaches."""
NEAR, FAR = 10, 200
"""The reach is how far the score falls between these places of a list."""
LONGEST_NAME = 200
"""Letters of a slider's name."""


@dataclass(frozen=True, order=True)
class Slider:
    """One wish.

    Attributes:
        kind: what the name is of.
        name: as the catalogue writes it; a decade is "1980s".
        level: one of `LEVELS`.
    """

    kind: SliderKind
    name: str
    level: int

    def __post_init__(self) -> None:
        if self.kind not in SLIDER_KINDS:
            raise InputError(f"There is no slider for a {self.kind!r}.", hint=f"Sliders: {', '.join(SLIDER_KINDS)}.")
        if type(self.level) is not int or self.level not in LEVELS:
            raise InputError(
                f"A slider stands at {NEVER} (never), {LESS} (less), 0, {MORE} (more) or {MUCH_MORE} (much more); "
                f"got {self.level!r}."
            )
        if not self.name.strip() or len(self.name) > LONGEST_NAME or not self.name.isprintable():
            raise InputError(
                f"A slider needs a name of 1 to {LONGEST_NAME} visible characters; got {self.name[:40]!r}."
            )
        if self.kind == "decade" and not is_decade(self.name):
            raise InputError(f"A decade is written 1980s; got {self.name!r}.")

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name as they are compared; a taste has one slider a key."""
        return self.kind, plain_name(self.kind, self.name)


@dataclass(frozen=True)
class Taste:
    """The sliders one person has moved, in a fixed order; those at 0 are forgotten.

    Attributes:
        sliders: sorted by kind and name, one a key.
    """

    sliders: tuple[Slider, ...] = ()

    @classmethod
    def of(cls, sliders: Iterable[Slider]) -> Self:
        """Build a taste; of two sliders for one thing the later counts."""
        latest = {slider.key: slider for slider in sliders}
        return cls(tuple(sorted(slider for slider in latest.values() if slider.level != NEUTRAL)))

    def moved(self, slider: Slider) -> Self:
        """Return the taste with one slider moved; to 0 means taken away."""
        return type(self).of([*self.sliders, slider])

    def level(self, kind: SliderKind, name: str) -> int:
        """Return where a slider stands, 0 for one that was never moved."""
        key = (kind, plain_name(kind, name))
        return next((slider.level for slider in self.sliders if slider.key == key), NEUTRAL)

    def barring(self, policy: Policy) -> Policy:
        """Return the policy with everything that stands at "never" hidden too."""
        never = [slider for slider in self.sliders if slider.level == NEVER]
        if not never:
            return policy
        names = {kind: frozenset(each.name for each in never if each.kind == kind) for kind in SLIDER_KINDS}
        return replace(
            policy,
            hidden_genres=policy.hidden_genres | names["genre"],
            hidden_people=policy.hidden_people | names["person"],
            hidden_themes=policy.hidden_themes | names["theme"],
            hidden_franchises=policy.hidden_franchises | names["franchise"],
            hidden_decades=policy.hidden_decades | {int(plain_name("decade", name)) for name in names["decade"]},
        )

    def to_plain(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"sliders": [{"kind": each.kind, "name": each.name, "level": each.level} for each in self.sliders]}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_plain` returned.

        Raises:
            InputError: if it is anything else.
        """
        try:
            sliders = [Slider(each["kind"], str(each["name"]), each["level"]) for each in plain["sliders"]]
        except (KeyError, TypeError) as error:
            raise InputError(f"A taste is a list of sliders with kind, name and level ({error}).") from error
        return cls.of(sliders)


@dataclass(frozen=True)
class Boost:
    """What the sliders add to the scores.

    Attributes:
        total: (n_movies,) float32, the sum of the parts.
        parts: for each slider that speaks of a film at all, the films and the amount each of them gets.
    """

    total: FloatVector
    parts: Mapping[Slider, tuple[IntVector, float]]

    def of(self, movie: int) -> dict[Slider, float]:
        """Return what each slider adds to one film; only those that say something of it."""
        return {
            slider: amount
            for slider, (films, amount) in self.parts.items()
            if (place := int(np.searchsorted(films, movie))) < len(films) and films[place] == movie
        }


class TasteIndex:
    """Turns tastes into boosts over one catalogue; keeps nothing about a person.

    Args:
        catalogue: the films.
        named: who is in which film, where that is known already.
    """

    def __init__(self, catalogue: Catalogue, named: NamedFilms | None = None) -> None:
        self.catalogue = catalogue
        self._named = named or NamedFilms(catalogue)

    def boost(self, taste: Taste, reach: float = 1.0) -> Boost:
        """Return what a taste adds to the scores; "never" adds nothing, it bars (`Taste.barring`).

        Args:
            taste: the sliders.
            reach: the unit of the person's list, as `reach_of` returns it.
        """
        total: FloatVector = np.zeros(len(self.catalogue), np.float32)
        parts: dict[Slider, tuple[IntVector, float]] = {}
        for slider in taste.sliders:
            films = self._named.of(slider.kind, slider.name)
            if slider.level == NEVER or not len(films):
                continue
            # As float32, so that the parts add up to the total to the last digit that it keeps.
            amount = float(np.float32(slider.level * STEP * reach))
            total[films] += np.float32(amount)
            parts[slider] = (films, amount)
        return Boost(total, parts)


def reach_of(scores: FloatVector, allowed: BoolVector) -> float:
    """Return how far the score falls from the 10th to the 200th allowed film; shorter lists are measured whole.

    Args:
        scores: (n_movies,) finite.
        allowed: (n_movies,) which films may be shown.

    Returns:
        A positive number; 1 where all scores are equal, so that sliders decide.
    """
    ahead = scores[shortlist(scores, allowed, FAR)]
    if len(ahead) < 2:
        return 1.0
    near = NEAR - 1 if len(ahead) > NEAR else 0
    fall = float(ahead[near] - ahead[-1])
    return fall if np.isfinite(fall) and fall > 0 else 1.0


def is_decade(name: str) -> bool:
    """Whether a name is that of a decade, "1980s" or "1980"."""
    plain = plain_name("decade", name)
    return len(plain) == 4 and plain.isdigit() and plain.endswith("0")
