"""Sentence embeddings by a small BERT, computed with numpy alone (MiniLM, Wang et al., 2020, arXiv:2002.10957).

The forward pass of all-MiniLM-L6-v2: six layers of attention (12 heads) and a feed-forward net over 384 dimensions, the
mean of the tokens' outputs, scaled to length 1. Its weights are 90 MB of float32 in one safetensors file. Texts of like
length run together, without padding inside matrix products, so that nothing is computed for nobody.
"""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file
from threadpoolctl import threadpool_limits

from matinee.engines.text.wordpiece import WordPiece
from matinee.errors import DataError
from matinee.types import FloatMatrix, FloatVector, Progress, silent

WEIGHTS = "model.safetensors"
VOCABULARY = "vocab.txt"
CONFIG = "config.json"
LONGEST = 256
"""Tokens of a text that count; the model was trained on no more."""

_TOKENS_AT_ONCE = 1024
_FEW = 4
"""Fewer batches than this are not worth dividing."""


class MiniLM:
    """An embedder of sentences.

    Args:
        folder: holds `model.safetensors`, `vocab.txt` and `config.json`.

    Attributes:
        name: sixteen hexadecimal digits of its weights' content; embeddings of one name are comparable.
        width: length of an embedding.

    Raises:
        DataError: if the folder does not hold a BERT model of this kind.
    """

    def __init__(self, folder: Path) -> None:
        try:
            settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            weights = load_file(folder / WEIGHTS)
            self._pieces = WordPiece.read(folder / VOCABULARY)
            self._heads = int(settings["num_attention_heads"])
            layers = range(int(settings["num_hidden_layers"]))
            self._layers = [_layer(weights, number, self._heads) for number in layers]
            self._words = weights["embeddings.word_embeddings.weight"]
            self._places = (
                weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
            )
            self._norm = (weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"])
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise DataError(
                f"{folder} does not hold a sentence model that can be read ({type(error).__name__}: {error}).",
                hint=f"Expected a folder with {WEIGHTS}, {VOCABULARY} and {CONFIG} of all-MiniLM-L6-v2.",
            ) from error
        self.width = self._words.shape[1]
        with (folder / WEIGHTS).open("rb") as file:
            self.name = hashlib.file_digest(file, "sha256").hexdigest()[:16]

    def embed(self, texts: list[str], progress: Progress = silent) -> FloatMatrix:
        """Return the (n, width) embeddings of texts, each of length 1; a text does not depend on its neighbours.

        More than a few are divided among the machine's processors, each with one thread for its matrix products.
        """
        tokens = [self._pieces(text, LONGEST) for text in texts]
        batches = _batches([len(numbers) for numbers in tokens])
        vectors = np.empty((len(texts), self.width), np.float32)

        def embed_batch(batch: list[int]) -> int:
            vectors[batch] = self._forward([tokens[place] for place in batch])
            return len(batch)

        if len(batches) < _FEW:
            for batch in batches:
                embed_batch(batch)
            return vectors
        done = 0
        with threadpool_limits(1), ThreadPoolExecutor(processors()) as workers:
            for count in workers.map(embed_batch, batches):
                done += count
                progress("content: sentences", done, len(texts))
        return vectors

    def _forward(self, batch: list[list[int]]) -> FloatMatrix:
        """Return the embeddings of a few token lists, which are laid end to end."""
        lengths = np.array([len(tokens) for tokens in batch])
        places = np.concatenate([np.arange(length) for length in lengths])
        state = self._words[np.concatenate(batch)] + self._places[places]
        _normalise(state, *self._norm)
        rows, mask = _padding(lengths)
        for layer in self._layers:
            state = self._layer(state, layer, rows, mask)
        ends = np.cumsum(lengths)
        means = np.add.reduceat(state, ends - lengths, axis=0) / lengths[:, None]
        vectors: FloatMatrix = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
        return vectors

    def _layer(
        self, state: FloatMatrix, layer: dict[str, NDArray[Any]], rows: NDArray[np.int64], mask: FloatMatrix
    ) -> FloatMatrix:
        attended = self._attend(state @ layer["qkv"] + layer["qkv_bias"], rows, mask)
        state = attended @ layer["out"] + layer["out_bias"] + state
        _normalise(state, layer["norm"], layer["norm_bias"])
        inner = state @ layer["up"]
        inner += layer["up_bias"]
        gelu(inner)
        after: FloatMatrix = inner @ layer["down"] + layer["down_bias"] + state
        _normalise(after, layer["end"], layer["end_bias"])
        return after

    def _attend(self, qkv: FloatMatrix, rows: NDArray[np.int64], mask: FloatMatrix) -> FloatMatrix:
        """Return (tokens, width): each token's mix of its own text's tokens.

        Args:
            qkv: (tokens, 3 · width) queries (already divided by the root of their width), keys and values.
            rows: (texts, longest) the token at each place, 0 past a text's end.
            mask: (texts, longest) 0, or -inf past a text's end.
        """
        texts, longest = rows.shape
        split = qkv[rows].reshape(texts, longest, 3, self._heads, -1).transpose(2, 0, 3, 1, 4)
        odds = split[0] @ split[1].swapaxes(-1, -2)
        odds += mask[:, None, None, :]
        odds -= odds.max(axis=-1, keepdims=True)
        np.exp(odds, out=odds)
        odds /= odds.sum(axis=-1, keepdims=True)
        mixed = (odds @ split[2]).transpose(0, 2, 1, 3).reshape(texts, longest, self.width)
        packed: FloatMatrix = mixed[mask == 0]
        return packed


@lru_cache(maxsize=2)
def open_model(folder: Path) -> MiniLM:
    """Return the model of a folder, read once a process."""
    return MiniLM(folder)


def gelu(x: FloatMatrix) -> None:
    """Replace x by x · Φ(x), Φ the normal distribution function.

    Φ is computed as (1 + erf(x/√2))/2 with the rational approximation 7.1.26 of Abramowitz and Stegun (error below
    1.5e-7), in strips that stay in the processor's cache.
    """
    flat = x.reshape(-1)
    for start in range(0, len(flat), 16_384):
        strip = flat[start : start + 16_384]
        size = np.abs(strip)
        t = 1 / (1 + np.float32(0.3275911 / np.sqrt(2)) * size)
        tail = np.full_like(t, 1.061405429)
        for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
            tail *= t
            tail += np.float32(factor)
        tail *= t
        tail *= np.exp(size * size * np.float32(-0.5))
        # x·Φ(x) = max(x, 0) − |x|·tail/2 holds on both sides of 0.
        np.maximum(strip, 0, out=strip)
        size *= tail
        size *= np.float32(0.5)
        strip -= size


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _batches(lengths: list[int]) -> list[list[int]]:
    """Divide texts into batches of like length that fit the processor's cache, long ones first."""
    batches: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if not batches or (len(batches[-1]) + 1) * lengths[batches[-1][0]] > _TOKENS_AT_ONCE:
            batches.append([])
        batches[-1].append(place)
    return batches


def _padding(lengths: NDArray[np.int64]) -> tuple[NDArray[np.int64], FloatMatrix]:
    inside = np.arange(lengths.max()) < lengths[:, None]
    rows = np.zeros(inside.shape, np.int64)
    rows[inside] = np.arange(lengths.sum())
    return rows, np.where(inside, 0, -np.inf).astype(np.float32)


def _normalise(x: FloatMatrix, gain: FloatVector, bias: FloatVector) -> None:
    """Give each row mean 0 and variance 1, then apply gain and bias, in place."""
    x -= x.mean(axis=1, keepdims=True)
    x /= np.sqrt(np.einsum("ij,ij->i", x, x)[:, None] / x.shape[1] + np.float32(1e-12))
    x *= gain
    x += bias


def _layer(weights: dict[str, NDArray[Any]], number: int, heads: int) -> dict[str, NDArray[Any]]:
    """Return one layer's matrices, turned so that rows of the state multiply them from the left."""
    at = f"encoder.layer.{number}."

    def get(name: str) -> NDArray[Any]:
        return np.ascontiguousarray(weights[at + name].T)

    query, key, value = (f"attention.self.{name}." for name in ("query", "key", "value"))
    root = np.float32(np.sqrt(heads / weights[at + query + "weight"].shape[0]))
    return {
        "qkv": np.concatenate([get(query + "weight") * root, get(key + "weight"), get(value + "weight")], axis=1),
        "qkv_bias": np.concatenate([get(query + "bias") * root, get(key + "bias"), get(value + "bias")]),
        "out": get("attention.output.dense.weight"),
        "out_bias": get("attention.output.dense.bias"),
        "norm": get("attention.output.LayerNorm.weight"),
        "norm_bias": get("attention.output.LayerNorm.bias"),
        "up": get("intermediate.dense.weight"),
        "up_bias": get("intermediate.dense.bias"),
        "down": get("output.dense.weight"),
        "down_bias": get("output.dense.bias"),
        "end": get("output.LayerNorm.weight"),
        "end_bias": get("output.LayerNorm.bias"),
    }
