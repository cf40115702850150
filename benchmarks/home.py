"""What a first page costs, and how much of it stays from day to day.

    python benchmarks/home.py [--data PATH] [--ratings 30] [--pages 60] [--viewers 40]

Prints medians of wall and processor time in milliseconds for its rows, the use case with the database, the HTML and the
memory of it, and the load of the machine: on a busy one only processor time means anything. Then viewers of the data visit
on five days in a row and open nothing: which share of the films of the day before is there again?
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from matinee.config import Settings
from matinee.data.read import read_dataset
from matinee.data.sample import load_sample
from matinee.ranking import Recommender
from matinee.ranking.shelves import Person, build_page
from matinee.releases import assemble
from matinee.service import Cinema
from matinee.store import Store
from matinee.training.train import DEFAULT_ENGINES, unfitted_hybrid
from matinee.web import create_site

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient


def timed(act: Callable[[int], object], n: int) -> tuple[float, float]:
    """Return medians of wall and processor time in milliseconds over `n` calls after three to warm up."""
    walls, works = [], []
    for turn in range(-3, n):
        wall, work = time.perf_counter(), time.process_time()
        act(turn)
        if turn >= 0:
            walls.append(time.perf_counter() - wall)
            works.append(time.process_time() - work)
    return statistics.median(walls) * 1e3, statistics.median(works) * 1e3


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=30, help="ratings of the viewer")
    parser.add_argument("--data", type=Path, help="a MovieLens archive or folder; the embedded sample without")
    parser.add_argument("--viewers", type=int, default=40, help="viewers who visit on five days")
    parser.add_argument("--pages", type=int, default=60, help="pages a figure is the median of")
    asked = parser.parse_args()
    sample = load_sample() if asked.data is None else read_dataset(asked.data).dataset
    hybrid = unfitted_hybrid(DEFAULT_ENGINES).fit(sample)
    release = assemble(sample, hybrid.engines, ranking=hybrid.config.settings(), metrics={})
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        store = Store.open(Path(folder) / "matinee.db")
        store.import_dataset(sample)
        day = [time.time()]
        cinema = Cinema(Recommender(release), store, clock=lambda: day[0])
        rng = np.random.default_rng(0)
        films = [film.id for film in cinema.movies(n=100).films]
        chosen = rng.choice(films, asked.ratings, replace=False).tolist()
        session = cinema.onboard(None, {film: float(rng.integers(2, 11)) / 2 for film in chosen})
        viewer = session.viewer_id
        profile = store.profile(viewer, release.catalogue)
        client = TestClient(create_site(cinema, Settings(home=Path(folder))))
        client.cookies.set("matinee_session", session.token)
        home = cinema.home(viewer)

        def remember(_: int) -> None:
            day[0] += 86_400
            cinema.remember_page(viewer, cinema.home(viewer))

        screen = cinema._programme.screen
        rows = {
            "rows of a page (`build_page`)": timed(
                lambda turn: build_page(screen, Person(profile=profile, day=turn)), asked.pages
            ),
            "the use case, database included (`Cinema.home`)": timed(lambda _: cinema.home(viewer), asked.pages),
            "a page that is remembered already": timed(lambda _: cinema.remember_page(viewer, home), asked.pages),
            "the whole request for `/`": timed(lambda _: client.get("/"), asked.pages),
            "use case and memory of a new day": timed(remember, asked.pages),
        }
        visitors = rng.choice(sample.user_ids.ids, asked.viewers, replace=False).tolist()
        stays = []
        for visitor in visitors:
            pages = []
            for _ in range(5):
                page = cinema.home(visitor)
                cinema.remember_page(visitor, page)
                pages.append({card.film.id for shelf in page.shelves for card in shelf.cards})
                day[0] += 86_400
            stays.append([len(after & before) / len(after) for before, after in pairwise(pages)])
        store.close()
    shown = sum(len(shelf.cards) for shelf in home.shelves)
    print(
        f"{sample.name}: {sample.n_movies:,} films, {sample.n_users:,} {cinema.recommender.viewers}; {asked.ratings} ratings, "
        f"{len(home.shelves)} rows, {shown} films; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    print(f"{'':50}{'wall':>9}{'processor':>11}")
    for name, (wall, work) in rows.items():
        print(f"{name:50}{wall:9.1f}{work:11.1f}")
    daily = ", ".join(f"{share:.0%}" for share in np.mean(stays, axis=0))
    print(f"Of a page, films of the day before (mean over {len(visitors)} viewers, days 2 to 5): {daily}")


if __name__ == "__main__":
    main()
