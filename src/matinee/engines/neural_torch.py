"""Training attention and GMF of `neural`: one of two parts that need torch, imported when a trainer is made.

Of each person in a batch a share of the ratings is hidden and the rest is read. For implicit the loss is the multinomial
surprise −Σ_hidden log softmax(GMF)_m over all movies that are not read, which makes every movie a negative at the
cost of one product; for explicit it is the squared error of the hidden stars, less what `stars` expects.

AdamW (Loshchilov and Hutter, ICLR 2019) with a short rise and a cosine fall of the rate. On a graphics card products run
in bfloat16 and the activations of each layer are computed again on the way back instead of being kept (Chen et al. 2016,
arXiv:1604.06174); settings force either on any device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines.engine import Arrays
from matinee.engines.neural_config import NeuralConfig
from matinee.engines.neural_network import EPSILON, Padded, ages
from matinee.engines.neural_people import Histories
from matinee.engines.neural_targets import Targets
from matinee.errors import MissingExtraError

RISE = 50
"""Steps at most over which the rate rises."""
_BLOCK = 8
"""Batches whose people are sorted by length together, so that tables are not padded far."""
_STEPS, _FEWEST = 16, 16
"""Steps that an epoch should have, and people that a step keeps."""
NEVER = -1e9
"""Logit of a movie that is read already."""


class Trainer:
    """Tensors in training: what the trainers of both stages share.

    Chance comes from numpy alone, so that a seed means the same draws on every device.

    Args:
        people: who is learnt from.
        targets: what of each person is to be guessed.
        settings: sizes, rates and the seed.
        epochs: passes that the rate is planned for.
        rate: the highest.
        seed: of batches, of what is hidden, of dropout.

    Raises:
        MissingExtraError: if torch is not installed.
    """

    def __init__(
        self, people: Histories, targets: Targets, settings: NeuralConfig, *, epochs: int, rate: float, seed: int
    ) -> None:
        self.torch = load_torch()
        self.people, self.targets, self.settings = people, targets, settings
        self.generator = np.random.default_rng(seed)
        self.device = "cuda" if self.torch.cuda.is_available() else "cpu"
        self.size = min(settings.batch_size, max(_FEWEST, len(people) // _STEPS))
        self.steps = max(1, epochs * -(-len(people) // self.size))
        self.step, self.rate = 0, rate

    def learn_from(self, learnt: dict[str, Any]) -> None:
        """Prepare to change these tensors."""
        self.learnt = learnt
        self.optimiser = self.torch.optim.AdamW(learnt.values(), lr=self.rate, weight_decay=self.settings.l2)

    def tensors(self, arrays: Arrays, *, learnt: bool) -> dict[str, Any]:
        """Return the arrays on the device; flags stay away."""
        return {
            name: self.tensor(array.copy()).requires_grad_(learnt)
            for name, array in arrays.items()
            if array.dtype == np.float32
        }

    def tensor(self, array: NDArray[Any]) -> Any:
        """Return one array on the device."""
        return self.torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def arrays(self) -> Arrays:
        """Return what was learnt as numpy arrays of their own."""
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.learnt.items()}

    def batches(self) -> Iterator[NDArray[np.int64]]:
        """Yield everybody once, people with about as many ratings together."""
        size = self.size
        order = self.generator.permutation(len(self.people))
        lengths = self.people.lengths()
        found = []
        for first in range(0, len(order), _BLOCK * size):
            block = order[first : first + _BLOCK * size]
            block = block[np.argsort(lengths[block], kind="stable")]
            found += [block[start : start + size] for start in range(0, len(block), size)]
        for place in self.generator.permutation(len(found)):
            yield found[place]

    def hide(self, who: NDArray[np.int64]) -> tuple[Histories, Histories]:
        """Return what is read and what is hidden of these people."""
        people = self.people.of(who)
        hidden = self.generator.random(len(people.movies)) < self.settings.hidden_share
        return people.only(~hidden), people.only(hidden)

    def mask(self, *shape: int) -> Any:
        """Return dropout: zeros, and 1 / (1 − dropout) elsewhere; drawn before use, so that a layer can be computed again."""
        kept = self.generator.random(shape, dtype=np.float32) >= self.settings.dropout
        return self.tensor(kept.astype(np.float32) / np.float32(1 - self.settings.dropout))

    def products(self) -> AbstractContextManager[Any]:
        """Multiply in half the bits where that is asked for or a graphics card does so faster."""
        precision = self.settings.precision
        if precision == "float32" or (precision == "auto" and self.device == "cpu"):
            return nullcontext()
        context: AbstractContextManager[Any] = self.torch.autocast(self.device, dtype=self.torch.bfloat16)
        return context

    def again(self, part: Callable[..., Any], *given: Any) -> Any:
        """Run a part of the network, keeping its activations or not as the settings say."""
        if self.settings.checkpointing == "off" or (self.settings.checkpointing == "auto" and self.device == "cpu"):
            return part(*given)
        from torch.utils.checkpoint import checkpoint

        return checkpoint(part, *given, use_reentrant=False, preserve_rng_state=False)

    def update(self, loss: Any) -> None:
        """Go one step down."""
        rise = min(RISE, self.steps // 10 + 1)
        share = min(1.0, (self.step + 1) / rise) * (0.5 + 0.5 * np.cos(np.pi * min(1.0, self.step / self.steps)))
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * share
        self.step += 1
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()


def load_torch() -> Any:
    """Return torch.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        return import_module("torch")
    except ModuleNotFoundError as missing:
        raise MissingExtraError("Training the engine neural", "neural") from missing


