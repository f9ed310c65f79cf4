"""Gives the benchmarks the board that they print their figures on."""

from __future__ import annotations

import pytest
from figures import Figures

_FIGURES = pytest.StashKey[Figures]()


def pytest_configure(config: pytest.Config) -> None:
    def write(line: str) -> None:
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        assert terminal is not None
        terminal.ensure_newline()
        terminal.line(line)

    config.stash[_FIGURES] = Figures(write)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    return request.config.stash[_FIGURES]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.line(config.stash[_FIGURES].summary())
