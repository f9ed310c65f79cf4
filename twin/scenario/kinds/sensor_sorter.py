"""A sensor sorter: looks at each piece on a belt and blows out what it takes for a target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from twin.materials import ELEMENTS
from twin.materials.properties import CLASSES
from twin.quantities import Conductivity, DurationOrZero, Factor, FactorOrZero, Fraction, Length, LengthOrZero, Quantity, Speed, shown
from twin.scenario.confusion import ConfusionMatrix
from twin.scenario.fields import Names
from twin.scenario.kind import MEMORY, NOT_USED, Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults, Loc, nearest, wrong
from twin.scenario.response import Response
from twin.scenario.sizes import SizeClasses
from twin.scenario.vocabulary import Vocabulary

MODEL = "assumption of the sensor sorter model; calibrate to a measured yield and purity"
POISSON = "of two pieces that overlap one lies below: exact for few layers of pieces placed at random (derived); replace it by a fit to a measured yield"
NO_NEED = "as the sensor needs it"
PEAKS = (
    "below the .46 to .56 of a volume flow whose 90 % quantile is 3.4 to 4.6 times the 10 % one (Curtis et al. 2021, doi 10.1016/j.wasman.2020.10.037, "
    "abstract; mixed commercial waste): most of that is slower than half a minute, and comes lot by lot; the number is assumed"
)
PILES = "of two pieces in a pile the lower one seldom flies: Küppers et al. 2020 (abstract) saw no effect of composition on yield; the number is assumed"
LATE = "of the valves that fail some are shut and some slow; how many is a guess; Küppers et al. 2020 (abstract) saw them cost purity too at high throughput"
DARK = ("none", "dark")
"""Classes of which a sensor gets no signal: unknown ones, and those that carbon black hides."""

SurfaceMass = Annotated[float, Quantity("kg/m2", gt=0)]
Unevenness = Annotated[float, Quantity("1", ge=0, le=1.5)]
"""A coefficient of variation for which the nodes of the kernel suffice."""
BY_NAME = (*CLASSES, "camera")
"""Sensors that tell classes apart, and so can have two blocks of valves that 'eject' and 'eject_2' name."""


def _elements(value: object) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, (list, tuple)) or not all(element in ELEMENTS for element in listed):
        odd = [element for element in listed if element not in ELEMENTS] if isinstance(listed, (list, tuple)) else [value]
        raise wrong(f"an element or a list of elements is needed, e.g. [Cu, Zn] (got {shown(odd[0])}); {nearest(odd[0], ELEMENTS)}")
    return tuple(dict.fromkeys(listed))


Elements = Annotated[
    tuple[str, ...],
    BeforeValidator(_elements),
    WithJsonSchema({"anyOf": [{"enum": list(ELEMENTS)}, {"type": "array", "items": {"enum": list(ELEMENTS)}, "minItems": 1}]}),
]


class SensorSorter(MachineModel):
    """Recognises pieces by spectrum, colour, X-rays or conductivity and blows the targets out with air valves; the rest passes."""

    kind: Literal["sensor_sorter"]
    sensor: Literal["nir", "colour", "xrt", "xrf", "induction", "camera"] = default(
        "nir",
        "the usual sensor for packaging",
        description="What it sees: near-infrared class, colour class, effective atomic number (X-ray transmission), content of elements "
        "(X-ray fluorescence), metal (induction), or what a trained classifier tells (camera).",
    )
    eject: Names = default(
        (),
        NO_NEED,
        description="With nir and colour: the classes, materials or groups that are blown out; of a confusion matrix the classes that pieces are taken for.",
    )
    eject_2: Names = default(
        (), NOT_USED, description="What a second block of valves blows out, to a port `eject_2` between `eject` and `pass`; written as 'eject'."
    )
    confusion_matrix: ConfusionMatrix = default(
        ConfusionMatrix(),
        NOT_USED,
        description="With camera, nir and colour: what pieces of each material, group or `default` are taken for, in place of detection and confusion.",
    )
    elements: Elements = default((), NO_NEED, description="With xrf: the elements whose content, in sum, is held against the threshold.")
    threshold: Factor | None = default(None, NO_NEED, description="With xrt the effective atomic number, with xrf the mass fraction, from which on it ejects.")
    ejects: Literal["above", "below"] = default("above", NO_NEED, description="With xrt, xrf and induction: which side of the threshold is blown out.")
    conductivity: Conductivity = default(1e5, MODEL, low=1e4, high=1e6, description="With induction: what conducts better is metal.")
    width: Factor = default(0.10, MODEL, low=0.03, high=0.3, description="Relative noise of the signal around the threshold.")
    thin: SurfaceMass = default(1.0, MODEL, low=0.3, high=3.0, description="With xrt: mass per area of pieces so thin that the noise is doubled.")
    thick: SurfaceMass = default(200.0, MODEL, low=80.0, high=400.0, description="With xrt: mass per area of pieces so thick that the noise is doubled.")
    detection: Fraction = default(0.95, MEMORY, low=0.85, high=0.99, description="Share of single, dry and coarse targets that it takes for targets.")
    confusion: Fraction = default(0.01, MEMORY, low=0.002, high=0.05, description="Share of the others that it takes for targets.")
    response: Response = Field(
        default=Response(),
        description="Measured shares taken for targets, in place of the sensor's: {copper: 90 %, default: 2 %}, by size, or {csv: file}.",
    )
    response_2: Response = default(Response(), NOT_USED, description="Those of a second block of valves, in place of 'eject_2'.")
    moisture_loss: FactorOrZero = default(
        1.0, MODEL, low=0.3, high=3.0, description="With nir: recognition falls by exp(-moisture_loss w), w moisture of the piece and free water in the stream."
    )
    belt_speed: Speed = default(3.0, MEMORY, low=2.0, high=4.5, description="Speed of the belt.")
    belt_width: Length = default(2.0, MEMORY, low=0.6, high=2.8, description="Width of the belt that is covered with material.")
    valve_pitch: Length = default(0.0125, MEMORY, low=0.004, high=0.03125, description="From one air valve to the next.")
    valve_time: DurationOrZero = default(0.010, MODEL, low=0.003, high=0.03, description="How long valves stay open beyond the passage of the piece.")
    blocked_valves: Fraction = default(0.0, "all valves work unless said otherwise", low=0.0, high=0.2, description="Share of valves that fail.")
    late: Fraction = default(
        0.5, LATE, low=0.0, high=1.0, description="Share of failing valves that open when the piece has passed, and blow on what follows; the others stay shut."
    )
    smallest: Length = default(0.01, MEMORY, low=0.001, high=0.02, description="Size of pieces of which half are recognised.")
    sharpness: Factor = default(4.0, MODEL, low=2.0, high=8.0, description="How sharply recognition rises around the smallest size.")
    overlap: FactorOrZero = default(0.5, POISSON, low=0.2, high=2.0, description="Pieces that lie under others, lost to the eject: exp(-overlap o), o layers.")
    lifted: Fraction = default(
        0.1, PILES, low=0.0, high=1.0, description="Share of those under others that go where the piece on them goes, whatever they are."
    )
    unevenness: Unevenness = default(
        0.3, PEAKS, low=0.0, high=1.0, description="How far the load of the belt peaks: its standard deviation over its mean; 0 is even."
    )
    position_error: LengthOrZero = default(
        0.004, MODEL, low=0.0, high=0.015, description="Standard deviation by which pieces roll and slide from sensor to valves, along and across."
    )
    timing_error: DurationOrZero = default(
        0.003, MODEL, low=0.0, high=0.01, description="Standard deviation of their arrival at the valves, which a faster belt turns into a longer way."
    )

    @property
    def two_blocks(self) -> bool:
        """Return whether there is a second block of valves."""
        return bool(self.eject_2 or self.response_2.curves)

    @model_validator(mode="after")
    def _knows_its_target(self) -> Self:
        faults = Faults()
        needed = {**dict.fromkeys(BY_NAME, ("eject",)), "xrt": ("threshold",), "xrf": ("elements", "threshold"), "induction": ()}
        for key in ("eject", "elements", "threshold"):
            given, wanted = bool(getattr(self, key)), key in needed[self.sensor]
            if wanted and not given and not self.response.curves:
                faults.add(f"'{key}' is needed with 'sensor: {self.sensor}', or a measured 'response'", key)
            if given and not wanted:
                faults.add(f"'sensor: {self.sensor}' has no '{key}'; {' and '.join(repr(k) for k in needed[self.sensor]) or 'none'} belong to it", key)
        if self.sensor == "xrf" and self.threshold is not None and self.threshold > 1.0:
            faults.add(f"the content of elements is at most 1 (got {self.threshold:g})", "threshold")
        self._knows_both_blocks(faults)
        faults.stop_if_any()
        return self

    def _knows_both_blocks(self, faults: Faults) -> None:
        matrix = self.confusion_matrix
        if matrix.rows and self.sensor not in BY_NAME:
            faults.add(f"'sensor: {self.sensor}' has no 'confusion_matrix'; {', '.join(BY_NAME)} have", "confusion_matrix")
        if matrix.rows and self.response.curves:
            faults.add("give 'confusion_matrix' or 'response', not both", "confusion_matrix")
        if self.sensor == "camera" and not matrix.rows and not self.response.curves:
            faults.add("'confusion_matrix' is needed with 'sensor: camera', or a measured 'response'", "confusion_matrix")
        if self.eject_2 and self.sensor not in BY_NAME:
            faults.add(f"'sensor: {self.sensor}' has no 'eject_2'; measure a 'response_2', or take one of {', '.join(BY_NAME)}", "eject_2")
        if self.eject_2 and self.response_2.curves:
            faults.add("give 'eject_2' or 'response_2', not both", "eject_2")
        if self.eject_2 and self.sensor == "camera" and not matrix.rows:
            faults.add("'eject_2' needs a 'confusion_matrix' with 'sensor: camera'; measure a 'response_2' instead", "eject_2")
        for index, name in enumerate(self.eject_2):
            if name in self.eject:
                faults.add(f"{name!r} is blown out by the first block already", "eject_2", index)

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with what it ejects, with the confusion matrix and with measured responses."""
        for key, part in (("response", self.response), ("response_2", self.response_2), ("confusion_matrix", self.confusion_matrix)):
            yield from (((key, *loc), message) for loc, message in part.check(vocabulary))
        classes = vocabulary.classes.get(self.sensor, ())
        for key, names in (("eject", self.eject), ("eject_2", self.eject_2)):
            if self.confusion_matrix.rows:
                yield from (((key, index), message) for index, message in self.confusion_matrix.unknown_classes(names))
                continue
            for index, name in enumerate(names):
                if name in DARK:
                    yield (key, index), f"no sensor sees the class {name!r}"
                elif name not in classes and vocabulary.unknown_material(name):
                    yield (key, index), f"unknown class, material or group {name!r}; {nearest(name, [*classes, *vocabulary.known, *vocabulary.groups])}"

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[np.float64]]:
        """Return the parameters, and by material the ``signal`` that the sensor gets and whether it is ``visible``; or the measured ``response``.

        ``signal_2`` or ``response_2`` are those of a second block of valves, both empty where there is none.
        """
        nothing = np.zeros(0)
        measured, measured_2 = self.response.table(materials, sizes), self.response_2.table(materials, sizes)
        if self.confusion_matrix.rows:
            measured, measured_2 = (
                np.outer(self.confusion_matrix.taken_for(names, materials), np.ones(len(sizes))) if names else table
                for names, table in ((self.eject, measured), (self.eject_2, measured_2))
            )
        values = {**super().kernel_values(materials, sizes), "threshold": self.threshold or 0.0, "response": measured, "response_2": measured_2}
        signal = nothing if measured.size else self._signal(materials, self.eject)
        signal_2 = self._signal(materials, self.eject_2) if self.eject_2 and not measured_2.size else nothing
        visible = self._visible(materials) if signal.size or signal_2.size else nothing
        return {**values, "signal": signal, "signal_2": signal_2, "visible": visible}

    def _visible(self, materials: Any) -> NDArray[np.float64]:
        if self.sensor not in CLASSES:
            return np.ones(len(materials.names))
        return np.array([own not in DARK for own in materials.classes[self.sensor]], dtype=np.float64)

    def _signal(self, materials: Any, ejected: tuple[str, ...]) -> NDArray[np.float64]:
        names = materials.names
        if self.sensor in CLASSES:
            classes = materials.classes[self.sensor]
            groups = [[group for group, members in materials.groups.items() if name in members] for name in names]
            taught = [any(key in ejected for key in (name, own, *of)) for name, own, of in zip(names, classes, groups, strict=True)]
            return np.array(taught, dtype=np.float64)
        if self.sensor == "xrt":
            from twin.materials.xray import effective_atomic_number

            return np.array([effective_atomic_number(row.tolist()) for row in materials.assay])
        if self.sensor == "xrf":
            places = [ELEMENTS.index(element) for element in self.elements]
            return np.array([sum(row[place] for place in places) for row in materials.assay.tolist()])
        return np.zeros(len(names))


KIND = Kind(
    name="sensor_sorter",
    model=SensorSorter,
    role="machine",
    ports=lambda model: ("eject", "eject_2", "pass") if getattr(model, "two_blocks", False) else ("eject", "pass"),
    kernel="twin.kernels.sensor_sorter:SENSOR_SORTER",
    summary="Blows out what a sensor (NIR, colour, X-ray, induction, camera) takes for a target, of one or two kinds; less yield and purity with load.",
)
