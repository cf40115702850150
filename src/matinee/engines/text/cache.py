"""Embeddings kept by content: a text that was embedded once is never embedded again by the same model.

One file a model, `<model name>.safetensors`, holds the keys (n, 16) uint8 and the vectors (n, width) float32. It is
written beside itself and renamed, so that readers see it whole; of two writers the last one wins, which costs time only.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from matinee.errors import EnvironmentFailure
from matinee.types import FloatMatrix, FloatVector, Progress

_TEXTS_A_SAVE = 4096
"""An interruption costs at most so many texts."""


class Embedder(Protocol):
    """What turns texts into vectors; `MiniLM` is one."""

    @property
    def name(self) -> str:
        """Identifies the model by content."""

    @property
    def width(self) -> int:
        """Length of a vector."""

    def embed(self, texts: list[str], progress: Progress) -> FloatMatrix:
        """Return (n, width) vectors."""


def embed_cached(model: Embedder, texts: list[str], folder: Path | None, progress: Progress) -> FloatMatrix:
    """Return the (n, width) embeddings of texts, from the cache where they are known, and remember the others.

    A cache that cannot be read is replaced.

    Raises:
        EnvironmentFailure: if the folder cannot be written.
    """
    if folder is None:
        return model.embed(texts, progress)
    path = folder / f"{model.name}.safetensors"
    known = _read(path, model.width)
    keys = [hashlib.sha256(text.encode()).digest()[:16] for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    fresh, done = list(missing), len(texts) - len(missing)
    for start in range(0, len(fresh), _TEXTS_A_SAVE):
        part = fresh[start : start + _TEXTS_A_SAVE]
        vectors = model.embed([missing[key] for key in part], progress)
        known.update(zip(part, vectors, strict=True))
        _write(path, known)
    progress("content: sentences", len(texts) - done, len(texts) - done)
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, model.width), np.float32)


def _read(path: Path, width: int) -> dict[bytes, FloatVector]:
    with suppress(OSError, SafetensorError, KeyError):
        stored = load_file(path)
        keys, vectors = stored["keys"], stored["vectors"]
        if vectors.shape == (len(keys), width) and np.isfinite(vectors).all():
            return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}
    return {}


def _write(path: Path, known: dict[bytes, FloatVector]) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "keys": np.frombuffer(b"".join(known), np.uint8).reshape(-1, 16),
        "vectors": np.stack(list(known.values())),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        os.close(handle)
        try:
            save_file(arrays, unfinished)
            Path(unfinished).replace(path)
        finally:
            Path(unfinished).unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        raise EnvironmentFailure(
            f"Embeddings could not be kept in {path.parent} ({error}).", hint="Choose another cache folder, or none."
        ) from error
