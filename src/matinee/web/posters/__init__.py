"""Posters drawn from a film's facts."""

from matinee.web.posters.poster import backdrop, poster, tone, version

__all__ = ["backdrop", "poster", "tone", "version"]
