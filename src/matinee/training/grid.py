"""Grids of settings, read from text by the types of a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from matinee.errors import SettingsError

Grid = Mapping[str, Sequence[Any]]
"""Values to try by setting, in the order given."""

_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse_grid(config_class: type[Any], entries: Sequence[str], *, owner: str) -> dict[str, list[Any]]:
    """Read entries such as "l2=0.02,0.1" into values of the types a configuration has.

    Args:
        config_class: the configuration, of an engine or of a protocol.
        entries: one setting each, its values separated by commas; "none" stands for None where the setting allows it.
        owner: what the settings belong to, for messages.

    Raises:
        SettingsError: naming the known settings, the type expected or the values allowed.

    Example:
        >>> from matinee.evaluation.protocols import RatingConfig
        >>> parse_grid(RatingConfig, ["n_folds=5,10", "method=folds"], owner="rating")
        {'n_folds': [5, 10], 'method': ['folds']}
    """
    types = get_type_hints(config_class)
    known = f"{owner} has: {', '.join(types) or 'no settings'}."
    grid: dict[str, list[Any]] = {}
    for entry in entries:
        name, equals, text = (part.strip() for part in entry.partition("="))
        values = [value.strip() for value in text.split(",") if value.strip()]
        if not equals or not values:
            raise SettingsError(f"A setting reads NAME=VALUE,VALUE,…; got {entry!r}.", hint=known)
        if name not in types:
            raise SettingsError(f"{owner} has no setting {name!r}.", hint=known)
        if name in grid:
            raise SettingsError(
                f"The setting {name!r} is given twice.", hint=f"Write {name}=… once with all its values."
            )
        # Each value once, in the order given.
        grid[name] = list(dict.fromkeys(_value(owner, name, types[name], value) for value in values))
    return grid


def combinations(grid: Grid) -> list[dict[str, Any]]:
    """Return every combination of the grid's values, the last setting varying fastest."""
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def _value(owner: str, name: str, wanted: Any, text: str) -> Any:
    options = get_args(wanted) if get_origin(wanted) in (Union, UnionType) else (wanted,)
    for option in options:
        found = _one(option, text)
        if found is not None:
            return found[0]
    raise SettingsError(
        f"{owner}: {name} cannot be {text!r}.", hint=f"Expected {' or '.join(_say(option) for option in options)}."
    )


def _one(wanted: Any, text: str) -> tuple[Any] | None:
    """Return the value in a tuple, or None where the text is not of this type."""
    if get_origin(wanted) is Literal:
        return next(((value,) for value in get_args(wanted) if str(value) == text), None)
    if wanted is NoneType:
        return (None,) if text.lower() == "none" else None
    if wanted is bool:
        return (_BOOLEANS[text.lower()],) if text.lower() in _BOOLEANS else None
    if wanted is str:
        return (text,)
    if wanted in (int, float):
        try:
            return (wanted(text),)
        except ValueError:
            return None
    return None


def _say(wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        return " or ".join(str(value) for value in get_args(wanted))
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", NoneType: "none"}
    return names.get(wanted, f"{wanted}, which a grid cannot hold")
