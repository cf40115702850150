"""Ranking: from a profile to a list, with a reason for every film."""

from matinee.ranking.answers import Answer, Contribution, MovieStatistics, Recommendation
from matinee.ranking.hybrid import COLD, Hybrid, HybridConfig
from matinee.ranking.recommender import Recommender

__all__ = [
    "COLD",
    "Answer",
    "Contribution",
    "Hybrid",
    "HybridConfig",
    "MovieStatistics",
    "Recommendation",
    "Recommender",
]
