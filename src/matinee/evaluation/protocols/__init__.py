"""Protocols: how a data set is divided, what is ranked, and what is measured."""

from __future__ import annotations

from matinee.evaluation.protocols.files import NcfFiles, is_ncf, is_sequence, read_ncf, read_sequences
from matinee.evaluation.protocols.ncf import Ncf, NcfConfig
from matinee.evaluation.protocols.rating import Rating, RatingConfig
from matinee.evaluation.protocols.sequential import Sequential, SequentialConfig
from matinee.evaluation.protocols.split import EvaluationProtocol, Part, RankingSplit, RatingSplit, Split
from matinee.evaluation.protocols.strong import Strong, StrongConfig
from matinee.evaluation.protocols.temporal import Temporal, TemporalConfig

PROTOCOLS = ("temporal", "strong", "sequential", "ncf", "rating")
"""Names of the protocols, the default first."""

__all__ = [
    "PROTOCOLS",
    "EvaluationProtocol",
    "Ncf",
    "NcfConfig",
    "NcfFiles",
    "Part",
    "RankingSplit",
    "Rating",
    "RatingConfig",
    "RatingSplit",
    "Sequential",
    "SequentialConfig",
    "Split",
    "Strong",
    "StrongConfig",
    "Temporal",
    "TemporalConfig",
    "is_ncf",
    "is_sequence",
    "read_ncf",
    "read_sequences",
]
