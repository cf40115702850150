"""Bayes: matrix factorisation that averages over what the factors might be, and says how sure it is.

Gibbs samples of the model in `bayes_gibbs` (Salakhutdinov and Mnih, ICML 2008; "SVD++ flipped" of Rendle, Zhang and
Koren, arXiv:1905.01395). Of each kept sample only the films' side stays. A person's factors are integrated out in closed
form from their profile, sample by sample, so no user is stored and new ones are not special.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matinee.data import Dataset
from matinee.engines.bayes_gibbs import chain
from matinee.engines.bayes_rows import Pool
from matinee.engines.bayes_samples import Samples, both_sides
from matinee.engines.engine import Arrays, Engine, cosine_similar
from matinee.engines.memory import require_memory
from matinee.engines.ridge_rows import eliminate
from matinee.engines.stars import bend_into
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, Profile, Profiles, Progress

_CELLS = 4_000_000
"""Numbers in the small systems that are solved together; bounds the memory of a request."""


@dataclass(frozen=True, kw_only=True)
class BayesConfig:
    """Size of the model and length of the chain."""

    embedding_size: int = 16
    """Factors of each user and film."""
    epochs: int = 150
    """Draws of everything, one after the other."""
    burn_in: int = 30
    """First draws that are thrown away; below `epochs`."""
    samples: int = 24
    """Draws kept, evenly spaced after `burn_in`; memory and time of a request grow with it."""
    implicit: bool = True
    """Whether it counts which films a person rated and who rated a film, whatever the stars."""
    similar_l2: float = 20.0
    """A film with so many ratings is half as like another as its factors say; ≥ 0."""
    seed: int = 0
    """Of the chain."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.embedding_size < 1 or self.samples < 1:
            raise SettingsError(
                f"embedding_size and samples must be at least 1; got {self.embedding_size} and {self.samples}."
            )
        if not 0 <= self.burn_in < self.epochs:
            raise SettingsError(f"burn_in must be at least 0 and below epochs; got {self.burn_in} of {self.epochs}.")
        if self.similar_l2 < 0:
            raise SettingsError(f"similar_l2 must be at least 0; got {self.similar_l2}.")


class Forecast(NamedTuple):
    """Stars somebody might give.

    Attributes:
        mean: (n_profiles, n_movies_asked) float32 expected stars.
        doubt: standard deviation of that expectation: what more ratings would tell.
        spread: standard deviation of the stars themselves: the doubt and people's moods.
    """

    mean: FloatMatrix
    doubt: FloatMatrix
    spread: FloatMatrix


