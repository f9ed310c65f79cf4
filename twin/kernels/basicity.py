"""Basicity of a slag, and the activity coefficients of oxides that rise with it: ln g = ln g0 + k (basicity - basicity0).

By mol of metal atoms: CaO, MgO and half of NaO0.5 less SiO2 over all oxides. Published coefficients of PbO (Kudo 2000) and CuO0.5 (Palacios and
Gaskell) lie between the two ends that the basicity is held within.
"""

from __future__ import annotations

from twin.kernels.compile import Floats, kernel
from twin.kernels.oxygen_pressure import Share
from twin.kernels.record_table import Records
from twin.kernels.smelting_tables import ROLE

MOST_ACID, MOST_BASIC = -0.42, 0.35  # between these, activity coefficients in slag were measured
USUAL = -0.25  # where the search for it begins


@kernel()
def basicity_of(slag: Floats, elements: Records) -> float:
    """Basicity of a ``slag`` (element,) kg: mol of CaO, MgO and half of NaO0.5 less SiO2 over all oxides, by atoms of metal; held within what is measured.

    -0.42 of iron silicate that is saturated with silica, 0.35 of ferrite that is saturated with lime; 0 where there is no slag.
    """
    base = total = 0.0
    for i in range(slag.shape[0]):
        if slag[i] > 0.0 and (elements[i].in_slag > 0.0 or elements[i].role == ROLE.inert):
            n = slag[i] / elements[i].molar_mass
            base += n * elements[i].base
            total += n
    return min(max(base / total, MOST_ACID), MOST_BASIC) if total > 0.0 else 0.0


@kernel()
def set_basicity(basicity: float, share: Share) -> None:
    """Shift the activity coefficients in slag to what they are at a basicity."""
    share.mixture.basicity = basicity
    for k in range(share.mixture.present):
        element = share.present[k]
        own = share.at[element.which]
        element.shift = own.basicity * (basicity - own.basicity_at) if own.basicity != 0.0 else 0.0
        element.pure = own.pure + element.shift if own.pure != 0.0 else 0.0
