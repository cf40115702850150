"""The pages, one file per walk through the site."""
