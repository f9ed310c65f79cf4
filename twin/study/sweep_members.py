"""A sweep with an ensemble: every run of a study once as it stands and once with a member, so that chance and parameters are told apart at each point."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from twin.errors import UsageError
from twin.study.apart import Apart, Floats, apart, least_runs, members_of
from twin.study.ensemble import Ensemble
from twin.study.read import Study
from twin.study.study_file import StudyFile

MOST_POINTS = 60
"""Points that are shown one by one."""


def members_file(out: Path) -> Path:
    """Return where the runs with members stand, beside those without."""
    return out.with_name(f"{out.stem}.members{out.suffix}")


def with_ensemble(study: StudyFile, ensemble: Ensemble) -> StudyFile:
    """Return the study whose replication k has member k. What the study varies no member changes. Raises ``UsageError`` for too few replications."""
    if study.replications < least_runs(ensemble):
        least = f"'replications: {least_runs(ensemble)}' or more (got {study.replications})"
        raise UsageError(f"--ensemble: {len(ensemble.paths)} parameters and chance are told apart at each point by {least}")
    own = ensemble.without([factor.path for factor in study.points.factors])
    if not own.paths:
        raise UsageError("--ensemble: the study varies all of its numbers, so that no member has anything to change")
    own.apply(study.base, 0)
    return replace(study, ensemble=own)


@dataclass(frozen=True)
class PointParts:
    """What is not known of a figure at a point of a study: its factors as written, and the parts, None where runs failed."""

    factors: dict[str, object]
    parts: Apart | None


def parts_of(plain: Study, members: Study, study: StudyFile, name: str) -> list[PointParts]:
    """Return the parts of a key figure at each point; ``study`` is the one with the ensemble."""
    assert study.ensemble is not None
    values: Floats = members_of(study.ensemble, study.replications)
    without, own = plain.response(name), members.response(name)
    found = []
    for point in range(min(plain.points, MOST_POINTS)):
        parts = apart(without[point].tolist(), own[point].tolist(), values, 0.95)
        found.append(PointParts(dict(study.points.changes(point)), parts))
    return found


def as_objects(rows: list[PointParts]) -> list[dict[str, object]]:
    """Return the parts as JSON has them."""
    found: list[dict[str, object]] = []
    for row in rows:
        own = row.parts
        told = None if own is None else {"mean": own.mean, "chance_of_mean": own.chance, "chance_of_one_run": own.one, "parameters": own.parameters}
        found.append({"factors": json.loads(json.dumps(row.factors)), "parts": told})
    return found
