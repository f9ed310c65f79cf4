"""Random plants with many tied durations, for tests that must hold for any plant."""

from __future__ import annotations

import random
from typing import Any

import twin

HOURS = ("1 h", "2 h", "3 h", "5 h")
MINUTES = ("10 min", "20 min", "30 min", "1 h")


def _duration(chance: random.Random, choices: tuple[str, ...]) -> Any:
    """Often a constant or a choice of few values, so that much falls together; sometimes anything."""
    kind = chance.randrange(4)
    if kind == 0:
        return {"constant": chance.choice(choices)}
    if kind == 1:
        return {"discrete": {"values": list(choices[:3]), "weights": [1, 2, 1][: len(choices)]}}
    if kind == 2:
        return {"exponential": {"mean": chance.choice(choices)}}
    return {"uniform": [choices[0], choices[-1]]}


def _machine(chance: random.Random, source: Any, ports: list[str]) -> dict[str, Any]:
    shares = {port: {"x": f"{chance.randrange(10, 50)} %", "y": f"{chance.randrange(0, 40)} %"} for port in ports[:-1]}
    machine: dict[str, Any] = {"kind": "separator", "from": source, "ports": ports}
    if shares:
        machine["partition"] = shares
    if chance.random() < 0.5:
        machine["power"] = {"idle": "10 kW", "specific": "5 kWh/t"}
    if chance.random() < 0.5:
        machine["failures"] = {
            "mtbf": _duration(chance, ("4 h", "6 h", "8 h", "20 h")),
            "mttr": _duration(chance, HOURS),
            "clock": chance.choice(["operating", "calendar"]),
        }
        if chance.random() < 0.5:
            machine["repair"] = chance.choice([{"needs": "fitter"}, {"calendar": "day"}])
    if chance.random() < 0.3:
        machine["count"] = 2
    if chance.random() < 0.4:
        machine["calendar"] = "shifts"
    if chance.random() < 0.2:
        machine["maintenance"] = {"every": "30 h", "first": "10 h", "duration": "2 h"}
    if chance.random() < 0.25:
        machine["needs"] = "operator"
    return machine


def _head(chance: random.Random, machine: dict[str, Any], blends: bool) -> None:
    if chance.random() < 0.5:
        machine["cycle_time"] = _duration(chance, MINUTES)
    else:
        machine["rate"] = chance.choice(["1 t/h", {"uniform": ["0.5 t/h", "2 t/h"]}])
    machine["blocking"] = chance.choice(["after", "before"])
    machine["hold"] = chance.choice(["start", "until_done"])
    machine["partial"] = chance.random() < 0.2
    if not blends:
        machine["take"] = chance.choice(["first", "alternate", "fullest"])


def _shredder(chance: random.Random, machine: dict[str, Any]) -> None:
    """Make a machine with one outlet a shredder whose gap wears."""
    machine.update(kind="shredder", nominal="1 t/h")
    del machine["ports"]
    machine["wear"] = {"parameter": "gap", "per": "5 t", "change": "+10 %", "replace_after": "15 t", "replace_time": chance.choice(["0 h", "2 h"])}
    if chance.random() < 0.5:
        machine["wear"]["needs"] = "fitter"


def _events(chance: random.Random, varied: random.Random, units: dict[str, Any]) -> list[dict[str, Any]]:
    """Changes of rates, power and deliveries at full hours."""
    found: list[dict[str, Any]] = []
    for name, unit in units.items():
        if "rate" in unit and chance.random() < 0.5:
            change: dict[str, Any] = {f"units.{name}.rate": chance.choice(["0.8 t/h", {"uniform": ["1 t/h", "3 t/h"]}])}
            if "power" in unit:
                change[f"units.{name}.power"] = {"idle": "20 kW"}
            found.append({"at": f"{chance.randrange(0, 119)} h", "set": change})
        if unit["kind"] == "feed" and chance.random() < 0.3:
            found.append({"at": f"{chance.randrange(0, 119)} h", "set": {f"units.{name}.mass": "1.5 t"}})
        if unit["kind"] == "feed" and varied.random() < 0.3:
            found.append({"at": f"{varied.randrange(0, 119)} h", "set": {f"units.{name}.every": _duration(varied, MINUTES)}})
    return found


