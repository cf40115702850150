"""How long the best of 60,000 films take for one profile and for 256, on one thread, beside other libraries in the same run.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/scoring.py [--films 60000] [--width 128] [--k 10 50] [--without sapphireamx]

First comes scoring alone: all 60,000 products of every profile, nothing selected, and how far those of the first are from double
precision, as a share of the largest. Its floor is what reading the matrix once takes, float32 or int8, and filling as much fresh
memory as the scores need. Then the k best: every contestant returns indices and products of those rows. Recall is the
share of the true best (of the float32 matrix, by plain numpy) that it finds; the floor is reading the matrix. numkong, faiss
and usearch take part where they are installed; `--without` switches a capability of numkong off, as on a machine that has
none. Times are processor time, the least of many calls, which other programs on the machine distort less than the clock.
Two matrices: "even", normal numbers, whose rows are all about as long, so that no search can stop early; and "falling", rows
as long as a popularity curve makes them.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from matinee.engines.kernels import int8_dots
from matinee.engines.kernels.top_k import top_k
from matinee.engines.matrices import encode_into, open_matrix

PROFILES = (1, 256)
BUDGET_MS = {1: 0.6, 256: 30.0}

Answer = NDArray[Any]
Search = Callable[[NDArray[np.float32], int], Answer]


def plain(factors: NDArray[np.float32]) -> Search:
    """Numpy as most people write it."""

    def search(vectors: NDArray[np.float32], k: int) -> Answer:
        scores = vectors @ factors.T
        best = np.argpartition(scores, -k, axis=1)[:, -k:]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        return np.take_along_axis(best, order, axis=1)

    return search


def ours(factors: NDArray[np.float32], scheme: str) -> Search:
    matrix = open_matrix(encode_into({"factors": factors}, "factors", scheme), "factors")
    return lambda vectors, k: top_k(vectors, matrix, k)[0]


def without_numkong(factors: NDArray[np.float32]) -> Search:
    inner = ours(factors, "int8")

    def search(vectors: NDArray[np.float32], k: int) -> Answer:
        library, int8_dots.NUMKONG = int8_dots.NUMKONG, None
        try:
            return inner(vectors, k)
        finally:
            int8_dots.NUMKONG = library

    return search


def faiss(factors: NDArray[np.float32], int8: bool) -> Search:
    library = import_module("faiss")
    library.omp_set_num_threads(1)
    width = factors.shape[1]
    if int8:
        index = library.IndexScalarQuantizer(width, library.ScalarQuantizer.QT_8bit, library.METRIC_INNER_PRODUCT)
    else:
        index = library.IndexFlatIP(width)
    index.train(factors)
    index.add(factors)
    return lambda vectors, k: index.search(vectors, k)[1]


def usearch(factors: NDArray[np.float32], int8: bool) -> Search:
    library = import_module("usearch.index")
    unit = 127 / np.abs(factors).max()
    rows = np.rint(factors * unit).astype(np.int8) if int8 else factors

    def search(vectors: NDArray[np.float32], k: int) -> Answer:
        asked = np.rint(vectors * (127 / np.abs(vectors).max())).astype(np.int8) if int8 else vectors
        found = library.search(rows, asked, k, library.MetricKind.IP, exact=True, threads=1)
        return np.atleast_2d(found.keys).astype(np.int64)

    return search


def contestants(factors: NDArray[np.float32]) -> Iterator[tuple[str, Callable[[], Search]]]:
    yield "numpy float32, argpartition", lambda: plain(factors)
    yield "ours float32", lambda: ours(factors, "float32")
    yield "ours int8", lambda: ours(factors, "int8")
    yield "ours int8, numpy alone", lambda: without_numkong(factors)
    yield "ours int8-tail", lambda: ours(factors, "int8-tail")
    yield "faiss flat", lambda: faiss(factors, int8=False)
    yield "faiss 8 bit", lambda: faiss(factors, int8=True)
    yield "usearch exact float32", lambda: usearch(factors, int8=False)
    yield "usearch exact int8", lambda: usearch(factors, int8=True)


def scorers(factors: NDArray[np.float32]) -> Iterator[tuple[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]]]:
    yield "numpy float32", lambda vectors: vectors @ factors.T
    for scheme in ("float32", "int8", "int8-tail"):
        matrix = open_matrix(encode_into({"factors": factors}, "factors", scheme), "factors")
        yield f"ours {scheme}", matrix.dot


def milliseconds(call: Callable[[], Any], seconds: float = 1.5) -> float:
    """Return the least processor time among repeated calls, at least seven: what nothing disturbed."""
    call()
    taken: list[float] = []
    ends = time.perf_counter() + seconds
    while len(taken) < 7 or (time.perf_counter() < ends and len(taken) < 300):
        begun = time.process_time()
        call()
        taken.append(time.process_time() - begun)
    return min(taken) * 1e3


def reading(n_bytes: int) -> float:
    """Return the milliseconds that reading so many bytes once takes."""
    block = np.ones(n_bytes // 8, np.int64)
    return milliseconds(lambda: block.max(), seconds=0.5)


def filling(n_scores: int) -> float:
    """Return the milliseconds that writing so many float32 scores into fresh memory takes."""
    return milliseconds(lambda: np.ones(n_scores, np.float32), seconds=0.5)


def switch_off(capability: str) -> None:
    """Let numkong do without a capability of this machine."""
    if int8_dots.NUMKONG is None or capability not in int8_dots.NUMKONG.get_capabilities():
        raise SystemExit(f"numkong knows no capability {capability!r}.")
    int8_dots.NUMKONG.disable_capability(capability)
    int8_dots.AT_ONCE = int8_dots.vectors_at_once()


def made_up(films: int, width: int, kind: str) -> NDArray[np.float32]:
    generator = np.random.default_rng(0)
    factors = generator.standard_normal((films, width), dtype=np.float32)
    if kind == "falling":
        factors *= (1 / np.arange(1, films + 1) ** 0.5).astype(np.float32)[generator.permutation(films), None]
    return factors


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--films", type=int, default=60_000)
    options.add_argument("--width", type=int, default=128)
    options.add_argument("--k", type=int, nargs="+", default=[10, 50])
    options.add_argument("--without", metavar="CAPABILITY", help="of numkong, such as sapphireamx")
    given = options.parse_args()
    if given.without:
        switch_off(given.without)
    print(f"{platform.processor() or platform.machine()}, load {os.getloadavg()[0]:.1f}, one thread, fastest of many")
    print(f"{given.films:,} films x {given.width}; numkong {capabilities()}")
    numbers = given.films * given.width
    floors = {"float32": reading(4 * numbers), "int8": reading(numbers)}
    print(f"floor: reading float32 once {floors['float32']:.2f} ms, int8 {floors['int8']:.2f} ms")
    filled = {n: filling(n * given.films) for n in PROFILES}
    print(f"floor: filling fresh scores of {', '.join(f'{n}: {taken:.2f} ms' for n, taken in filled.items())}")
    generator = np.random.default_rng(1)
    for kind in ("even", "falling"):
        factors = made_up(given.films, given.width, kind)
        vectors = generator.standard_normal((max(PROFILES), given.width), dtype=np.float32)
        ready: dict[str, Search] = {}
        for name, make in contestants(factors):
            try:
                ready[name] = make()
            except ImportError:
                print(f"{name}: not installed")
        for n in PROFILES:
            alone(
                kind,
                np.ascontiguousarray(vectors[:n]),
                factors,
                {name: floor + filled[n] for name, floor in floors.items()},
            )
        for k in given.k:
            for n in PROFILES:
                asked = np.ascontiguousarray(vectors[:n])
                report(kind, asked, k, ready, floors)


def capabilities() -> str:
    """Return what numkong may use here."""
    if int8_dots.NUMKONG is None:
        return "absent"
    return ", ".join(name for name, there in int8_dots.NUMKONG.get_capabilities().items() if there)


def alone(kind: str, asked: NDArray[np.float32], factors: NDArray[np.float32], floors: dict[str, float]) -> None:
    print(f"\n{kind}, {len(asked)} profile{'s' if len(asked) > 1 else ''}, all scores (bar {BUDGET_MS[len(asked)]} ms)")
    print(f"  {'':30} {'ms':>8} {'x numpy':>8} {'x floor':>8} {'off':>9}")
    exact = asked[:1].astype(np.float64) @ factors.T.astype(np.float64)
    base = 0.0
    for name, score in scorers(factors):
        off = np.abs(score(asked)[:1] - exact).max() / np.abs(exact).max()
        taken = milliseconds(lambda: score(asked))  # noqa: B023 - called at once
        base = base or taken
        floor = floors["int8" if "int8" in name else "float32"]
        print(f"  {name:30} {taken:8.2f} {taken / base:8.2f} {taken / floor:8.1f} {off:9.1e}")


def report(kind: str, asked: NDArray[np.float32], k: int, ready: dict[str, Search], floors: dict[str, float]) -> None:
    print(f"\n{kind}, {len(asked)} profile{'s' if len(asked) > 1 else ''}, top {k} (bar {BUDGET_MS[len(asked)]} ms)")
    print(f"  {'':30} {'ms':>8} {'x numpy':>8} {'x floor':>8} {'recall':>7}")
    wanted = ready["numpy float32, argpartition"](asked, k)
    base = 0.0
    for name, search in ready.items():
        found = search(asked, k)
        recall = np.mean([len(np.intersect1d(a, b)) / k for a, b in zip(found, wanted, strict=True)])
        taken = milliseconds(lambda: search(asked, k))  # noqa: B023 - called at once
        base = base or taken
        floor = floors["int8" if "int8" in name or "8 bit" in name else "float32"]
        print(f"  {name:30} {taken:8.2f} {taken / base:8.2f} {taken / floor:8.1f} {recall:7.3f}")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
