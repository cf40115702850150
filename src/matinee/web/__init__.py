"""The site: templates, static files and the pages over the use cases."""

from matinee.web.site import create_site

__all__ = ["create_site"]