def _varied(chance: random.Random, feed: dict[str, Any]) -> None:
    """Let the rate of a feed change in time."""
    if chance.random() < 0.3:
        feed["calendar"] = "shifts"
        if chance.random() < 0.7:
            feed["every_counts"] = chance.choice(["open_time", "open_days", "clock"])
    if chance.random() < 0.3:
        feed["season"] = {"amplitude": "50 %", "period": "1 d", "peak": "9 h"}
    if chance.random() < 0.3:
        feed["campaigns"] = {"rush": {"begin": "7 h", "length": "3 h", "repeat": "24 h", "every": _duration(chance, MINUTES)}}


def _line_rules(chance: random.Random, units: dict[str, Any]) -> None:
    """Let shifts end by rule, lines follow levels, change over, be cleaned and rest, belts stop and bunkers overflow."""
    heads = [name for name, unit in units.items() if "blocking" in unit]
    bunkers = [name for name, unit in units.items() if unit["kind"] == "bunker"]
    for name in heads:
        head, sources = units[name], units[name]["from"]
        if chance.random() < 0.5:
            head["at_shift_end"] = chance.choice(["finish", "do_not_start", "run_empty"])
            head["at_maintenance"] = chance.choice(["suspend", "finish", "do_not_start", "run_empty"])
            if "finish" in (head["at_shift_end"], head["at_maintenance"]) and chance.random() < 0.5:
                head["overtime"] = chance.choice(["20 min", "1 h"])
            if "run_empty" in (head["at_shift_end"], head["at_maintenance"]):
                head["run_out"] = chance.choice(["0 min", "20 min"])
        if isinstance(sources, str) and chance.random() < 0.3:
            head["start_at"], head["stop_at"] = "0.9 t", chance.choice(["0 t", "0.4 t"])
        if isinstance(sources, list) and len(sources) > 1 and chance.random() < 0.6:
            head["take"] = "campaigns"
            head["campaign"] = chance.choice(["2 t", {"by": "stock"}, {"mass": "1 t", "when_empty": "next"}])
        if not isinstance(sources, dict) and chance.random() < 0.5:
            head["changeover"] = {"time": _duration(chance, MINUTES), "between": chance.choice(["sources", "materials"])}
            if chance.random() < 0.5:
                head["changeover"]["needs"] = "operator"
        if chance.random() < 0.3:
            head["energy_states"] = {"standby_after": "20 min", "off_after": "2 h", "warm_up": "10 min", "min_stop": "30 min", "min_run": "1 h"}
            head["power"] = {"idle": "10 kW", "standby": "2 kW", "switched_off": "1 kW"}
        if head.get("rate") == "1 t/h" and chance.random() < 0.5:
            head["follows"] = {"of": chance.choice(bunkers), "lowest_at": "0.2 t", "full_at": "1.2 t", "lowest": "0.3 t/h", "ramp": "1 h"}
    for unit in units.values():
        if unit["kind"] in ("separator", "shredder") and chance.random() < 0.2:
            unit["cleaning"] = {"per": "6 t", "time": _duration(chance, MINUTES)}
        if unit["kind"] == "conveyor":
            unit["when_blocked"] = chance.choice(["run_on", "stop", "accumulate"])
            if chance.random() < 0.5:
                unit["stops_with"] = chance.choice(heads)
    for name in bunkers:
        if chance.random() < 0.3:
            units[name]["when_full"] = "overflow"
            units[f"over_{name}"] = {"kind": "product", "from": f"{name}.overflow"}


def _crew(chance: random.Random) -> Any:
    """How many of a resource, and how it is shared."""
    crew: dict[str, Any] = {"count": chance.choice([1, 2, {"day": 2, "shifts": 1}, {"day": 1, "always_open": 2}])}
    if chance.random() < 0.2 and not isinstance(crew["count"], dict):
        crew["calendar"] = "day"
    if chance.random() < 0.5:
        crew["when_fewer"] = chance.choice(["finish", "suspend"])
    if chance.random() < 0.7:
        crew["preempt"] = chance.choice(["resume", "repeat"])
    if chance.random() < 0.3:
        crew["between"] = chance.choice(MINUTES)
    if chance.random() < 0.7:
        crew["skills"] = ["any"]
    return crew


def _wanted(chance: random.Random, part: dict[str, Any]) -> None:
    """Let work that needs somebody be urgent or content with another."""
    if chance.random() < 0.7:
        part["priority"] = chance.randrange(-1, 3)
    if chance.random() < 0.3:
        part["needs"] = chance.choice([{"any_of": ["operator", "helper"]}, {"skill": "any"}, [{"any_of": ["clerk", "operator"]}, "helper"]])


