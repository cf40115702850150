"""The laboratory: protocols, metrics with intervals, leak detection and reports; it knows no engine by name.

from matinee.evaluation import Temporal, evaluate
result = evaluate(dataset, Temporal(), [engine])
result.value("ease", "ndcg@10"), result["ease"].measures["ndcg@10"].against_baseline
"""

from matinee.evaluation.baselines import Constant, DampedBias, Popular, Random, RecentPopular
from matinee.evaluation.protocols import PROTOCOLS, Ncf, Rating, Sequential, Strong, Temporal, read_ncf, read_sequences
from matinee.evaluation.result import Gap, Measure, Result, Row
from matinee.evaluation.run import evaluate
from matinee.evaluation.scorer import Contestant, ListRecommender, Scorer

__all__ = [
    "PROTOCOLS",
    "Constant",
    "Contestant",
    "DampedBias",
    "Gap",
    "ListRecommender",
    "Measure",
    "Ncf",
    "Popular",
    "Random",
    "Rating",
    "RecentPopular",
    "Result",
    "Row",
    "Scorer",
    "Sequential",
    "Strong",
    "Temporal",
    "evaluate",
    "read_ncf",
    "read_sequences",
]
