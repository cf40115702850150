"""Ranking: from a profile to a list, with a reason for every film."""

from matinee.ranking.answers import Answer, MovieStatistics, Recommendation
from matinee.ranking.explanation import Contribution
from matinee.ranking.filters import Filters, Objection
from matinee.ranking.hybrid import COLD, Hybrid, HybridConfig
from matinee.ranking.policy import EVERYTHING, Policy, strictest
from matinee.ranking.presets import STATISTICAL
from matinee.ranking.recommender import Recommender, WhyNot
from matinee.ranking.taste import Slider, Taste

__all__ = [
    "COLD",
    "EVERYTHING",
    "STATISTICAL",
    "Answer",
    "Contribution",
    "Filters",
    "Hybrid",
    "HybridConfig",
    "MovieStatistics",
    "Objection",
    "Policy",
    "Recommendation",
    "Recommender",
    "Slider",
    "Taste",
    "WhyNot",
    "strictest",
]
