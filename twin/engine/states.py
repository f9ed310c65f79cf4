"""The states of a unit, in order of precedence: the state at any instant is the first that holds."""

from __future__ import annotations

OFF_SHIFT, MAINTENANCE, DOWN, WAITING, BLOCKED, STARVED, RUNNING, OVERTIME, CLOSING, CHANGEOVER, CLEANING, WARM_UP = range(12)
STATES = ("off_shift", "maintenance", "down", "waiting", "blocked", "starved", "running", "overtime", "closing", "changeover", "cleaning", "warm_up")
"""``waiting`` is for a resource: an operator, a loader, a fitter. Those after ``running`` come from rules: ``overtime``: work after the end of a shift;
``closing``: the end is near, and the line runs empty or starts nothing that it would not finish; ``changeover`` to another material; ``cleaning``;
``warm_up`` after a rest."""
ALWAYS = STATES[: RUNNING + 1]
"""The states that every plant may have; the others are there where a rule is."""
