"""Matrices of engines in several encodings, behind one protocol.

A matrix "factors" in float32 is the entry `arrays["factors"]`. In any other encoding that entry is replaced by its parts,
`arrays["factors.values"]` and so on, and by `arrays["factors.encoding"]`, the name of the scheme in bytes; so saving and
memory-mapping need no code of their own. Engines ask `open_matrix` and serve from whatever is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from matinee.engines.matrices.int8 import Int8
from matinee.engines.matrices.int8_tail import Int8Tail
from matinee.engines.matrices.matrix import Arrays, Matrix
from matinee.engines.matrices.plain import Float16, Float32
from matinee.engines.matrices.pq import ProductQuantised
from matinee.engines.matrices.sparse8 import Sparse8
from matinee.errors import ReleaseError, SettingsError
from matinee.types import FloatMatrix

Kind = Literal["factors", "item-item"]
"""Factors: one short row a film. Item-item: what a like of each film adds to every other, mostly next to nothing."""

PLAIN = "float32"
ENCODING = "encoding"

_ENCODINGS: Mapping[str, Any] = {kind.scheme: kind for kind in (Float16, Int8, Int8Tail, ProductQuantised, Sparse8)}

_FITTING: Mapping[Kind, tuple[str, ...]] = {
    "factors": ("float32", "float16", "int8", "int8-tail", "pq"),
    "item-item": ("float32", "float16", "int8", "sparse8"),
}


def schemes(kind: Kind) -> tuple[str, ...]:
    """Return the names of the encodings that suit a kind of matrix, the most faithful first."""
    return _FITTING[kind]


def encode(matrix: FloatMatrix, scheme: str, **options: Any) -> Arrays:
    """Return the parts of a matrix in an encoding, by name without its own; float32 has the single part "".

    Args:
        matrix: (n_rows, n_columns) finite float32; may be memory-mapped.
        scheme: one of `schemes`.
        options: of the encoding, such as `budget` in bytes for "sparse8".

    Raises:
        SettingsError: if there is no such encoding, or it has no such option, or cannot hold this matrix.
    """
    if scheme == PLAIN and not options:
        return {"": np.asarray(matrix, np.float32)}
    if scheme not in _ENCODINGS:
        known = ", ".join([PLAIN, *_ENCODINGS])
        raise SettingsError(
            f"There is no encoding {scheme!r} with options {sorted(options)}.", hint=f"Encodings: {known}."
        )
    try:
        parts: Arrays = _ENCODINGS[scheme].encoded(matrix, **options)
    except TypeError as error:
        raise SettingsError(f"{scheme} does not take the options {sorted(options)}: {error}.") from error
    return {**parts, ENCODING: np.frombuffer(scheme.encode(), np.uint8)}


def encode_into(arrays: Arrays, name: str, scheme: str, **options: Any) -> Arrays:
    """Return an engine's arrays with one matrix in another encoding; the others are the same objects, in their order.

    Args:
        arrays: of an engine; not changed.
        name: of the matrix, in whatever encoding it has there.
        scheme: as for `encode`.
        options: as for `encode`.

    Raises:
        ReleaseError: if there is no such matrix.
        SettingsError: as for `encode`.
    """
    matrix = open_matrix(arrays, name)
    plain = arrays[name] if name in arrays else matrix.dense()
    parts = {f"{name}.{part}" if part else name: array for part, array in encode(plain, scheme, **options).items()}
    return {key: array for key, array in arrays.items() if not belongs(key, name)} | parts


def open_matrix(arrays: Mapping[str, Any], name: str) -> Matrix:
    """Open one matrix of an engine, in whatever encoding it is; nothing is decoded or copied yet.

    Raises:
        ReleaseError: if it is absent, or in an encoding that this version does not know.
    """
    if name in arrays:
        return Float32(arrays[name])
    if not is_here(arrays, name):
        raise ReleaseError(f"There is no matrix {name!r} among {', '.join(arrays) or 'no arrays'}.")
    scheme = arrays[f"{name}.{ENCODING}"].tobytes().decode()
    if scheme not in _ENCODINGS:
        raise ReleaseError(
            f"The matrix {name!r} is encoded as {scheme!r}, which this version does not know.", hint="Update Matinee."
        )
    parts = {key.removeprefix(f"{name}."): array for key, array in arrays.items() if belongs(key, name)}
    opened: Matrix = _ENCODINGS[scheme].opened(parts)
    return opened


def is_here(arrays: Mapping[str, Any], name: str) -> bool:
    """Whether there is a matrix of that name, in whatever encoding; engines that learnt nothing have none."""
    return name in arrays or f"{name}.{ENCODING}" in arrays


def belongs(key: str, name: str) -> bool:
    """Whether an entry of an engine's arrays is the matrix of that name or a part of it."""
    return key == name or key.startswith(f"{name}.")


__all__ = ["Arrays", "Kind", "Matrix", "belongs", "encode", "encode_into", "is_here", "open_matrix", "schemes"]