class AttentionTrainer(Trainer):
    """Attention and GMF in training; each `epoch` improves them, `arrays` hands them over."""

    def __init__(self, people: Histories, targets: Targets, first: Arrays, settings: NeuralConfig) -> None:
        super().__init__(
            people, targets, settings, epochs=settings.epochs, rate=settings.learning_rate, seed=settings.seed
        )
        self.flags = {name: bool(first[name][0]) for name in ("explicit", "ordered")}
        used = dict(first)
        for flag, names in (("explicit", ("star_gates", "star_shifts")), ("ordered", ("ages",))):
            for name in names if not self.flags[flag] else ():
                del used[name]
        self.learn_from(self.tensors(used, learnt=True))

    def epoch(self) -> None:
        """Pass over everybody."""
        for who in self.batches():
            self.update(self.loss(*self.hide(who)))

    def loss(self, read: Histories, hidden: Histories) -> Any:
        """Return the loss of one batch."""
        goal = self.targets.dense(read, hidden)
        with self.products():
            queries = self.queries(read, drop=True)
            scores = (queries @ self.learnt["taste"] + self.learnt["taste_bias"]) @ self.learnt["gmf"].T
            scores = scores + self.learnt["gmf_bias"]
        scores = scores.float()
        weights = self.tensor(goal.weights)
        if self.targets.stars:
            return (weights * (scores - self.tensor(goal.wanted)) ** 2).sum() / weights.sum().clamp(min=1)
        scores = scores.masked_fill(self.tensor(goal.closed), NEVER)
        total = weights.sum(dim=1)
        surprise = total * self.torch.logsumexp(scores, dim=1) - (weights * scores).sum(dim=1)
        return surprise.sum() / total.sum().clamp(min=1e-6)

    def queries(self, read: Histories, *, drop: bool) -> Any:
        """Return (B, S · d): `neural_network.queries_of` as torch writes it."""
        return queries_of(self, self.learnt, self.flags, read.padded(self.settings.max_profile), drop=drop)


def queries_of(trainer: Trainer, network: dict[str, Any], flags: dict[str, bool], given: Padded, *, drop: bool) -> Any:
    """Return (B, S · d) the answers to all queries: the mathematics of `neural_network.queries_of`."""
    torch, functional = trainer.torch, trainer.torch.nn.functional
    n, length = given.movies.shape
    size = network["films"].shape[1]
    vectors = functional.embedding(trainer.tensor(given.movies), network["films"])
    if flags["explicit"]:
        stars = trainer.tensor(given.stars)
        vectors = vectors * functional.embedding(stars, network["star_gates"])
        vectors = vectors + functional.embedding(stars, network["star_shifts"])
    if flags["ordered"]:
        vectors = vectors + network["ages"][trainer.tensor(ages(length))]
    vectors = torch.cat([network["nobody"].expand(n, 1, size), vectors], dim=1)
    closed = np.zeros((n, 1, 1 + length), np.float32)
    closed[:, 0, 1:][~given.valid] = NEVER
    shut = trainer.tensor(closed)
    queries = network["queries"].expand(n, -1, -1)
    n_queries = queries.shape[1]
    for layer in range(len(network["ask"])):
        dropped = [trainer.mask(n, n_queries, size) for _ in range(2)] if drop and trainer.settings.dropout else []
        queries = trainer.again(_layer, trainer, network, layer, queries, vectors, shut, dropped)
    return queries.reshape(n, n_queries * size)


def _layer(
    trainer: Trainer, network: dict[str, Any], layer: int, queries: Any, vectors: Any, shut: Any, dropped: list[Any]
) -> Any:
    """Return the queries after one round of attention and its inner layer."""
    torch, functional = trainer.torch, trainer.torch.nn.functional
    n, n_queries, size = queries.shape
    heads = trainer.settings.heads
    width = size // heads

    def normed(values: Any, which: int) -> Any:
        scale, shift = network["scale"][layer, which], network["shift"][layer, which]
        return functional.layer_norm(values, (size,), scale, shift, float(EPSILON))

    asked = (normed(queries, 0) @ network["ask"][layer]).reshape(n, n_queries, heads, width)
    wanted = torch.einsum("bshe,dhe->bhsd", asked, network["key"][layer].reshape(size, heads, width)) / width**0.5
    logits = torch.bmm(wanted.reshape(n, heads * n_queries, size), vectors.transpose(1, 2)) + shut
    weights = torch.softmax(logits.float(), dim=2)
    weights = weights / (weights * weights).sum(dim=2, keepdim=True).sqrt()
    pooled = torch.bmm(weights.to(vectors.dtype), vectors).reshape(n, heads, n_queries, size)
    found = torch.einsum("bhsd,dhe->bshe", pooled, network["value"][layer].reshape(size, heads, width))
    answer = found.reshape(n, n_queries, size) @ network["out"][layer]
    queries = queries + (answer * dropped[0] if dropped else answer)
    hidden = functional.silu(normed(queries, 1) @ network["widen"][layer] + network["widen_bias"][layer])
    answer = hidden @ network["narrow"][layer] + network["narrow_bias"][layer]
    return queries + (answer * dropped[1] if dropped else answer)
