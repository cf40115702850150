"""Content: films by what they are, people by the films they rated.

A film is its text (a sentence embedding of title and overview, or LSA where there is no sentence model), TF-IDF keywords,
genres, language, people and standardised numbers. The blocks are weighted, more or less by genre, and their principal
components taken. With unit film vectors v_i, a person is p = Σ w_i v_i over their ratings r_i, where

    w_i = log(1 + r_i) − log(1 + c) + watched,   c = (Σ r_i + 5 μ) / (n + 5),   μ the mean of all ratings,

and a film's score is the cosine of p and v. Drawing c towards μ keeps people who give every film the same stars apart
from people without a taste; `watched` says that having chosen a film is a sign by itself. Without stars w_i = 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data import Catalogue, Dataset
from matinee.engines.content_search import keyword_match, learn_index
from matinee.engines.content_space import Facts, learn_space, lsa_text, place
from matinee.engines.engine import Arrays, Engine
from matinee.engines.matrices import Kind
from matinee.engines.memory import require_memory
from matinee.engines.text.cache import embed_cached
from matinee.engines.text.minilm import MiniLM
from matinee.engines.text.models import ADVICE, AUTO, LSA, load_model
from matinee.engines.text.principal import unit_rows
from matinee.engines.weights import interactions, liking
from matinee.errors import DataError, SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector, Profile, Profiles, Progress, silent

Tastes = tuple[FloatMatrix, FloatVector, FloatVector]

_SHRINK = 5.0
_BYTES_A_FILM = 12_000.0


@dataclass(frozen=True, kw_only=True)
class ContentConfig:
    """What films are made of, how much each part counts, and how ratings become a taste."""

    features: int = 50
    """Principal components a film is described by."""
    text: float = 1.5
    """Length of the text block: sentence embeddings, or LSA at half this length; 0 leaves it out, as for every block."""
    keywords: float = 1.0
    """Length of the TF-IDF block: words of title and overview, keywords, tags."""
    genres: float = 0.7
    """Length of the one-hot genres."""
    language: float = 0.7
    """Length of the one-hot language."""
    people: float = 1.0
    """Length of the directors and cast."""
    numbers: float = 0.7
    """Length of the standardised year, runtime and logarithm of the number of ratings."""
    watched: float = 0.25
    """Added to every rating's weight: having chosen a film is a sign of taste, whatever came of it."""
    min_rating: float = 4.0
    """Stars from which a rating is a like, when learning what matters within a genre."""
    meaning: float = 0.5
    """Share of meaning in a text search; the rest goes to words found; in [0, 1]."""
    model: str = AUTO
    """Sentence model: "auto" (installed package, then Hugging Face cache, else LSA), "lsa", or a folder."""
    cache: str | None = None
    """Folder in which embeddings are kept by content; None keeps none."""
    lsa: int = 128
    """Dimensions of the text block without a sentence model."""
    terms: int = 30_000
    """Words, people and other terms in the vocabulary, at most; the commonest stay."""
    seed: int = 0
    """Of the principal components."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if min(self.features, self.lsa, self.terms) < 1:
            raise SettingsError(
                f"features, lsa and terms must be at least 1; got {self.features}, {self.lsa} and {self.terms}."
            )
        if min(self.block_weights()) < 0 or self.watched < 0:
            raise SettingsError("The lengths of blocks, and watched, must not be below 0.")
        if not 0 <= self.meaning <= 1:
            raise SettingsError(f"meaning must lie in [0, 1]; got {self.meaning}.")

    def block_weights(self) -> tuple[float, ...]:
        """Return the lengths of the blocks in the order of `content_features.BLOCKS`."""
        return self.keywords, self.genres, self.language, self.people, self.text, self.numbers


class Content(Engine):
    """Score films by their likeness to those a person rated well.

    Learns `vectors` (n, features), the films; `text` (n, width), their texts, for search; and what places a film added
    later among them. `text_model` (16,) names the sentence model by content, zeros for LSA.
    """

    name = "content"
    config_class = ContentConfig
    config: ContentConfig
    matrices: ClassVar[Mapping[str, Kind]] = {"vectors": "factors", "text": "factors"}

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        movies, model = dataset.catalogue.movies, load_model(self.config.model)
        require_memory(
            _BYTES_A_FILM * len(movies) + 2e8,
            f"content on {len(movies):,} movies",
            "Leave movies out, or run it on a larger machine.",
        )
        if model is None and self.config.model != LSA:
            progress("content: no sentence model, LSA instead", 1, 1)
        facts = Facts(
            movies,
            tags_of(dataset),
            np.bincount(dataset.movies, minlength=len(movies)),
            None if model is None else self._sentences(model, movies, progress),
        )
        progress("content", 1, 3)
        liked = liking(dataset.values, explicit=dataset.explicit, min_rating=self.config.min_rating)
        arrays = learn_space(
            facts,
            interactions(dataset.profiles(), liked),
            np.array(self.config.block_weights(), np.float32),
            features=self.config.features,
            lsa=self.config.lsa,
            terms=self.config.terms,
            seed=self.config.seed,
        )
        progress("content", 2, 3)
        arrays |= learn_index(movies, facts.tags)
        arrays["text_model"] = np.frombuffer((model.name if model else "").encode().ljust(16, b"\0"), np.uint8)
        arrays["explicit"] = np.array([dataset.explicit])
        arrays["mean_rating"] = np.array([dataset.values.mean() if dataset.n_ratings else 1.0], np.float32)
        progress("content", 3, 3)
        return arrays

    def _score(self, profiles: Profiles) -> FloatMatrix:
        return self.matrix("vectors").dot(self._tastes(profiles)[0])

    def _similar(self, movie: int) -> FloatVector:
        return self.similar_to(self.matrix("vectors").rows(np.array([movie]))[0])

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix:
        return self.contributions_to(profile, self.matrix("vectors").rows(movies))

    def contributions_to(self, profile: Profile, vectors: FloatMatrix) -> FloatMatrix:
        """Return (k, n) what each of n ratings adds to the products of the taste with vectors (k, features)."""
        return self.parts_of_vectors(profile, vectors, vectors[:0])[0]

    def parts_of_vectors(
        self, profile: Profile, vectors: FloatMatrix, others: FloatMatrix
    ) -> tuple[FloatMatrix, FloatVector]:
        """Meet one taste with two sets of vectors.

        Returns:
            (k, n) what each of n ratings adds to the products with vectors (k, features), and (m,) the products with
            others (m, features).
        """
        rated = Profiles.stack([profile], self.n_movies)
        taste, weights, lengths = self._tastes(rated)
        parts: FloatMatrix = vectors @ self._rated_vectors(rated).T
        parts *= weights / lengths[0] if lengths[0] > 0 else np.zeros_like(weights)
        return parts, others @ taste[0]

    def _tastes(self, profiles: Profiles) -> Tastes:
        """Return people (n, features) at length 1 or 0, the weight of each entry, and people's lengths before that."""
        if len(profiles) != 1:
            return self._work_out(profiles)
        return self._lately("tastes", (profiles.movies, profiles.values), lambda: self._work_out(profiles))

    def _rated_vectors(self, rated: Profiles) -> FloatMatrix:
        """Return the (n, features) vectors of one profile's films."""
        return self._lately("vectors", (rated.movies,), lambda: self.matrix("vectors").rows(rated.movies))

    def _work_out(self, profiles: Profiles) -> Tastes:
        weights = rating_weights(
            profiles,
            mean=float(self.arrays["mean_rating"][0]),
            watched=self.config.watched,
            explicit=bool(self.arrays["explicit"][0]),
        )
        if len(profiles) == 1:
            people = weights[None] @ self._rated_vectors(profiles)
        else:
            people = self.matrix("vectors").row_sums(profiles.matrix(weights))
        lengths = np.linalg.norm(people, axis=1)
        lengths[lengths < 1e-6] = 0
        return unit_rows(people), weights, lengths

    # Films added since the fit.

    def vector_of(self, film: Mapping[str, Any]) -> FloatVector:
        """Return the (features,) vector, of length 1, of one film that may be new.

        Args:
            film: what is known of it, by the names of catalogue columns; `title` at least.
        """
        row = pl.DataFrame([{"movie_id": 0, **film}], infer_schema_length=None)
        vector: FloatVector = self.vectors_of(Catalogue.of(row))[0]
        return vector

    def vectors_of(self, films: Catalogue, ratings: LongVector | None = None) -> FloatMatrix:
        """Return (n, features) vectors of films that may be new.

        Args:
            films: what is known of them. Where the fit had a sentence model that is no longer there, their text counts
                as average.
            ratings: (n,) how many people rated each; without it they count as of average fame.

        Raises:
            NotFittedError: before `fit`.
        """
        self._require_fitted()
        model = self._model()
        sentences = None if model is None else self._sentences(model, films.movies, silent)
        return place(Facts(films.movies, [{}] * len(films), ratings, sentences), self.arrays)

    def score_vectors(self, profiles: Profiles, vectors: FloatMatrix) -> FloatMatrix:
        """Return (n_profiles, n) scores of films given by their vectors, on the scale of `score`."""
        self._require_fitted()
        return self._tastes(profiles)[0] @ vectors.T

    def similar_to(self, vector: FloatVector) -> FloatVector:
        """Return (n_movies,) cosine of every film with a vector."""
        self._require_fitted()
        likeness: FloatVector = self.matrix("vectors").dot(vector[None])[0]
        return likeness

    # Search.

    def search(self, query: str, n: int) -> list[tuple[int, float]]:
        """Find films by what they are about, in plain language.

        Returns:
            Up to `n` pairs of movie index and score, best first, ties by index; only films that have something to do
            with the query. The score is `meaning` times the cosine of sentences (of LSA without a sentence model) and
            the rest of the query's words found.
        """
        self._require_fitted()
        found = keyword_match(query, self.arrays, self.n_movies)
        scores = (1 - self.config.meaning) * found + self.config.meaning * np.maximum(self._nearness(query), 0)
        best = np.lexsort((np.arange(len(scores)), -scores))[:n]
        return [(int(movie), float(scores[movie])) for movie in best if scores[movie] > 0]

    def _nearness(self, query: str) -> NDArray[np.float32]:
        model = self._model()
        if model is not None:
            wanted = model.embed([query])[0]
        elif "lsa" in self.arrays:
            asked = Catalogue.of(pl.DataFrame({"movie_id": [0], "title": [query]})).movies
            wanted = lsa_text(Facts(asked, [{}], None, None), self.arrays)[0]
        else:
            return np.zeros(self.n_movies, np.float32)
        nearness: FloatVector = self.matrix("text").dot(wanted[None])[0]
        return nearness

    # Sentences.

    @property
    def text_note(self) -> str:
        """Where the understanding of text comes from, in one sentence."""
        self._require_fitted()
        if not self.arrays["text_model"].any():
            return f"Texts are compared by LSA; for sentence embeddings: {ADVICE}"
        if self._model() is None:
            return f"The sentence model of the fit is not here; searches find words only. {ADVICE}"
        return "Texts are compared by sentence embeddings (MiniLM)."

    def _model(self) -> MiniLM | None:
        """Return the sentence model of the fit, None where it had none or that one is no longer there."""
        name = self.arrays["text_model"].tobytes().rstrip(b"\0").decode()
        try:
            model = load_model(self.config.model) if name else None
        except DataError:  # the folder of the fit may be on another machine
            return None
        return model if model is not None and model.name == name else None

    def _sentences(self, model: MiniLM, movies: pl.DataFrame, progress: Progress) -> FloatMatrix:
        texts = [f"{title}. {overview or ''}".strip() for title, overview in movies["title", "overview"].iter_rows()]
        return embed_cached(model, texts, Path(self.config.cache) if self.config.cache else None, progress)


def rating_weights(profiles: Profiles, *, mean: float, watched: float, explicit: bool) -> FloatVector:
    """Return (n_entries,) the weights w_i of the module's formula; 1 throughout where people only watched."""
    if not explicit:
        return np.ones(len(profiles.values), np.float32)
    sums = np.bincount(profiles.rows(), profiles.values, len(profiles))
    centres = (sums + _SHRINK * mean) / (profiles.lengths() + _SHRINK)
    weights = np.log1p(profiles.values) - np.log1p(centres)[profiles.rows()] + watched
    return weights.astype(np.float32)


def tags_of(dataset: Dataset) -> list[dict[str, int]]:
    """Return for each film how many times each tag was given, tags in lower case."""
    tags: list[dict[str, int]] = [{} for _ in range(dataset.n_movies)]
    counted = dataset.tags.group_by("movie_id", pl.col("tag").str.to_lowercase()).len().drop_nulls()
    places = dataset.catalogue.ids.find(counted["movie_id"].to_numpy())
    for place_, tag, count in zip(places, counted["tag"], counted["len"], strict=True):
        if place_ >= 0:
            tags[place_][tag] = count
    return tags
