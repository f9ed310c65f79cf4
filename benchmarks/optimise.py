"""What the search of ``twin optimise`` is worth: true regret on five stated problems against a Sobol' sequence of the same runs, limits kept, false claims.

    python benchmarks/optimise.py [regret|claims|selection|all] [--seeds N]

Regret: the best true value less that of the setting which was selected, mean over seeds. Both sides have 80 runs of the search, 40 of the choice (160 with a
limit). Claims: a function without any effect of its settings, 200 studies; how often "better than the base" is said. Selection: six finalists, one better
than the others by the indifference zone, all others equal; how often it is selected.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fit"))

from noisy_problems import CASES, SHARE, Case

from twin.fit.optimise.engine import FunctionRuns, optimise_one
from twin.fit.optimise.problem import Effort, Objective, Observation, Problem
from twin.fit.optimise.selection import select
from twin.fit.optimise.space import Range, Space
from twin.study.statistics import clopper_pearson

SEARCH, START, BATCH = 80, 27, 8


def effort_of(case: Case) -> Effort:
    return Effort(SEARCH, START, BATCH, 8, 160 if case.chance is not None else 40, 20)


def regret(seeds: int) -> None:
    for case in CASES:
        best, effort = case.best(), effort_of(case)
        found = {}
        for name, how in (("Sobol'", case.by_sobol), ("search", case.run)):
            outcomes = [how(effort, 100 + seed) for seed in range(seeds)]
            found[name] = [case.regret(one.verdict.best.setting, best) for one in outcomes if one.verdict.best.setting is not None]
            if case.chance is not None:
                truth = [case.chance(np.array(one.verdict.best.setting.values)) for one in outcomes if one.verdict.best.setting is not None]
                sure = [one.selected is not None for one in outcomes]
                broken = sum(value < SHARE and said for value, said in zip(truth, sure, strict=True))
                about = f"truly broken by {sum(v < SHARE for v in truth)} of {len(truth)} selected, {broken} of {sum(sure)} said to keep it"
                print(f"{case.name:7} {name}: limit {about}")
        a, b = np.mean(found["search"]), np.mean(found["Sobol'"])
        error = np.std(np.array(found["search"]) - np.array(found["Sobol'"]), ddof=1) / np.sqrt(seeds)
        told = f"ratio {a / b:.2f} (difference {a - b:+.4f}, standard error {error:.4f})"
        print(f"{case.name:7} best {best:.4f}, regret {a:.4f} against {b:.4f} of Sobol', {told}", flush=True)


def claims(studies: int) -> None:
    """All settings are equal."""
    space = Space(tuple(Range(f"x{k}", "1", low=0.0, high=1.0) for k in range(2)))
    said = 0
    for seed in range(studies):
        problem = Problem(space, (Objective("y", 1, 0.1),), (), Effort(32, 11, 8, 4, 24, 10), seed)
        runs = FunctionRuns(lambda values, draw: Observation({"y": 10.0 + draw.standard_normal()}), {"x0": 0.5, "x1": 0.5}, 5000 + seed)
        said += optimise_one(problem, runs).verdict.claims
    low, high = clopper_pearson(said, studies)
    print(
        f"equal designs: better than the base claimed in {said} of {studies} studies, {100 * said / studies:.1f} % ({100 * low:.1f} to {100 * high:.1f} %)",
        flush=True,
    )


def selection(studies: int) -> None:
    """The best is better than all others by the zone: the hardest case of an indifference zone. Settings share half of the variance."""
    space = Space((Range("x", "1", low=0.0, high=5.0, whole=True),))
    settings = [space.setting([(k + 0.5) / 6]) for k in range(6)]
    right = sure = wrong = spent = 0
    for seed in range(studies):
        problem = Problem(space, (Objective("y", 1, 1.0),), (), Effort(select=600), seed)

        def one(values: dict[str, float], draw: np.random.Generator) -> Observation:
            shared = draw.standard_normal()
            own = np.random.default_rng((int(values["x"]), abs(int(1e12 * shared)))).standard_normal()
            return Observation({"y": shared + own + (1.0 if values["x"] == 2.0 else 0.0)})

        choice = select(problem, settings, FunctionRuns(one, {"x": 0.0}, 9000 + seed, common=True))
        hit = choice.best.finalist.setting.values[0] == 2.0
        right += hit
        sure += choice.probability >= 0.95
        wrong += not hit and choice.probability >= 0.95
        spent += choice.spent
    low, high = clopper_pearson(right, studies)
    text = f"{right} of {studies} times ({100 * low:.1f} to {100 * high:.1f} %)"
    print(f"one of six better by the zone: selected {text}; said sure {sure} times, wrongly {wrong}; {spent / studies:.0f} runs in the mean", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", default="all", choices=("regret", "claims", "selection", "all"))
    parser.add_argument("--seeds", type=int, default=0)
    options = parser.parse_args()
    for name, run, usual in (("regret", regret, 30), ("claims", claims, 200), ("selection", selection, 300)):
        if options.what in (name, "all"):
            run(options.seeds or usual)


if __name__ == "__main__":
    main()
