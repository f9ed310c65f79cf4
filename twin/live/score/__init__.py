"""Holds what a live twin said against what came: against the truth of an emulated plant, or against a plant's own readings."""

from twin.live.score.figure import Figure as Figure
from twin.live.score.scoring import Score as Score
from twin.live.score.scoring import score as score
