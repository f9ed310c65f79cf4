"""A granulator: knives cut pieces until they pass a screen."""

from __future__ import annotations

from typing import Literal

from twin.quantities import Duration, Factor, FactorOrZero, Fraction, Frequency, Length
from twin.scenario.comminution import Mill
from twin.scenario.fields import Count
from twin.scenario.kind import MEMORY, Kind, default

GEOMETRY = "a rod cut once at a random place: r^2 of its mass is in fragments below r times its length"
JRS = (
    "open area of a given number of holes; of 1.5 to 2.5 the best predicts a knife mill's product behind 19 mm from that behind 12.7 mm within .05 rms, "
    "2.5 at 50 Hz and 20 % moisture: corn stalks, Lu et al. 2024, Powder Technology 441, 119830, data in github.com/idaholab/SPRITE"
)
MODEL = "assumption of the granulator's model; calibrate to a product's size distribution"


class Granulator(Mill):
    """A cutting mill: pieces go round between the knives of a rotor and of a bed and are cut until they pass the screen below."""

    kind: Literal["granulator"]
    aperture: Length = default(0.008, MEMORY, low=0.002, high=0.030, description="Holes of the screen below the rotor: nothing wider leaves.")
    nominal_aperture: Length = default(
        0.008, MODEL, low=0.002, high=0.030, description="The aperture at which pieces are broken as described; a wider one empties the mill faster."
    )
    rotor_diameter: Length = default(0.4, MEMORY, low=0.2, high=1.0, description="Diameter of the circle of the knives' edges.")
    rotor_speed: Frequency = default(500 / 60, MEMORY, low=150 / 60, high=900 / 60, description="Revolutions of the rotor per time.")
    rotor_knives: Count = default(5, MEMORY, low=2, high=12, description="Knives round the rotor.")
    bed_knives: Count = default(2, MEMORY, low=1, high=6, description="Knives that stand.")
    knife_gap: Length = default(
        0.3e-3,
        MEMORY,
        low=0.1e-3,
        high=1.0e-3,
        description="Gap between the knives, into which what is thinner folds uncut. It grows with wear, as edges blunt.",
    )
    residence: Duration = default(2.0, MODEL, low=0.5, high=10.0, description="How long a piece is in reach of the knives at the nominal rate.")
    selectivity: FactorOrZero = default(
        0.3,
        MODEL,
        low=0.0,
        high=1.0,
        description="Exponent of the material's breakage: 0 where knives cut everything alike, 1 where it counts as in a shredder.",
    )
    fines_share: Fraction = default(0.05, MODEL, low=0.0, high=0.2, description="Austin's phi of brittle materials: weight of the term that makes the fines.")
    coarse_exponent: Factor = default(2.0, GEOMETRY, low=1.5, high=4.0, description="Austin's beta of brittle materials: exponent of the coarse fragments.")
    emptying: FactorOrZero = default(
        2.0,
        JRS,
        basis="literature",
        low=0.5,
        high=2.5,
        description="How the mill empties through wider holes: (aperture/nominal one)^this; 0 for no dependence.",
    )
    ductile_fines_share: Fraction = default(0.01, MODEL, low=0.0, high=0.05, description="Phi of ductile materials.")
    ductile_coarse_exponent: Factor = default(2.0, GEOMETRY, low=1.5, high=4.0, description="Beta of ductile materials, which knives cut as they do all.")
    fibre_fines_share: Fraction = default(0.03, MODEL, low=0.0, high=0.1, description="Phi of fibre: wood, paper, textile and foam.")


KIND = Kind(
    name="granulator",
    model=Granulator,
    role="machine",
    ports=lambda model: ("out",),
    kernel="twin.kernels.mills:GRANULATOR",
    summary="Cuts pieces until they pass its screen, to a narrow range of sizes; coarser with more load, a slower rotor, fewer knives or a wider knife gap.",
)
