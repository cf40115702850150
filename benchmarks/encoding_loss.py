"""What each encoding of each engine's matrices keeps of its lists, by the validation part of the temporal protocol.

    OMP_NUM_THREADS=1 python benchmarks/encoding_loss.py --data PATH [--engines als svd …]

Every engine is fitted once, in float32. For every encoding of its matrices it prints how many times smaller they are, and
HR@10 and NDCG@10 as a share of those of float32, with the standard error of the paired difference (as a share too),
and how much of a top 10 stays. HR@10 is the share of people with at least one hidden film in their ten.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.data.read import read_dataset
from matinee.engines import Engine, create
from matinee.engines.matrices import encode_into, is_here, open_matrix
from matinee.errors import SettingsError
from matinee.evaluation.protocols.split import RankingSplit
from matinee.evaluation.protocols.temporal import Temporal

N = 10

ENGINES: dict[str, tuple[str, dict[str, Any]]] = {
    "als": ("als", {}),
    "als-64": ("als", {"embedding_size": 64}),
    "svd": ("svd", {}),
    "explicit_als": ("explicit_als", {}),
    "content": ("content", {"model": "lsa"}),
    "ease": ("ease", {}),
    "next": ("next", {}),
}


def variants(kind: str, plain: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield a label, a scheme and its options; `plain` is the size in float32."""
    yield "float16", "float16", {}
    yield "int8", "int8", {}
    if kind == "factors":
        yield "int8-tail", "int8-tail", {}
        yield "int8-tail, 2/9", "int8-tail", {"budget": plain * 2 // 9}
        for width in (2, 4, 8):
            yield f"pq, width {width}", "pq", {"width": width}
    else:
        for part in (8, 16, 32, 64):
            yield f"sparse8, 1/{part}", "sparse8", {"budget": plain // part}


class Judge:
    """Measures lists against what was hidden."""

    def __init__(self, split: RankingSplit) -> None:
        self.profiles = split.profiles
        self._truth = split.truth.toarray() > 0
        watched = split.profiles.matrix(np.ones(len(split.profiles.movies), np.float32)).toarray() > 0
        self._barred = watched | ~split.allowed
        self._gain = 1 / np.log2(np.arange(2, N + 2))
        most = np.concatenate([[0], np.cumsum(self._gain)])
        self._ideal = most[np.minimum(self._truth.sum(axis=1), N)]

    def lists(self, engine: Engine) -> NDArray[np.intp]:
        """Return (P, N) the best films of each person."""
        found = []
        for first in range(0, len(self.profiles), 1024):
            part = slice(first, min(first + 1024, len(self.profiles)))
            scores = engine.score(self.profiles.slice(part.start, part.stop))
            scores[self._barred[part]] = -np.inf
            found.append(np.argsort(-scores, axis=1, kind="stable")[:, :N])
        return np.concatenate(found)

    def measures(self, lists: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (P,) hit or not, and (P,) NDCG."""
        hits = np.take_along_axis(self._truth, lists, axis=1)
        return hits.any(axis=1).astype(np.float64), (hits * self._gain).sum(axis=1) / self._ideal


def kept(after: NDArray[np.float64], before: NDArray[np.float64]) -> str:
    off = (after - before).std(ddof=1) / len(before) ** 0.5
    return f"{after.mean() / before.mean():.4f} ±{off / before.mean():.4f}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    given = options.parse_args()
    dataset = read_dataset(given.data).dataset
    split = next(Temporal().splits(dataset, "validation"))
    assert isinstance(split, RankingSplit)
    judge = Judge(split)
    print(f"{dataset.name}: {len(split)} people scored, {split.counts['candidate_movies']} films")
    for label in given.engines:
        name, settings = ENGINES[label]
        engine = create(name, settings).fit(split.train)
        before = judge.lists(engine)
        hits, ndcg = judge.measures(before)
        matrices = {matrix: kind for matrix, kind in engine.matrices.items() if is_here(engine.arrays, matrix)}
        plain = {matrix: open_matrix(engine.arrays, matrix).nbytes for matrix in matrices}
        print(
            f"\n{label}: HR@10 {hits.mean():.4f}, NDCG@10 {ndcg.mean():.4f}, {sum(plain.values()):,} bytes of {', '.join(plain)}"
        )
        print(f"  {'':16} {'smaller':>8} {'HR@10 kept':>16} {'NDCG@10 kept':>16} {'top 10 kept':>12}")
        for row in zip(*(variants(matrices[matrix], plain[matrix]) for matrix in matrices), strict=True):
            arrays = engine.arrays
            try:
                for matrix, (_, scheme, chosen) in zip(matrices, row, strict=True):
                    arrays = encode_into(arrays, matrix, scheme, **chosen)
            except SettingsError as error:
                print(f"  {row[0][0]:16} {error.message}")
                continue
            size = sum(open_matrix(arrays, matrix).nbytes for matrix in matrices)
            after = judge.lists(type(engine).restore(engine.settings(), arrays, engine.n_movies))
            new_hits, new_ndcg = judge.measures(after)
            same = np.mean([len(np.intersect1d(a, b)) / N for a, b in zip(after, before, strict=True)])
            print(
                f"  {row[0][0]:16} {sum(plain.values()) / size:7.2f}x {kept(new_hits, hits):>16} {kept(new_ndcg, ndcg):>16} {same:12.3f}"
            )


if __name__ == "__main__":
    main()
