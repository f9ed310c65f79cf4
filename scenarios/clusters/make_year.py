"""Writes the series of the Lünen cluster: a made-up year of weather, what homes want of heat, sun and price. `python make_year.py --seed 1`.

Needs `pip install 'twin[energy]'` for the standard load profile of homes. Another seed is another year; none of them was measured. With `--own-need` a year
also has a mean temperature of its own, and homes want more in a cold one.
"""

import argparse
import sys
from datetime import datetime
from pathlib import Path

from twin.fit.years.heat_pump import HeatPump, performance
from twin.fit.years.homes import Homes, by_degree_hours, by_load_profile, degree_hours, need_of, rows
from twin.fit.years.weather import Climate, prices, sun, temperatures

FLATS = 5500  # about, Bauverein zu Lünen (ruhrnachrichten.de 1896958); whether all could be connected is not known
AREA = 65.0  # m2 a flat, assumed (55 to 75)
NEED = 140.0  # kWh/m2 a, mean of Lünen (ruhrnachrichten.de 1934748)
HOT_WATER = 17.5  # kWh/m2 a of that, assumed (12 to 25)
CELLS = 5.0  # MW of solar cells, a choice of this example
YEARS = 0.7  # K, standard deviation of the mean temperatures of years, assumed (0.5 to 0.9)
NORMAL = range(1, 31)  # seeds of the years whose mean degree hours are normal
FEES = 50.0  # EUR/MWh on top of the day-ahead price, assumed (20 to 90)


def main() -> None:
    """Make the file, beside this one unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--degree-hours", action="store_true", help="spread heat by degree hours in place of the standard load profile")
    parser.add_argument("--own-need", action="store_true", help="a mean temperature, and a need of heat, of the year's own")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "luenen_year.csv")
    options = parser.parse_args()
    light = sun(options.seed)
    outside = temperatures(options.seed, Climate(years=YEARS if options.own_need else 0.0))
    homes = Homes(FLATS * AREA, NEED - HOT_WATER, HOT_WATER)
    if options.own_need:
        normal = sum(float(degree_hours(homes, temperatures(seed)).sum()) for seed in NORMAL) / len(NORMAL)
        homes = need_of(homes, outside, normal)
    heat = by_degree_hours(homes, outside) if options.degree_hours else by_load_profile(homes, outside, 2026)
    columns = {
        "outside [degC]": outside,
        "heat [MW]": heat / 1000.0,
        "sun [MW]": CELLS * light,
        "price [EUR/MWh]": prices(options.seed, light) + FEES,
        "cop": performance(HeatPump(supply=90.0, back=60.0), outside),
    }
    way = "degree hours" if options.degree_hours else "standard load profile MFH, class 5 (demandlib), holidays of NW"
    own = ", as much as the year's own degree hours ask for" if options.own_need else ""
    head = f"# made by make_year.py, seed {options.seed}; heat by {way}{own}; assumed, no measured year; sun: of {CELLS:g} MW of solar cells\n"
    options.output.write_text(head + rows(datetime(2026, 1, 1), columns), encoding="utf-8")
    sys.stdout.write(f"{options.output.name}: {heat.sum() / 1e6:.2f} GWh of heat, at most {heat.max() / 1000:.2f} MW; {outside.mean():.1f} °C on average\n")


if __name__ == "__main__":
    main()
