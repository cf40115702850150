"""Simulated ratings of any size in the shape of MovieLens 32M, for measuring how costs grow.

Counts, the fall of popularity, long and short histories, the shares of the stars and sessions in time follow MovieLens;
who likes what follows hidden tastes, so that models have something to learn. People and films are made up, and the
data say so wherever they are read.
"""

from matinee.data.synthetic.config import SyntheticConfig
from matinee.data.synthetic.write import held_out_folder, synthesize

__all__ = ["SyntheticConfig", "held_out_folder", "synthesize"]
