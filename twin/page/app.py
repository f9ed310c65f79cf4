"""What the page asks, and what it is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from twin.engine.states import STATES
from twin.errors import Problem, ScenarioError, TwinError, UsageError
from twin.page.queue import Queue
from twin.report.palette import rules, style_of

if TYPE_CHECKING:
    from twin.page.answers import Answers

_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8"}
_REPORT_POLICY = "sandbox allow-scripts allow-modals allow-downloads; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""A report has its style and script in itself: it is shown as if from nowhere, so that it reaches nothing of the page."""


def application(answers: Callable[[], Answers], queue: Queue, hub: Hub) -> Starlette:
    """The page's own application, without its guard. ``answers`` is first called when something is asked: what it imports is not needed to show the page."""

    async def asked(request: Request) -> Response:
        try:
            given = json.loads(await request.body())
        except (ValueError, RecursionError):
            return JSONResponse({"error": "JSON is needed"}, 400)
        if not isinstance(given, dict):
            return JSONResponse({"error": "a JSON object is needed"}, 400)
        return await run_in_threadpool(_asked, answers, request.path_params["what"], given)

    async def listed(request: Request) -> Response:
        return await run_in_threadpool(lambda: _answered(answers().folder_json, {}))

    async def sockets(socket: WebSocket) -> None:
        await socket.accept()
        mine = hub.join()
        try:
            await socket.send_json(queue.jobs())
            sending = asyncio.create_task(_send(socket, mine))
            try:
                while True:
                    await socket.receive_text()
            finally:
                sending.cancel()
        except WebSocketDisconnect:
            pass
        finally:
            hub.leave(mine)

    routes = [
        Route("/", lambda request: _static("index.html")),
        Route("/static/figures.css", lambda request: Response(_figure_rules(), media_type=_TYPES["css"])),
        Route("/static/{name}", lambda request: _static(request.path_params["name"])),
        Route("/static/vendor/{name}", lambda request: _static(request.path_params["name"], "vendor")),
        Route("/api/folder", listed),
        Route("/api/{what}", asked, methods=["POST"]),
        Route("/reports/{name}", lambda request: _report(answers(), request.path_params["name"])),
        WebSocketRoute("/api/jobs", sockets),
    ]
    return Starlette(routes=routes)


async def _send(socket: WebSocket, mine: asyncio.Queue[Any]) -> None:
    while True:
        await socket.send_json(await mine.get())


def _asked(answers: Callable[[], Answers], what: str, given: dict[str, Any]) -> Response:
    handler = answers().posts.get(what)
    return PlainTextResponse("not found\n", 404) if handler is None else _answered(handler, given)


def _answered(handler: Callable[[dict[str, Any]], dict[str, Any]], given: dict[str, Any]) -> Response:
    """The answer of a handler, or under ``error`` what is wrong: a browser's console is for faults of the page, not of what was typed."""
    from twin.page.answers import language_of  # imported with the answers
    from twin.page.draft import problems_json
    from twin.report.faults import in_words

    words = language_of(given)
    try:
        return JSONResponse(handler(given))
    except ScenarioError as error:
        problems = [replace(problem, message=in_words(problem.message, words)) for problem in error.problems]
        return JSONResponse({"error": "\n".join(map(_said, problems)), "problems": problems_json(problems)})
    except TwinError as error:
        return JSONResponse({"error": in_words(str(error), words)})
    except OSError as error:
        return JSONResponse({"error": in_words(f"the folder cannot be used: {error.strerror or error}", words)})
    except MemoryError:
        return JSONResponse({"error": in_words("there is not enough memory for this", words)})


def _said(problem: Problem) -> str:
    """A problem of a draft by its path: it has no file yet in which a line could be looked up."""
    return f"{problem.path}: {problem.message}" if problem.path and problem.file.startswith("<") else str(problem)


def _figure_rules() -> str:
    """The colours of figures, light and dark: those of reports."""
    unasked = "@media (prefers-color-scheme:dark){" + rules(":root:not([data-theme]) ", dark=True) + "}"
    return rules() + rules(":root[data-theme=dark] ", dark=True) + unasked + _state_rules()


def _state_rules() -> str:
    """The colours of states in a film: of a unit pale, so that its name can be read, in the legend full; they win over the figures' own, light and dark."""
    colours = {state: style_of(f"state {state}")["fill"] for state in STATES}
    return "".join(f".film [data-state={s}]{{fill:{c}!important;fill-opacity:.4}}.swatch i[data-state={s}]{{background:{c}}}" for s, c in colours.items())


def _static(name: str, below: str = "") -> Response:
    kind = _TYPES.get(name.rpartition(".")[2])
    folder = resources.files("twin.page").joinpath("static")
    folder = folder.joinpath(below) if below else folder
    if kind is None or "/" in name or "\\" in name or name.startswith(".") or not (file := folder.joinpath(name)).is_file():
        return PlainTextResponse("not found\n", 404)
    return Response(file.read_bytes(), media_type=kind)


def _report(answers: Answers, name: str) -> Response:
    try:
        content = answers.report_bytes(name)
    except (UsageError, OSError):
        return PlainTextResponse("not found\n", 404)
    if name.endswith(".pdf"):
        return Response(content, media_type="application/pdf", headers={"content-disposition": f'inline; filename="{name}"'})
    return Response(content, media_type=_TYPES["html"], headers={"content-security-policy": _REPORT_POLICY})


class Hub:
    """Who listens to the queue: every open tab. What is told comes from another thread."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._ears: set[asyncio.Queue[Any]] = set()

    def join(self) -> asyncio.Queue[Any]:
        """Begin to listen."""
        self.loop = asyncio.get_running_loop()
        ear: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
        self._ears.add(ear)
        return ear

    def leave(self, ear: asyncio.Queue[Any]) -> None:
        """Listen no more."""
        self._ears.discard(ear)

    def tell(self, jobs: list[dict[str, Any]]) -> None:
        """Tell everybody; who has not taken the last word yet gets this one in its place."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._put, jobs)

    def _put(self, jobs: list[dict[str, Any]]) -> None:
        for ear in list(self._ears):
            if ear.full():
                ear.get_nowait()
            ear.put_nowait(jobs)
