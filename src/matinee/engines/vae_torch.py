"""Training the network of `vae`, the only part that needs torch, which is imported when a trainer is made.

RecVAE (Shenbin, Alekseev, Tutubalina, Malykh and Nikolenko, WSDM 2020, arXiv:1912.11160). For a person who likes n
movies, with z drawn from the posterior q(z | x) = N(μ, e^v), the loss is

    −Σ_liked log softmax(D z + b)_j  +  γ n (log q(z | x) − log p(z))

where p mixes, in every dimension, a standard normal, the posterior that the encoder of the last epoch gave, and a wide
normal: it keeps the encoder from forgetting. An epoch updates the encoder three times (seeing each like with
probability 1 − dropout), then the decoder once. b starts as the logarithm of popularity.

The sum over liked movies is z · Σ_liked D_j + Σ_liked b_j, so likes stay sparse on both sides of the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.engines.engine import Arrays
from matinee.engines.vae_config import VaeConfig
from matinee.engines.vae_network import EPSILON, LAYERS, first_arrays, unit_rows
from matinee.errors import MissingExtraError

DECODER = ("decoder", "decoder_bias")
WIDE = 10.0
"""Logarithm of the variance of the wide normal."""
SHARES = (0.15, 0.75, 0.1)
"""Of the prior: standard normal, old posterior, wide normal."""
ENCODER_PASSES = 3
"""Passes over everybody that update the encoder, for one that updates the decoder."""


class Trainer:
    """A network in training; each `epoch` improves it, `arrays` hands it over.

    All chance comes from numpy, so that a seed means the same on every device.

    Args:
        likes: (U, M) ones at the movies each person likes; nobody without a like.
        settings: sizes, rates and the seed.

    Raises:
        MissingExtraError: if torch is not installed.
    """

    def __init__(self, likes: csr_array, settings: VaeConfig) -> None:
        self.torch = load_torch()
        self.likes, self.settings = likes, settings
        self.generator = np.random.default_rng(settings.seed)
        self.device = "cuda" if self.torch.cuda.is_available() else "cpu"
        first = first_arrays(likes.shape[1], settings.hidden_size, settings.embedding_size, self.generator)
        first["decoder_bias"] = log_popularity(likes)
        self.network = {name: self._tensor(array).requires_grad_() for name, array in first.items()}
        self.average = {name: tensor.detach().clone() for name, tensor in self.network.items()}
        encoder = [tensor for name, tensor in self.network.items() if name not in DECODER]
        self.encoder_step, self.decoder_step = (
            self.torch.optim.Adam(group, lr=settings.learning_rate)
            for group in (encoder, [self.network[name] for name in DECODER])
        )
        self.done = 0
        self.lengths = np.diff(likes.indptr).astype(np.float32)

    def epoch(self) -> None:
        """Pass over everybody three times for the encoder and once for the decoder, then average the network."""
        old = self._posteriors()
        for _ in range(ENCODER_PASSES):
            for who in self._batches():
                self._update(self.encoder_step, lambda who=who: self._encoder_loss(who, old))
        for who in self._batches():
            self._update(self.decoder_step, lambda who=who: self._decoder_loss(who))
        self._average()

    def arrays(self) -> Arrays:
        """Return the averaged network as numpy arrays of their own."""
        return {name: tensor.cpu().numpy().copy() for name, tensor in self.average.items()}

    def _average(self) -> None:
        """Move the average towards the network; young averages move faster, so that they forget the start."""
        keep = min(self.settings.averaging, self.done / (self.done + 1))
        self.done += 1
        for name, tensor in self.network.items():
            self.average[name].lerp_(tensor.detach(), 1 - keep)

    def _tensor(self, array: NDArray[Any]) -> Any:
        return self.torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _batches(self) -> Iterator[NDArray[np.int64]]:
        order = self.generator.permutation(self.likes.shape[0])
        for first in range(0, len(order), self.settings.batch_size):
            yield order[first : first + self.settings.batch_size]

    def _bags(self, who: NDArray[np.int64], dropout: float) -> tuple[Bag, Bag]:
        """Return what the encoder sees of these people, and what they like."""
        rows = unit_rows(self.likes[who])
        movies, starts = self._tensor(rows.indices.astype(np.int64)), self._tensor(rows.indptr[:-1].astype(np.int64))
        seen = rows.data
        if dropout:
            seen = seen * (self.generator.random(len(seen), dtype=np.float32) >= dropout) / np.float32(1 - dropout)
        return (movies, starts, self._tensor(seen)), (movies, starts, self._tensor(np.ones_like(seen)))

    def _mixed_precision(self) -> AbstractContextManager[Any]:
        """Multiply in half the bits where a graphics card does so faster; sums and norms keep theirs."""
        if self.device == "cpu":
            return nullcontext()
        context: AbstractContextManager[Any] = self.torch.autocast(self.device, dtype=self.torch.bfloat16)
        return context

    def _update(self, step: Any, loss: Any) -> None:
        step.zero_grad(set_to_none=True)
        with self._mixed_precision():
            value = loss()
        value.backward()
        step.step()

    def _posteriors(self) -> NDArray[np.float32]:
        """Return (U, 2, L) the mean and log-variance the encoder gives everybody now."""
        found = np.empty((self.likes.shape[0], 2, self.settings.embedding_size), np.float32)
        everybody = np.arange(self.likes.shape[0])
        with self.torch.no_grad(), self._mixed_precision():
            for first in range(0, len(everybody), self.settings.batch_size):
                who = everybody[first : first + self.settings.batch_size]
                posterior = posterior_of(self.torch, self.network, self._bags(who, 0.0)[0])
                found[who] = self.torch.stack(posterior, dim=1).float().cpu().numpy()
        return found

    def _sample(self, who: NDArray[np.int64], seen: Bag) -> tuple[Any, Any, Any]:
        """Return a draw z from the posterior of each person, the mean and the log-variance."""
        mean, spread = (part.float() for part in posterior_of(self.torch, self.network, seen))
        noise = self.generator.standard_normal((len(who), self.settings.embedding_size), dtype=np.float32)
        return mean + self._tensor(noise) * (spread / 2).exp(), mean, spread

    def _encoder_loss(self, who: NDArray[np.int64], old: NDArray[np.float32]) -> Any:
        seen, liked = self._bags(who, self.settings.dropout)
        sample, mean, spread = self._sample(who, seen)
        before = self._tensor(old[who])
        divergence = log_normal(sample, mean, spread) - self._log_prior(sample, before[:, 0], before[:, 1])
        strength = self._tensor(self.settings.gamma * self.lengths[who])
        decoder = {name: self.network[name].detach() for name in DECODER}
        return (self._surprise(decoder, sample, liked) + strength * divergence.sum(dim=1)).mean()

    def _decoder_loss(self, who: NDArray[np.int64]) -> Any:
        seen, liked = self._bags(who, 0.0)
        with self.torch.no_grad():
            sample, _, _ = self._sample(who, seen)
        return self._surprise(self.network, sample, liked).mean()

    def _surprise(self, decoder: dict[str, Any], sample: Any, liked: Bag) -> Any:
        """Return (B,) −Σ_liked log softmax(D z + b)_j."""
        weights, bias = decoder["decoder"], decoder["decoder_bias"]
        logits = sample @ weights.T + bias
        hits = (sample * summed(self.torch, weights, liked)).sum(dim=1) + summed(self.torch, bias[:, None], liked)[:, 0]
        counts = summed(self.torch, self.torch.ones_like(bias)[:, None], liked)[:, 0]
        return counts * self.torch.logsumexp(logits.float(), dim=1) - hits

    def _log_prior(self, sample: Any, mean: Any, spread: Any) -> Any:
        """Return (B, L) the logarithm of the mixture's density."""
        zero = self.torch.zeros_like(sample)
        parts = [
            log_normal(sample, zero, zero) + float(np.log(SHARES[0])),
            log_normal(sample, mean, spread) + float(np.log(SHARES[1])),
            log_normal(sample, zero, zero + WIDE) + float(np.log(SHARES[2])),
        ]
        return self.torch.logsumexp(self.torch.stack(parts), dim=0)


