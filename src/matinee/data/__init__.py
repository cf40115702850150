"""Data: readers for every MovieLens layout, the embedded sample, and the `Dataset` everything else works on."""

from matinee.data.dataset import MOVIE_SCHEMA, TAG_SCHEMA, Catalogue, Dataset, IdMap, from_columns

__all__ = ["MOVIE_SCHEMA", "TAG_SCHEMA", "Catalogue", "Dataset", "IdMap", "from_columns"]
