"""docs/engines.md names every engine, and tells the truth about who explains and who compares."""

from __future__ import annotations

from pathlib import Path

import pytest

from matinee.engines import engine_class, engine_names
from matinee.engines.engine import Engine

TEXT = (Path(__file__).parents[2] / "docs" / "engines.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| `")]
TABLE = {row[0].strip("`"): row for row in reversed(ROWS) if len(row) == 6}
"""By engine; of several tables the first counts."""


@pytest.mark.parametrize("name", engine_names())
def test_the_table_agrees_with_the_engine(name: str) -> None:
    kind, (_, _, similar, adds, *_) = engine_class(name), TABLE[name]
    assert (similar == "–") == (kind._similar is Engine._similar)
    assert (adds == "–") == (kind._contributions is Engine._contributions)
