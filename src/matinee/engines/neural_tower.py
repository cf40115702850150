"""Training the tower of `neural`, after attention and GMF, which stay as they are: the second part that needs torch.

The tower learns what it will be asked: for each person the movies that GMF takes for the best among those not read
(for explicit the movies whose stars are hidden), and to put the hidden likes among them first, by the surprise of a
softmax over these candidates. It starts adding nothing, so that it can only depart from GMF for something better.
"""

from __future__ import annotations

from typing import Any

from matinee.engines.engine import Arrays
from matinee.engines.neural_config import NeuralConfig
from matinee.engines.neural_people import Histories
from matinee.engines.neural_targets import Targets
from matinee.engines.neural_torch import Trainer, queries_of


class TowerTrainer(Trainer):
    """A tower in training on top of a network that has learnt."""

    def __init__(
        self, people: Histories, targets: Targets, network: Arrays, tower: Arrays, settings: NeuralConfig
    ) -> None:
        super().__init__(
            people,
            targets,
            settings,
            epochs=settings.tower_epochs,
            rate=settings.tower_learning_rate,
            seed=settings.seed + 1,
        )
        self.flags = {name: bool(network[name][0]) for name in ("explicit", "ordered")}
        self.network = self.tensors(network, learnt=False)
        self.learn_from(self.tensors(tower, learnt=True))

    def epoch(self) -> None:
        """Pass over everybody."""
        for who in self.batches():
            self.update(self.loss(*self.hide(who)))

    def loss(self, read: Histories, hidden: Histories) -> Any:
        """Return the loss of one batch."""
        torch = self.torch
        goal = self.targets.dense(read, hidden)
        with torch.no_grad(), self.products():
            queries = queries_of(self, self.network, self.flags, read.padded(self.settings.max_profile), drop=False)
            taste = queries @ self.network["taste"] + self.network["taste_bias"]
            scores = (taste @ self.network["gmf"].T + self.network["gmf_bias"]).float()
            ranked = (
                self.tensor(goal.weights)
                if self.targets.stars
                else scores.masked_fill(self.tensor(goal.closed), float("-inf"))
            )
            _, best = ranked.topk(min(self.settings.candidates, ranked.shape[1]), dim=1)
        weights = self.tensor(goal.weights).gather(1, best)
        with self.products():
            added = self.again(self.tower, queries.detach(), best, self._masks(len(read)))
        found = scores.gather(1, best) + added.float()
        if self.targets.stars:
            errors = found - self.tensor(goal.wanted).gather(1, best)
            return (weights * errors**2).sum() / weights.sum().clamp(min=1)
        found = found.masked_fill(self.tensor(goal.closed).gather(1, best), -1e9)
        total = weights.sum(dim=1)
        surprise = total * torch.logsumexp(found, dim=1) - (weights * found).sum(dim=1)
        return surprise.sum() / total.sum().clamp(min=1e-6)

    def _masks(self, n: int) -> list[Any]:
        """Return dropout for the three layers, one draw for all candidates of a person."""
        if not self.settings.dropout:
            return []
        first = self.settings.hidden_size
        return [self.mask(n, 1, width) for width in (first, first // 2, first // 4)]

    def tower(self, queries: Any, movies: Any, dropped: list[Any]) -> Any:
        """Return (B, C) what the tower adds: `neural_network.tower` as torch writes it."""
        part, torch = self.learnt, self.torch
        person = queries @ part["tower_taste"] @ part["tower_person"]
        films = part["tower_movies"] @ part["tower_first"] + part["tower_first_bias"]
        hidden = torch.relu(torch.nn.functional.embedding(movies, films) + person[:, None])
        hidden = hidden * dropped[0] if dropped else hidden
        for index, name in enumerate(("tower_second", "tower_third"), start=1):
            hidden = torch.relu(hidden @ part[name] + part[f"{name}_bias"])
            hidden = hidden * dropped[index] if dropped else hidden
        return hidden @ part["tower_out"]
