"""Routing: which engines rank a profile, with what weights, and why; a pure function of what is asked and what is there.

Strategies, in the order in which a name is looked up:

- an engine of the release: that engine alone, whoever asks;
- `hybrid`, also called `auto`: the learned weights, by profile size;
- `statistical`: popularity, lifted by genre hints;
- `collaborative`, `content`, `neural`: the engines of one family, with their learned proportions;
- a preset: fixed shares of the families.

Below `cold_below` ratings everything but an engine asked for by name is `statistical`.

`neural` is both an engine and, in older recommenders, the name of a preset. The engine goes first; where a release has
none, `neural` is the preset `neural-hybrid` with what is there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from matinee.errors import UnknownIdError
from matinee.ranking.weighting import HybridConfig
from matinee.types import FloatVector, LongVector

COLD = "popular"
"""The engine that answers for people we hardly know."""
HYBRID, AUTO, STATISTICAL = "hybrid", "auto", "statistical"

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "collaborative": (
        *("ease", "als", "vae", "next", "svd"),
        *("graph", "itemknn", "neighbours", "bayes", "explicit_als"),
    ),
    "content": ("content",),
    STATISTICAL: (COLD,),
    "neural": ("neural", "vae"),
}
"""Engines of each family, the usual first; engines of no family belong to `collaborative`."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Fixed shares of the families, by profile size.

    Attributes:
        about: where it comes from.
        steps: pairs of the number of ratings from which it holds, and the share of each family; ascending.
    """

    about: str
    steps: Sequence[tuple[int, Mapping[str, float]]]

    def shares(self, n_ratings: int) -> Mapping[str, float]:
        """Return the shares of the families for a profile of this size."""
        return [shares for start, shares in self.steps if n_ratings >= start][-1]


PRESETS: Mapping[str, Preset] = {
    "flixflow": Preset(
        about="collaborative 50, content 30, statistical 20, as in Flix-Flow",
        steps=((0, {"collaborative": 0.5, "content": 0.3, STATISTICAL: 0.2}),),
    ),
    "neural-hybrid": Preset(
        about="content 70, neural 20, statistical 10 for newcomers; content 30, neural 60, statistical 10 from 10 ratings on",
        steps=(
            (0, {"content": 0.7, "neural": 0.2, STATISTICAL: 0.1}),
            (10, {"content": 0.3, "neural": 0.6, STATISTICAL: 0.1}),
        ),
    ),
}
"""Presets by name. Newcomers lean on what films are, since a network needs ratings to say who they are."""

STRATEGIES = (HYBRID, AUTO, *FAMILIES, *PRESETS)
"""Strategies that are not engines."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """How one profile is ranked, and why.

    Attributes:
        strategy: what is used, which may differ from what was asked for.
        because: why, in one or two sentences.
        weights: share of each engine, positive, adding up to 1.
        missing: engines or families that should take part and are not there; the others share their weight.
        hinted: whether popularity is lifted by the profile's genres.
    """

    strategy: str
    because: str
    weights: Mapping[str, float]
    missing: tuple[str, ...] = field(default=())
    hinted: bool = False


def route(n_ratings: int, strategy: str, config: HybridConfig, engines: Collection[str]) -> Route:
    """Say how a profile of this size is ranked.

    Args:
        n_ratings: films the profile holds.
        strategy: what was asked for.
        config: learned weights and the cold rule.
        engines: what is there; `popular` must be.

    Raises:
        UnknownIdError: naming the strategies there are.
    """
    name = resolve(strategy, engines)
    if name in engines:
        return Route(strategy=name, because=f"The engine {name} was asked for.", weights={name: 1.0})
    if name == STATISTICAL or n_ratings < config.cold_below:
        return Route(strategy=STATISTICAL, because=_cold(n_ratings, name, config), weights={COLD: 1.0}, hinted=True)
    wanted = _wanted(n_ratings, name, config, engines)
    weights = _scaled({engine: weight for engine, weight in wanted.items() if engine in engines})
    missing = tuple(engine for engine, weight in wanted.items() if weight > 0 and engine not in engines)
    if not weights:
        because = f"This release has nothing of {name} ({', '.join(missing) or 'no engine has a weight'})."
        return Route(strategy=STATISTICAL, because=because, weights={COLD: 1.0}, missing=missing, hinted=True)
    because = f"{_title(name, strategy)} of {_names(weights)}, from {n_ratings} ratings."
    if missing:
        because += f" This release has no {' and no '.join(missing)}; the others share the weight."
    return Route(strategy=name, because=because, weights=weights, missing=missing)


def weights_by_engine(routes: Sequence[Route], where: LongVector, engines: Collection[str]) -> dict[str, FloatVector]:
    """Return (n_profiles,) weights by engine for a batch whose profile p goes the route `routes[where[p]]`."""
    names = [name for name in engines if any(name in one.weights for one in routes)]
    table = {name: np.array([one.weights.get(name, 0.0) for one in routes], np.float32) for name in names}
    return {name: column[where] for name, column in table.items()}


def strategies(engines: Collection[str]) -> list[str]:
    """Return every name `route` accepts."""
    return list(dict.fromkeys([*STRATEGIES, *engines]))


def resolve(strategy: str, engines: Collection[str]) -> str:
    """Return the engine, family or preset that a name means.

    Raises:
        UnknownIdError: naming the strategies there are.
    """
    if strategy in engines:
        return strategy
    if strategy in (HYBRID, AUTO):
        return HYBRID
    if strategy == "neural":
        return "neural-hybrid"
    if strategy in FAMILIES or strategy in PRESETS:
        return strategy
    raise UnknownIdError(f"There is no strategy {strategy!r}.", hint=f"Strategies: {', '.join(strategies(engines))}.")


def _wanted(n_ratings: int, name: str, config: HybridConfig, engines: Collection[str]) -> dict[str, float]:
    """Return the weight of everything that should take part, there or not."""
    learned = config.weights_at(n_ratings)
    if name == HYBRID:
        return learned
    shares = PRESETS[name].shares(n_ratings) if name in PRESETS else {name: 1.0}
    wanted: dict[str, float] = {}
    for family, part in shares.items():
        for engine, weight in _family(family, learned, engines).items():
            wanted[engine] = wanted.get(engine, 0.0) + part * weight
    return wanted


def _family(family: str, learned: Mapping[str, float], engines: Collection[str]) -> dict[str, float]:
    """Return the members of a family with shares that add up to 1; the family's own name where none is there."""
    members = [name for name in FAMILIES[family] if name in engines]
    if family == "collaborative":
        others = {member for names in FAMILIES.values() for member in names}
        members += [name for name in engines if name not in others]
        weighed = _scaled({name: learned.get(name, 0.0) for name in members})
        return weighed or ({members[0]: 1.0} if members else {family: 1.0})
    return {members[0]: 1.0} if members else {family: 1.0}


def _scaled(weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weights scaled to add up to 1, without those that come to nothing."""
    total = sum(weights.values())
    shares = {name: weight / total for name, weight in weights.items()} if total > 0 else {}
    return {name: share for name, share in shares.items() if share > 0}


def _cold(n_ratings: int, name: str, config: HybridConfig) -> str:
    if name == STATISTICAL:
        return "The strategy statistical was asked for: popularity, lifted by the genres you rated well."
    return f"We know {n_ratings} of the {config.cold_below} ratings a personal list needs."


def _title(name: str, strategy: str) -> str:
    if name == HYBRID:
        return "A blend"
    return f"The blend {name}" if strategy == name else f"The blend {name}, which {strategy} stands for here,"


def _names(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {weight:.0%}" for name, weight in sorted(weights.items(), key=lambda item: -item[1]))
