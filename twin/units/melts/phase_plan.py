"""From the parameters of a furnace and one of its phases to what the compiled phase takes, and back to energy by carrier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.kernels import furnace as kernel
from twin.kernels.furnace_tables import END_TEST
from twin.kernels.record_table import Records
from twin.materials import ELEMENTS
from twin.materials.carriers import Fuel, fuel
from twin.materials.heat import HeatData
from twin.scenario.furnace import FurnaceModel
from twin.scenario.furnace_power import oxygen_at_most
from twin.scenario.phases import Charge, Fume, Reductant, Working
from twin.units.melts.bath import Outcome
from twin.units.melts.element_rows import FORMATION, E

if TYPE_CHECKING:
    from twin.units.melts.process import Process

Floats = NDArray[np.float64]
_LOSS_LEVEL = 3


class PhasePlan:
    """What stays the same from batch to batch. ``oxygen``: bought oxygen at full blast and fire, Nm3/s."""

    def __init__(self, model: FurnaceModel, phase: Working, heat: HeatData) -> None:
        self.model, self.phase, self._heat = model, phase, heat
        self.burner: Fuel | None = fuel(model.burner.carrier) if model.burner is not None else None
        self.reductant: Fuel | None = fuel(phase.reductant.carrier) if phase.reductant is not None else None
        self._fuel_row = _row(self.burner, heat) if self.burner is not None else np.zeros(E + 2)
        self._reductant_row = _row(self.reductant, heat) if self.reductant is not None else np.zeros(E + 2)
        self.oxygen = oxygen_at_most(model, phase)
        tests = [(kernel.TESTS.index(t.quantity), ELEMENTS.index(t.element) if t.element else 0, 1.0 if t.above else -1.0, t.value) for t in phase.until.tests]
        self.tests: Records = np.array(tests, dtype=END_TEST.dtype)

    def _power(self) -> float:
        assert self.model.burner is not None
        return self.model.burner.power if self.phase.burner is None else self.phase.burner

    def _heating(self) -> dict[str, float]:
        """What the kernel's plan says of burner and electrodes."""
        values: dict[str, float] = {}
        burner, electrodes = self.model.burner, self.model.electrodes
        if burner is not None and self.burner is not None:
            values |= {"burner_power": self._power(), "fuel_lhv": self.burner.heating_value, "burner_oxygen": burner.oxygen, "burner_excess": burner.excess}
            values |= {"burner_in_bath": burner.in_bath, "burner_return": burner.heat_return}
        if electrodes is not None:
            drawn = electrodes.power if self.phase.electrodes is None else self.phase.electrodes
            values["electrode_power"] = drawn * electrodes.efficiency
        return values

    def _jackets(self) -> dict[str, float]:
        """What the kernel's plan says of cooled walls."""
        lining = self.model.freeze_lining
        if lining is None:
            return {}
        values = {"jacket_area": lining.area, "jacket_film": lining.heat_transfer, "jacket_temperature": lining.temperature}
        return values | {"frozen_conductivity": lining.conductivity, "frozen_most": lining.thickest}

    def _rate(self, reductant: Reductant) -> float:
        assert self.reductant is not None
        if reductant.rate is not None:
            return reductant.rate
        assert reductant.flow is not None
        density = self.reductant.density
        return reductant.flow * density if density is not None else 0.0

    def supplies(self, coolant: tuple[Floats, float], stock: Floats | None = None) -> tuple[Floats, float]:
        """Rows of coolant, fuel and reductant per kg, and how much coolant there is, kg; ``stock`` (E + 2,): the reductant's bin, if it has one."""
        row, mass = coolant
        per_kg = row / mass if mass > 0.0 else np.zeros(E + 2)
        reductant = self._reductant_row
        if stock is not None and (held := float(stock[:E].sum())) > 0.0:
            reductant = stock / held
        return np.ascontiguousarray([per_kg, self._fuel_row, reductant]), mass if self.phase.coolant is not None else 0.0

    def record(self, feed: float, coolant: float, wear: float, oxygen_limit: float, seconds: float | None = None) -> Records:
        """The kernel's plan for ``feed`` and ``coolant`` kg; ``wear``: wall loss over that of a new lining; ``oxygen_limit`` Nm3/s.

        The phase lasts ``seconds`` where they are given.
        """
        model, phase = self.model, self.phase
        values = (
            {
                "dt": model.step,
                "tolerance": model.tolerance,
                "at_least": phase.duration,
                "at_most": max(phase.max, phase.duration),
                "target": model.temperature.target if phase.temperature is None else phase.temperature,
                "coldest": model.temperature.coldest,
                "hottest": model.temperature.hottest,
                "band": model.temperature.band,
                "feed_rate": phase.rate if isinstance(phase, Charge) else 0.0,
                "oxygen_limit": oxygen_limit,
                "gas_limit": model.offgas.limit if model.offgas.limit is not None else math.inf,
                "wall_loss": model.walls * wear,
                "post_combustion": model.offgas.post_combustion,
                "heat_return": model.offgas.heat_return,
                "air_excess": model.offgas.air_excess,
                "organics_in_bath": model.organics_in_bath,
                "dust_share": model.dust,
                "fuming": model.fuming,
                "fuming_gas": model.fuming_gas,
                "fuming_exponent": model.fuming_growth,
                "stirred": float(phase.stirred),
                "entrainment": model.droplets.stirred,
                "droplet": model.droplets.size,
                "spread": model.droplets.spread,
                "area": model.droplets.area,
                "thickness": model.droplets.viscosity,
            }
            | self._heating()
            | self._jackets()
        )
        if phase.blast is not None:
            values |= {"blast": phase.blast.rate, "blast_oxygen": phase.blast.oxygen, "blast_use": phase.blast.use}
        if phase.coolant is not None:
            values |= {"coolant_rate": phase.coolant.rate, "coolant_mass": coolant}
        if phase.reductant is not None:
            mass = phase.reductant.mass if phase.reductant.mass is not None else math.inf
            values |= {"reductant_rate": self._rate(phase.reductant), "reductant_mass": mass, "reductant_use": phase.reductant.use}
        values |= self._ramps()
        if isinstance(phase, Fume):
            injection = phase.injection
            values |= {"tuyere_zone": 1.0, "reductant_use": injection.entrained, "coal_burnt": injection.burnt}
            values |= {"slag_oxidation": injection.slag_oxidation, "tuyere_heat": injection.heat}
        if seconds is not None:
            values |= {"at_least": seconds, "at_most": seconds}
        return kernel.plan_of(values)

    def _ramps(self) -> dict[str, float]:
        """What changes in a straight line while the phase lasts."""
        phase = self.phase
        found: dict[str, float] = {}
        ramps = {
            "target": phase.temperature_ramp,
            "blast": phase.blast.ramp if phase.blast is not None else None,
            "reductant": phase.reductant.ramp if phase.reductant is not None else None,
            "feed": phase.ramp if isinstance(phase, Charge) else None,
        }
        for name, ramp in ramps.items():
            if ramp is not None:
                found |= {f"{name}_to": ramp.to, f"{name}_over": ramp.over}
        return found

    def use(self, outcome: Outcome, process: Process) -> Floats:
        """Energy by carrier (carrier,), J: fuels by their lower heating value, electricity of the electrodes and for what was fed."""
        carriers = process.recorder.axes.carriers
        use = process.no_use()
        for name, burnt in (("fuel", self.burner), ("reductant", self.reductant)):
            if burnt is not None:
                stocked = name == "reductant" and self.phase.reductant is not None and self.phase.reductant.source is not None
                heat = self._heating_value(outcome.stream(name)) if stocked else float(outcome.stream(name)[:E].sum()) * burnt.heating_value
                use[carriers.index(burnt.name)] += heat
        use[process.electricity] += self.model.power.specific * float(outcome.stream("feed")[:E].sum()) + self.drawn(outcome)
        return use

    def bought(self, outcome: Outcome, carrier: str) -> float:
        """What of a fuel burner and reductant used, J by its lower heating value; a reductant from a bunker is no bought fuel."""
        stocked = self.phase.reductant is not None and self.phase.reductant.source is not None
        used = (("fuel", self.burner), ("reductant", None if stocked else self.reductant))
        return sum(float(outcome.stream(name)[:E].sum()) * burnt.heating_value for name, burnt in used if burnt is not None and burnt.name == carrier)

    def _heating_value(self, row: Floats) -> float:
        """Lower heating value [J] of coal from a stock: what its formation is above that of its ash and of what it burns to."""
        mass = float(row[:E].sum())
        return float(row[FORMATION]) - mass * self._heat.formation(row[:E] / mass, 0.0) if mass > 0.0 else 0.0

    def drawn(self, outcome: Outcome) -> float:
        """Electricity of the electrodes, J."""
        return outcome.sum("electric_heat") / self.model.electrodes.efficiency if self.model.electrodes is not None else 0.0

    def waste_heat(self, outcome: Outcome) -> Floats:
        """Waste heat by level (level,), J: off-gas; at the lowest the walls and what the electrodes lose outside of the bath."""
        heat = outcome.heat.copy()
        heat[_LOSS_LEVEL] += outcome.sum("wall_loss") + self.drawn(outcome) - outcome.sum("electric_heat")
        return heat


def _row(burnt: Fuel, heat: HeatData) -> Floats:
    row = np.zeros(E + 2)
    row[:E] = burnt.composition
    row[FORMATION] = heat.formation(row[:E], burnt.heating_value)
    return row
