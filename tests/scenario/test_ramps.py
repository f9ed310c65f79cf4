"""Ramps of a phase: how they are written, and what is refused."""

import pytest
from pydantic import ValidationError

from twin.scenario.phases import Charge, Melt, Reductant


def test_ramps_are_written_beside_their_rate():
    charge = Charge.model_validate({"recipe": {"bay": "30 t"}, "rate": "20 t/h", "ramp": {"to": "5 t/h", "over": "30 min"}})
    assert charge.ramp is not None
    assert charge.ramp.to == pytest.approx(5.0 / 3.6)
    assert charge.ramp.over == 1800.0
    melt = Melt.model_validate(
        {"temperature_ramp": {"to": "1300 °C", "over": "1 h"}, "blast": {"rate": "3600 Nm3/h", "ramp": {"to": "0 Nm3/h", "over": "1 h"}}}
    )
    assert melt.temperature_ramp is not None
    assert melt.temperature_ramp.to == pytest.approx(1573.15)
    assert melt.blast is not None
    assert melt.blast.ramp is not None
    assert melt.blast.ramp.to == 0.0
    reductant = Reductant.model_validate({"carrier": "coke", "rate": "1 t/h", "ramp": {"to": "0 t/h", "over": "20 min"}})
    assert reductant.ramp is not None


def test_a_ramp_of_a_flow_by_volume_is_refused():
    with pytest.raises(ValidationError, match="give that of the gas by mass"):
        Reductant.model_validate({"carrier": "natural_gas", "flow": "100 Nm3/h", "ramp": {"to": "0 t/h", "over": "20 min"}})
    with pytest.raises(ValidationError):
        Charge.model_validate({"recipe": {"bay": "30 t"}, "rate": "20 t/h", "ramp": {"to": "-5 t/h", "over": "30 min"}})
