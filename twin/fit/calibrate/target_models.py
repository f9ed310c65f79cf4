"""Parameters and targets of a calibration as they are written."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, model_validator

from twin.measurement import MOST_PIECES
from twin.quantities import Quantity
from twin.scenario.fields import Text
from twin.scenario.kind import Model
from twin.scenario.problems import wrong

FORMS = ("figure", "quantity", "curve", "batch")
_RELATIVE = Annotated[float, Quantity("1", ge=0, lt=1)]


def _as_text(value: object) -> object:
    """A bare number of what has no unit."""
    return repr(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


Written = Annotated[Text, BeforeValidator(_as_text)]


def _parameter(value: object) -> object:
    return {} if value in ("assumed", None) else value


class ParameterModel(Model):
    """What is believed of a parameter: ``low`` and ``high``, of the scenario's own annotation where not given, and the form of the prior."""

    low: Written | None = None
    high: Written | None = None
    prior: Literal["uniform", "normal", "lognormal"] = "uniform"

    @model_validator(mode="after")
    def _both(self) -> ParameterModel:
        if (self.low is None) != (self.high is None):
            raise wrong("'low' and 'high' belong together")
        return self


ParameterField = Annotated[ParameterModel, BeforeValidator(_parameter)]


class Errors(Model):
    """The parts of an error, which add as squares."""

    absolute: Written | None = None
    relative: _RELATIVE = 0.0
    pieces: Annotated[StrictInt, Field(ge=0, le=MOST_PIECES)] = 0


class SeriesModel(Model):
    """Readings of a quantity over time: a CSV with a column ``time`` or ``timestamp`` (when each begins) and one of values, over pieces ``every`` so long."""

    csv: Text
    column: Text
    every: Written | None = None


class CurveModel(Model):
    """A partition curve: a CSV with the columns ``size`` and ``share``, what goes to ``stream`` of what leaves its machine in all ``among``."""

    stream: Text
    csv: Text
    among: tuple[Text, ...] = ()


class BatchModel(Model):
    """A batch test of ``mass`` of a feed, by default the first."""

    mass: Written
    feed: Text = ""


class TargetModel(Model):
    """A target as written: exactly one of ``figure``, ``quantity``, ``curve`` and ``batch``, and what was measured."""

    figure: Text | None = None
    quantity: Text | None = None
    curve: CurveModel | None = None
    batch: BatchModel | None = None
    value: Any = None
    begin: Text | None = Field(default=None, alias="from")
    end: Text | None = Field(default=None, alias="to")
    at: Text | None = None
    over: Literal["mean", "sum", "instant"] | None = None
    series: SeriesModel | None = None
    product: Text | None = None
    share_of: Text = ""
    error: Errors | Written | None = None
    bias: Written | None = None
    instrument: Text | None = None
    discrepancy: Written | None = None
    hold_out: StrictBool = False
    use: StrictBool = True
    source: Text = ""

    @model_validator(mode="after")
    def _one_form(self) -> TargetModel:
        given = [form for form in FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            raise wrong(f"exactly one of {', '.join(FORMS)} is needed (got {', '.join(given) or 'none'})")
        return self
