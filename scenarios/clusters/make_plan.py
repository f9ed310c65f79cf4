"""Writes the plan of boilers that luenen_cluster_plan.yaml follows: `twin run luenen_cluster.yaml`, then `python make_plan.py luenen_cluster.h5`.

It knows what came in that run, hour by hour: what it gains is the most that a plan gains there.
"""

import argparse
import sys
from pathlib import Path

from twin.fit.years.cluster_plan import lay_plan
from twin.plant.cluster import stored_cluster


def main() -> None:
    """Make the file, beside this one unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="results of the cluster by rule")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "luenen_plan.csv")
    options = parser.parse_args()
    with stored_cluster(options.run) as (result, cluster):
        laid = lay_plan(result, cluster)
    options.output.write_text("# made by make_plan.py of a run by rule; it knows what came in that run\n" + laid.csv(), encoding="utf-8")
    sys.stdout.write(f"{options.output.name}: {laid.plan.cost:,.2f} EUR of fuel over {len(laid.plan.content)} steps by the programme\n")


if __name__ == "__main__":
    main()
