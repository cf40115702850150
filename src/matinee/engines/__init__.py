"""Engines: one file each, behind one protocol, named here and imported only when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from matinee.engines.engine import Arrays, Engine
from matinee.errors import UnknownIdError

_HOMES: dict[str, tuple[str, str]] = {
    "popular": ("matinee.engines.popular", "Popular"),
    "ease": ("matinee.engines.ease", "Ease"),
    "svd": ("matinee.engines.svd", "Svd"),
    "bayes": ("matinee.engines.bayes", "BayesianSvd"),
    "als": ("matinee.engines.als", "Als"),
    "explicit_als": ("matinee.engines.explicit_als", "ExplicitAls"),
    "next": ("matinee.engines.next", "Next"),
    "neighbours": ("matinee.engines.neighbours", "Neighbours"),
    "graph": ("matinee.engines.graph", "Graph"),
    "itemknn": ("matinee.engines.itemknn", "ItemKnn"),
    "vae": ("matinee.engines.vae", "Vae"),
    "neural": ("matinee.engines.neural", "Neural"),
    "content": ("matinee.engines.content", "Content"),
}


def engine_names() -> list[str]:
    """Return the names of all engines, in the order they are shown."""
    return list(_HOMES)


def engine_class(name: str) -> type[Engine]:
    """Return the class of one engine.

    Raises:
        UnknownIdError: naming the known engines.
    """
    try:
        module, attribute = _HOMES[name]
    except KeyError:
        raise UnknownIdError(f"There is no engine {name!r}.", hint=f"Engines: {', '.join(_HOMES)}.") from None
    found: type[Engine] = getattr(import_module(module), attribute)
    return found


def create(name: str, settings: Mapping[str, Any] | None = None) -> Engine:
    """Return an unfitted engine with the given settings over its defaults."""
    kind = engine_class(name)
    return kind(kind.configure(settings or {}))


__all__ = ["Arrays", "Engine", "create", "engine_class", "engine_names"]
