"""A controller that a library learns, against fixed set points: ``python benchmarks/learned_control.py [--steps N] [--futures N]``, with ``twin[learn]``.

The plant and what is paid are those of docs/control.md (``sorter.yaml``): how fast does the sorter run, asked each hour, the yard's level being seen?
Soft actor-critic of Stable-Baselines3 (T. Haarnoja et al., ICML 2018) plays futures that its seed draws. Then the mean action that it learned is
played on futures that neither it nor the fixed rates have seen; the best fixed rate is chosen on six others. The difference is taken future by
future, with Student's interval at 95 %.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import gymnasium
import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

import twin

Floats = NDArray[np.float64]
Law = Callable[[Floats], float]
DAY = 86_400.0
PAID = {"flow.sorter.eject": 0.4 * 3600, "flow.sorter.eject.Cl": -30 * 3600, "queue.trucks": -30.0}
FULL, USUAL = 40_000.0, 100.0
"""kg that the yard holds, and EUR of a usual hour: what the network sees is of order 1."""
TRIED = range(6)
UNSEEN = 10_000
"""First of the futures that are kept back."""


def environment() -> twin.PlantEnvironment:
    """Three days of the sorter from its second day on."""
    return twin.PlantEnvironment(Path(__file__).with_name("sorter.yaml"), "pace", PAID, start=DAY, length=3 * DAY)


def earned(plant: twin.PlantEnvironment, law: Law, member: int) -> float:
    """EUR of one future under a law."""
    observed, _ = plant.reset(options={"member": member})
    total, over = 0.0, False
    while not over:
        observed, paid, _, over, _ = plant.step(np.array([law(observed)]))
        total += float(paid)
    return total


def learned(plant: twin.PlantEnvironment, steps: int, seed: int) -> Law:
    """The law that the library learns in so many hours of the plant."""
    import torch
    from stable_baselines3 import SAC

    torch.set_num_threads(1)  # sums of several threads differ from run to run
    seen = gymnasium.spaces.Box(-2.0, 2.0, (1,), dtype=np.float64)
    scaled = gymnasium.wrappers.TransformReward(
        gymnasium.wrappers.TransformObservation(plant, lambda level: 2.0 * level / FULL - 1.0, seen), lambda paid: float(paid) / USUAL
    )
    model = SAC("MlpPolicy", scaled, seed=seed, device="cpu", learning_starts=500, train_freq=2, gamma=0.95, policy_kwargs={"net_arch": [32, 32]})
    model.learn(steps)
    return lambda level: float(model.predict(2.0 * level / FULL - 1.0, deterministic=True)[0][0])


def fixed(rate: float) -> Law:
    """The same rate whatever is seen; -1 to 1 are its bounds."""
    return lambda _: rate


def main() -> None:
    """Learn, choose the best fixed rate, and play both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=4000, help="hours of the plant to learn in")
    parser.add_argument("--futures", type=int, default=40, help="kept back for the comparison")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    plant = environment()
    begin = time.process_time()
    law = learned(plant, options.steps, options.seed)
    print(f"learned in {options.steps} hours of the plant, {time.process_time() - begin:.0f} s of CPU")
    shown = [f"{6.0 + 4.0 * law(np.array([1000.0 * level])):.1f}" for level in (0, 5, 10, 20, 30, 40)]
    print(f"at 0, 5, 10, 20, 30, 40 t in the yard: {', '.join(shown)} t/h")
    rates = np.linspace(-0.75, 0.75, 7).tolist()
    best = max(rates, key=lambda rate: sum(earned(plant, fixed(rate), member) for member in TRIED))
    futures = range(UNSEEN, UNSEEN + options.futures)
    gain = np.array([earned(plant, law, member) - earned(plant, fixed(best), member) for member in futures])
    half = float(student.ppf(0.975, len(gain) - 1)) * gain.std(ddof=1) / len(gain) ** 0.5
    low, mean, high = (gain.mean() + sign * half for sign in (-1.0, 0.0, 1.0))
    print(f"best fixed rate {6.0 + 4.0 * best:.0f} t/h; three days bring {mean:.0f} EUR more, 95 % interval {low:.0f} to {high:.0f}")


if __name__ == "__main__":
    main()
