"""Reading what forms send. That they come from our own pages, and their size, is checked before (`service.frame`)."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import Depends, HTTPException, Request

from matinee.errors import InputError


async def _fields(request: Request) -> dict[str, str]:
    """Read an urlencoded form; of a field sent twice the last counts."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "Forms are read as application/x-www-form-urlencoded.")
    body = await request.body()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000))


Fields = Annotated[dict[str, str], Depends(_fields)]
"""The fields of a form."""


def local(url: str | None, default: str = "/") -> str:
    """Return an address on this site, or the default where it leads anywhere else."""
    if not url or not url.startswith("/") or url.startswith("//") or "\\" in url or not url.isprintable():
        return default
    return url


def with_query(url: str, **values: str | int | float | None) -> str:
    """Return an address with some of its query replaced; None removes a value."""
    parts = urlsplit(url)
    query = {name: value for name, value in parse_qsl(parts.query) if name not in values}
    query |= {name: str(value) for name, value in values.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(query)))


def stars_in(fields: dict[str, str], name: str = "stars") -> float | None:
    """Read stars from a form; None where it clears a rating.

    Raises:
        InputError: if neither is there, or the stars are no number.
    """
    if "clear" in fields and name == "stars":
        return None
    try:
        return float(fields[name])
    except (KeyError, ValueError):
        raise InputError(
            f"A rating needs stars; got {fields.get(name, 'none')!r}.", hint="Choose a star, then save."
        ) from None


def year_in(text: str | None) -> int | None:
    """Read a year from a search form; anything else counts as not given."""
    return int(text) if text and text.isascii() and text.isdigit() and 1800 <= int(text) <= 2200 else None
