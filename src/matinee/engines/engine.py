"""What every engine is: fit on everybody, then score any profile, old or new.

A subclass names itself, keeps one frozen configuration class, and implements `_fit` and `_score`. All that it learned
lives in `self.arrays`, a flat dictionary of numpy arrays, so that saving, memory-mapping and compressing an engine
need no code of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from matinee.data import Dataset
from matinee.engines.matrices import Kind, Matrix, open_matrix
from matinee.errors import NotFittedError, SettingsError, ShapeError
from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector, Profile, Profiles, Progress, silent

Arrays = dict[str, NDArray[Any]]

Derived = TypeVar("Derived")


class Engine(ABC):
    """One recommender.

    Attributes:
        name: what people call it on the command line.
        matrices: which of `arrays` may be kept in another encoding (`matinee.engines.matrices`), and of what kind each is.
        config_class: its frozen configuration dataclass; the only home of its defaults.
        predicts_stars: whether scores are predicted stars on the data set's scale.
        arrays: everything learned, by name; empty before `fit`.
        n_movies: size of the catalogue it was fitted on.
    """

    name: ClassVar[str]
    config_class: ClassVar[type[Any]]
    predicts_stars: ClassVar[bool] = False
    matrices: ClassVar[Mapping[str, Kind]] = {}

    def __init__(self, config: Any = None) -> None:
        self.config = self.config_class() if config is None else config
        self.arrays: Arrays = {}
        self.n_movies = 0
        self._derived: tuple[Arrays, dict[str, Any]] = (self.arrays, {})

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:
        """Learn from everybody's ratings; a second call starts afresh. The data set is not changed."""
        self.n_movies = dataset.n_movies
        self.arrays = self._fit(dataset, progress)
        return self

    def score(self, profiles: Profiles) -> FloatMatrix:
        """Score every movie for each profile.

        Returns:
            (n_profiles, n_movies) finite float32, higher is better; movies of the profile included.

        Raises:
            NotFittedError: before `fit`.
            ShapeError: if the profiles point into another catalogue.
        """
        self._require_fitted()
        if profiles.n_movies != self.n_movies:
            raise ShapeError(
                f"{self.name} was fitted on {self.n_movies} movies; the profiles point into {profiles.n_movies}."
            )
        return self._score(profiles)

    def learn(
        self,
        movies: IntVector,  # noqa: ARG002
        values: FloatVector,  # noqa: ARG002
        times: LongVector,  # noqa: ARG002
        before: Profiles | None = None,  # noqa: ARG002
    ) -> Self:
        """Return an engine that also knows these new ratings, as far as it can learn without a new fit.

        The default learns nothing: the profiles it scores say what is new, and its model waits for the next fit.

        Args:
            movies: (n,) movie indices, one a new rating.
            values: (n,) stars, or 1 where people only watched.
            times: (n,) Unix seconds or `UNKNOWN_TIME`.
            before: the profile of each rating's author just before it.
        """
        self._require_fitted()
        return self

    def similar(self, movie: int) -> FloatVector | None:
        """Return (n_movies,) float32 likeness of every movie to one, higher is closer; None where the engine has no such notion."""
        self._require_fitted()
        return self._similar(movie)

    def contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix | None:
        """Say how much each profile entry adds to the score of each of `movies`.

        Returns:
            (n_movies_asked, len(profile)) float32; None where the engine does not score by adding.
        """
        self._require_fitted()
        return self._contributions(profile, movies)

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Arrays, n_movies: int) -> Self:
        """Rebuild a fitted engine from what `settings` and `arrays` saved; the arrays may be memory-mapped."""
        engine = cls(cls.configure(settings))
        engine.arrays = dict(arrays)
        engine.n_movies = n_movies
        return engine

    @classmethod
    def configure(cls, settings: Mapping[str, Any]) -> Any:
        """Build the configuration from plain values.

        Raises:
            SettingsError: naming an unknown setting and the known ones.
        """
        known = [field.name for field in fields(cls.config_class)]
        for name in settings:
            if name not in known:
                raise SettingsError(
                    f"{cls.name} has no setting {name!r}.", hint=f"It has: {', '.join(known) or 'none'}."
                )
        return cls.config_class(**settings)

    def settings(self) -> dict[str, Any]:
        """Return the configuration as plain values, as `restore` takes them."""
        return asdict(self.config)

    def matrix(self, name: str) -> Matrix:
        """Return one matrix of `arrays`, in whatever encoding it is there."""
        return self._once(f"matrix {name}", lambda: open_matrix(self.arrays, name))

    def _once(self, key: str, derive: Callable[[], Derived]) -> Derived:
        """Return what follows from `arrays`, derived at the first call and kept as long as they are the same."""
        arrays, known = self._derived
        if arrays is not self.arrays:
            known = {}
            self._derived = (self.arrays, known)
        if key not in known:
            known[key] = derive()
        found: Derived = known[key]
        return found

    def _lately(self, key: str, entries: tuple[NDArray[Any], ...], derive: Callable[[], Derived]) -> Derived:
        """Return what follows from `arrays` and the entries of one profile; the last is kept.

        A list and its explanation ask for the same, one after the other.
        """
        last: list[tuple[list[tuple[str, bytes]], Derived]] = self._once(f"last {key}", list)
        asked: list[tuple[str, bytes]] = [(entry.dtype.char, entry.tobytes()) for entry in entries]
        for known, found in last[:1]:
            if known == asked:
                return found
        made = derive()
        last[:] = [(asked, made)]
        return made

    def _require_fitted(self) -> None:
        if not self.arrays:
            raise NotFittedError(f"The engine {self.name} was asked for scores before `fit`.")

    @abstractmethod
    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays: ...

    @abstractmethod
    def _score(self, profiles: Profiles) -> FloatMatrix: ...

    def _similar(self, movie: int) -> FloatVector | None:  # noqa: ARG002 - the default answer to any movie
        return None

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix | None:  # noqa: ARG002
        return None


def cosine_similar(vectors: FloatMatrix, movie: int) -> FloatVector:
    """Return (n_movies,) cosine of each row of `vectors` with row `movie`; 0 for rows of zero length."""
    lengths = np.linalg.norm(vectors, axis=1)
    products = vectors @ vectors[movie]
    scale = lengths * lengths[movie]
    cosines: FloatVector = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    return cosines
