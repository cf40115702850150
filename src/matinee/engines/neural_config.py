"""Settings of `neural`, shared by the engine and its trainers."""

from __future__ import annotations

from dataclasses import dataclass

from matinee.errors import SettingsError

OBJECTIVES = ("implicit", "explicit")
PRECISIONS = ("auto", "float32", "bfloat16")
SWITCH = ("auto", "on", "off")


@dataclass(frozen=True, kw_only=True)
class NeuralConfig:
    """How large the network is and how it learns."""

    objective: str = "implicit"
    """implicit: order movies by what people like; explicit: predict stars."""
    embedding_size: int = 64
    """Dimensions of a movie, of a taste and of each query."""
    heads: int = 4
    """Of the attention; divides embedding_size."""
    queries: int = 4
    """Questions asked of a profile; together their answers are the taste."""
    layers: int = 2
    """Rounds of attention over the profile."""
    hidden_size: int = 256
    """Units of the first of the tower's three layers; the others have a half and a quarter."""
    max_profile: int = 500
    """Ratings of a person that are read, the newest."""
    candidates: int = 200
    """Unseen movies, the best by GMF, that the whole network scores; with explicit it scores all."""
    dropout: float = 0.2
    """Share of units silenced while learning; in [0, 1)."""
    hidden_share: float = 0.35
    """Share of a person's ratings that the network must guess while it learns; in (0, 1)."""
    user_power: float = 0.5
    """People weigh n^−user_power a rating, n being the ratings to guess; in [0, 1]."""
    warm_start: bool = True
    """Start the movies from the factors of `als` instead of from chance."""
    learning_rate: float = 2e-3
    """Of AdamW at its highest, after a short rise; it falls to 0 as half a cosine."""
    tower_learning_rate: float = 5e-4
    """The same for the tower."""
    l2: float = 0.0
    """Decoupled weight decay of AdamW."""
    batch_size: int = 256
    """People a step; fewer where an epoch would have less than sixteen steps."""
    epochs: int = 10
    """At most so many passes for attention and GMF."""
    tower_epochs: int = 3
    """At most so many passes for the tower, which learns after them."""
    patience: int = 3
    """Epochs without a better validation figure after which a stage stops."""
    validation_share: float = 0.05
    """Share of the people set aside to see when to stop, at most 1,000; 0 runs every epoch; in [0, 0.5]."""
    min_rating: float = 3.5
    """Stars from which a rating is a like; for implicit on data with stars."""
    max_movies: int = 20_000
    """At most so many movies take part, those rated most."""
    precision: str = "auto"
    """Of products while learning: bfloat16, float32, or auto, which takes bfloat16 on a graphics card."""
    checkpointing: str = "auto"
    """Whether activations are computed again instead of kept: on, off, or auto, which does so on a graphics card."""
    seed: int = 0
    """Of the first network, the batches, what is hidden and who is set aside."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        for name, known in (("objective", OBJECTIVES), ("precision", PRECISIONS), ("checkpointing", SWITCH)):
            if getattr(self, name) not in known:
                raise SettingsError(f"{name} must be one of {', '.join(known)}; got {getattr(self, name)!r}.")
        for name in ("embedding_size", "heads", "queries", "layers", "max_profile", "candidates", "batch_size",
                     "epochs", "patience", "max_movies"):  # fmt: skip
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 1; got {getattr(self, name)}.")
        if self.hidden_size < 4 or self.tower_epochs < 0:
            raise SettingsError(
                f"hidden_size must be at least 4 and tower_epochs at least 0; got {self.hidden_size} and {self.tower_epochs}."
            )
        if self.embedding_size % self.heads:
            raise SettingsError(f"heads must divide embedding_size; got {self.heads} and {self.embedding_size}.")
        if min(self.learning_rate, self.tower_learning_rate) <= 0 or self.l2 < 0:
            raise SettingsError(
                "learning_rate and tower_learning_rate must be above 0 and l2 not below; "
                f"got {self.learning_rate}, {self.tower_learning_rate} and {self.l2}."
            )
        if not (0 <= self.dropout < 1 and 0 < self.hidden_share < 1):
            raise SettingsError(
                f"dropout must lie in [0, 1), hidden_share in (0, 1); got {self.dropout} and {self.hidden_share}."
            )
        if not (0 <= self.validation_share <= 0.5 and 0 <= self.user_power <= 1):
            raise SettingsError(
                "validation_share must lie in [0, 0.5], user_power in [0, 1]; "
                f"got {self.validation_share} and {self.user_power}."
            )
