"""Estimates, forecasts, alarms and health over REST: to read only, with a token, on the loopback unless told otherwise."""

from __future__ import annotations

import hmac
import math
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from twin.engine.states import STATES
from twin.errors import FileError, ScenarioError, TwinError, UsageError
from twin.live.ensemble.forecast import Difference, forecast, standing, what_if
from twin.live.extra import need
from twin.live.running import LiveTwin
from twin.quantities import shown
from twin.scenario.places import Plain
from twin.scenario.problems import nearest

MOST_HOURS = 168.0
MOST_PAIR_HOURS = 30 * 168.0
"""Pairs times hours of one question: thirty pairs for a week."""
MOST_PATHS = 100
MOST_STEPS = 48
LARGEST_BODY = 65_536
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def make_app(twin: LiveTwin, token: str) -> Any:
    """Return the application: ``/estimates``, ``/states``, ``/parameters``, ``/forecast``, ``/fan``, ``/what-if``, ``/alarms``, ``/weighed``, ``/health``.

    Its schema is at ``/openapi.json``.

    A question of the future is answered from where the twin stood when it came, while the twin goes on; one at a time, another is told to come again (429).
    """
    fastapi = need("fastapi", "REST")
    app = fastapi.FastAPI(title="twin", version="1", description="Where the plant stands, and what comes. Nothing can be set.", docs_url=None, redoc_url=None)

    def allowed(request: Any) -> None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {token}".encode()):
            raise fastapi.HTTPException(401, "a token is needed: 'Authorization: Bearer ...'")

    def small(request: Any) -> None:
        length = request.headers.get("content-length", "")
        if request.method == "POST" and not (length.isdigit() and int(length) <= LARGEST_BODY):
            raise fastapi.HTTPException(413, f"a question of at most {LARGEST_BODY} bytes, with its length, is needed (got {length[:20] or 'no length'})")

    for dependency in (allowed, small):
        dependency.__annotations__["request"] = fastapi.Request
    guard = [fastapi.Depends(allowed), fastapi.Depends(small)]
    asking = threading.Lock()

    def in_turn(ask: Callable[[], Any]) -> Any:
        if not asking.acquire(blocking=False):
            raise fastapi.HTTPException(429, "another question is being answered; ask again when it is", headers={"Retry-After": "5"})
        try:
            return _told(fastapi, ask)
        finally:
            asking.release()

    def estimates(names: str = "") -> dict[str, Any]:
        """Where quantities are (SI): all levels, or those whose names are given, with commas between."""
        with twin.lock:
            return {"time": now(), "estimates": [row._asdict() for row in _told(fastapi, lambda: _estimates(twin, names))]}

    def parameters() -> dict[str, Any]:
        """Where slow parameters are (SI)."""
        with twin.lock:
            return {"time": now(), "parameters": [row._asdict() for row in twin.follower.follower.ensemble.parameters()]}

    def inside() -> dict[str, Any]:
        """What is inside (SI): shares of what lies in bunkers, what furnaces hold, how far parts have worn."""
        with twin.lock:
            return {"time": now(), "inside": [row._asdict() for row in twin.follower.follower.ensemble.inside()]}

    def ahead(hours: float = 8.0, quantity: str = "") -> dict[str, Any]:
        """What levels, or a quantity, will be in so many hours (SI): nine of ten futures lie between low and high."""
        if not 0.0 < hours <= MOST_HOURS:
            raise fastapi.HTTPException(422, f"hours: more than 0 and at most {MOST_HOURS:g} (got {hours:g})")
        with twin.lock:
            there, at = standing(twin.follower.follower.ensemble), now()
        found = in_turn(lambda: forecast(there, [quantity] if quantity else None, (hours * 3600.0,)))
        rows = {name: dict(zip(("low", "median", "high"), (_number(value) for value in found.fan(name)[0]), strict=True)) for name in found.quantities}
        return {"time": at, "hours": hours, "forecast": rows, "stops": {name: found.expected_stops(name)[0] for name in found.machines}}

    def fan(hours: float = 24.0, steps: int = 12, quantity: str = "") -> dict[str, Any]:
        """The way of levels, or of a quantity, over so many hours in equal steps (SI): of each step [low, median, high], nine of ten futures between."""
        if not 0.0 < hours <= MOST_HOURS or not 1 <= steps <= MOST_STEPS:
            raise fastapi.HTTPException(422, f"hours: more than 0 and at most {MOST_HOURS:g}; steps: 1 to {MOST_STEPS} (got {hours:g} and {steps})")
        with twin.lock:
            there, at = standing(twin.follower.follower.ensemble), now()
        leads = tuple(hours * 3600.0 * (k + 1) / steps for k in range(steps))
        found = in_turn(lambda: forecast(there, [quantity] if quantity else None, leads))
        rows = {name: [[_number(value) for value in of] for of in found.fan(name)] for name in found.quantities}
        return {"time": at, "leads": list(leads), "fan": rows}

    def states() -> dict[str, Any]:
        """What machines do: the share of the last record step in which each works, with its interval, and of each other state the mean share."""
        with twin.lock:
            return {"time": now(), "states": _states(twin)}

    body = fastapi.Body(examples=[EXAMPLE])

    def question(asked: dict[str, Any] = body) -> dict[str, Any]:
        """What a change from now on would make of quantities in so many hours: the mean difference to going on as is, in pairs of futures, and its interval of
        95 %. ``change``: values by path, as a scenario writes them; ``hours`` (24), ``pairs`` (30), ``quantities`` (all levels). Nothing is changed by it.
        """
        wanted = _told(fastapi, lambda: _read_question(asked))
        with twin.lock:
            there, at = standing(twin.follower.follower.ensemble), now()
        found: list[Difference] = in_turn(lambda: what_if(there, wanted.change, wanted.quantities, (wanted.hours * 3600.0,), wanted.pairs))
        rows = {row.quantity: {"mean": _number(row.mean), "low": _number(row.low), "high": _number(row.high)} for row in found}
        return {"time": at, "hours": wanted.hours, "pairs": wanted.pairs, "difference": rows}

    def alarms() -> dict[str, Any]:
        """The last alarms."""
        with twin.lock:
            return {"alarms": [alarm._asdict() | {"time": twin.tags.start + alarm.time} for alarm in twin.follower.follower.alarms]}

    def weighed() -> dict[str, Any]:
        """What each level shows too much of each weighed truck (``share``: .05 is 5 %), over all the time, with an interval of 95 %; ``clear``: whether
        neither chance nor the model explains it. It sees errors that were there from the first day.
        """
        with twin.lock:
            rows = [row._asdict() | {"clear": row.clear, "text": row.text} for row in twin.follower.follower.weighed.found()]
            return {"time": now(), "weighed": rows}

    def health() -> dict[str, Any]:
        """How the twin and its sources are."""
        return twin.health()

    def now() -> float:
        return twin.follower.follower.time

    answers = {"estimates": estimates, "states": states, "parameters": parameters, "inside": inside, "forecast": ahead, "fan": fan}
    answers |= {"alarms": alarms, "weighed": weighed, "health": health}
    for path, answer in answers.items():
        app.get(f"/{path}", dependencies=guard)(answer)
    app.post("/what-if", dependencies=guard)(question)
    return app


