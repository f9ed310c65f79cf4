"""Slag fuming: two zones, walls that freeze, and the published batch."""

import pytest
from fuming_batch import scenario


def test_placeholder(tmp_path):
    assert scenario(tmp_path / "fuming.yaml")
