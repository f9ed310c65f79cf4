"""What stands before every request and every socket of a page: only this computer, only the browser that was given the token, only pages of our own."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere, in no frame."""
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
MOST_BYTES = 1_000_000
"""Of the body of a request."""
_REFUSED = "twin page: this address is opened with the token that 'twin page' printed; copy the whole address from there\n"


class Guard:
    """Lets through what comes to ``port`` of this computer with the token in a cookie; the first request brings it in the address."""

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self.app, self.token, self.cookie = app, token, f"twin_page_{port}"
        self.hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refused = self._refused(scope)
        if scope["type"] == "websocket":
            if refused is not None or not self._has_cookie(Headers(scope=scope)):
                await receive()
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        await (refused or self._entered(scope) or self.app)(scope, receive, _with_headers(send))

    def _refused(self, scope: Scope) -> Response | None:
        """The answer to what comes from elsewhere: by another name of this computer (a rebound one), or from another page."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self.hosts:
            return PlainTextResponse("twin page: it is only there for 127.0.0.1\n", 421)
        reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("twin page: only GET and POST\n", 405)
        if origin != f"http://{host}" and not (reads and origin is None):
            return PlainTextResponse("twin page: the request comes from another page\n", 403)
        if not reads and scope["type"] == "http":
            return _unfit(headers)
        return None

    def _entered(self, scope: Scope) -> Response | None:
        """None for who has the cookie; who brings the token gets it, and is sent on to the address without it."""
        if self._has_cookie(Headers(scope=scope)):
            return None
        given = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20).get("token", [""])[0] if len(scope["query_string"]) < 2000 else ""
        if scope["path"] == "/" and self._is_token(given):
            response = RedirectResponse("/", 303)
            response.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
            return response
        return PlainTextResponse(_REFUSED, 403)

    def _has_cookie(self, headers: Headers) -> bool:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        return self.cookie in cookies and self._is_token(cookies[self.cookie].value)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def _unfit(headers: Headers) -> Response | None:
    """The answer to a body that is too long, of unknown length or no JSON."""
    length = headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or len(length) > 12 or int(length) > MOST_BYTES:
        return PlainTextResponse(f"twin page: at most {MOST_BYTES} bytes, and their number, are taken\n", 413)
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return PlainTextResponse("twin page: JSON is needed\n", 415)
    return None


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                if name not in headers:
                    headers[name] = value
        await send(message)

    return sending