Bag = tuple[Any, Any, Any]
"""Movies of all people one after another, where each person starts, and the weight of each movie; tensors."""


def load_torch() -> Any:
    """Return torch.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        return import_module("torch")
    except ModuleNotFoundError as missing:
        raise MissingExtraError("Training the engine vae", "neural") from missing


def posterior_of(torch: Any, network: dict[str, Any], seen: Bag) -> tuple[Any, Any]:
    """Return the (B, L) mean and log-variance of each person's posterior: `posterior_mean` as torch writes it."""
    functional = torch.nn.functional

    def normalised(activations: Any, index: int) -> Any:
        scale, shift = network["scale"][index], network["shift"][index]
        return functional.layer_norm(functional.silu(activations), scale.shape, scale, shift, float(EPSILON))

    layer = normalised(summed(torch, network["input"], seen) + network["bias"][0], 0)
    total = layer
    for index in range(1, LAYERS):
        layer = normalised(layer @ network["hidden"][index - 1] + network["bias"][index] + total, index)
        total = total + layer
    return layer @ network["mean"] + network["mean_bias"], layer @ network["spread"] + network["spread_bias"]


def summed(torch: Any, table: Any, bag: Bag) -> Any:
    """Return (B, width) the weighted sum of the table's rows in each bag."""
    movies, starts, weights = bag
    return torch.nn.functional.embedding_bag(movies, table, starts, mode="sum", per_sample_weights=weights)


def log_normal(values: Any, mean: Any, log_variance: Any) -> Any:
    """Return the log density of a normal in each dimension, less the constant that cancels in a divergence."""
    return -(log_variance + (values - mean) ** 2 * (-log_variance).exp()) / 2


def log_popularity(likes: csr_array) -> NDArray[np.float32]:
    """Return (M,) the logarithm of each movie's likes and one more, less the mean of all."""
    logs = np.log(np.bincount(likes.indices, minlength=likes.shape[1]) + 1.0)
    popularity: NDArray[np.float32] = (logs - logs.mean()).astype(np.float32)
    return popularity
