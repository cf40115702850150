"""Which data are divided, by which protocol, and who takes part: from words on the command line to objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from matinee.cli.sources import OnBadRow, read, read_or_sample
from matinee.data import Catalogue, Dataset
from matinee.engines import create, engine_class, engine_names
from matinee.errors import SettingsError, UnknownIdError
from matinee.evaluation import Contestant
from matinee.evaluation.protocols import (
    PROTOCOLS,
    EvaluationProtocol,
    Ncf,
    NcfConfig,
    Rating,
    RatingConfig,
    Sequential,
    SequentialConfig,
    Strong,
    StrongConfig,
    Temporal,
    TemporalConfig,
    is_ncf,
    is_sequence,
    read_ncf,
    read_sequences,
)
from matinee.ranking import COLD
from matinee.ranking.presets import STRATEGIES
from matinee.training.auto import Auto, Teacher
from matinee.training.grid import parse_grid
from matinee.training.train import DEFAULT_ENGINES, TrainConfig, default_blend, fresh
from matinee.types import Progress

HYBRID = "hybrid"
"""What the blend is called among engines."""

BLENDS = [name for name in STRATEGIES if name not in engine_names()]
"""Strategies that take part by name; they learn the weights they need from the training part itself."""

CONFIGS: dict[str, type[Any]] = {
    "temporal": TemporalConfig,
    "strong": StrongConfig,
    "sequential": SequentialConfig,
    "ncf": NcfConfig,
    "rating": RatingConfig,
}
"""The settings class of each protocol."""


def rule_settings(protocol: str, entries: Sequence[str], seed: int | None) -> dict[str, Any]:
    """Return the settings of a protocol from NAME=VALUE entries and a seed, which goes to protocols that draw.

    Raises:
        UnknownIdError: if there is no such protocol.
        SettingsError: if it has no such setting, or a value does not fit.
    """
    if protocol not in CONFIGS:
        raise UnknownIdError(f"There is no protocol {protocol!r}.", hint=f"Protocols: {', '.join(PROTOCOLS)}.")
    found = _values(CONFIGS[protocol], entries, f"The protocol {protocol}")
    if seed is not None and "seed" in [field.name for field in fields(CONFIGS[protocol])]:
        found.setdefault("seed", seed)
    return found


def subject(
    data: Path | None,
    metadata: Path | None,
    bad_rows: OnBadRow,
    protocol: str,
    settings: dict[str, Any],
    progress: Progress,
) -> tuple[Dataset, EvaluationProtocol]:
    """Return what is divided and how.

    The published files of `ncf` and `sequential` carry numbers only; `metadata` may then name a MovieLens zip or folder
    whose titles and genres are used.

    Raises:
        SettingsError: if a protocol needs its own files and got none.
    """
    if protocol == "ncf":
        if data is None or not is_ncf(data):
            raise SettingsError(
                f"The protocol ncf needs its published files; got {data or 'no data'}.",
                hint="Give a zip or folder with ml-1m.test.negative and its companions: --data PATH.",
            )
        files = read_ncf(data, _titles(metadata, bad_rows, progress))
        return files.dataset, Ncf(files, NcfConfig(**settings))
    if protocol == "sequential" and data is not None and is_sequence(data):
        return read_sequences(data, _titles(metadata, bad_rows, progress)), Sequential(SequentialConfig(**settings))
    dataset = read_or_sample(data, metadata, bad_rows, progress)
    rules: dict[str, type[Any]] = {"temporal": Temporal, "strong": Strong, "sequential": Sequential, "rating": Rating}
    rule: EvaluationProtocol = rules[protocol](CONFIGS[protocol](**settings))
    return dataset, rule


def contestants(names: Sequence[str], entries: Sequence[str], *, stars: bool) -> list[Contestant]:
    """Return fresh engines, and the hybrid and presets that are asked for.

    Args:
        names: engines, and strategies such as hybrid or flixflow over the default engines; empty for the hybrid and its members, or for all that predict stars.
        entries: ENGINE.NAME=VALUE settings.
        stars: whether the protocol wants predicted stars.

    Raises:
        UnknownIdError: if there is no such engine.
        SettingsError: if a setting names an engine that does not take part, or does not fit.
    """
    chosen = list(dict.fromkeys(names)) or default_names(stars=stars)
    given: dict[str, list[str]] = {name: [] for name in chosen}
    for entry in entries:
        name, dot, rest = entry.partition(".")
        if not dot or name not in given or name in BLENDS:
            raise SettingsError(
                f"The setting {entry!r} is of no engine that takes part.",
                hint=f"Write ENGINE.NAME=VALUE with one of {', '.join(name for name in chosen if name not in BLENDS)}.",
            )
        given[name].append(rest)
    teacher = Teacher(lambda: fresh(DEFAULT_ENGINES, TrainConfig()), default_blend(DEFAULT_ENGINES))
    return [
        Auto(teacher, name=name, strategy=name)
        if name in BLENDS
        else create(name, _values(engine_class(name).config_class, rest, name))
        for name, rest in given.items()
    ]


def default_names(*, stars: bool) -> list[str]:
    """Return who takes part when nobody is named."""
    if stars:
        return [name for name in engine_names() if engine_class(name).predicts_stars]
    return [*(name for name in DEFAULT_ENGINES if name != COLD), HYBRID]


def _values(config: type[Any], entries: Sequence[str], owner: str) -> dict[str, Any]:
    found = parse_grid(config, entries, owner=owner)
    for name, values in found.items():
        if len(values) > 1:
            raise SettingsError(f"{owner} takes one {name}; got {', '.join(map(str, values))}.")
    return {name: values[0] for name, values in found.items()}


def _titles(metadata: Path | None, bad_rows: OnBadRow, progress: Progress) -> Catalogue | None:
    return None if metadata is None else read(metadata, None, bad_rows, progress).catalogue