EXAMPLE = {"change": {"units.shredder.rate": "9 t/h"}, "hours": 24, "pairs": 30, "quantities": ["level.yard"]}


class Question(NamedTuple):
    """What is asked of a change."""

    change: dict[str, Plain]
    hours: float
    pairs: int
    quantities: list[str] | None


def _read_question(asked: dict[str, Any]) -> Question:
    """Raises ``UsageError`` for what is no question, with the value, the limit and the key."""
    known = set(Question._fields)
    unknown = [key for key in asked if key not in known]
    if unknown:
        raise UsageError(f"{shown(unknown[0])} is not asked for; {nearest(unknown[0], sorted(known))}")
    change, hours, pairs, quantities = asked.get("change"), asked.get("hours", 24.0), asked.get("pairs", 30), asked.get("quantities")
    if not isinstance(change, dict) or not 1 <= len(change) <= MOST_PATHS:
        raise UsageError(f"change: from 1 to {MOST_PATHS} values by path are needed, e.g. {{'units.shredder.rate': '9 t/h'}} (got {shown(change)})")
    if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0.0 < hours <= MOST_HOURS:
        raise UsageError(f"hours: more than 0 and at most {MOST_HOURS:g} (got {shown(hours)})")
    if isinstance(pairs, bool) or not isinstance(pairs, int) or not 2 <= pairs <= MOST_PAIR_HOURS / hours:
        raise UsageError(f"pairs: from 2 to {int(MOST_PAIR_HOURS / hours)} for {hours:g} h (got {shown(pairs)})")
    if quantities is not None and not (isinstance(quantities, list) and 1 <= len(quantities) <= MOST_PATHS and all(isinstance(q, str) for q in quantities)):
        raise UsageError(f"quantities: a list of 1 to {MOST_PATHS} names is needed, or none for all levels (got {shown(quantities)})")
    return Question(change, float(hours), pairs, quantities)


def _estimates(twin: LiveTwin, names: str) -> Any:
    ensemble = twin.follower.follower.ensemble
    return ensemble.of([name.strip() for name in names.split(",")][:1000]) if names else ensemble.levels()


def _states(twin: LiveTwin) -> list[dict[str, Any]]:
    """Of each machine its working share [mean, low, high], and the mean shares of its states that are not 0."""
    ensemble = twin.follower.follower.ensemble
    plant = ensemble.members.plants[0]
    units = [machine for line in plant.machines.values() for machine in line]
    known = [state for state in STATES if units and plant.observes(f"state.{units[0]}.{state}")]
    rows = {row.quantity: row for row in ensemble.of([name for unit in units for name in (f"state.{unit}", *(f"state.{unit}.{state}" for state in known))])}
    found = []
    for unit in units:
        works = rows[f"state.{unit}"]
        shares = {state: share for state in known if (share := rows[f"state.{unit}.{state}"].mean) > 0.0}
        found.append({"unit": unit, "works": [_number(value) for value in (works.mean, works.low, works.high)], "shares": shares})
    return found


def _told(fastapi: Any, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ScenarioError as error:
        raise fastapi.HTTPException(422, "; ".join(f"{problem.path}: {problem.message}" for problem in error.problems)) from None
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
