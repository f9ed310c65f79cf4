"""The folder that a page shows: the files in it by name, and nothing outside of it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from twin.errors import FileError, TwinError, UsageError
from twin.quantities import shown
from twin.scenario.tables import confined, read_text

SCENARIOS, RESULTS = (".yaml", ".yml"), (".h5", ".hdf5")
MOST_FILES = 500
"""Files that are listed of each kind."""
_NEW_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_BEGINS = re.compile(r"^(twin|extends|name|title):[ \t]*(.*?)[ \t]*(?:[ \t]#.*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Listed:
    """A scenario file: its name, what it is called, and the file that it extends, "" for none."""

    file: str
    title: str
    extends: str


@dataclass(frozen=True)
class Run:
    """A results file: its name, the scenario that was run, seed and replication; ``fault`` says why it cannot be read."""

    file: str
    scenario: str = ""
    title: str = ""
    sha256: str = ""
    seed: int = 0
    replication: int = 0
    fault: str = ""


class Folder:
    """A folder with scenarios and results. Raises ``FileError`` where it is none."""

    def __init__(self, path: Path) -> None:
        try:
            self.path = path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            raise FileError(f"{path}: there is no such folder; make it, or give another") from None
        if not self.path.is_dir():
            raise FileError(f"{path} is no folder: give the one in which your scenarios are")

    def existing(self, name: str, endings: tuple[str, ...]) -> Path:
        """The path of a file that stands in the folder itself. Raises ``UsageError`` for any other name, and for links."""
        if name.lower().endswith(endings) and name in self.names(endings):
            return self.path / name
        raise UsageError(f"there is no file {shown(name)} that ends in {' or '.join(endings)} in this folder")

    def new(self, name: str, ending: str) -> Path:
        """The path of a file to write. Raises ``UsageError`` for a name with other than letters, digits, '_' and '-'."""
        if not _NEW_NAME.fullmatch(name):
            raise UsageError(f"a name has 1 to 80 letters (a to z), digits, '_' and '-', and begins with a letter or digit (got {shown(name)})")
        return self.path / f"{name}{ending}"

    def names(self, endings: tuple[str, ...]) -> list[str]:
        """Regular files of this folder, no links, by name."""
        found = []
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if entry.name.lower().endswith(endings) and not entry.name.startswith(".") and _is_text(entry.name):
                        mode = entry.stat(follow_symlinks=False).st_mode
                        if stat.S_ISREG(mode):
                            found.append(entry.name)
        except OSError as error:
            raise FileError(f"the folder cannot be read: {error.strerror}") from None
        return sorted(found)

    def scenarios(self) -> list[Listed]:
        """The scenario files, without loading them: whatever ends in ``.yaml`` and has a line ``twin: 1``."""
        return [listed for name in self.names(SCENARIOS)[:MOST_FILES] if (listed := self._listed(name)) is not None]

    def clusters(self) -> tuple[list[str], list[str]]:
        """Scenario files of clusters, and results of clusters."""
        from twin.results.check import is_cluster_file
        from twin.scenario.cluster import is_cluster

        with confined(self.path):
            written = [one.file for one in self.scenarios() if is_cluster(self.path / one.file)]
        return written, [name for name in self.names(RESULTS)[:MOST_FILES] if is_cluster_file(self.path / name)]

    def yaml_names(self) -> list[str]:
        """The names of files that may hold a scenario or a study."""
        return self.names(SCENARIOS)[:MOST_FILES]

    def _listed(self, name: str) -> Listed | None:
        try:
            with confined(self.path):
                text = read_text(self.path / name, name)
        except UsageError:
            return None
        said = {match[1]: match[2].strip("'\"") for match in reversed(list(_BEGINS.finditer(text)))}
        if said.get("twin") != "1":
            return None
        return Listed(name, said.get("title") or said.get("name") or name, self._extended(text, said))

    def _extended(self, text: str, said: dict[str, str]) -> str:
        if "extends" not in said:
            return ""
        written = said["extends"]
        if found := re.search(r"\bfile: *['\"]?([^'\",}\n]+)", written or text):
            return found[1].strip()
        return written

    def results(self) -> list[Run]:
        """The results files, newest first."""
        from twin.results.read import open_file

        found = []
        names = sorted(self.names(RESULTS), key=lambda name: -self._changed(name))
        for name in names[:MOST_FILES]:
            try:
                with open_file(os.fspath(self.path / name)) as result:
                    own = result.attrs
                    sha, title = str(own["scenario_sha256"]), str(own["scenario_title"])
                    found.append(Run(name, str(own["scenario_name"]), title, sha, int(own["seed"]), int(own["replication"])))
            except TwinError as error:
                if not _is_of_others(self.path / name):
                    found.append(Run(name, fault=str(error)))
        return found

    def _changed(self, name: str) -> float:
        try:
            return (self.path / name).lstat().st_mtime
        except OSError:
            return 0.0

    def texts(self) -> Iterator[tuple[str, float]]:
        """Yield (name, when it was changed) of all that is listed: whoever shows the lists asks whether they are still right."""
        for name in self.names((*SCENARIOS, *RESULTS)):
            yield name, self._changed(name)


def _is_of_others(path: Path) -> bool:
    """Whether a file holds the runs of a study, or of a cluster, which have screens of their own."""
    from twin.results.check import is_cluster_file
    from twin.study.store import STUDY

    try:
        return (STUDY.is_on is not None and STUDY.is_on(path)) or is_cluster_file(path)
    except OSError:
        return False


def _is_text(name: str) -> bool:
    """Whether a name is Unicode: one that is not can be neither shown nor asked for."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
