"""Data: readers for every MovieLens layout, the embedded sample, and the `Dataset` everything else works on."""

from matinee.data.dataset import MOVIE_SCHEMA, TAG_SCHEMA, Catalogue, Dataset, IdMap, from_columns
from matinee.data.download import RELEASES, Release, download
from matinee.data.inspect import Description, describe
from matinee.data.read import Reading, read_catalogue, read_dataset
from matinee.data.report import BadRow, FileReport, ReadReport

__all__ = [
    "MOVIE_SCHEMA",
    "RELEASES",
    "TAG_SCHEMA",
    "BadRow",
    "Catalogue",
    "Dataset",
    "Description",
    "FileReport",
    "IdMap",
    "ReadReport",
    "Reading",
    "Release",
    "describe",
    "download",
    "from_columns",
    "read_catalogue",
    "read_dataset",
]
