"""What an evaluation says, as plain values with one stable JSON form (see docs/evaluation-json.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from matinee.errors import DataError, LeakError, UnknownIdError
from matinee.evaluation.intervals import Difference
from matinee.evaluation.metrics import PerUser
from matinee.evaluation.tally import has, paired

SCHEMA = 1
"""Version of the JSON form; it changes only when a reader of the old one would break."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The paired difference from the baseline, on the same users.

    Attributes:
        difference: this row minus the baseline, in units of the metric.
        low: lower end of the bootstrap interval.
        high: upper end.
        effect: difference / standard deviation of the users' differences; None for figures that are not means over users.
    """

    difference: float
    low: float
    high: float
    effect: float | None

    @classmethod
    def of(cls, found: Difference) -> Self:
        """Keep what reports show."""
        effect = found.effect if math.isfinite(found.effect) else None
        return cls(difference=found.difference, low=found.low, high=found.high, effect=effect)

    @property
    def verdict(self) -> str:
        """Return "above" or "below" where the whole interval lies on one side of zero, else "level"."""
        if self.low > 0:
            return "above"
        return "below" if self.high < 0 else "level"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One metric of one row.

    Attributes:
        value: the figure; None where nobody could be scored.
        standard_error: of the figure over users; None for figures of the whole system.
        n: users scored.
        against_baseline: the paired difference; None in the baseline's own row and for figures of the whole system.
    """

    value: float | None
    standard_error: float | None
    n: int
    against_baseline: Gap | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One contestant.

    Attributes:
        name: of the contestant.
        is_baseline: whether the laboratory added it itself.
        settings: as the contestant tells them.
        refused: why it has no figures; None where it has.
        short_lists: viewers who got fewer movies than asked for.
        fit_seconds: learning, all splits together.
        score_seconds: scoring and ranking, all splits together.
        measures: by metric key, in the order of the protocol.
        values: per-user figures behind the measures; kept in memory only.
        system: figures of all lists together, as measured; kept in memory only.
    """

    name: str
    is_baseline: bool
    settings: Mapping[str, Any]
    refused: str | None = None
    short_lists: int = 0
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    measures: Mapping[str, Measure] = field(default_factory=dict)
    values: Mapping[str, PerUser] = field(default_factory=dict, repr=False, compare=False)
    system: Mapping[str, float] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class ProtocolInfo:
    """Which rule was used.

    Attributes:
        name: of the protocol.
        definition: in words, settings filled in.
        settings: as plain values.
        part: "validation" or "test".
        measures: metric keys in the order shown.
        directions: by metric key, which way is better: "higher", "lower" or "neither".
    """

    name: str
    definition: str
    settings: Mapping[str, Any]
    part: str
    measures: Sequence[str]
    directions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class DataInfo:
    """Which data were used: name, fingerprint, size, and whether a program made the ratings."""

    name: str
    fingerprint: str
    users: int
    movies: int
    ratings: int
    explicit: bool
    simulated: bool


@dataclass(frozen=True, kw_only=True)
class SplitInfo:
    """One split: the fingerprint of its training part, its counts, and what the reader must know."""

    training_fingerprint: str
    counts: Mapping[str, int]
    remarks: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Result:
    """A whole evaluation.

    Attributes:
        baseline: name of the row the others are compared with.
        confidence: of the intervals.
        seed: of the random baseline and of the bootstrap.
        software: versions by name.
        rows: baselines first, then contestants in the order given.
    """

    protocol: ProtocolInfo
    data: DataInfo
    splits: Sequence[SplitInfo]
    baseline: str
    confidence: float
    seed: int
    software: Mapping[str, str]
    rows: Sequence[Row]

    def __getitem__(self, name: str) -> Row:
        """Return the row of a contestant.

        Raises:
            UnknownIdError: naming the rows there are.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise UnknownIdError(f"There is no row {name!r}.", hint=f"Rows: {', '.join(row.name for row in self.rows)}.")

    def value(self, name: str, metric: str) -> float:
        """Return one figure.

        Raises:
            LeakError: if the row was refused.
            UnknownIdError: if there is no such row or metric.
        """
        row = self[name]
        if row.refused is not None:
            raise LeakError(f"{name} has no figures: it {row.refused}.")
        found = row.measures.get(metric)
        if found is None or found.value is None:
            raise UnknownIdError(f"{name} has no figure {metric!r}.", hint=f"Figures: {', '.join(row.measures)}.")
        return found.value

    def difference(self, candidate: str, against: str, metric: str) -> Difference:
        """Compare any two rows on the same users with a paired bootstrap; not for a result read from JSON.

        Raises:
            LeakError: if either row was refused.
            UnknownIdError: if either has no per-user figures of this metric.
        """
        for name in (candidate, against):
            self.value(name, metric)
            if not has(self[name].values, metric):
                raise UnknownIdError(f"{name} has no per-user figures {metric!r} to compare.")
        found = paired(self[candidate].values, self[against].values, metric, confidence=self.confidence, seed=self.seed)
        if found is None:
            raise UnknownIdError(f"No user has a figure {metric!r} from both {candidate} and {against}.")
        return found

    def to_json(self) -> dict[str, Any]:
        """Return plain values as documented."""
        plain = asdict(self)
        for row in plain["rows"]:
            del row["values"], row["system"]
        # Through text and back: tuples become lists, and whatever JSON cannot hold shows here and not later.
        cleaned: dict[str, Any] = json.loads(json.dumps({"schema": SCHEMA, **plain}, allow_nan=False))
        return cleaned

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            DataError: if it is something else, or a newer form.
        """
        if values.get("schema") != SCHEMA:
            raise DataError(
                f"This is not an evaluation result of form {SCHEMA}; its form is {values.get('schema')!r}.",
                hint="Write it again with this version's `matinee evaluate --json`.",
            )
        try:
            return cls(
                protocol=ProtocolInfo(**values["protocol"]),
                data=DataInfo(**values["data"]),
                splits=[SplitInfo(**split) for split in values["splits"]],
                rows=[_row(row) for row in values["rows"]],
                **{name: values[name] for name in ("baseline", "confidence", "seed", "software")},
            )
        except (KeyError, TypeError) as error:
            raise DataError(f"This evaluation result is incomplete: {error}.") from error


def _row(values: Mapping[str, Any]) -> Row:
    return Row(**{**values, "measures": {key: _measure(found) for key, found in values["measures"].items()}})


def _measure(values: Mapping[str, Any]) -> Measure:
    gap = values["against_baseline"]
    return Measure(**{**values, "against_baseline": None if gap is None else Gap(**gap)})
