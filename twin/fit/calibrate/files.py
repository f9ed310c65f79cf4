"""What a calibration leaves: a change file, an ensemble beside it, and the runs, so that the same command goes on."""

from __future__ import annotations

from pathlib import Path

from twin.errors import UsageError
from twin.fit.calibrate.outcome import Calibrated, Found
from twin.fit.calibrate.study_file import Calibration
from twin.quantities import UNITS, format_quantity, parse, unit
from twin.scenario.places import Plain
from twin.study.change_file import Change, check_change_file, write_change_file
from twin.study.changes import giving_way
from twin.study.ensemble import Ensemble, check_ensemble_file, write_ensemble
from twin.study.factors import written


def ensemble_of(out: Path) -> Path:
    """Return where the ensemble beside a change file stands."""
    return out.with_name(f"{out.stem}.ensemble.csv")


def journal_of(out: Path) -> Path:
    """Return where the runs beside a change file are kept."""
    return out.with_name(f"{out.stem}.runs")


def check_outputs(calibration: Calibration, out: Path) -> None:
    """Refuse, before any run, what could not be written. Raises ``UsageError``, ``FileError``."""
    if calibration.base is None:
        raise UsageError("a change file extends the file of a scenario; give the study the name of one as its 'base'")
    check_change_file(out)
    check_ensemble_file(ensemble_of(out))


def write_files(found: Calibrated, out: Path) -> None:
    """Write change file and ensemble; those that twin wrote are replaced, others are not."""
    own = found.calibration
    assert own.base is not None
    source = f"twin calibrate {own.name}, data sha256 {own.data_sha256}"
    changes = {one.prior.path: _change(one, source) for one in found.parameters}
    rest = giving_way(own.scenario, {path: change.value for path, change in changes.items()})
    aside = {path: Change(value, "calibrated", f"gives way so that shares sum to 1; {source}") for path, value in rest.items()}
    left = f"; left out: {', '.join(own.left_out)}" if own.left_out else ""
    about = {"preparation": f"Calibrated by twin calibrate {own.name} (data sha256 {own.data_sha256}{left}). {found.verdict()}"}
    write_change_file(own.base, out, {**changes, **aside}, about, out.stem if out.stem.isidentifier() else None)
    members = [[prior.value(u) for prior, u in zip(own.priors, row, strict=True)] for row in found.ensemble.tolist()]
    ensemble = Ensemble(tuple(prior.path for prior in own.priors), tuple(prior.unit for prior in own.priors), tuple(map(tuple, members)))
    write_ensemble(ensemble_of(out), ensemble, (f"of {out.name}", source))


def _change(found: Found, source: str) -> Change:
    si = found.prior.unit
    return Change(_rounded(found.mean, si), "calibrated", source, _rounded(found.low, si), _rounded(found.high, si))


def _rounded(value: float, si: str) -> Plain:
    """A value to six digits, in the unit in which people read it.

    >>> _rounded(3.4722222, "kg/s"), _rounded(0.8512345678, "1")
    ('12.5 t/h', 0.851235)
    """
    word = format_quantity(value, si).partition(" ")[2]
    if si == "1" or not word or word.split("/")[0] not in UNITS:
        return written(float(f"{value:.6g}"), si)
    text = f"{value / float(unit(word).factor):.6g} {word}"
    return text if parse(text, si) else written(float(f"{value:.6g}"), si)
