"""What surrounds every request, pages and API alike: an id, a size limit, a check of its origin, and honest headers.

Whatever goes wrong inside is answered here at the latest.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matinee.service.problems import Problem, RefusedError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

FOREIGN = Problem(
    status=403,
    kind="foreign-origin",
    detail="This request was sent from another site.",
    hint="Send a bearer token, or let the operator allow the origin: MATINEE_CORS_ORIGINS.",
)


@dataclass(frozen=True, kw_only=True)
class FrameConfig:
    """How requests are framed."""

    max_body_bytes: int = 65_536
    """Largest request body that is read."""
    foreign_origins: frozenset[str] = frozenset()
    """Other origins whose pages may send changes; "*" stands for all."""
    https_only: bool = False
    """Whether browsers are told to come back over HTTPS only."""


class Frame:
    """The outermost middleware.

    Args:
        app: what it surrounds.
        config: limits and allowed origins.
        explain: turns a refusal, or an exception that nobody handled, into a response.
    """

    def __init__(
        self,
        app: ASGIApp,
        config: FrameConfig,
        explain: Callable[[Request, Exception], Awaitable[Response]],
    ) -> None:
        self._app = app
        self._config = config
        self._explain = explain
        extra = {"Strict-Transport-Security": "max-age=31536000"} if config.https_only else {}
        self._headers = HEADERS | extra

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def framed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._dress(MutableHeaders(scope=message), scope, request_id)
            await send(message)

        try:
            if scope["method"] not in SAFE:
                receive = _replay(await self._body(headers, receive), receive)
            await self._app(scope, receive, framed)
        except Exception as error:
            if started:
                raise
            response = await self._explain(Request(scope), error)
            await response(scope, receive, framed)

    def _dress(self, headers: MutableHeaders, scope: Scope, request_id: str) -> None:
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        headers["X-Request-ID"] = request_id
        if scope["path"].startswith("/api/"):
            headers.setdefault("Cache-Control", "no-store")

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """Return the body of a request that may change something, or refuse it."""
        # A bearer token is sent by a program on purpose, a cookie by any page that makes a browser do so.
        if "authorization" not in headers and self._is_foreign(headers):
            raise RefusedError(FOREIGN)
        limit = self._config.max_body_bytes
        length = headers.get("content-length", "")
        body = None if length.isdigit() and int(length) > limit else await _read(receive, limit)
        if body is None:
            raise RefusedError(Problem(status=413, detail=f"A request body may have up to {limit:,} bytes."))
        return body

    def _is_foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is not None and self._config.foreign_origins & {origin, "*"}:
            return False
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return True
        return origin is not None and urlsplit(origin).netloc.casefold() != headers.get("host", "").casefold()


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Return the whole body; None where it is larger than the limit."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that hands out the body once, then listens on."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
