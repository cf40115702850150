"""The house keeps its shape: imports point one way."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "matinee"

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "types": {"errors"},
    "config": {"errors", "types"},
    "data": {"errors", "types"},
    "evaluation": {"errors", "types", "data"},
    "engines": {"errors", "types", "data"},
    "releases": {"errors", "types", "data", "engines"},
    "ranking": {"errors", "types", "data", "engines", "releases"},
    "training": {"errors", "types", "data", "engines", "releases", "evaluation", "ranking"},
    "store": {"errors", "types", "data"},
    "events": {"errors", "types", "data", "store"},
    "testing": {"errors", "types", "data", "engines"},
}
"""What each part may import of Matinee besides itself; parts not named (service, web, cli) may import everything below them."""

TOP = {"service": {"web", "cli", "lab"}, "web": {"cli", "lab"}, "cli": set(), "lab": {"cli", "web"}}
"""What the upper parts may not import."""

HTTP = {"fastapi", "starlette", "uvicorn", "httpx"}


def imports(path: Path) -> set[str]:
    """Return every module a file imports, lazily or not."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names if node.module == "matinee")
    return found


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_imports_point_one_way() -> None:
    wrong = []
    for path in SOURCE.rglob("*.py"):
        part = part_of(path)
        if part == "__init__":
            continue
        for module in imports(path):
            target = module.split(".")[1] if module.startswith("matinee.") else None
            if target is None or target == part or target == "__version__":
                continue
            allowed = target not in TOP[part] if part in TOP else target in MAY_IMPORT[part]
            if not allowed:
                wrong.append(f"{path.relative_to(SOURCE)} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_nothing_below_the_service_knows_http() -> None:
    wrong = [
        f"{path.relative_to(SOURCE)} imports {module}"
        for path in SOURCE.rglob("*.py")
        if part_of(path) not in {"service", "web", "cli", "lab"}
        for module in imports(path)
        if module.split(".")[0] in HTTP
    ]
    assert not wrong, "\n".join(wrong)
