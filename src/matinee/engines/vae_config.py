"""Settings of `vae`, shared by the engine and its trainer."""

from __future__ import annotations

from dataclasses import dataclass

from matinee.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class VaeConfig:
    """How large the network is and how it learns."""

    hidden_size: int = 600
    """Units of each layer of the encoder."""
    embedding_size: int = 200
    """Dimensions of a taste."""
    learning_rate: float = 5e-4
    """Of Adam, for encoder and decoder."""
    batch_size: int = 250
    """People a step."""
    gamma: float = 0.005
    """γ: the divergence from the prior weighs γ times the number of likes; > 0."""
    dropout: float = 0.5
    """Share of a profile's likes that the encoder must do without while it learns; in [0, 1)."""
    averaging: float = 0.8
    """Share of the averaged network that an epoch keeps; the average is what serves, 0 serves the last epoch; in [0, 1)."""
    epochs: int = 60
    """At most so many passes; each is three for the encoder and one for the decoder."""
    patience: int = 8
    """Epochs without a better validation figure after which learning stops."""
    validation_share: float = 0.05
    """Share of the people set aside to see when to stop, at most 1,000; 0 runs every epoch; in [0, 0.5]."""
    min_rating: float = 4.0
    """Stars from which a rating is a like; ignored where people only watched."""
    max_movies: int = 20_000
    """At most so many movies take part, those with the most likes."""
    seed: int = 0
    """Of the first network, the batches, the noise and who is set aside."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        for name in ("hidden_size", "embedding_size", "batch_size", "epochs", "patience", "max_movies"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 1; got {getattr(self, name)}.")
        if self.learning_rate <= 0 or self.gamma <= 0:
            raise SettingsError(f"learning_rate and gamma must be above 0; got {self.learning_rate} and {self.gamma}.")
        if not (0 <= self.dropout < 1 and 0 <= self.averaging < 1 and 0 <= self.validation_share <= 0.5):
            raise SettingsError(
                "dropout and averaging must lie in [0, 1), validation_share in [0, 0.5]; "
                f"got {self.dropout}, {self.averaging} and {self.validation_share}."
            )
