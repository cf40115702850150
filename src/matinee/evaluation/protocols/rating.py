"""Predict hidden stars: a random hold-out, k folds, or the folds that came with the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from matinee.data import Dataset
from matinee.errors import DataError, SettingsError
from matinee.evaluation.protocols.split import Part, RatingSplit, profiles_of, require_share, training_part
from matinee.types import BoolVector


@dataclass(frozen=True, kw_only=True)
class RatingConfig:
    """Settings of the rating protocol."""

    method: Literal["auto", "holdout", "folds", "given"] = "auto"
    """One random hold-out, random folds, or the folds given by the data; auto takes given folds where there are any, else a hold-out."""

    hidden_share: float = 0.1
    """Share of the ratings hidden by a hold-out, and from training data for validation."""

    n_folds: int = 5
    """How many random folds."""

    seed: int = 0
    """Draws the hold-out or the folds."""

    def __post_init__(self) -> None:
        require_share("hidden_share", self.hidden_share)
        if self.method not in ("auto", "holdout", "folds", "given"):
            raise SettingsError(f"method must be auto, holdout, folds or given; got {self.method!r}.")
        if self.n_folds < 2:
            raise SettingsError(f"n_folds must be 2 or more; got {self.n_folds}.")


class Rating:
    """The protocol `rating`."""

    name: ClassVar[str] = "rating"
    measures: ClassVar[tuple[str, ...]] = ("rmse", "mae")
    ties: ClassVar[Literal["index", "pessimistic"]] = "index"

    def __init__(self, config: RatingConfig | None = None) -> None:
        self.config = config or RatingConfig()

    def definition(self) -> str:
        """Say what is trained on, hidden, predicted and measured."""
        c = self.config
        return (
            "Prediction of hidden stars. "
            "The folds given by the data are used where there are any (method given), each hidden in turn; otherwise "
            f"{c.hidden_share:.0%} of all ratings (method holdout), or each of {c.n_folds} random folds in turn (method folds), seed {c.seed}. "
            "Training sees all other ratings; a user's profile is their training ratings and may be empty. For validation "
            f"{c.hidden_share:.0%} of the training ratings are hidden instead and the test ratings left out. Predictions are clipped to the "
            "scale of the data. RMSE and MAE are over all hidden ratings of all folds together; their errors and intervals come from "
            "resampling users whole."
        )

    def splits(self, dataset: Dataset, part: Part = "test") -> Iterator[RatingSplit]:
        """Yield one split a fold.

        Raises:
            DataError: if the data have no stars, or not the folds asked for.
        """
        if not dataset.explicit:
            raise DataError(
                f"The protocol rating predicts stars; {dataset.name} has none.", hint="Use temporal or strong."
            )
        for remark, hidden in self._folds(dataset):
            if part == "test":
                yield self._split(dataset, ~hidden, hidden, remark)
            else:
                inner = ~hidden & (
                    np.random.default_rng(self.config.seed + 1).random(len(hidden)) < self.config.hidden_share
                )
                yield self._split(dataset, ~hidden & ~inner, inner, f"{remark}, validation inside its training part")

    def _folds(self, dataset: Dataset) -> Iterator[tuple[str, BoolVector]]:
        method = self.config.method
        labels = np.zeros(dataset.n_ratings, np.int8) if dataset.folds is None else dataset.folds
        given = [int(fold) for fold in np.unique(labels) if fold > 0]
        if method == "given" and not given:
            raise DataError(
                f"{dataset.name} came without folds.", hint="Choose the method holdout or folds, or add a fold column."
            )
        # Drawn by place in the file, so that the order in which a reader sorts does not matter.
        draw = np.random.default_rng(self.config.seed).permutation(dataset.n_ratings)[
            np.argsort(np.argsort(dataset.rows, kind="stable"), kind="stable")
        ]
        if method == "given" or (method == "auto" and given):
            for fold in given:
                yield f"Fold {fold} of {len(given)} given by the data", labels == fold
        elif method == "folds":
            for fold in range(self.config.n_folds):
                yield f"Random fold {fold + 1} of {self.config.n_folds}", draw % self.config.n_folds == fold
        else:
            yield "Random hold-out", draw < round(self.config.hidden_share * dataset.n_ratings)

    def _split(self, dataset: Dataset, keep: BoolVector, hidden: BoolVector, remark: str) -> RatingSplit:
        if not hidden.any() or not keep.any():
            raise DataError(f"{dataset.name} has too few ratings to hide some and learn from others ({remark}).")
        train = training_part(dataset, keep)
        users, rows = np.unique(dataset.users[hidden], return_inverse=True)
        return RatingSplit(
            train=train,
            users=users.astype(np.int32),
            profiles=profiles_of(train, users),
            rows=rows.astype(np.int64),
            movies=dataset.movies[hidden],
            stars=dataset.values[hidden],
            counts={
                "training_users": int((np.diff(train.indptr) > 0).sum()),
                "training_events": train.n_ratings,
                "scored_users": len(users),
                "hidden_events": int(hidden.sum()),
            },
            remarks=(remark,),
        )
