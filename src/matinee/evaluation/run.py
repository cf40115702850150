"""The comparison: every contestant on the same split, beside the baselines, or refused by name."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version

import numpy as np

from matinee import __version__
from matinee.data import Dataset
from matinee.errors import LeakError, MatineeError, SettingsError
from matinee.evaluation import leaks
from matinee.evaluation.baselines import Constant, DampedBias, Popular, Random, RecentPopular
from matinee.evaluation.compare import compare
from matinee.evaluation.judge import Judged, judge_ranking, judge_ratings
from matinee.evaluation.labels import better
from matinee.evaluation.leaks import Misconduct, Seal
from matinee.evaluation.protocols.split import EvaluationProtocol, Part, RatingSplit, Split
from matinee.evaluation.result import DataInfo, ProtocolInfo, Result, Row, SplitInfo
from matinee.evaluation.scorer import Contestant, Scorer, settings_of
from matinee.types import Progress, silent


def evaluate(
    dataset: Dataset,
    protocol: EvaluationProtocol,
    contestants: Iterable[Contestant],
    *,
    baseline: str = "",
    part: Part = "test",
    seed: int = 0,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> Result:
    """Fit and judge every contestant by one protocol.

    Baselines join by themselves: `random` and `popular`, with a global cut in time `recent`; for stars `constant` and
    `bias`. A contestant of a baseline's name is shown as "NAME (engine)".

    Args:
        dataset: what to divide.
        protocol: how to divide it, and what to measure.
        contestants: with distinct names; each is fitted anew.
        baseline: the row the others are compared with; by default `popular`, for stars `bias`.
        part: "validation" to choose settings, "test" to make a claim.
        seed: of the random baseline and of the bootstrap; the protocol has its own.
        confidence: of the intervals.
        progress: told about fitting and scoring.

    Raises:
        LeakError: if hidden ratings reached the training; nothing is shown then.
        SettingsError: if two contestants share a name, or there is no row `baseline`.
        DataError: if the protocol cannot divide the data set.
    """
    entries: list[_Entry] = []
    asked = _named(contestants)
    splits = []
    for split in protocol.splits(dataset, part):
        leaks.check_split(split)
        if not entries:
            entries = _with_baselines(asked, _baselines(split, seed))
        for entry in entries:
            _take_part(entry, split, protocol, dataset, progress)
        splits.append(
            SplitInfo(training_fingerprint=split.train.fingerprint, counts=split.counts, remarks=tuple(split.remarks))
        )
    rows = [entry.row() for entry in entries]
    default = "bias" if isinstance(split, RatingSplit) else "popular"
    return Result(
        protocol=ProtocolInfo(
            name=protocol.name,
            definition=protocol.definition(),
            settings=asdict(protocol.config),
            part=part,
            measures=tuple(protocol.measures),
            directions={key: better(key) for key in protocol.measures},
        ),
        data=_describe(dataset),
        splits=tuple(splits),
        baseline=baseline or default,
        confidence=confidence,
        seed=seed,
        software=software(),
        rows=compare(rows, baseline or default, protocol.measures, confidence=confidence, seed=seed),
    )


def software() -> dict[str, str]:
    """Return the versions a figure may depend on."""
    names = ("numpy", "scipy", "polars")
    return {"matinee": __version__, "python": platform.python_version(), **{name: version(name) for name in names}}


@dataclass(kw_only=True)
class _Entry:
    """One contestant and what it has achieved so far."""

    name: str
    contestant: Contestant
    is_baseline: bool
    refused: str | None = None
    fit_seconds: float = 0.0
    judged: Judged = field(default_factory=Judged)

    def row(self) -> Row:
        """Return its row, without measures yet."""
        kept = self.refused is None
        return Row(
            name=self.name,
            is_baseline=self.is_baseline,
            settings=settings_of(self.contestant),
            refused=self.refused,
            short_lists=self.judged.short_lists,
            fit_seconds=self.fit_seconds,
            score_seconds=self.judged.seconds,
            values=self.judged.values if kept else {},
            system=self.judged.system if kept else {},
        )


def _take_part(entry: _Entry, split: Split, protocol: EvaluationProtocol, dataset: Dataset, progress: Progress) -> None:
    """Fit and judge one contestant on one split, unless it was refused before."""
    if entry.refused is not None:
        return
    seal = Seal.of(split)
    try:
        _fit(entry, split, progress)
        judged = _judge(entry, split, protocol, dataset, progress)
    except LeakError:
        raise
    except Misconduct as error:
        entry.refused = error.message
    except MatineeError as error:
        entry.refused = f"failed: {error.message}"
    except Exception as error:
        error.add_note(f"This happened while {entry.name} was being evaluated.")
        raise
    else:
        entry.judged.add(judged)
    seal.check(split, entry.name)


def _fit(entry: _Entry, split: Split, progress: Progress) -> None:
    if isinstance(split, RatingSplit) and not getattr(entry.contestant, "predicts_stars", False):
        raise Misconduct("does not predict stars, only an order; use a ranking protocol for it")
    started = time.perf_counter()
    entry.contestant.fit(split.train, progress)
    entry.fit_seconds += time.perf_counter() - started
    leaks.check_fitted_on(entry.contestant, entry.name, split.train)


def _judge(entry: _Entry, split: Split, protocol: EvaluationProtocol, dataset: Dataset, progress: Progress) -> Judged:
    if not isinstance(split, RatingSplit):
        return judge_ranking(entry.contestant, split, protocol, progress)
    if not isinstance(entry.contestant, Scorer):
        raise Misconduct("gives lists only, no stars")
    return judge_ratings(entry.contestant, split, dataset, progress)


def _baselines(split: Split, seed: int) -> list[Contestant]:
    if isinstance(split, RatingSplit):
        return [Constant(), DampedBias()]
    usual: list[Contestant] = [Random(seed), Popular()]
    return usual if split.cut is None else [*usual, RecentPopular()]


def _with_baselines(asked: list[Contestant], baselines: list[Contestant]) -> list[_Entry]:
    taken = {entry.name for entry in baselines}
    return [
        *(_Entry(name=one.name, contestant=one, is_baseline=True) for one in baselines),
        *(
            _Entry(name=f"{one.name} (engine)" if one.name in taken else one.name, contestant=one, is_baseline=False)
            for one in asked
        ),
    ]


def _named(contestants: Iterable[Contestant]) -> list[Contestant]:
    asked = list(contestants)
    names = [contestant.name for contestant in asked]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingsError(f"Each contestant needs a name of its own; {', '.join(twice)} came more than once.")
    return asked


def _describe(dataset: Dataset) -> DataInfo:
    return DataInfo(
        name=dataset.name,
        fingerprint=dataset.fingerprint,
        users=int((np.diff(dataset.indptr) > 0).sum()),
        movies=dataset.n_movies,
        ratings=dataset.n_ratings,
        explicit=dataset.explicit,
        simulated=dataset.simulated,
    )
