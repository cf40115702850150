"""Compression: the same release with its matrices in smaller encodings, and what each array came to.

A recipe says how the two kinds of matrices are kept: factors (one short row a film) and item-item (a row of influences on
all other films, most next to nothing). `LADDER` lists recipes from the gentlest to the smallest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from matinee.engines import Engine
from matinee.engines.matrices import Kind, Matrix, belongs, encode_into, is_here, open_matrix, schemes
from matinee.engines.matrices.sparse8 import least_bytes
from matinee.errors import ReleaseError, SettingsError
from matinee.releases.release import Release
from matinee.types import Progress, silent

SPARSE = "sparse8"
_FULL_SHARE = 1 / 4
"""A sparse matrix larger than this share of float32 would be kept whole in int8 instead."""
_LEAST_SHARE = 1 / 64
"""Below this share of float32 too little of an item-item matrix is left to be worth keeping."""


@dataclass(frozen=True)
class Recipe:
    """How the matrices of a release are kept.

    Attributes:
        name: for the command line.
        factors: encoding of factors.
        item_item: encoding of item-item matrices.
        share: of the bytes of float32 that a sparse item-item matrix may take; None for the others.
    """

    name: str
    factors: str
    item_item: str
    share: float | None = None

    def scheme(self, kind: Kind) -> str:
        """Return the encoding of a kind of matrix."""
        return self.factors if kind == "factors" else self.item_item

    def settings(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def _ladder() -> tuple[Recipe, ...]:
    packed = next(name for name in ("int8-tail", "int8") if name in schemes("factors"))
    smallest = next(name for name in ("pq", packed) if name in schemes("factors"))
    steps = [Recipe(f"{SPARSE}-{times}", packed, SPARSE, 1 / times) for times in (8, 16, 32, 64)]
    last = [] if smallest == packed else [Recipe(f"{smallest}-64", smallest, SPARSE, 1 / 64)]
    return (Recipe("float16", "float16", "float16"), Recipe("int8", "int8", "int8"), *steps, *last)


LADDER = _ladder()


@dataclass(frozen=True, kw_only=True)
class MatrixCard:
    """What one matrix came to.

    Attributes:
        engine: whose it is.
        matrix: its name there.
        kind: "factors" or "item-item".
        scheme: encoding.
        shape: rows and columns.
        before: bytes as it was learned, in float32.
        after: bytes in the encoding.
    """

    engine: str
    matrix: str
    kind: str
    scheme: str
    shape: tuple[int, int]
    before: int
    after: int


def recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Raises:
        SettingsError: if there is none of that name.
    """
    for each in LADDER:
        if each.name == name:
            return each
    raise SettingsError(f"There is no recipe {name!r}.", hint=f"Recipes: {', '.join(each.name for each in LADDER)}.")


def encodable(engines: Mapping[str, Engine]) -> Iterator[tuple[str, str, Kind]]:
    """Yield engine, matrix and kind of everything in a release that can be kept smaller."""
    for name, engine in engines.items():
        for matrix, kind in engine.matrices.items():
            if is_here(engine.arrays, matrix):
                yield name, matrix, kind


def require_compressible(release: Release) -> None:
    """Refuse what cannot be compressed, or was already.

    Raises:
        ReleaseError: saying which of the two.
    """
    made_of = release.manifest.receipts.get("compression", {}).get("of")
    if made_of:
        raise ReleaseError(
            f"Release {release.version} is compressed already, and a copy of a copy has no honest receipt.",
            hint=f"Compress the one it was made of: matinee compress {made_of}.",
        )
    if not any(True for _ in encodable(release.engines)):
        raise ReleaseError(
            f"None of the engines of release {release.version} ({', '.join(release.engines)}) has a matrix to compress.",
            hint="Compress a release with ease, als, svd or content.",
        )


def compressed(
    engines: Mapping[str, Engine], how: Recipe, progress: Progress = silent
) -> tuple[dict[str, Engine], list[MatrixCard]]:
    """Return engines that score from encoded matrices, and what each matrix came to; those given are not changed."""
    done = {name: dict(engine.arrays) for name, engine in engines.items()}
    cards = []
    work = list(encodable(engines))
    for place, (name, matrix, kind) in enumerate(work, start=1):
        opened = open_matrix(done[name], matrix)
        (rows, columns), before = opened.shape, opened.nbytes
        scheme = how.scheme(kind)
        options = {"budget": _sparse_budget(rows, columns, how)} if scheme == SPARSE else {}
        done[name] = encode_into(done[name], matrix, scheme, **options)
        after = sum(array.nbytes for key, array in done[name].items() if belongs(key, matrix))
        cards.append(
            MatrixCard(
                engine=name,
                matrix=matrix,
                kind=kind,
                scheme=scheme,
                shape=(rows, columns),
                before=before,
                after=after,
            )
        )
        progress("compress", place, len(work))
    restored = {
        name: type(engine).restore(engine.settings(), done[name], engine.n_movies) for name, engine in engines.items()
    }
    return restored, cards


def fitting(release: Release, budget: int) -> Recipe:
    """Return the gentlest recipe whose files fit into a number of bytes; sparse matrices fill what is left.

    Raises:
        SettingsError: if none does, with what the smallest would take.
    """
    smallest = 0
    for how in LADDER:
        if how.share is None:
            smallest = estimated_bytes(release, how)
            if smallest <= budget:
                return how
            continue
        matrices = sum(matrix.nbytes for kind, matrix in _matrices(release) if kind == "item-item")
        if matrices:
            others = estimated_bytes(release, replace(how, share=0.0))
            share = min((budget - others) / matrices, _FULL_SHARE)
            filled = replace(how, share=share, name=f"{how.factors}, {SPARSE} to budget")
            if share >= _LEAST_SHARE and estimated_bytes(release, filled) <= budget:
                return filled
        smallest = estimated_bytes(release, how)
        if smallest <= budget:
            return how
    raise SettingsError(
        f"Release {release.version} ({release.manifest.bytes / 1e6:,.1f} MB) cannot be compressed to {budget / 1e6:,.1f} MB.",
        hint=f"The closest is {LADDER[-1].name} with about {smallest / 1e6:,.1f} MB; leave out an engine to get below.",
    )


def estimated_bytes(release: Release, how: Recipe) -> int:
    """Return about how many bytes a release's files take under a recipe, without compressing an item-item matrix."""
    matrices = _matrices(release)
    others = release.manifest.bytes - sum(matrix.nbytes for _, matrix in matrices)
    return others + sum(_estimate(*matrix.shape, kind, how) for kind, matrix in matrices)


def _matrices(release: Release) -> list[tuple[Kind, Matrix]]:
    return [
        (kind, open_matrix(release.engines[name].arrays, matrix)) for name, matrix, kind in encodable(release.engines)
    ]


def _estimate(rows: int, columns: int, kind: Kind, how: Recipe) -> int:
    scheme = how.scheme(kind)
    if scheme == SPARSE:
        return _sparse_budget(rows, columns, how)
    numbers = rows * columns
    return {"float16": 2 * numbers, "int8": numbers + 4 * rows, "int8-tail": numbers + 4 * rows}.get(
        scheme, numbers // 4 + 1024 * columns
    )


def _sparse_budget(rows: int, columns: int, how: Recipe) -> int:
    return max(int((how.share or 0.0) * 4 * rows * columns), least_bytes(rows, columns))
