"""Many plants in memory that follow a real one: where it stands, what it will do, what a change would do, and what does not fit."""

from twin.live.ensemble.estimate import Ensemble as Ensemble
from twin.live.ensemble.estimate import Estimate as Estimate
from twin.live.ensemble.forecast import Forecast as Forecast
from twin.live.ensemble.forecast import forecast as forecast
from twin.live.ensemble.forecast import what_if as what_if
from twin.live.ensemble.members import Following as Following
from twin.live.ensemble.parameters import SlowParameter as SlowParameter
from twin.live.ensemble.watch import Watch as Watch
