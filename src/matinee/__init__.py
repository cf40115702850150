"""Matinee: the movie recommender you can run, read and trust."""

from importlib.metadata import version

__version__ = version("matinee")
