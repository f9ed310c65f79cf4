"""For who writes a machine: :func:`check_kernel` holds a kernel to the rules that a line relies on, and says what it breaks, where.

::

    from twin.testing import Monotone, check_kernel

    def test_it_keeps_the_rules():
        check_kernel(KERNEL, VALUES, PROPERTIES, SIZES, ports=("sink", "float"), claims=[Monotone("sink", "down", over="cut", low=1200.0, high=2500.0)])
"""

from __future__ import annotations

from twin.errors import KernelCheckError
from twin.testing.checks import CHECKS, Report, check_kernel
from twin.testing.claims import Monotone

__all__ = ["CHECKS", "KernelCheckError", "Monotone", "Report", "check_kernel"]
