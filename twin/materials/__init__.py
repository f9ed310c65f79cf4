"""Materials, elements and energy carriers: the data that plants are made of, each number with its basis and source."""

from twin.materials.carriers import CarrierData, EmissionFactor, Fuel, carriers, emission_factor, fuel
from twin.materials.catalogue import (
    Catalogue,
    Material,
    Materials,
    builtin_catalogue,
    builtin_names,
    builtin_text,
    catalogue_from_tree,
)
from twin.materials.elements import ELEMENTS, REST
from twin.materials.number import Label, Number
from twin.materials.properties import CLASSES, PROPERTIES, Property

__all__ = [
    "CLASSES",
    "ELEMENTS",
    "PROPERTIES",
    "REST",
    "CarrierData",
    "Catalogue",
    "EmissionFactor",
    "Fuel",
    "Label",
    "Material",
    "Materials",
    "Number",
    "Property",
    "builtin_catalogue",
    "builtin_names",
    "builtin_text",
    "carriers",
    "catalogue_from_tree",
    "emission_factor",
    "fuel",
]
