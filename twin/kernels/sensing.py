"""What a sensor takes a piece for: near-infrared and colour classes, X-rays, metal; what it resolves, and a table of what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.kernels.compile import Floats, Properties, Sizes, kernel

NIR, COLOUR, XRT, XRF, INDUCTION, CAMERA = 0, 1, 2, 3, 4, 5
ABOVE, BELOW = 0, 1


@kernel()
def seen_share(size: float, smallest: float, sharpness: float) -> float:
    """Share of the pieces of ``size`` that the sensor resolves: 1/(1 + (smallest/d)^n), half of those of the size ``smallest``.

    >>> [round(seen_share(d, 0.01, 4.0), 4) for d in (0.005, 0.01, 0.02)]
    [0.0588, 0.5, 0.9412]
    """
    return 1.0 / (1.0 + math.exp(min(sharpness * math.log(smallest / size), 700.0)))


@kernel()
def above_threshold(signal: float, threshold: float, width: float) -> float:
    """Share of equal pieces whose signal is read above ``threshold``: logistic in ln(signal/threshold)/``width``, the relative noise.

    >>> [round(above_threshold(z, 20.0, 0.1), 4) for z in (13.0, 20.0, 29.0)]
    [0.0133, 0.5, 0.9762]
    """
    if signal <= 0.0:
        return 0.0
    return 1.0 / (1.0 + math.exp(min(math.log(threshold / signal) / width, 700.0)))


@kernel()
def xray_noise(surface_mass: float, width: float, thin: float, thick: float) -> float:
    """Relative noise of a dual-energy signal: ``width`` (1 + thin/m + m/thick), m = ``surface_mass`` [kg/m2] in the beam.

    Thin pieces hardly weaken the beam, thick ones hardly let any of it through.

    >>> [round(xray_noise(m, 0.1, 1.0, 200.0), 3) for m in (0.5, 14.0, 400.0)]
    [0.3, 0.114, 0.3]
    """
    return width * (1.0 + thin / surface_mass + surface_mass / thick)


@kernel()
def response_of(
    signal: Floats,
    conductivity: Floats,
    surface_mass: Floats,
    sensor: int,
    ejects: int,
    threshold: float,
    conducting: float,
    width: float,
    thin: float,
    thick: float,
    detection: float,
    confusion: float,
) -> Floats:
    """Share (material, size) that single, dry and coarse pieces are taken for what is to be ejected.

    ``confusion`` + (``detection`` - ``confusion``) match: the match is ``signal`` itself for near-infrared and colour (1: a class that is
    ejected), :func:`above_threshold` of the signal for X-rays, and of the ``conductivity`` for induction; or 1 less that where ``ejects`` is
    below. ``surface_mass`` (material, size), kg/m2.
    """
    materials, classes = surface_mass.shape
    out = np.empty((materials, classes))
    for m in range(materials):
        for s in range(classes):
            match = signal[m]
            if sensor == XRT:
                match = above_threshold(signal[m], threshold, xray_noise(surface_mass[m, s], width, thin, thick))
            elif sensor == XRF:
                match = above_threshold(signal[m], threshold, width)
            elif sensor == INDUCTION:
                match = above_threshold(conductivity[m], conducting, width)
            if ejects == BELOW and sensor >= XRT:
                match = 1.0 - match
            out[m, s] = confusion + (detection - confusion) * match
    return out


def surface_masses(properties: Properties) -> Floats:
    """Return the mass per area (material, size) that pieces cover, kg/m2: that of the pieces of a class together."""
    table: Floats = 1.0 / properties["piece_cover"]
    return table


def responses(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    """Return the shares (valve block, material, size) that pieces are taken for what a block ejects; what the first takes the second does not.

    Measured, ``values["response"]``, or those of the sensor; 0 for what it cannot see. There is a second block where it has a ``response_2`` or, with
    near-infrared or colour, a ``signal_2``. Weakened by the moisture that a piece itself holds; free water comes on top, see :func:`free_water`.
    """
    wet = np.exp(-moisture_loss(values) * properties["moisture"])[:, None]
    first = _response_of_block(values, properties, "")
    if not (np.size(values["signal_2"]) or np.size(values["response_2"])):
        return (first * wet)[None]
    return np.stack((first, np.minimum(_response_of_block(values, properties, "_2"), 1.0 - first))) * wet


def free_water(properties: Properties) -> Floats:
    """1 for a material (material,) that is water and nothing else, which wets all that comes with it; 0 for others, which keep their moisture to themselves."""
    return np.where(properties["moisture"] >= 1.0, 1.0, 0.0)


def _response_of_block(values: Mapping[str, Any], properties: Properties, block: str) -> Floats:
    surface = surface_masses(properties)
    measured, signal, visible = values[f"response{block}"], values[f"signal{block}"], values["visible"]
    computed = response_of(
        np.ascontiguousarray(np.broadcast_to(signal, surface.shape[:1])) if len(signal) else np.zeros(len(surface)),
        properties["conductivity"],
        surface,
        int(values["sensor"]),
        int(values["ejects"]),
        max(float(values["threshold"]), 1e-12),
        float(values["conductivity"]),
        max(float(values["width"]), 1e-3),
        float(values["thin"]),
        float(values["thick"]),
        min(float(values["detection"]), 1.0),
        min(float(values["confusion"]), 1.0),
    )
    if measured.size:
        return np.array(np.broadcast_to(measured, surface.shape))
    return computed * np.reshape(visible, (-1, 1))


def moisture_loss(values: Mapping[str, Any]) -> float:
    """Return by what moisture weakens the recognition: only near-infrared light is absorbed by water."""
    return float(values["moisture_loss"]) if int(values["sensor"]) == NIR else 0.0
