"""Pages that are served as a user starts them, and a browser before them."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served_pages import SMALL, Served, Tab


def _ended(page: Served) -> None:
    if page.process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            page.end()
    assert page.process.stderr is not None
    page.process.stderr.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts pages of their own, for tests that end or fill them, with a small plant in their folder; all are ended."""
    pages: list[Served] = []

    def start(folder: Path | None = None) -> Served:
        place = folder or tmp_path / "plants"
        place.mkdir(exist_ok=True)
        if folder is None:
            (place / "small.yaml").write_text(SMALL, encoding="utf-8")
        pages.append(Served(place))
        return pages[-1]

    yield start
    for page in pages:
        _ended(page)


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("page") / "plants"
    folder.mkdir()
    page = Served(folder)
    yield page
    _ended(page)


@pytest.fixture
def shared(_shared: Served) -> Iterator[Served]:
    """The page that all tests of a module ask, with nothing but the small plant in its folder."""
    for path in (*_shared.folder.iterdir(), *_shared.folder.parent.iterdir()):
        if path.is_dir() and not path.is_symlink() and path != _shared.folder:
            shutil.rmtree(path)
        elif path != _shared.folder:
            path.unlink()
    (_shared.folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    yield _shared
    assert _shared.process.poll() is None


@pytest.fixture
def tab(browser: Any) -> Iterator[Callable[..., Tab]]:
    """Opens tabs; at the end none of them may have complained or asked anybody else."""
    tabs: list[Tab] = []

    def open_one(served: Served, **how: Any) -> Tab:
        tabs.append(Tab(browser, served, **how))
        return tabs[-1]

    yield open_one
    for one in tabs:
        assert one.faults == []
        one.context.close()
