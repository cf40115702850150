"""VAE: an inductive variational autoencoder that encodes a profile and decodes it into scores for every movie.

Of the family of Mult-VAE (Liang, Krishnan, Hoffman and Jebara, WWW 2018, arXiv:1802.05814), trained by the rules of
RecVAE (Shenbin et al., WSDM 2020, arXiv:1912.11160): see `vae_torch`. Serving takes the mean of the posterior through
`vae_network`, in numpy.

Keeps (hidden_size + embedding_size) float32 a movie and 4 · hidden_size² for the layers between: 18 MB at 3,500 movies,
70 MB at 20,000. Training takes about eight times as much, and a batch of scores several times over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.engines.ease import most_used
from matinee.engines.engine import Arrays, Engine
from matinee.engines.matrices import Kind
from matinee.engines.memory import require_memory
from matinee.engines.vae_config import VaeConfig
from matinee.engines.vae_network import decoded, encoded, posterior_mean, unit_rows
from matinee.engines.vae_people import HeldOut, hold_out, in_own_order
from matinee.engines.weights import among, interactions, liking, places_of
from matinee.types import FloatMatrix, FloatVector, Profiles, Progress

TRAINING_ONLY = ("spread", "spread_bias")
"""Parts of the network that serving does not need."""


class Vae(Engine):
    """Score movies by how likely each is for the taste that a profile encodes.

    Learns the network of `vae_network` over `columns` (n,), the movies that take part, `typical` (embedding_size,), the
    average taste, which stands for people without a like, and `explicit`. Movies that do not take part get the lowest
    score of those that do. Numbering has no say: movies are learnt in the order of their ids, people in one that
    depends on their likes alone.
    """

    name = "vae"
    config_class = VaeConfig
    config: VaeConfig
    matrices: ClassVar[Mapping[str, Kind]] = {"input": "factors", "decoder": "factors"}

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        from matinee.engines.vae_torch import load_torch

        load_torch()
        liked = liking(dataset.values, explicit=dataset.explicit, min_rating=self.config.min_rating)
        rows_UM = interactions(dataset.profiles(), liked)
        columns = most_used(rows_UM, self.config.max_movies)
        columns = columns[np.argsort(dataset.catalogue.ids.ids[columns])]
        known = {"columns": columns, "explicit": np.array([dataset.explicit])}
        if not len(columns):
            progress(self.name, self.config.epochs, self.config.epochs)
            return known
        likes = in_own_order(csr_array(rows_UM[:, columns]), self.config.seed)
        self._require_memory(*likes.shape)
        network = self._learn(likes, progress)
        typical = posterior_mean(network, likes).mean(axis=0)
        return known | network | {"typical": typical}

    def _require_memory(self, n_users: int, n_movies: int) -> None:
        config = self.config
        network = config.hidden_size * (n_movies + 5 * config.hidden_size + 2 * config.embedding_size)
        network += config.embedding_size * n_movies
        scores = 6 * min(config.batch_size, n_users) * n_movies
        require_memory(
            4.0 * (8 * network + scores + 3 * n_users * config.hidden_size),
            f"vae with {config.hidden_size} hidden units on {n_movies:,} movies and {n_users:,} people",
            "Choose a smaller hidden_size, batch_size or max_movies.",
        )

    def _learn(self, likes: csr_array, progress: Progress) -> Arrays:
        """Train until validation stops improving; return the best network."""
        from matinee.engines.vae_torch import Trainer

        config = self.config
        training, held_out = hold_out(likes, config.validation_share, config.seed)
        trainer = Trainer(training, config)
        best, best_value, best_epoch = Arrays(), -np.inf, 0
        for epoch in range(config.epochs):
            trainer.epoch()
            network = trainer.arrays()
            value = self._judge(network, held_out, epoch)
            if value > best_value:
                best, best_value, best_epoch = network, value, epoch
            if epoch - best_epoch >= config.patience:
                break
            progress(self.name, min(epoch + 1, config.epochs - 1), config.epochs)
        progress(self.name, config.epochs, config.epochs)
        return {name: array for name, array in best.items() if name not in TRAINING_ONLY}

    @staticmethod
    def _judge(network: Arrays, held_out: HeldOut | None, epoch: int) -> float:
        """Return how well the network finds what was hidden; where nothing was, later is better."""
        if held_out is None:
            return float(epoch)
        return held_out.ndcg(decoded(network, posterior_mean(network, held_out.shown)))

    def tastes(self, profiles: Profiles) -> FloatMatrix:
        """Return (n_profiles, embedding_size) the taste each profile encodes; the average one where nothing is liked."""
        explicit = bool(self.arrays["explicit"][0])
        liked = liking(profiles.values, explicit=explicit, min_rating=self.config.min_rating)
        columns = self.arrays["columns"]
        likes = among(profiles, liked, self._once("places", lambda: places_of(columns, self.n_movies)), len(columns))
        tastes = encoded(self.arrays, self.matrix("input").row_sums(unit_rows(likes)))
        tastes[np.diff(likes.indptr) == 0] = self.arrays["typical"]
        return tastes

    def _score(self, profiles: Profiles) -> FloatMatrix:
        columns = self.arrays["columns"]
        if not len(columns):
            return np.zeros((len(profiles), self.n_movies), np.float32)
        found = self.matrix("decoder").dot(self.tastes(profiles))
        found += self.arrays["decoder_bias"]
        scores = np.repeat(found.min(axis=1, keepdims=True), self.n_movies, axis=1)
        scores[:, columns] = found
        return scores

    def _similar(self, movie: int) -> FloatVector:
        """Return the cosine between movies in the decoder; 0 for those that do not take part."""
        likeness = np.zeros(self.n_movies, np.float32)
        place = np.flatnonzero(self.arrays["columns"] == movie)
        if len(place):
            likeness[self.arrays["columns"]] = self.matrix("decoder").cosines(int(place[0]))
        likeness[movie] = 1
        return likeness
