"""Neural: NeuMF whose user side reads the profile with attention, so that people it never met are served at once.

NeuMF (He, Liao, Zhang, Nie, Hu and Chua, WWW 2017) adds a product of factors (GMF) and a tower of three layers over
user and movie. Here no user has a row: multi-head attention with residuals reads movies, stars and order of a
profile (see `neural_network`). GMF scores every movie, the tower the best of them.

Keeps 2 · embedding_size + hidden_size float32 a movie and little else: 6 MB at 3,700 movies, 31 MB at 20,000.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from matinee.data import Catalogue, Dataset
from matinee.engines.ease import most_used
from matinee.engines.engine import Arrays, Engine, cosine_similar
from matinee.engines.memory import require_memory
from matinee.engines.neural_config import NeuralConfig
from matinee.engines.neural_network import gmf, queries_of, refined, tower
from matinee.engines.neural_people import HeldOutPeople, Histories, histories, hold_out, in_own_order
from matinee.engines.neural_start import first_arrays, folded, tower_arrays, warm
from matinee.engines.neural_targets import Targets, damped_means
from matinee.engines.vae_people import HeldOut
from matinee.types import BoolVector, FloatMatrix, FloatVector, Profiles, Progress

_ENTRIES = 40_000
"""Ratings, padding included, that are read at once while scoring."""


class Neural(Engine):
    """Score movies by what attention reads from a profile.

    Learns the network of `neural_network` over `columns` (n,), the movies that take part, the flags `explicit`,
    `ordered` and `stars`, and `expected` (n,), the stars that a movie gets from everybody. Movies that do not take part
    get the lowest score of those that do. Numbering has no say: movies are learnt in the order of their ids, people in
    one that depends on their ratings alone.
    """

    name = "neural"
    config_class = NeuralConfig
    config: NeuralConfig

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        self.predicts_stars = self.config.objective == "explicit"  # type: ignore[misc]

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        from matinee.engines.neural_torch import load_torch

        load_torch()
        columns = most_used(dataset.matrix(np.ones(dataset.n_ratings, np.float32)), self.config.max_movies)
        columns = columns[np.argsort(dataset.catalogue.ids.ids[columns])]
        stars = self.config.objective == "explicit" and dataset.explicit
        known = {
            "columns": columns,
            "explicit": np.array([dataset.explicit]),
            "ordered": np.array([dataset.ordered]),
            "stars": np.array([stars]),
        }
        total = self.config.epochs + self.config.tower_epochs
        if not len(columns):
            progress(self.name, total, total)
            return known
        everybody = in_own_order(histories(dataset.profiles(), columns), len(columns), self.config.seed)
        expected = damped_means(everybody, len(columns)) if stars else np.zeros(len(columns), np.float32)
        floor = self.config.min_rating if dataset.explicit else 0.0
        targets = Targets(stars=stars, expected=expected, floor=floor, user_power=self.config.user_power)
        self._require_memory(len(everybody), len(columns))
        people, held_out = hold_out(
            everybody, targets.wanted(everybody), self.config.validation_share, self.config.seed
        )
        network = self._start(people, targets, dataset, columns) | known | {"expected": expected}
        return self._learn(network, people, held_out, targets, progress)

    def _require_memory(self, n_people: int, n_movies: int) -> None:
        config = self.config
        size, batch = config.embedding_size, min(config.batch_size, n_people)
        learnt = n_movies * (3 * size + config.hidden_size) + 16 * config.layers * size * size
        step = 7 * n_movies + 12 * size * min(config.max_profile, n_movies) + 6 * config.candidates * config.hidden_size
        require_memory(
            4.0 * (6 * learnt + batch * step),
            f"neural on {n_movies:,} movies and {n_people:,} people",
            "Choose a smaller batch_size, max_movies or embedding_size.",
        )

    def _start(self, people: Histories, targets: Targets, dataset: Dataset, columns: Any) -> Arrays:
        """Return the network before it has learnt."""
        ids = dataset.catalogue.ids.ids[columns]
        network = first_arrays(ids, self.config, np.random.default_rng(self.config.seed))
        likes = people.only(targets.wanted(people) & (people.values >= np.float32(targets.floor)))
        if self.config.warm_start and len(likes.movies):
            catalogue = Catalogue(dataset.catalogue.movies[columns.tolist()])
            network["films"], network["gmf"] = warm(likes, catalogue, self.config)
        if targets.stars:
            network["gmf"] *= np.float32(0.1)
        else:
            logs = np.log1p(np.bincount(likes.movies, minlength=len(columns)))
            network["gmf_bias"] = (logs - logs.mean()).astype(np.float32)
        return network

    def _learn(
        self, network: Arrays, people: Histories, held_out: HeldOutPeople | None, targets: Targets, progress: Progress
    ) -> Arrays:
        """Train attention with GMF, then the tower; return the best of each by the people set aside."""
        from matinee.engines.neural_torch import AttentionTrainer
        from matinee.engines.neural_tower import TowerTrainer

        config = self.config
        total = config.epochs + config.tower_epochs
        attention = AttentionTrainer(people, targets, network, config)
        network = self._best(attention, network, held_out, targets, config.epochs, (0, total), progress)
        first = tower_arrays(network, config, np.random.default_rng(config.seed + 1))
        trained = TowerTrainer(people, targets, network, first, config) if config.tower_epochs else None
        if trained is not None:
            start = network | folded(first)
            steps = (config.epochs, total)
            found = self._best(trained, start, held_out, targets, config.tower_epochs, steps, progress)
            # A tower that is no better than none is not served.
            network = found if found["tower_out"].any() else network
        progress(self.name, total, total)
        return network

    def _best(
        self,
        trainer: Any,
        start: Arrays,
        held_out: HeldOutPeople | None,
        targets: Targets,
        epochs: int,
        steps: tuple[int, int],
        progress: Progress,
    ) -> Arrays:
        """Train until validation stops improving; return the best network, the start included."""
        done, total = steps
        best, best_value, best_epoch = start, self._judge(start, held_out, targets, -1), -1
        for epoch in range(epochs):
            trainer.epoch()
            network = start | folded(trainer.arrays())
            value = self._judge(network, held_out, targets, epoch)
            if value > best_value:
                best, best_value, best_epoch = network, value, epoch
            if epoch - best_epoch >= self.config.patience:
                break
            progress(self.name, min(done + epoch + 1, total - 1), total)
        return best

    def _judge(self, network: Arrays, held_out: HeldOutPeople | None, targets: Targets, epoch: int) -> float:
        """Return NDCG@100 of what was hidden, or less the root of the squared error; later is better where nothing was."""
        if held_out is None:
            return float(epoch)
        scores = self._scored(network, held_out.shown)
        hidden = held_out.hidden
        if targets.stars:
            errors = scores[hidden.people(), hidden.movies] - hidden.values
            return -float(np.sqrt(np.mean(errors**2)))
        n_movies = scores.shape[1]
        return HeldOut(held_out.shown.matrix(n_movies), hidden.matrix(n_movies)).ndcg(scores)

    def _score(self, profiles: Profiles) -> FloatMatrix:
        columns = self.arrays["columns"]
        if not len(columns):
            return np.zeros((len(profiles), self.n_movies), np.float32)
        found = self._scored(self.arrays, histories(profiles, columns))
        scores = np.repeat(found.min(axis=1, keepdims=True), self.n_movies, axis=1)
        scores[:, columns] = found
        return scores

    def _scored(self, network: Arrays, people: Histories) -> FloatMatrix:
        """Return (P, M) the scores of the movies that take part; people of like length are read together."""
        scores = np.empty((len(people), len(network["columns"])), np.float32)
        lengths = np.minimum(people.lengths(), self.config.max_profile)
        order = np.argsort(lengths, kind="stable")
        first = 0
        while first < len(order):
            # Of the ascending lengths, as many people as fit when padded to the longest of them.
            sizes = (1 + lengths[order[first:]]) * np.arange(1, len(order) - first + 1)
            who = order[first : first + max(1, int(np.searchsorted(sizes, _ENTRIES, side="right")))]
            scores[who] = self._read(network, people.of(who))
            first += len(who)
        return scores

    def _read(self, network: Arrays, people: Histories) -> FloatMatrix:
        given = people.padded(self.config.max_profile)
        queries = queries_of(network, given, self.config.heads)
        scores = gmf(network, queries)
        if network["stars"][0]:
            if "tower_out" in network:
                every = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
                scores += tower(network, queries, every)
            targets = Targets(stars=True, expected=network["expected"], floor=0.0, user_power=0.0)
            scores += network["expected"] + targets.levels(people)[:, None]
            return scores
        if "tower_out" in network:
            refined(network, queries, scores, seen(people, scores.shape[1]), self.config.candidates)
        return scores

    def _similar(self, movie: int) -> FloatVector:
        """Return the cosine between movies in GMF; 0 for those that do not take part."""
        likeness = np.zeros(self.n_movies, np.float32)
        place = np.flatnonzero(self.arrays["columns"] == movie)
        if len(place):
            likeness[self.arrays["columns"]] = cosine_similar(self.arrays["gmf"], int(place[0]))
        likeness[movie] = 1
        return likeness


def seen(people: Histories, n_movies: int) -> BoolVector:
    """Return (P, n_movies) which movies each person has rated, those beyond `max_profile` included."""
    table = np.zeros((len(people), n_movies), np.bool_)
    table[people.people(), people.movies] = True
    return table
