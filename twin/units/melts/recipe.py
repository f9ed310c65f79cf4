"""What a furnace is charged with: its recipe, adjusted by assay and need, waits in the feeder; cold scrap against overheating in a hopper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.unit import State
from twin.kernels.heaps import add_materials
from twin.materials import ELEMENTS
from twin.materials.heat import HeatData
from twin.scenario.furnace import FurnaceModel
from twin.scenario.phases import Blend, Charge, Coolant, Flux, Reductant, Working
from twin.units.ground.assembly import Assembly
from twin.units.melts.bath import SLAG, Outcome
from twin.units.melts.carbon import C, bought, share_of
from twin.units.melts.element_rows import E, ElementRows
from twin.units.melts.ladle import Mouth

if TYPE_CHECKING:
    from twin.units.melts.furnace import Furnace

Floats = NDArray[np.float64]
SILICA = 0.060083 / 0.028085
"""kg SiO2 to a kg of Si."""
_FE, _SI = ELEMENTS.index("Fe"), ELEMENTS.index("Si")


class Loading:
    """``feeder`` (3, E + 2): what is drawn and not charged yet; ``hopper`` (E + 2,): coolant; ``bins`` (source, E + 2): coal by its bunker."""

    def __init__(self, site: Assembly, name: str, model: FurnaceModel, heat: HeatData) -> None:
        self.site, self.model = site, model
        self.element_rows = ElementRows(site, heat)
        self.fine_classes = sum(1 for upper in site.scenario.sizes.upper if upper <= model.fines * (1.0 + 1e-9))
        self.feeder, self.hopper = np.zeros((3, E + 2)), np.zeros(E + 2)
        stocks = [phase.model.reductant.source for phase in model.phases if isinstance(phase.model, Working) and phase.model.reductant is not None]
        self.stocks = tuple(dict.fromkeys(source for source in stocks if source is not None))
        self.bins = np.zeros((len(self.stocks), E + 2))
        self.bunkers: Mapping[str, Bunker] = {}
        self._part = np.zeros(site.shape)

    def connect(self, bunkers: Mapping[str, Bunker], mouths: Mapping[str, Mouth]) -> None:
        """Find the sources: bunkers by name, mouths by the stream that fills them."""
        self.bunkers = {name: mouths.get(name) or bunkers[name] for name in self.model.from_}

    def lacking(self, furnace: Furnace, phase: Working) -> list[tuple[Bunker, float]]:
        """The sources that hold less than recipe and coal need at least, and how much that is."""
        found = []
        reductant = phase.reductant
        if reductant is not None and reductant.source is not None:
            bunker, short = self.bunkers[reductant.source], self._short(reductant)
            if short > bunker.tolerance and not bunker.has(furnace, short):
                found.append((bunker, short))
        for name, portion in phase.recipe.items() if isinstance(phase, Charge) else ():
            bunker = self.bunkers[name]
            least = portion.mass if portion.least is None else portion.least
            if least > 0.0 and not bunker.has(furnace, least):
                found.append((bunker, least))
        return found

    def load(self, furnace: Furnace, phase: Charge, lot: int, now: int) -> None:
        """Draw the charge into the feeder: the recipe, less what the feeder still holds, and flux."""
        wanted = {name: min(portion.mass, self.bunkers[name].level) for name, portion in phase.recipe.items()}
        held, total = float(self.feeder[:, :E].sum()), sum(wanted.values())
        share = max(0.0, 1.0 - held / total) if total > 0.0 else 0.0
        wanted = {name: mass if isinstance(self.bunkers[name], Mouth) else mass * share for name, mass in wanted.items()}
        if phase.blend is not None:
            wanted = self._blended(phase.blend, wanted)
        for name, mass in wanted.items():
            self._draw(furnace, name, mass, phase.recipe[name].fines, lot, now)
        if phase.flux is not None:
            self._draw(furnace, phase.flux.source, self._flux(furnace, phase.flux), 0.0, lot, now)

    def _draw(self, furnace: Furnace, name: str, mass: float, fine: float, lot: int, now: int) -> None:
        bunker = self.bunkers[name]
        if mass <= bunker.tolerance or bunker.level <= 0.0:
            return
        rows = furnace.draw(bunker, min(mass, bunker.level), lot, now)
        furnace.carbon.feeder += furnace.convert_charge(rows)
        fines = furnace.part[: self.site.components.solid, : self.fine_classes].sum(axis=1)
        self.feeder += self.element_rows.rows(rows, isinstance(bunker, Mouth), fine, fines)

    def _look(self, name: str, mass: float) -> Floats:
        """Elements (element,), kg, in the next ``mass`` kg of a source."""
        bunker = self.bunkers[name]
        if mass <= bunker.tolerance or bunker.level <= 0.0:
            return np.zeros(E)
        rows = np.zeros(self.site.components.rows)
        bunker.content.peek(min(mass, bunker.level), self._part)
        add_materials(rows, self._part, 1.0)
        return self.site.components.elements_of(rows)

    def _blended(self, blend: Blend, wanted: dict[str, float]) -> dict[str, float]:
        """Shift mass from the lean to the rich source, as far as there is some, until the charge has what is wanted."""
        e = ELEMENTS.index(blend.element)
        total = sum(wanted.values())
        held = {name: float(self._look(name, mass)[e]) for name, mass in wanted.items()}
        rich, lean = wanted[blend.rich], wanted[blend.lean]
        if rich <= 0.0 or lean <= 0.0:
            return wanted
        gain = held[blend.rich] / rich - held[blend.lean] / lean
        if gain <= 0.0:
            return wanted
        shift = (blend.target * total - sum(held.values())) / gain
        shift = min(max(shift, -rich), lean)
        shift = min(shift, self.bunkers[blend.rich].level - rich)
        shift = max(shift, lean - self.bunkers[blend.lean].level)
        return {**wanted, blend.rich: rich + shift, blend.lean: lean - shift}

    def _flux(self, furnace: Furnace, flux: Flux) -> float:
        """Flux that the iron in slag and charge needs, kg: all iron is taken as going into the slag."""
        known = furnace.bath.parts[SLAG, :E] + self.feeder[:, :E].sum(axis=0)
        sample = self._look(flux.source, flux.most)
        amount = min(flux.most, self.bunkers[flux.source].level)
        if amount <= 0.0:
            return 0.0
        lacking = known[_FE] / flux.iron_to_silica - known[_SI] * SILICA
        yields = (sample[_SI] * SILICA - sample[_FE] / flux.iron_to_silica) / amount
        return min(max(0.0, lacking / yields), amount) if yields > 0.0 else 0.0

    def load_coolant(self, furnace: Furnace, coolant: Coolant, lot: int, now: int) -> None:
        """Fill the hopper up, as far as there is cold scrap."""
        bunker = self.bunkers[coolant.source]
        mass = min(coolant.mass - float(self.hopper[:E].sum()), bunker.level)
        if mass > bunker.tolerance and bunker.getters.free_for(furnace):
            rows = furnace.draw(bunker, mass, lot, now)
            furnace.carbon.hopper += furnace.convert_charge(rows)
            self.hopper += self.element_rows.rows(rows, hot=False, fine=0.0).sum(axis=0)

    def _short(self, reductant: Reductant) -> float:
        """What the bin lacks of a phase's coal, kg."""
        assert reductant.source is not None and reductant.mass is not None
        return reductant.mass - float(self.bins[self.stocks.index(reductant.source), :E].sum())

    def load_reductant(self, furnace: Furnace, reductant: Reductant, lot: int, now: int) -> None:
        """Fill the bin of a phase's coal up."""
        assert reductant.source is not None
        bunker = self.bunkers[reductant.source]
        mass = min(self._short(reductant), bunker.level)
        if mass > bunker.tolerance:
            rows = furnace.draw(bunker, mass, lot, now)
            carbon = float(self.site.components.elements_of(rows)[C])
            furnace.convert(rows, bought(carbon))  # its CO2 is that of the carrier that it counts as
            self.bins[self.stocks.index(reductant.source)] += self.element_rows.rows(rows, hot=False, fine=0.0).sum(axis=0)

    def stock(self, phase: Working) -> Floats | None:
        """The bin (E + 2,) that a phase's reductant comes from; None where it is bought as a carrier, without limit."""
        source = phase.reductant.source if phase.reductant is not None else None
        return self.bins[self.stocks.index(source)] if source is not None else None

    def feed(self, charging: bool) -> tuple[Floats, float]:
        """The charge (3, E + 2) of a phase, and its mass, kg."""
        if not charging:
            return np.zeros((3, E + 2)), 0.0
        return self.feeder.copy(), float(self.feeder[:, :E].sum())

    @property
    def coolant(self) -> tuple[Floats, float]:
        """The hopper's content (E + 2,) and its mass, kg."""
        return self.hopper, float(self.hopper[:E].sum())

    def used(self, furnace: Furnace, outcome: Outcome, charging: bool, stock: Floats | None = None) -> None:
        """Take off what the phase used; ``stock``: its bin of coal, if it has one."""
        if stock is not None:
            stock -= outcome.stream("reductant")
            if float(stock[:E].sum()) < 1e-9 * float(outcome.stream("reductant")[:E].sum()):
                stock[:] = 0.0
        fed = min(outcome.sum("fed"), 1.0) if charging else 0.0
        self.feeder *= 1.0 - fed
        cooled = float(outcome.stream("coolant")[:E].sum())
        furnace.carbon.charge(fed, share_of(cooled, float(self.hopper[:E].sum())) if cooled > 0.0 else 0.0)
        self.hopper -= outcome.stream("coolant")
        if float(self.hopper[:E].sum()) < 1e-9 * float(outcome.stream("coolant")[:E].sum()):
            self.hopper[:] = 0.0

    def held(self) -> Floats:
        """All that is drawn and not charged yet (E + 2,)."""
        held: Floats = self.feeder.sum(axis=0) + self.hopper + self.bins.sum(axis=0)
        return held

    def save(self) -> State:
        """As arrays."""
        return {"feeder": self.feeder.copy(), "hopper": self.hopper.copy(), "bins": self.bins.copy()}

    def load_state(self, state: State) -> None:
        """Take over saved contents."""
        self.feeder[:], self.hopper[:], self.bins[:] = state["feeder"], state["hopper"], state["bins"]
