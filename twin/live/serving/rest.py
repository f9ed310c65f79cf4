"""Estimates, forecasts, alarms and health over REST: to read only, with a token, on the loopback unless told otherwise."""

from __future__ import annotations

import hmac
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from twin.errors import FileError, TwinError, UsageError
from twin.live.ensemble import forecast
from twin.live.extra import need
from twin.live.running import LiveTwin

MOST_HOURS = 168.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def make_app(twin: LiveTwin, token: str) -> Any:
    """Return the application: ``/estimates``, ``/parameters``, ``/forecast``, ``/alarms``, ``/health``; its schema at ``/openapi.json``."""
    fastapi = need("fastapi", "REST")
    app = fastapi.FastAPI(title="twin", version="1", description="Where the plant stands, and what comes. Nothing can be set.", docs_url=None, redoc_url=None)

    def allowed(request: Any) -> None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {token}".encode()):
            raise fastapi.HTTPException(401, "a token is needed: 'Authorization: Bearer ...'")

    allowed.__annotations__["request"] = fastapi.Request
    guard = [fastapi.Depends(allowed)]

    def estimates(names: str = "") -> dict[str, Any]:
        """Where quantities are (SI): all levels, or those whose names are given, with commas between."""
        with twin.lock:
            return {"time": now(), "estimates": [row._asdict() for row in _told(fastapi, lambda: _estimates(twin, names))]}

    def parameters() -> dict[str, Any]:
        """Where slow parameters are (SI)."""
        with twin.lock:
            return {"time": now(), "parameters": [row._asdict() for row in twin.follower.follower.ensemble.parameters()]}

    def ahead(hours: float = 8.0, quantity: str = "") -> dict[str, Any]:
        """What levels, or a quantity, will be in so many hours (SI): nine of ten futures lie between low and high."""
        if not 0.0 < hours <= MOST_HOURS:
            raise fastapi.HTTPException(422, f"hours: more than 0 and at most {MOST_HOURS:g} (got {hours:g})")
        with twin.lock:
            found = _told(fastapi, lambda: forecast(twin.follower.follower.ensemble, [quantity] if quantity else None, (hours * 3600.0,)))
            rows = {name: dict(zip(("low", "median", "high"), (_number(value) for value in found.fan(name)[0]), strict=True)) for name in found.quantities}
            return {"time": now(), "hours": hours, "forecast": rows, "stops": {name: found.expected_stops(name)[0] for name in found.machines}}

    def alarms() -> dict[str, Any]:
        """The last alarms."""
        with twin.lock:
            return {"alarms": [alarm._asdict() | {"time": twin.tags.start + alarm.time} for alarm in twin.follower.follower.alarms]}

    def health() -> dict[str, Any]:
        """How the twin and its sources are."""
        return twin.health()

    def now() -> float:
        return twin.follower.follower.time

    for path, answer in (("/estimates", estimates), ("/parameters", parameters), ("/forecast", ahead), ("/alarms", alarms), ("/health", health)):
        app.get(path, dependencies=guard)(answer)
    return app


def _estimates(twin: LiveTwin, names: str) -> Any:
    ensemble = twin.follower.follower.ensemble
    return ensemble.of([name.strip() for name in names.split(",")][:1000]) if names else ensemble.levels()


def _told(fastapi: Any, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except TwinError as error:
        raise fastapi.HTTPException(422, str(error)) from None


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


class RestServer:
    """The application in a thread. Raises ``FileError`` where the port is taken, ``UsageError`` for an open address that was not asked for."""

    def __init__(self, twin: LiveTwin, token: str, host: str, port: int, *, open_to_all: bool = False) -> None:
        if host not in LOOPBACK and not open_to_all:
            raise UsageError(f"{host} is reached from outside this machine; say --open too, and put a server with TLS before it")
        uvicorn = need("uvicorn", "REST")
        config = uvicorn.Config(make_app(twin, token), host=host, port=port, log_level="critical", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="twin-rest", daemon=True)
        self._thread.start()
        end = time.monotonic() + 10.0
        while not self._server.started and self._thread.is_alive() and time.monotonic() < end:
            time.sleep(0.02)
        if not self._server.started:
            raise FileError(f"{host}:{port}: REST cannot be served; is the port taken? give another")

    def _serve(self) -> None:
        try:
            self._server.run()
        except SystemExit:  # uvicorn leaves so where it cannot have the port
            return

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(10.0)
