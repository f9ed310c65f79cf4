"""The words of one scenario: its materials, their groups, elements and size classes, in one namespace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from twin.errors import UsageError
from twin.quantities import format_quantity
from twin.scenario.problems import Loc, nearest
from twin.scenario.sizes import COARSE_LIMIT, SizeClasses, SizeDistribution


@dataclass(frozen=True)
class Vocabulary:
    """What the names in a scenario can mean.

    ``materials`` are those the scenario uses, in catalogue order; ``known`` are all materials of its catalogues; ``groups`` names the
    materials of each group, used or not; ``assays`` give the mass fractions of elements in those in use, ``composites`` those that have constituents.
    ``classes`` are, by the sensor that sees them, those of the materials known.
    """

    materials: tuple[str, ...]
    known: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    elements: tuple[str, ...]
    sizes: SizeClasses
    assays: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    composites: tuple[str, ...] = ()
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def unknown_material(self, name: str, *, groups: bool = True, elements: bool = False) -> str | None:
        """Return what is wrong with ``name`` where a material (or a group, or an element) is needed; None where nothing is."""
        allowed = [*self.known, *(self.groups if groups else ()), *(self.elements if elements else ())]
        if name in allowed:
            return None
        what = " or ".join(["material", *(["group"] if groups else []), *(["element"] if elements else [])])
        if name in self.groups or name in self.elements:
            return f"{name!r} is {'a group' if name in self.groups else 'an element'}; {what} is needed"
        return f"unknown {what} {name[:80]!r}; {nearest(name, allowed)}"

    def groups_of(self, material: str) -> tuple[str, ...]:
        """Return the groups that a material belongs to, in catalogue order."""
        return tuple(group for group, members in self.groups.items() if material in members)

    def unresolved(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return the materials in use that none of ``keys`` (materials, groups, ``default``) speaks of."""
        spoken = set(keys)
        if "default" in spoken:
            return ()
        return tuple(name for name in self.materials if name not in spoken and not spoken.intersection(self.groups_of(name)))

    def ambiguous(self, keys: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return (material, groups) of each material in use that has no key of its own and is in two or more of the groups in ``keys``."""
        spoken = tuple(keys)
        found = ((name, tuple(g for g in self.groups_of(name) if g in spoken)) for name in self.materials if name not in spoken)
        return tuple((name, groups) for name, groups in found if len(groups) > 1)

    def wrong_sizes(self, size: SizeDistribution | None, used: Iterable[str]) -> Iterator[tuple[Loc, str]]:
        """Yield (place below it, message) of what is wrong with a size distribution of the materials in ``used``."""
        classes = len(self.sizes)
        if size is None:
            if classes > 1:
                yield (), f"'size' is missing: there are {classes} size classes, e.g. {{rosin_rammler: {{x63: 90 mm, n: 1.4}}}}"
            return
        fits = True
        for key, form, parameters in size.laws:
            place: Loc = () if key == "default" and len(size.laws) == 1 else (key,)
            if key != "default" and (message := self.unknown_material(key)):
                yield place, message
            if form == "fractions" and len(parameters) != classes:
                yield place, f"{classes} shares are needed, one for each size class (got {len(parameters)})"
                fits = False
        for name in used if fits else ():
            try:
                coarse = size.coarser(name, self.groups_of(name), self.sizes)
            except UsageError as error:
                yield (), str(error)
                continue
            if coarse > COARSE_LIMIT:
                largest, allowed = format_quantity(self.sizes.upper[-1], "m"), format_quantity(COARSE_LIMIT, "1")
                yield (), f"{coarse:.3g} of {name!r} is coarser than the largest size bound, {largest}: give larger 'size_bounds' (allowed: {allowed})"
                return
