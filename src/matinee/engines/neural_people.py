"""Profiles as `neural` reads them, and the people it learns from: in an order of their own, some set aside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.engines.neural_network import STARS, Padded
from matinee.engines.vae_people import MOST
from matinee.types import BoolVector, FloatVector, IntVector, LongVector, Profiles


@dataclass(frozen=True)
class Histories:
    """Ratings of several people, each person's oldest first.

    Attributes:
        indptr: (P + 1,) int64: person p owns `indptr[p]:indptr[p + 1]`.
        movies: (n,) int64 columns of the network.
        values: (n,) float32 stars, or 1 where people only watched.
    """

    indptr: LongVector
    movies: LongVector
    values: FloatVector

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def lengths(self) -> LongVector:
        """Return (P,) how many ratings each person has."""
        return np.diff(self.indptr)

    def people(self) -> LongVector:
        """Return (n,) whose each rating is."""
        return np.repeat(np.arange(len(self)), self.lengths())

    def of(self, who: NDArray[np.int64]) -> Histories:
        """Return these people, in this order."""
        lengths = self.lengths()[who]
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        at = np.arange(indptr[-1]) + np.repeat(self.indptr[who] - indptr[:-1], lengths)
        return Histories(indptr, self.movies[at], self.values[at])

    def only(self, keep: BoolVector) -> Histories:
        """Return everybody with the ratings to keep."""
        indptr = np.concatenate([[0], np.cumsum(keep)])[self.indptr]
        return Histories(indptr, self.movies[keep], self.values[keep])

    def padded(self, most: int) -> Padded:
        """Return the newest `most` ratings of each person as a table, newest first."""
        ends = np.repeat(self.indptr[1:], self.lengths())
        place = ends - 1 - np.arange(len(self.movies))
        keep = place < most
        shape = (len(self), int(min(most, self.lengths().max(initial=0))))
        movies, stars, valid = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        at = (self.people()[keep], place[keep])
        movies[at], stars[at], valid[at] = self.movies[keep], star_classes(self.values[keep]), True
        return Padded(movies, stars, valid)

    def matrix(self, n_movies: int, weights: FloatVector | None = None) -> csr_array:
        """Return the (P, n_movies) sparse matrix of the weights, by default ones."""
        data = np.ones(len(self.movies), np.float32) if weights is None else weights
        return csr_array((data, self.movies, self.indptr), shape=(len(self), n_movies))


def star_classes(values: FloatVector) -> LongVector:
    """Return (n,) int64 half stars, 1 to 10."""
    return np.clip(np.rint(2 * values), 0, STARS - 1).astype(np.int64)


def histories(profiles: Profiles, columns: IntVector) -> Histories:
    """Return the ratings of the movies that take part, as columns of the network."""
    places = np.full(profiles.n_movies, -1, np.int64)
    places[columns] = np.arange(len(columns))
    movies = places[profiles.movies]
    return Histories(profiles.indptr, movies, profiles.values).only(movies >= 0)


def in_own_order(everybody: Histories, n_movies: int, seed: int) -> Histories:
    """Return the people with a rating, ordered by a hash of what they rated and how.

    How people are numbered then has no say in batches or in who is set aside; people whose hashes agree rated alike.
    """
    known = everybody.of(np.flatnonzero(everybody.lengths()))
    if not len(known):
        return known
    words = np.random.default_rng(seed).integers(0, 2**63, (n_movies, STARS), dtype=np.uint64)
    hashes = np.add.reduceat(words[known.movies, star_classes(known.values)], known.indptr[:-1])
    return known.of(np.argsort(hashes, kind="stable"))


@dataclass(frozen=True)
class HeldOutPeople:
    """People who are not learnt from.

    Attributes:
        shown: what the network may see of them.
        hidden: what it should guess, at least one rating a person.
    """

    shown: Histories
    hidden: Histories


def hold_out(
    everybody: Histories, wanted: BoolVector, share: float, seed: int
) -> tuple[Histories, HeldOutPeople | None]:
    """Set the first people aside, and hide a fifth of their ratings that are worth guessing.

    Args:
        everybody: people in an order that says nothing about them.
        wanted: (n,) which ratings are worth guessing.
        share: of the people to set aside, rounded down, at most `vae_people.MOST`.
        seed: of what is hidden.

    Returns:
        The other people, and those set aside; None where nobody among them has two ratings worth guessing.
    """
    aside = min(int(share * len(everybody)), MOST)
    enough = np.add.reduceat(wanted, everybody.indptr[:-1])[:aside] >= 2 if aside else np.zeros(0, np.bool_)
    if not enough.any():
        return everybody, None
    chosen = np.flatnonzero(enough)
    people = everybody.of(chosen)
    worth = np.concatenate([wanted[everybody.indptr[row] : everybody.indptr[row + 1]] for row in chosen])
    owner = people.people()
    counts = np.bincount(owner, worth, len(people)).astype(np.int64)
    chance = np.where(worth, np.random.default_rng(seed).random(len(owner)), np.inf)
    order = np.lexsort((chance, owner))
    rank = np.empty(len(owner), np.int64)
    rank[order] = np.arange(len(owner)) - people.indptr[owner]
    hidden = rank < np.maximum(counts // 5, 1)[owner]
    return everybody.of(np.arange(aside, len(everybody))), HeldOutPeople(people.only(~hidden), people.only(hidden))
