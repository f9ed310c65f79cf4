from collections.abc import Callable

import pytest
from machine_bench import Bench, size_classes

from twin.kernels.compile import Sizes


@pytest.fixture(scope="session")
def bench() -> type[Bench]:
    """``bench(name, **changes)``: the machine of that name with some parameters changed."""
    return Bench


@pytest.fixture(scope="session")
def classes() -> Callable[..., Sizes]:
    """``classes(1, 2, 4)``: size classes that end at these mm."""
    return size_classes
