"""A batch of slag that is fumed, after Yurko 1970: 55 t with 18 % Zn and 2.5 % Pb, of which 89 and 98 % left.

What was published is the slag's mass and assay for zinc and lead and what left; the rest was set before the batch was first run, from this:

- other elements: a lead blast-furnace slag of 34 FeO, 22 SiO2, 12 CaO, 4.5 Al2O3, 2 MgO; assumed, plants differ by a fifth;
- coal: hard coal at 55 kg/min for 150 min, recalled of five plants in Richards and others 1985 as 50 to 70 kg/min and 120 to 150 min;
- air: 0.7 of what the coal needs (Baimakov and others 1966, abstract), 250 Nm3/min; recalled 170 to 340;
- temperature at the start: 1250 C, in the middle of the recalled 1150 to 1325;
- walls: 60 m2 of water jackets (3 by 7 m, slag of 1 m with splashes), roof and uptake 0.5 MW; assumed.
"""

import json

import numpy as np

import twin

MINUTES, PHASES = 150, 10
RECIPE = {"reductant": {"carrier": "hard_coal", "rate": "55 kg/min"}, "blast": {"rate": "250 Nm3/min"}}
PLANT = """
twin: 1
name: fuming
title: A batch of lead blast-furnace slag is fumed
time: {start: 2026-01-05, horizon: 4 h}
record: {every: 1 h}
catalogue: [copper_scrap]
units:
  sand: {kind: bunker, capacity: 90 t, initial: {mass: 1 t, composition: {silica_sand: 100 %}}}
  fumer:
    kind: slag_fuming_furnace
    from: sand
    capacity: {metal: 20 t, slag: 80 t}
    heel: {metal: 0 t, slag: 2 t}
    initial:
      temperature: 1250 °C
      slag: {mass: 55 t, assay: {Zn: 18 %, Pb: 2.5 %, Fe: 26.4 %, Si: 10.3 %, Ca: 8.6 %, Al: 2.4 %, Mg: 1.2 %}}
    temperature: {target: 1250 °C, coldest: 1100 °C, hottest: 1400 °C}
    walls: 0.5 MW
    freeze_lining: {area: 60 m2}
    droplets: {area: 21 m2}
    phases: []
  slag: {kind: product, from: fumer.slag}
  metal: {kind: product, from: fumer.metal}
  fume: {kind: product, from: fumer.offgas}
"""


def scenario(path, minutes=MINUTES, phases=PHASES, changes=None, silo=None, **recipe):
    """The scenario of the batch, cut into ``phases`` of equal length; ``recipe`` replaces what its fume phases have; ``silo``: a bunker of coal beside it."""
    fume = [{"fume": {**RECIPE, "duration": f"{minutes / phases:g} min", "max": f"{minutes / phases:g} min", **recipe}} for _ in range(phases)]
    rest = [{"tap": {"slag": "120 t/h", "metal": "120 t/h"}}, {"charge": {"recipe": {"sand": "50 t"}, "rate": "60 t/h"}}]
    text = PLANT.replace("phases: []", "phases: " + json.dumps([*fume, *rest]))
    if silo is not None:
        text = text.replace("from: sand", "from: [sand, silo]").replace("  fumer:", f"{silo}  fumer:", 1)
    path.write_text(text, encoding="utf-8")
    found = twin.load(path)
    return found.change(changes) if changes else found


class Batch:
    """The course of a batch, from the rows of its fume phases."""

    def __init__(self, model):
        table = twin.run(model).dataset("batches").load()
        self.rows = [table.isel(batch=k) for k in np.flatnonzero(table.phase.values == "fume")]

    def in_bath(self, element):
        """Element in metal and slag at the end of each phase, kg."""
        return np.array([float(row.metal.sel(element=element) + row.slag.sel(element=element)) for row in self.rows])

    def fumed(self, element, mass):
        """Share of ``mass`` kg that is gone at the end of each phase."""
        return 1.0 - self.in_bath(element) / mass

    def minutes(self):
        """Time at the end of each phase."""
        return np.array([float((row.phase_end - self.rows[0].phase_start) / np.timedelta64(1, "m")) for row in self.rows])

    def temperatures(self):
        """At the end of each phase, in Celsius."""
        return np.array([float(row.temperature) - 273.15 for row in self.rows])

    def gap(self):
        """Largest error of the heat balance of a phase, of the heat that came in."""
        return max(abs(float(row.heat_in - row.heat_out - row.heat_stored)) / abs(float(row.heat_in)) for row in self.rows)