def _crews(chance: random.Random, units: dict[str, Any], resources: dict[str, Any]) -> list[dict[str, Any]]:
    """Let people come by shift, be called off and rest, trucks lose patience, and loading take time; events change how many there are."""
    resources["helper"] = {**_crew(chance), "skills": ["any"]}
    for name in ("fitter", "operator"):
        if chance.random() < 0.8:
            resources[name] = _crew(chance)
    for unit in units.values():
        if unit["kind"] == "feed" and chance.random() < 0.4:
            unit["patience"] = _duration(chance, MINUTES)
        if unit["kind"] == "feed" and chance.random() < 0.2:
            unit["balk"] = ["0 %", "50 %"]
        if "pickup" in unit and chance.random() < 0.6:
            unit["pickup"]["time"] = _duration(chance, MINUTES)
            if chance.random() < 0.7:
                unit["pickup"]["needs"] = "operator"
        if unit["kind"] == "separator" and chance.random() < 0.3:
            unit["needs"] = "operator"
        if unit["kind"] == "separator" and "failures" in unit and chance.random() < 0.3:
            unit["repair"] = {"needs": ["fitter", "operator"]}
        for part in (unit, *(unit.get(key, {}) for key in ("unload", "repair", "pickup"))):
            if isinstance(part, dict) and "needs" in part:
                _wanted(chance, part)
    counts = [name for name in ("fitter", "operator", "helper") if chance.random() < 0.3]
    return [{"at": f"{chance.randrange(0, 119)} h", "set": {f"resources.{name}.count": chance.randrange(1, 3)}} for name in counts]


def _listed(chance: random.Random, units: dict[str, Any]) -> None:
    """Let some machines stop at full and half hours, end to end now and then, one copy or the other."""
    for unit in units.values():
        if unit["kind"] in ("separator", "shredder") and chance.random() < 0.3:
            stops: list[dict[str, Any]] = []
            for copy in range(1, unit.get("count", 1) + 1):
                hour = 0.0
                while (hour := hour + chance.choice([0.0, 3.5, 12.0, 30.0])) < 125.0:
                    length = chance.choice([0.5, 1.0, 6.0])
                    stops.append({"at": f"{hour} h", "for": f"{length} h", "reason": chance.choice(["jam", "motor", "breakdown"]), "copy": copy})
                    hour += length
            unit["stops"] = stops


def _orders(chance: random.Random, units: dict[str, Any]) -> None:
    """Let some products be ordered, beside trucks or without, some rejected, and lines work by due date."""
    for name in [name for name, unit in units.items() if "pickup" in unit and chance.random() < 0.7]:
        hours = sorted(chance.randrange(1, 119) for _ in range(chance.randrange(1, 8)))
        orders = [
            {"mass": chance.choice(["0.5 t", "1 t", "1.4 t"]), "due": f"{hour} h", "from": f"{hour * chance.choice([0.0, 0.5, 0.9])} h"} for hour in hours
        ]
        units[name]["orders"] = orders
        if chance.random() < 0.5:
            del units[name]["pickup"]
        if chance.random() < 0.5:
            units[name]["loading"] = {"time": _duration(chance, MINUTES)}
            if chance.random() < 0.6:
                units[name]["loading"]["needs"] = "operator"
        if chance.random() < 0.4:
            units[name].update(spec={"x": f">= {chance.choice([50, 70, 90])} %"}, when_off_spec="reject")
            aside = chance.choice(["bunker", "product"])
            units[f"aside_{name}"] = {"kind": aside, "from": f"{name}.rejected"}
            if aside == "bunker":
                units[f"aside_{name}"]["capacity"] = "3 t"
                units[f"gone_{name}"] = {"kind": "product", "from": f"aside_{name}", "pickup": {"every": _duration(chance, HOURS), "mass": "2 t"}}
    served = [name for name, unit in units.items() if "orders" in unit]
    for unit in units.values():
        if unit.get("take") == "campaigns" and served and chance.random() < 0.7:
            mass = {"mass": "1 t"} if chance.random() < 0.5 else {}
            plan = [{"from": source, "for": chance.choice(served), **mass} for source in unit["from"]]
            unit["campaign"] = {"by": "due", "plan": plan, "when_empty": chance.choice(["next", "next", "wait"])}


