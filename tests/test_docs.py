"""The documents stay true: links lead somewhere, commands exist with the options shown, code runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from matinee.cli.app import app
from matinee.engines import engine_names
from matinee.evaluation import PROTOCOLS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"(?:^|`)(?:\$ )?(?:\.venv/bin/)?matinee ((?:[a-z]|--)[^`#\n|]*)", re.MULTILINE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    missing = [link for link in LINK.findall(text) if "://" not in link and not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_exist_with_their_options(page: Path) -> None:
    wrong = [
        line for line in COMMAND.findall(page.read_text(encoding="utf-8").replace("\\\n", " ")) if not understood(line)
    ]
    assert not wrong


def understood(line: str) -> bool:
    """Whether the verb exists and takes every option that is written."""
    command = typer.main.get_command(app)
    words = [word.strip("[]()….,;:") for word in shlex.split(line.replace("'", " "), comments=True)]
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return words[0].startswith("--") or words[0].isupper() or "|" in line
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return all(word.split("=")[0] in options for word in words if word.startswith("--"))


def test_every_verb_is_documented() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for verb in typer.main.get_command(app).commands:
        assert f"`matinee {verb}" in page, verb


def test_every_protocol_is_documented() -> None:
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    for protocol in PROTOCOLS:
        assert f"`{protocol}`" in page, protocol


def test_every_engine_is_in_the_readme() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    for engine in engine_names():
        assert f"`{engine}`" in page, engine


def test_the_readme_shows_the_two_commands_first() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:20])
    assert "make run" in first_screen
    assert "make test" in first_screen
    assert "![" in first_screen
