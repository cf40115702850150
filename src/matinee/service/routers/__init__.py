"""Routers, one for each service: handlers parse, call one use case, and answer."""
