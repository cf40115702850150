"""Templates and static files under addresses that change with their content."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from matinee.service.answers import Film
from matinee.web import words
from matinee.web.posters import tone, version

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def static_version() -> str:
    """Return twelve hexadecimal digits that change with any static file."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def static_url(path: str) -> str:
    """Return the address of a static file, which browsers may keep for ever."""
    return f"/static/{static_version()}/{path}"


def poster_url(film: Film) -> str:
    """Return the address of a film's poster, which changes with its looks."""
    return f"/poster/{film.id}.svg?v={version(film.title, film.year, film.genres)}"


def backdrop_url(film: Film) -> str:
    """Return the address of a film's wide drawing."""
    return f"/backdrop/{film.id}.svg?v={version(film.title, film.year, film.genres)}"


def tone_of(film: Film) -> str:
    """Return whether a film's own colour is light or dark."""
    return tone(film.id, film.title, film.genres)


@cache
def environment() -> Environment:
    """Return the template environment: everything escaped, unknown names refused."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=words.number,
        stars=words.stars,
        films=words.films,
        runtime=words.runtime,
        language=words.language,
        whole=words.whole,
        slug=words.slug,
    )
    made.globals.update(static=static_url, poster_url=poster_url, backdrop_url=backdrop_url, tone=tone_of)
    return made


def render(template: str, values: dict[str, Any]) -> str:
    """Return a filled-in template."""
    return environment().get_template(template).render(values)
