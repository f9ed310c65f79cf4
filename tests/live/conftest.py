"""The tags of the small plant, for a test to change."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from live_plant import WRITTEN


@pytest.fixture
def written() -> dict[str, Any]:
    return deepcopy(WRITTEN)