def _asked(chance: random.Random, units: dict[str, Any], read: str, limits: list[str]) -> dict[str, Any]:
    """When a policy of the level ``read`` is asked: by one or more of clock, thresholds, lots and trucks."""
    lines = [name for name, unit in units.items() if unit["kind"] in ("separator", "shredder")]
    trucks = [name for name, unit in units.items() if unit["kind"] == "feed" or "pickup" in unit]
    ask = {"at": limits, "lot": chance.sample(lines, 2), "truck": chance.choice(trucks)}
    kept = chance.sample(list(ask), chance.randrange(0, 4))
    entry: dict[str, Any] = {"ask": {key: ask[key] for key in kept}} if kept else {}
    if not kept or chance.random() < 0.5:
        entry["every"] = chance.choice(["1 h", "100 min", "7 h"])
    return entry


def _policies(chance: random.Random, units: dict[str, Any], resources: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    """Rates, loads, sources and crews that follow levels, where nothing else sets them."""
    changed = {path for event in events for path in event["set"]}
    bunkers = [name for name, unit in units.items() if unit["kind"] == "bunker"]
    found: dict[str, Any] = {}

    def add(path: str, values: tuple[Any, Any], **more: Any) -> None:
        bunker, limits = chance.choice(bunkers), ["500 kg", "1 t"]
        entry = {"policy": "hysteresis", "reads": f"level.{bunker}", "sets": path, "up": "1 t", "down": "500 kg", "normal": values[0], "raised": values[1]}
        found[f"decides_{len(found)}"] = {**entry, **_asked(chance, units, bunker, limits), **more}

    for name, unit in units.items():
        free = not any(path.startswith(f"units.{name}.") for path in changed) and "settings" not in unit
        if unit.get("rate") == "1 t/h" and free and chance.random() < 0.5:
            add(f"units.{name}.rate", ("800 kg/h", "1.5 t/h"), bounds=["0.5 t/h", "2 t/h"])
        elif (
            isinstance(unit.get("from"), list)
            and len(unit["from"]) == 2
            and free
            and unit["kind"] in ("separator", "shredder")
            and unit.get("take") != "campaigns"
            and chance.random() < 0.5
        ):
            unit["prefer"] = unit["from"][0]
            add(f"units.{name}.prefer", tuple(unit["from"]), choices=unit["from"])
        if unit["kind"] == "feed" and unit["mass"] == {"constant": "2 t"} and free and chance.random() < 0.5:
            add(f"units.{name}.mass", ("2 t", "1.4 t"), bounds=["1 t", "3 t"])
    if resources["operator"] in (1, 2) and "resources.operator.count" not in changed and chance.random() < 0.5:
        add("resources.operator.count", (1, 3), bounds=[1, 3])
    if found and chance.random() < 0.5:
        name = next(iter(found))
        key, value = ("every", "35 min") if "every" in found[name] else ("up", "1.2 t")
        events.append({"at": f"{chance.randrange(1, 100)} h", "set": {f"policies.{name}.{key}": value}})
    return found


def _copies(chance: random.Random, units: dict[str, Any]) -> list[dict[str, Any]]:
    """Further copies of machines that come and go."""
    found: list[dict[str, Any]] = []
    for name, unit in units.items():
        if unit["kind"] in ("separator", "shredder") and chance.random() < 0.3:
            own, comes = unit.get("count", 1), chance.randrange(0, 90)
            found += [{"at": f"{comes} h", "set": {f"units.{name}.count": own + 1}}, {"at": f"{comes + 17} h", "set": {f"units.{name}.count": own}}]
    return found


def random_plant(seed: int, *, orders: bool = True) -> twin.Scenario:
    """A plant of two or three stages; each stage has one or two lines on the same bunkers. Without ``orders`` none of its products has any."""
    chance, varied = random.Random(seed), random.Random(f"rates of {seed}")
    units: dict[str, Any] = {}
    for name in ("trucks", "vans"):
        units[name] = {
            "kind": "feed", "every": _duration(chance, HOURS[:2]), "mass": chance.choice([{"constant": "2 t"}, {"uniform": ["1 t", "3 t"]}]),
            "composition": {"x": "60 %", "y": "40 %"}, "when_full": chance.choice(["wait", "turn_away"]), "queue_limit": 2, "size": ["50 %", "50 %"],
        }  # fmt: skip
        if chance.random() < 0.4:
            units[name]["unload"] = {"time": _duration(chance, MINUTES), "needs": varied.choice(["operator", ["operator", "clerk"]])}
            if varied.random() < 0.3:
                del units[name]["unload"]["needs"]
        _varied(varied, units[name])
        if chance.random() < 0.4:
            units[name]["variability"] = {"concentration": 30}
    sources = []
    for name, feed in (("a0", "trucks"), ("b0", "vans")):
        if chance.random() < 0.3:
            units[f"belt_{feed}"] = {"kind": "conveyor", "from": feed, "transit": chance.choice(MINUTES), "capacity": "4 t"}
            feed = f"belt_{feed}"
        units[name] = {"kind": "bunker", "from": feed, "capacity": "8 t", "discharge": chance.choice(["fifo", "mixed"])}
        sources.append(name)
    stages = chance.choice([2, 3])
    for stage in range(1, stages + 1):
        ends: list[str] = []
        rest: list[str] = []
        for letter in ("m", "n")[: chance.choice([1, 2])]:
            name = f"{letter}{stage}"
            blends = len(sources) == 2 and chance.random() < 0.3
            taken: Any = {sources[0]: "60 %", sources[1]: "40 %"} if blends else (sources if chance.random() < 0.6 else sources[0])
            second = chance.random() < 0.5
            units[name] = _machine(chance, taken, ["out"] if second else ["good", "rest"])
            _head(chance, units[name], blends)
            if second and chance.random() < 0.4:
                _shredder(chance, units[name])
            if second:
                loop = chance.random() < 0.4
                units[f"{name}_next"] = _machine(chance, f"{name}.out", ["good", "back", "rest"] if loop else ["good", "rest"])
                if loop:
                    units[name]["recycle"] = f"{name}_next.back"
                ends.append(f"{name}_next.good")
                rest.append(f"{name}_next.rest")
            else:
                ends.append(f"{name}.good")
                rest.append(f"{name}.rest")
        units[f"waste{stage}"] = {"kind": "product", "from": rest}
        names = [f"a{stage}", f"b{stage}"] if len(ends) == 2 and chance.random() < 0.5 else [f"a{stage}"]
        for k, name in enumerate(names):
            units[name] = {
                "kind": "bunker",
                "from": ends if len(names) == 1 else ends[k],
                "capacity": chance.choice(["1.5 t", "3 t"]),
                "discharge": chance.choice(["fifo", "mixed"]),
            }
        unused = [source for source in sources if all(source not in str(unit.get("from")) for unit in units.values())]
        if unused:
            units[f"spill{stage}"] = {"kind": "product", "from": unused[0]}
        sources = names
    for k, name in enumerate(sources):
        units[f"product{k}"] = {"kind": "product", "from": name, "pickup": {"every": _duration(chance, HOURS), "mass": "2 t"}}
    ruled = random.Random(f"rules of {seed}")
    if ruled.random() < 0.7:
        _line_rules(ruled, units)
    resources: dict[str, Any] = {"fitter": 1, "operator": chance.choice([1, 2]), "clerk": {"count": 1, "calendar": "day"}}
    genealogy, streams, every = chance.random() < 0.5, chance.random() < 0.7, chance.choice(["1 h", "7 h"])
    events, crews = _events(chance, varied, units), random.Random(f"crews of {seed}")
    if crews.random() < 0.6:
        events += _crews(crews, units, resources)
    _listed(random.Random(f"stops of {seed}"), units)
    ordered = random.Random(f"orders of {seed}")
    if orders and ordered.random() < 0.5:
        _orders(ordered, units)
    decided = random.Random(f"policies of {seed}")
    policies = _policies(decided, units, resources, events) if decided.random() < 0.6 else {}
    if decided.random() < 0.4:
        events += _copies(decided, units)
    scenario = {
        "twin": 1, "name": f"random-{seed}", "time": {"start": "2026-01-05T05:00", "horizon": "5 d"}, "seed": seed, "lot": "500 kg",
        "record": {"every": every, "genealogy": genealogy, "streams": streams},
        "materials": {"x": {}, "y": {}}, "size_bounds": "10 100 mm", "resources": resources,
        "calendars": {"shifts": {"weekdays": ["06:00-22:00"]}, "day": {"weekdays": ["07:00-15:00"]}, "always_open": {"daily": ["00:00-24:00"]}},
        "units": units, "events": events, "policies": policies,
    }  # fmt: skip
    return twin.load(scenario)
