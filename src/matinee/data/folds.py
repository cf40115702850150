"""The five cross-validation folds that come with MovieLens 100K (`u1.test` … `u5.test`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matinee.data.dataset import Dataset
from matinee.data.ratings import read_ratings
from matinee.data.recognise import Table
from matinee.data.report import FileReport, Ledger


def read_folds(tables: dict[int, Table], dataset: Dataset, ledger: Ledger) -> NDArray[np.int8]:
    """Return the (n_ratings,) fold of each rating, counted from 1; 0 where no test file has it.

    Args:
        tables: fold → its file of test ratings.
        dataset: the ratings; test ratings it does not have are noted.
        ledger: where bad rows are counted.
    """
    pairs = dataset.users.astype(np.int64) * dataset.n_movies + dataset.movies
    order = np.argsort(pairs)
    folds = np.zeros(dataset.n_ratings, np.int8)
    for fold, table in tables.items():
        test = read_ratings(table, dataset.catalogue.ids, ledger)
        users = dataset.user_ids.find(test.users)
        wanted = users.astype(np.int64) * dataset.n_movies + test.movies
        place = np.minimum(np.searchsorted(pairs, wanted, sorter=order), dataset.n_ratings - 1)
        rows = order[place]
        found = (pairs[rows] == wanted) & (users >= 0)
        again = found & (folds[rows] > 0)
        if again.any():
            ledger.note(
                f"{int(again.sum()):,} ratings of {table.entry.shown} are in an earlier fold too and stay there."
            )
        folds[rows[found & ~again]] = fold
        ledger.report.files.append(
            FileReport(table.entry.shown, f"test ratings of fold {fold}", test.n_read, int((found & ~again).sum()))
        )
    return folds
