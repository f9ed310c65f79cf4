"""The states of a unit, in order of precedence: the state at any instant is the first that holds."""

from __future__ import annotations

OFF_SHIFT, MAINTENANCE, DOWN, WAITING, BLOCKED, STARVED, RUNNING = range(7)
STATES = ("off_shift", "maintenance", "down", "waiting", "blocked", "starved", "running")
"""``waiting`` is for a resource: an operator, a loader, a fitter."""