class BayesianSvd(Engine):
    """Predict the stars a person would give, and how sure that is.

    With S samples and D = 1 + embedding_size, every sample in a basis where a person's factors are N(·, I) a priori and
    a rating has variance 1/τ, learns `mean` (1,), `bias` (n_movies, S), `features` and `pulls` (n_movies, S·D), `start`
    (S, D), `stranger` (S, D) and `stranger_precision` (S, D, D) for the empty profile, `noise` (S,) the 1/√τ, `count` (n_movies,) and `scale` (2,).
    """

    name = "bayes"
    config_class = BayesConfig
    predicts_stars = True
    config: BayesConfig

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        config = self.config
        self._require_memory(dataset)
        mean = float(dataset.values.mean(dtype=np.float64)) if dataset.n_ratings else sum(dataset.scale) / 2
        people, films = both_sides(dataset, mean)
        kept = np.unique(np.linspace(config.epochs - 1, config.burn_in, config.samples).round().astype(int)).tolist()
        width = config.embedding_size + 1
        samples = Samples(dataset.n_movies, len(kept), width)
        with Pool() as pool:
            states = chain(people, films, width, config.seed, implicit=config.implicit, pool=pool)
            for epoch in range(config.epochs):
                progress("bayes", epoch, config.epochs)
                state = next(states)
                if epoch in kept:
                    samples.keep(kept.index(epoch), state, people, pool)
        progress("bayes", config.epochs, config.epochs)
        return {
            **samples.arrays(),
            "mean": np.array([mean], np.float32),
            "count": np.diff(films.indptr).astype(np.int32),
            "scale": np.array(dataset.scale, np.float32),
        }

    def _require_memory(self, dataset: Dataset) -> None:
        config, rows = self.config, dataset.n_users + dataset.n_movies
        width = config.embedding_size + 1
        chain = max(dataset.n_users, dataset.n_movies) * width**2 + 12 * rows * width + 6 * dataset.n_ratings
        kept = 2 * config.samples * dataset.n_movies * width
        require_memory(
            4 * (chain + kept),
            f"bayes with {config.embedding_size} factors for {dataset.n_users:,} users and {dataset.n_movies:,} movies",
            "Choose a smaller embedding_size or fewer samples.",
        )

    def fold_in(self, profiles: Profiles) -> FloatMatrix:
        """Return (n_profiles, S·D): what each sample expects of each person, given their profile."""
        self._require_fitted()
        return np.concatenate(
            [np.zeros((0, self.arrays["features"].shape[1]), np.float32)]
            + [self._solve(batch)[0] for batch in self._batches(profiles)]
        )

    def _batches(self, profiles: Profiles) -> list[Profiles]:
        samples, width = self.arrays["start"].shape
        step = max(1, _CELLS // (samples * width * width))
        return [profiles.slice(first, min(first + step, len(profiles))) for first in range(0, len(profiles), step)]

    def _solve(self, profiles: Profiles) -> tuple[FloatMatrix, NDArray[np.float32]]:
        """Return people (n_profiles, S·D) and the normal matrices (n_profiles, S, D, D) they solve."""
        normal, right = self._priors(profiles)
        arrays, (samples, width) = self.arrays, self.arrays["start"].shape
        scale = 1 / arrays["noise"]
        residual = profiles.values - arrays["mean"][0]
        for row in range(len(profiles)):
            mine = slice(int(profiles.indptr[row]), int(profiles.indptr[row + 1]))
            movies = profiles.movies[mine]
            features = arrays["features"][movies].reshape(-1, samples, width).swapaxes(0, 1) * scale[:, None, None]
            wanted = (residual[mine, None] - arrays["bias"][movies]).T * scale[:, None]
            normal[row] += features.swapaxes(1, 2) @ features
            right[row] += (wanted[:, None] @ features)[:, 0]
        solved = eliminate(normal.reshape(-1, width, width).copy(), right.reshape(-1, width))
        return solved.reshape(len(profiles), -1), normal

    def _priors(self, profiles: Profiles) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return each person's prior precision (n_profiles, S, D, D) and its product with the prior mean (n_profiles, S, D)."""
        arrays, (samples, width) = self.arrays, self.arrays["start"].shape
        lengths = profiles.lengths()
        shrink = (1 / np.sqrt(np.maximum(lengths, 1))).astype(np.float32)
        incidence = profiles.matrix(np.ones(len(profiles.movies), np.float32))
        right = (shrink[:, None] * (incidence @ arrays["pulls"])).reshape(len(profiles), samples, width) + arrays[
            "start"
        ]
        precision = np.empty((len(profiles), samples, width, width), np.float32)
        precision[:] = np.eye(width)
        precision[lengths == 0] = arrays["stranger_precision"]
        right[lengths == 0] = (arrays["stranger_precision"] @ arrays["stranger"][:, :, None])[:, :, 0]
        return precision, right

    def _score(self, profiles: Profiles) -> FloatMatrix:
        stars = self.fold_in(profiles) @ self.arrays["features"].T
        stars /= len(self.arrays["start"])
        stars += self.arrays["bias"].mean(axis=1) + self.arrays["mean"][0]
        return bend_into(stars, *self.arrays["scale"])

    def predict_with_interval(self, profiles: Profiles, movies: IntVector) -> Forecast:
        """Say what stars each person would give to each of `movies`, and how sure that is.

        Returns:
            Means inside the scale and standard deviations; `mean ± 1.64 · spread` holds nine ratings in ten.
        """
        self._require_fitted()
        samples, width = self.arrays["start"].shape
        features = self.arrays["features"][movies].reshape(-1, samples, width).transpose(1, 2, 0)
        parts = []
        for batch in self._batches(profiles):
            people, normal = self._solve(batch)
            within = np.linalg.solve(normal, np.broadcast_to(features, (len(batch), *features.shape)))
            within = np.einsum("sdm,psdm->psm", features, within)
            expected = people.reshape(-1, samples, 1, width) @ features
            expected = expected[:, :, 0] + self.arrays["bias"][movies].T
            doubt = within.mean(axis=1) + expected.var(axis=1)
            parts.append((expected.mean(axis=1) + self.arrays["mean"][0], doubt))
        none = np.zeros((0, len(movies)), np.float32)
        mean, doubt = (np.concatenate([none, *part]) for part in (zip(*parts, strict=True) if parts else ((), ())))
        noise = np.mean(self.arrays["noise"] ** 2)
        return Forecast(bend_into(mean, *self.arrays["scale"]), np.sqrt(doubt), np.sqrt(doubt + noise))

    def _similar(self, movie: int) -> FloatVector:
        """Return cosines of the samples' factors together, less what all films share, shrunk where few people rated."""
        count, features = self.arrays["count"], self.arrays["features"]
        likeness = cosine_similar(features - features.mean(axis=0), movie) * (
            count / (count + self.config.similar_l2 + 1e-9)
        )
        likeness[movie] = 1
        return likeness.astype(np.float32)

    def usual(self, movies: IntVector) -> FloatVector:
        """Return (n,) the stars that films get of an average person, by the mean of the samples."""
        usual: FloatVector = self.arrays["bias"][movies].mean(axis=1) + self.arrays["mean"][0]
        return usual

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix:
        """Return what each rating adds to the stars, before they are bent into the scale.

        A rating speaks by its stars and by having been given at all. What the prior expects of anybody is nobody's part
        and stays outside, as `usual` does.
        """
        arrays, (samples, width) = self.arrays, self.arrays["start"].shape
        _, normal = self._solve(Profiles.stack([profile], self.n_movies))
        asked = arrays["features"][movies].reshape(-1, samples, width).transpose(1, 2, 0)
        weights = np.linalg.solve(normal[0], asked)
        rated = arrays["features"][profile.movies].reshape(len(profile), samples, width)
        wanted = (profile.values - arrays["mean"][0])[:, None] - arrays["bias"][profile.movies]
        pushes = rated * (wanted / arrays["noise"] ** 2)[:, :, None]
        pushes += arrays["pulls"][profile.movies].reshape(len(profile), samples, width) / np.sqrt(max(len(profile), 1))
        flat = weights.reshape(samples * width, -1)
        parts: FloatMatrix = flat.T @ pushes.reshape(len(profile), samples * width).T
        return parts / np.float32(samples)
