"""Orders, campaigns by due date and the week plan, each against a timetable reckoned by hand, a small loop, or a closed form."""

from __future__ import annotations

import csv
import json
import math
import random
from pathlib import Path
from typing import Any

import h5py
import pytest

import twin
from twin.cli.parser import main
from twin.errors import FileError, ScenarioError, UsageError
from twin.study.plan import week_plan

HOUR = 3600.0
LINE = {"kind": "splitter", "from": "yard", "rate": "10 t/h", "shares": {"out": 1}}


def yard(material: str, mass: str = "900 t") -> dict[str, Any]:
    return {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": mass, "composition": {material: "100 %"}}}


def load(units: dict[str, Any], horizon: str = "24 h", files: dict[str, str] | None = None, **more: Any) -> twin.Scenario:
    top = {
        "twin": 1, "name": "case", "time": {"start": "2026-01-05", "horizon": horizon}, "seed": 5, "lot": "2 t", "record": {"every": "1 h"},
        "materials": {"fridge": {}, "screen": {}}, "calendars": {"day": {"daily": ["06:00-14:00"]}}, **more, "units": units,
    }  # fmt: skip
    return twin.load(top, files=files)


def plant(orders: Any, horizon: str = "24 h", files: dict[str, str] | None = None, more: dict[str, Any] | None = None, **product: Any) -> twin.Scenario:
    """One line of 10 t/h, a lot of 2 t every 12 min, before a store of 100 t."""
    units = {
        "yard": yard("fridge"),
        "line": LINE,
        "store": {"kind": "bunker", "from": "line", "capacity": "100 t"},
        "out": {"kind": "product", "from": "store", "orders": orders, **product},
    }
    return load(units, horizon, files, **(more or {}))


def done(result: twin.Result) -> dict[str, float]:
    """When each order was done, h, by product and name."""
    columns = (result.array(f"orders/{name}").tolist() for name in ("order_product", "order_name", "done"))
    return {f"{product}.{name}": time / HOUR for product, name, time in zip(*columns, strict=True)}


def test_an_order_is_loaded_as_soon_as_all_of_it_lies_there() -> None:
    """20 t after 2 h; the next 10 t an hour later, 30 min late; the last is due after the run has ended."""
    orders = [{"mass": "10 t", "due": "2.5 h", "name": "B"}, {"mass": "20 t", "due": "2026-01-05T02:00", "name": "A"}, {"mass": "90 t", "due": "30 h"}]
    result = twin.run(plant(orders, "6 h"))
    assert done(result) == {"out.A": 2.0, "out.B": 3.0, "out.3": pytest.approx(math.nan, nan_ok=True)}
    assert result.array("orders/late").tolist()[:2] == [0.0, 1800.0]
    assert result.array("orders/order_mass").tolist() == [20e3, 10e3, 90e3]
    figures = {name: result.kpis[f"{name}.out"].value for name in ("on_time_share", "late", "open_orders", "product_mass")}
    assert figures == {"on_time_share": 0.5, "late": 1800.0, "open_orders": 0.0, "product_mass": 30e3}


def test_what_is_due_later_does_not_pass_and_what_may_not_leave_yet_does_not_wait() -> None:
    """30 t at 3 h, then 4 t at 3.4 h. An order that is loaded from 6 h on lets the other pass."""
    orders = [{"mass": "4 t", "due": "9 h", "name": "small"}, {"mass": "30 t", "due": "5 h", "name": "large"}]
    assert done(twin.run(plant(orders))) == {"out.large": 3.0, "out.small": pytest.approx(3.4)}
    orders = [{"mass": "4 t", "due": "12 h", "name": "small"}, {"mass": "20 t", "due": "10 h", "from": "6 h", "name": "later"}]
    assert done(twin.run(plant(orders))) == {"out.later": 6.0, "out.small": pytest.approx(0.4)}


def test_of_the_same_date_the_first_written_goes_first_and_an_overdue_one_counts() -> None:
    orders = [{"mass": "20 t", "due": "1 h", "name": "one"}, {"mass": "10 t", "due": "1 h", "name": "two"}, {"mass": "100 t", "due": "3.5 h", "name": "three"}]
    result = twin.run(plant(orders, "4 h"))
    assert [done(result)[f"out.{name}"] for name in ("one", "two")] == [2.0, 3.0]
    assert [result.kpis[f"{name}.out"].value for name in ("on_time_share", "late", "open_orders")] == [0.0, 1.5 * HOUR, 1.0]


def test_the_window_leaves_out_what_was_due_in_the_warm_up() -> None:
    result = twin.run(plant([{"mass": "20 t", "due": "1 h"}, {"mass": "20 t", "due": "5 h"}], more={"time": {"horizon": "6 h", "warmup": "2 h"}}))
    assert (result.kpis["on_time_share.out"].value, result.kpis["on_time_share.out"].below) == (1.0, 1.0)


def test_loading_takes_time_and_a_loader() -> None:
    """The loader comes at six. Each order takes 2 h: ready at 2 h and 3 h, done at 8 h and 10 h; the mass leaves as loading begins."""
    orders = [{"mass": "20 t", "due": "7 h", "name": "A"}, {"mass": "10 t", "due": "12 h", "name": "B"}]
    case = plant(orders, loading={"time": {"constant": "2 h"}, "needs": "loader"}, more={"resources": {"loader": {"count": 1, "calendar": "day"}}})
    result = twin.run(case)
    assert done(result) == {"out.A": 8.0, "out.B": 10.0}
    assert result.kpis["pickup_wait.out"].value == pytest.approx((4.0 + 2.0) / 2 * HOUR)  # B's truck is called when A's is at the ramp
    assert result.kpis["resource_load.loader"].value == pytest.approx(4 / 8)


def test_without_a_loader_one_is_loaded_after_the_other() -> None:
    orders = [{"mass": "20 t", "due": "7 h", "name": "A"}, {"mass": "10 t", "due": "12 h", "name": "B"}]
    assert done(twin.run(plant(orders, loading={"time": {"constant": "2 h"}}))) == {"out.A": 4.0, "out.B": 6.0}


def test_an_order_may_be_loaded_from_several_bunkers() -> None:
    units = {
        "one": yard("fridge", "15 t"),
        "two": yard("screen", "8 t"),
        "out": {"kind": "product", "from": ["one", "two"], "orders": [{"mass": "20 t", "due": "1 h"}, {"mass": "4 t", "due": "2 h"}]},
    }
    result = twin.run(load(units))
    assert done(result)["out.1"] == 0.0 and math.isnan(done(result)["out.2"])


def test_trucks_may_come_beside_orders() -> None:
    """The truck at 1.5 h takes the 14 t that lie there: the order waits until 20 t have come again."""
    pickup = {"every": {"constant": "100 h"}, "first": "1.5 h", "mass": "30 t"}
    assert done(twin.run(plant([{"mass": "20 t", "due": "9 h"}], pickup=pickup))) == {"out.1": pytest.approx(1.4 + 2.0)}


@pytest.mark.parametrize(("rule", "time"), [("accept", 1.0), ("penalise", 1.0), ("reject", 3.0)])
def test_a_load_outside_the_specification(rule: str, time: float) -> None:
    """20 t of one half screens come after 1 h, pure ones after 3 h. What is rejected goes aside, and the order stays open."""
    rows = "time_h,mass_t,fridge,screen\n1,20,0.5,0.5\n3,20,1,0\n"
    more: dict[str, Any] = {"penalty": "10 EUR/t"} if rule == "penalise" else {}
    units: dict[str, Any] = {
        "trucks": {"kind": "feed", "schedule": "rows.csv"},
        "store": {"kind": "bunker", "from": "trucks", "capacity": "50 t"},
        "out": {"kind": "product", "from": "store", "spec": {"fridge": ">= 90 %"}, "when_off_spec": rule, "orders": [{"mass": "20 t", "due": "2 h"}], **more},
    }
    if rule == "reject":
        units["aside"] = {"kind": "product", "from": "out.rejected"}
    result = twin.run(load(units, files={"rows.csv": rows}))
    assert done(result) == {"out.1": time}
    assert result.kpis["offspec_share.out"].value == (0.0 if rule == "reject" else 1.0)
    if rule == "reject":
        assert result.kpis["rejected_mass.out"].value == 20e3
        assert result.kpis["rejected_pickup_share.out"].value == 0.5
    if rule == "penalise":
        assert result.kpis["penalty.out"].value == pytest.approx(200.0)


def aside(good: str) -> twin.Scenario:
    """Two bad loads of 20 t, at once and after 1 h, then a good one. Aside is room for 25 t, of which a line takes 2 t every 12 min."""
    rows = f"time_h,mass_t,fridge,screen\n0,20,0,1\n1,20,0,1\n{good},20,1,0\n"
    product = {"kind": "product", "from": "store", "spec": {"fridge": ">= 90 %"}, "when_off_spec": "reject", "orders": [{"mass": "20 t", "due": "2 h"}]}
    units: dict[str, Any] = {
        "trucks": {"kind": "feed", "schedule": "rows.csv"},
        "store": {"kind": "bunker", "from": "trucks", "capacity": "80 t"},
        "out": product,
        "yard": {"kind": "bunker", "from": "out.rejected", "capacity": "25 t"},
        "line": LINE,
        "rest": {"kind": "product", "from": "line"},
    }
    return load(units, "8 h", files={"rows.csv": rows})


@pytest.mark.parametrize(("good", "time"), [("1.2", 1.4), ("3", 3.0)])
def test_a_rejected_load_waits_for_room(good: str, time: float) -> None:
    """There is room for the second bad load when 5 t are left aside: after the eighth lot, at 1.4 h. What lies behind it waits as long."""
    assert done(twin.run(aside(good))) == {"out.1": pytest.approx(time)}


# -- campaigns ----------------------------------------------------------------------------------------------------------------------------


def campaigns(orders: dict[str, list[dict[str, Any]]], horizon: str = "72 h", changeover: str = "1 h", **plan: Any) -> twin.Scenario:
    """A line of 10 t/h that works on fridges for ``a`` or on screens for ``b``."""
    legs = [{"from": "fridges", "for": "a", **plan}, {"from": "screens", "for": "b", **plan}]
    units: dict[str, Any] = {
        "fridges": yard("fridge"),
        "screens": yard("screen"),
        "line": {
            "kind": "separator", "from": ["fridges", "screens"], "take": "campaigns", "rate": "10 t/h", "ports": ["cool", "rest"],
            "partition": {"cool": {"fridge": 1, "screen": 0}}, "campaign": {"by": "due", "plan": legs}, "changeover": {"time": {"constant": changeover}},
        },
        "cold": {"kind": "bunker", "from": "line.cool", "capacity": "900 t"},
        "glass": {"kind": "bunker", "from": "line.rest", "capacity": "900 t"},
        "a": {"kind": "product", "from": "cold", "orders": orders["a"]},
        "b": {"kind": "product", "from": "glass", "orders": orders["b"]},
    }  # fmt: skip
    return load(units, horizon)


def test_the_most_urgent_order_is_worked_for() -> None:
    """12 t of b by 1.2 h, changeover, 20 t of a by 4.2 h, changeover, 10 t of b by 6.2 h; then nothing is open, and b goes on."""
    result = twin.run(campaigns({"a": [{"mass": "20 t", "due": "6 h"}], "b": [{"mass": "12 t", "due": "4 h"}, {"mass": "10 t", "due": "9 h"}]}, "12 h"))
    assert done(result) == {"a.1": pytest.approx(4.2), "b.1": pytest.approx(1.2), "b.2": pytest.approx(6.2)}
    assert result.kpis["changeover.line"].value == 2 * HOUR
    assert result.kpis["processed"].value == 100e3


def test_a_campaign_with_a_mass_lasts_at_least_so_long() -> None:
    """30 t of b, of which 12 t were asked for, before the 20 t of a."""
    result = twin.run(campaigns({"a": [{"mass": "20 t", "due": "6 h"}], "b": [{"mass": "12 t", "due": "4 h"}]}, "12 h", mass="30 t"))
    assert done(result) == {"a.1": pytest.approx(3.0 + 1.0 + 2.0), "b.1": pytest.approx(1.2)}


def oracle(orders: dict[str, list[tuple[float, float]]], changeover: float, until: float) -> dict[str, list[float]]:
    """The same by a loop over lots: (mass, due) by product, in t and h; returns when each was done, in order of due date."""
    waiting = {name: [(due, mass, k) for k, (mass, due) in enumerate(sorted(own, key=lambda o: o[1]))] for name, own in orders.items()}
    stock, found = {"a": 0, "b": 0}, {name: [math.nan] * len(own) for name, own in orders.items()}
    now, present, target = 0.0, "", -1

    def lacking(name: str) -> tuple[float, int] | None:
        total = 0.0
        for due, mass, k in waiting[name]:
            total += mass
            if total > stock[name]:
                return due, k
        return None

    while True:
        open_now = lacking(present) if present else None
        chosen = present
        if open_now is None or open_now[1] > target:
            urgent = [(lack[0], name) for name in ("a", "b") if (lack := lacking(name)) is not None]
            chosen = min(urgent)[1] if urgent else present or "a"
            lack = lacking(chosen)
            target = lack[1] if lack is not None else -1
        if present not in ("", chosen):
            now += changeover
        present, now = chosen, now + 0.2
        if now >= until - 1e-9:
            return found
        stock[present] += 2
        while waiting[present] and waiting[present][0][1] <= stock[present]:
            _, mass, k = waiting[present].pop(0)
            stock[present] -= int(mass)
            found[present][k] = now


@pytest.mark.parametrize("seed", range(8))
def test_campaigns_by_due_date_are_those_of_a_loop_by_hand(seed: int) -> None:
    chance = random.Random(seed)
    orders = {name: [(float(2 * chance.randrange(1, 20)), float(chance.randrange(1, 70))) for _ in range(chance.randrange(1, 7))] for name in ("a", "b")}
    written = {name: [{"mass": f"{mass} t", "due": f"{due} h"} for mass, due in own] for name, own in orders.items()}
    result = twin.run(campaigns(written, "60 h", f"{seed % 3 * 0.5 + 0.5} h"))
    expected = oracle(orders, seed % 3 * 0.5 + 0.5, 60.0)
    got = result.array("orders/done") / HOUR
    assert got.tolist() == pytest.approx([*expected["a"], *expected["b"]], nan_ok=True)


# -- the plan -----------------------------------------------------------------------------------------------------------------------------


COPIES, RUNS = 25, 60


def arrivals(orders: list[dict[str, Any]]) -> twin.Scenario:
    """Trucks of 20 t, 20 h apart on average, exponentially, before a store; and the same again and again, as one run of many is quicker than many."""
    units: dict[str, Any] = {}
    for k in range(COPIES):
        units[f"trucks{k}"] = {"kind": "feed", "every": {"exponential": {"mean": "20 h"}}, "mass": "20 t", "composition": {"fridge": "100 %"}}
        units[f"store{k}"] = {"kind": "bunker", "from": f"trucks{k}", "capacity": "500 t"}
        units[f"out{k}"] = {"kind": "product", "from": f"store{k}", "orders": orders}
    return load(units, "41 h")


def test_the_probability_of_being_on_time() -> None:
    """The first order needs one arrival within 20 h, the second two more within 40 h: 1 - e^-1, and 1 - e^-2 (1 + 2 + 2), .632 and .323."""
    plan = week_plan(arrivals([{"mass": "20 t", "due": "20 h"}, {"mass": "40 t", "due": "40 h"}]), number=RUNS, executor="serial")
    assert [len(one.done) for one in plan.orders] == [RUNS] * 2 * COPIES
    for name, right in (("1", 1 - math.exp(-1)), ("2", 1 - 5 * math.exp(-2))):
        own = [one for one in plan.orders if one.order.name == name]
        share = sum(one.on_time for one in own) / (COPIES * RUNS)
        assert abs(share - right) < 3.5 * math.sqrt(right * (1 - right) / (COPIES * RUNS))
        assert sum(one.interval[0] <= right <= one.interval[1] for one in own) >= 0.8 * COPIES  # 95 % of 25 are 23.75
    assert sorted(one.median for one in plan.orders if one.order.name == "1")[COPIES // 2] / HOUR == pytest.approx(20 * math.log(2), rel=0.15)


def test_a_plan_that_must_hold_and_one_that_cannot() -> None:
    plan = week_plan(
        plant([{"mass": "20 t", "due": "2 h"}, {"mass": "40 t", "due": "5 h"}, {"mass": "90 t", "due": "20 h"}]), number=4, days=0.5, executor="serial"
    )
    assert [(one.order.name, one.probability, one.median) for one in plan.orders] == [("1", 1.0, 2 * HOUR), ("2", 0.0, 6 * HOUR)]
    assert plan.later == 1 and plan.stock == {"yard": 900e3} and plan.announced == () and plan.drawn == ()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("case.yaml").write_text(
        "twin: 1\nname: case\ntime: {start: 2026-01-05, horizon: 3 d}\nlot: 2 t\nmaterials: {fridge: {}}\nunits:\n"
        "  trucks: {kind: feed, schedule: trucks.csv, composition: {fridge: 100 %}}\n  yard: {kind: bunker, from: trucks, capacity: 300 t}\n"
        "  line: {kind: splitter, from: yard, rate: 10 t/h, shares: {out: 1}}\n  store: {kind: bunker, from: line, capacity: 100 t}\n"
        "  out: {kind: product, from: store, orders: orders.csv}\n"
    )
    Path("trucks.csv").write_text("timestamp,mass_t\n2026-01-05T08:00,20\n2026-01-05T10:00,20\n2026-01-07,20\n2026-02-01,20\n")
    Path("orders.csv").write_text("due,mass_t,name,from\n2026-01-05T12:00,30,A1,2026-01-05\n2026-01-06,20,A2,2026-01-05\n2026-03-01,20,A3,2026-01-05\n")
    assert main(["plan", "case.yaml", "--replications", "3", "--executor", "serial", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["due"], one["median_done"], one["on_time"]["probability"]) for one in found["orders"]] == [
        ("A1", "2026-01-05T12:00", "2026-01-05T11:00", 1.0),
        ("A2", "2026-01-06T00:00", "2026-01-07T01:00", 0.0),
    ]
    days = [("2026-01-05", "trucks", 2, 40e3), ("2026-01-07", "trucks", 1, 20e3)]
    assert [tuple(each.values()) for each in found["announced"]] == days
    assert found["later_orders"] == 1
    assert main(["plan", "case.yaml", "--replications", "3", "--executor", "serial"]) == 0
    text = capsys.readouterr().out
    assert "Mon 2026-01-05 11:00" in text and "100 %" in text and "1 further order is due" in text and "40 t" in text


def test_a_plan_without_orders_says_so() -> None:
    with pytest.raises(UsageError, match=r"no order is due within 30 min of the start: the first of 1 is due 2 h after it"):
        week_plan(plant([{"mass": "20 t", "due": "2 h"}]), number=2, days=0.5 / 24, executor="serial")


# -- files, faults, resuming --------------------------------------------------------------------------------------------------------------


def test_orders_from_a_csv(tmp_path: Path) -> None:
    """The same orders, with dates or hours; the file goes with the results."""
    with (tmp_path / "orders.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["due", "mass_t", "name"], ["2026-01-05T04:00", "10", "B"], ["2026-01-05T02:00", "20", "A"]])
    text = (tmp_path / "orders.csv").read_text()
    result = twin.run(plant("orders.csv", files={"orders.csv": text}))
    assert done(result) == {"out.A": 2.0, "out.B": 3.0}
    assert result.files == {"orders.csv": text}
    hours = "due_h,mass,from_min\n4,10 t,0\n2,20 t,0\n"
    assert done(twin.run(plant("orders.csv", files={"orders.csv": hours}))) == {"out.2": 2.0, "out.1": 3.0}


@pytest.mark.parametrize(
    ("orders", "message"),
    [
        ([], "a list of orders is needed"),
        ([{"mass": "10 t"}], "'due' is missing"),
        ([{"mass": "0 t", "due": "2 h"}], "mass"),
        ([{"mass": "10 t", "due": "soon"}], "a date or a time since the start is needed"),
        ([{"mass": "10 t", "due": "2026-01-04T12:00"}], "is due 12 h before the run begins"),
        ([{"mass": "10 t", "due": "2 h", "from": "3 h"}], "must not be loaded before 3 h and is due at 2 h"),
        ([{"mass": "10 t", "due": "2 h", "name": "A"}, {"mass": "10 t", "due": "3 h", "name": "A"}], "'A' is there twice, first of order 1"),
        ([{"mass": "10 t", "due": "2 h", "until": "3 h"}], "unknown key 'until'"),
        ([{"mass": "120 t", "due": "2 h"}], "order '1' of 120 t never lies whole in 'store', which hold"),
        ("none.csv", "none.csv"),
        ("a.csv", "a.csv:1 the columns 'due'"),
        ("b.csv", "b.csv:3 column 'due'"),
        ("c.csv", "c.csv:2 is due 1 d before the run begins"),
        ("d.csv", "d.csv:1 unknown column 'customer'"),
    ],
)
def test_wrong_orders_end_in_one_line(orders: Any, message: str) -> None:
    files = {
        "a.csv": "name,mass_t\nA1,10\n",
        "b.csv": "due,mass_t\n2026-01-06,10\nfriday,10\n",
        "c.csv": "due,mass_t\n2026-01-04,10\n",
        "d.csv": "due,mass_t,customer\n2026-01-06,10,mill\n",
    }
    with pytest.raises(ScenarioError) as caught:
        twin.run(plant(orders, files=files))
    assert len(caught.value.problems) == 1
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("campaign", "message"),
    [
        ({"by": "due"}, "'by: due' needs a 'plan'"),
        ({"by": "due", "plan": [{"from": "yard"}, {"from": "other", "for": "out"}]}, "'for' is missing"),
        ({"plan": [{"from": "yard", "for": "out"}]}, "used only with 'by: due'"),
        ({"by": "due", "mass": "4 t", "plan": [{"from": "yard", "for": "out"}]}, "'mass' is not used with 'by: due'"),
        ({"by": "due", "plan": [{"from": "yard", "for": "ot"}]}, "a product with 'orders' is needed.*out"),
    ],
)
def test_wrong_campaigns_end_in_one_line(campaign: dict[str, Any], message: str) -> None:
    units = {
        "yard": yard("fridge"),
        "other": yard("screen"),
        "line": {**LINE, "from": ["yard", "other"], "take": "campaigns", "campaign": campaign},
        "store": {"kind": "bunker", "from": "line", "capacity": "100 t"},
        "out": {"kind": "product", "from": "store", "orders": [{"mass": "10 t", "due": "2 h"}]},
    }
    with pytest.raises(ScenarioError, match=message) as caught:
        twin.run(load(units))
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("product", "message"),
    [
        ({"from": "line"}, "orders are loaded from a bunker"),
        ({"orders": None, "loading": {"time": "1 h"}}, "'loading' needs 'orders'"),
        ({"loading": {"time": "1 h", "needs": "team"}}, "unknown resource 'team'"),
        ({"spec": {"fridge": ">= 90 %"}, "when_off_spec": "reject"}, "leads nowhere"),
    ],
)
def test_wrong_products_end_in_one_line(product: dict[str, Any], message: str) -> None:
    own = {"kind": "product", "from": "store", "orders": [{"mass": "10 t", "due": "2 h"}], **product}
    units = {
        "yard": yard("fridge"),
        "line": LINE,
        "store": {"kind": "bunker", "from": "line" if product.get("from") != "line" else "line.out", "capacity": "100 t"},
        "out": {key: value for key, value in own.items() if value is not None},
    }
    with pytest.raises(ScenarioError, match=message):
        twin.run(load(units))


@pytest.mark.parametrize("until", [0.1, 1.3, 3.9, 6.5, 8.2, 20.7])
def test_a_run_that_is_resumed_goes_on_to_the_last_bit(tmp_path: Path, until: float) -> None:
    names = {"a": 20, "b": 14}
    orders = {name: [{"mass": f"{mass} t", "due": f"{5 * k + 4} h"} for k in range(8)] for name, mass in names.items()}
    text = campaigns(orders, "48 h").to_yaml()
    loading = {"time": {"exponential": {"mean": "1 h"}}, "needs": "loader"}
    case = twin.load(text).change({"units.a.loading": loading, "units.b.loading": loading, "resources": {"loader": {"count": 1, "calendar": "day"}}})
    whole = twin.run(case)
    assert sum(not math.isnan(time) for time in done(whole).values()) >= 4
    twin.run_until(case, until * HOUR, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == whole.digest


@pytest.mark.parametrize("until", [0.5, 1.1, 1.3, 2.0])
def test_a_run_that_waits_for_room_is_resumed_to_the_last_bit(tmp_path: Path, until: float) -> None:
    twin.run_until(aside("1.2"), until * HOUR, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == twin.run(aside("1.2")).digest


def test_a_plant_without_orders_has_no_table_of_them() -> None:
    result = twin.run(load({"yard": yard("fridge"), "line": LINE, "out": {"kind": "product", "from": "line"}}, "2 h"))
    assert "orders" not in result.groups
    assert not [name for name in result.kpis if name.startswith(("on_time_share", "late", "open_orders"))]


def test_a_file_with_part_of_the_table_is_refused(tmp_path: Path) -> None:
    twin.run(plant([{"mass": "20 t", "due": "3 h"}], "4 h"), out=tmp_path / "a.h5").close()
    with twin.open(tmp_path / "a.h5") as result:
        assert done(result) == {"out.1": 2.0}
        assert result.dataset("orders")["order_name"].values.tolist() == ["1"]
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file["orders/done"]
    with pytest.raises(FileError):
        twin.open(tmp_path / "a.h5")
