"""How metric keys are read by people: names, directions, groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matinee.evaluation.result import Gap

Better = Literal["higher", "lower", "neither"]

_NAMES: dict[str, tuple[str, Better]] = {
    "ndcg": ("NDCG", "higher"),
    "precision": ("Precision", "higher"),
    "recall": ("Recall", "higher"),
    "truncated_recall": ("Recall", "higher"),
    "mrr": ("MRR", "higher"),
    "map": ("MAP", "higher"),
    "hit_rate": ("Hit rate", "higher"),
    "rmse": ("RMSE", "lower"),
    "mae": ("MAE", "lower"),
    "coverage": ("Coverage", "neither"),
    "gini": ("Gini", "neither"),
    "novelty": ("Novelty", "neither"),
    "diversity": ("Diversity", "neither"),
    "calibration": ("Miscalibration", "lower"),
    "popularity_lift": ("Popularity lift", "neither"),
}
_VIEWS = {"": "all scored users", "over_20_seen": "users with more than 20 seen movies"}
_BEYOND = {"coverage", "gini", "novelty", "diversity", "calibration", "popularity_lift"}


def label(key: str) -> str:
    """Return "NDCG@10" for "ndcg@10"; a view is not part of the label.

    Example:
        >>> label("over_20_seen/precision@50")
        'Precision@50'
    """
    metric, at, k = key.rpartition("/")[2].partition("@")
    return f"{_NAMES[metric][0] if metric in _NAMES else metric}{at}{k}"


def better(key: str) -> Better:
    """Return which direction is an improvement; neither where it is a matter of taste.

    Example:
        >>> better("rmse"), better("ndcg@10"), better("novelty@10")
        ('lower', 'higher', 'neither')
    """
    metric = key.rpartition("/")[2].partition("@")[0]
    return _NAMES[metric][1] if metric in _NAMES else "neither"


def judgement(key: str, gap: Gap | None) -> Literal["better", "worse", "level", "other", "none"]:
    """Say what a paired interval means: better, worse, level (it holds zero), other (it differs, with no good direction)."""
    if gap is None:
        return "none"
    if gap.verdict == "level":
        return "level"
    if better(key) == "neither":
        return "other"
    return "better" if (gap.verdict == "above") == (better(key) == "higher") else "worse"


def groups(keys: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return metric keys under headings: accuracy of everybody, accuracy of each view, beyond accuracy.

    Example:
        >>> groups(["ndcg@10", "gini@10", "over_20_seen/recall@10"])[0]
        ('Accuracy', ['ndcg@10'])
    """
    found: dict[str, list[str]] = {}
    for key in keys:
        view, _, plain = key.rpartition("/")
        if plain.partition("@")[0] in _BEYOND:
            heading = "Beyond accuracy"
        else:
            heading = f"Accuracy: {_VIEWS.get(view, view)}" if view else "Accuracy"
        found.setdefault(heading, []).append(key)
    return list(found.items())
