"""Grids of settings, read from text by the types of an engine's configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from matinee.engines import Engine
from matinee.errors import SettingsError

Grid = Mapping[str, Sequence[Any]]
"""Values to try by setting, in the order given."""

_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse_grid(kind: type[Engine], entries: Sequence[str]) -> dict[str, list[Any]]:
    """Read entries such as "l2=0.02,0.1" into values of the types the engine's configuration has.

    Args:
        kind: the engine.
        entries: one setting each, its values separated by commas; "none" stands for None where the setting allows it.

    Raises:
        SettingsError: naming the known settings, the type expected or the values allowed.

    Example:
        >>> from matinee.engines import engine_class
        >>> parse_grid(engine_class("ease"), ["l2=100,300"])
        {'l2': [100.0, 300.0]}
    """
    types = get_type_hints(kind.config_class)
    grid: dict[str, list[Any]] = {}
    for entry in entries:
        name, equals, text = (part.strip() for part in entry.partition("="))
        values = [value.strip() for value in text.split(",") if value.strip()]
        if not equals or not values:
            raise SettingsError(f"A grid entry reads NAME=VALUE,VALUE,…; got {entry!r}.", hint=_known(kind, types))
        if name not in types:
            raise SettingsError(f"{kind.name} has no setting {name!r}.", hint=_known(kind, types))
        if name in grid:
            raise SettingsError(f"The grid names {name!r} twice.", hint=f"Write {name}=… once with all its values.")
        # Each value once, in the order given.
        grid[name] = list(dict.fromkeys(_value(kind, name, types[name], value) for value in values))
    if not grid:
        raise SettingsError("There is nothing to search: the grid is empty.", hint=_known(kind, types))
    return grid


def combinations(grid: Grid) -> list[dict[str, Any]]:
    """Return every combination of the grid's values, the last setting varying fastest."""
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def _value(kind: type[Engine], name: str, wanted: Any, text: str) -> Any:
    options = get_args(wanted) if get_origin(wanted) in (Union, UnionType) else (wanted,)
    for option in options:
        found = _one(option, text)
        if found is not None:
            return found[0]
    raise SettingsError(
        f"{kind.name}: {name} cannot be {text!r}.", hint=f"Expected {' or '.join(_say(option) for option in options)}."
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


def _known(kind: type[Engine], types: Mapping[str, Any]) -> str:
    return f"{kind.name} has: {', '.join(types) or 'no settings'}."
