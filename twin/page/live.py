"""Twins at work below the folder: where the plant stands, by the files of ``twin live``, and what comes, by the REST of one that runs."""

from __future__ import annotations

import http.client
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from twin.errors import FileError, ScenarioError, TwinError, UsageError
from twin.live.alarm import Alarm
from twin.page.draft import Desk, Draft
from twin.page.folder import Folder
from twin.quantities import format_quantity, shown
from twin.report.language import Language

ESTIMATES, LOG, TOKEN, ADDRESS = "estimates.jsonl", "log.jsonl", "token", "address"
MOST_FOLDERS = 50
TAIL, LONGEST_HEAD = 2_000_000, 1_000_000
"""Bytes of a file that are read: its end, and its first line."""
MOST_WINDOWS, MOST_ALARMS, MOST_NOTES = 700, 50, 20
SHORT, LONG = 2.0, 300.0
"""Seconds that a running twin has for an answer: of where it stands, and of the future."""
LARGEST_ANSWER = 5_000_000
_ADDRESS = re.compile(r"(127\.0\.0\.1|localhost|\[?::1\]?):(\d{1,5})")
_TOKEN = re.compile(r"[!-~]{1,500}")
_NAME = re.compile(r"[\w.-]{1,200}")


def alarm_in_words(text: str, words: Language) -> str:
    """What an alarm says, in the language of the page: its sentence, and one by one what speaks for it."""
    head, speaks, listed = text.partition("; for it speaks, in deviations: ")
    said = words.say(head)
    if said == head or not speaks:
        return text if said == head else said
    parts = [own if (own := words.say(part)) != part else words.amount(part) for part in listed.split(", ")]
    return f"{said}; {words('ui.live_speaks')} {', '.join(parts)}"


def live_folders(folder: Folder) -> list[str]:
    """The names of the folders in which a ``twin live`` keeps what it says: those that stand in the folder itself, and no links."""
    try:
        with os.scandir(folder.path) as entries:
            own = [entry for entry in entries if _NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)]
            found = [entry.name for entry in own if _is_regular(Path(entry.path) / ESTIMATES)]
    except OSError as error:
        raise FileError(f"the folder cannot be read: {error.strerror}") from None
    return sorted(found)[:MOST_FOLDERS]


class Twin:
    """What is known of a twin in a folder. Raises ``UsageError`` where there is none."""

    def __init__(self, folder: Folder, name: str) -> None:
        if name not in live_folders(folder):
            raise UsageError(f"there is no folder {shown(name)} of a twin that follows a plant ('twin live' keeps one) in this folder")
        self.path, self.name = folder.path / name, name

    def said(self) -> dict[str, Any]:
        """What it says in its files: where the plant stands (SI), how levels went lately, the last forecast, alarms, and what its log says last."""
        head, rows = _head_and_rows(self.path / ESTIMATES)
        windows = [row for row in rows if isinstance(row.get("levels"), dict)][-MOST_WINDOWS:]
        forecasts = [row for row in rows if isinstance(row.get("forecast"), dict)]
        try:
            alarms = _events(rows)
            capacities = {f"level.{name}": float(value) for name, value in head["capacities"].items()}
            return {
                "scenario": str(head["scenario"]),
                "start": float(head["start"]),
                "time": float(windows[-1]["time"]) if windows else None,
                "levels": _estimates(windows[-1]["levels"] if windows else {}, capacities, head["measured"]),
                "parameters": _estimates(windows[-1].get("parameters", {}) if windows else {}, {}, ()),
                "past": {name: _past(windows, name) for name in capacities},
                "fan": _last_fan(forecasts[-1]) if forecasts else None,
                "alarms": [{"time": alarm.time, "signal": alarm.signal, "kind": alarm.kind, "text": alarm.text} for alarm in alarms[-MOST_ALARMS:]][::-1],
                "log": _notes(self.path / LOG),
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileError(f"{self.name}/{ESTIMATES} is damaged ({type(error).__name__} {error}); 'twin live' makes it anew from the history") from None

    def running(self) -> dict[str, Any] | None:
        """What a twin that runs says of its health and of what machines do; None where none answers."""
        try:
            return {"health": self._asked("health"), "states": self._asked("states")["states"]}
        except (UsageError, KeyError, TypeError):
            return None

    def fan(self, hours: float, steps: int) -> dict[str, Any]:
        """The way of all levels over hours to come, kg. Raises ``UsageError``."""
        return self._asked(f"fan?{urlencode({'hours': hours, 'steps': steps})}", patience=LONG)

    def what_if(self, change: Mapping[str, Any], hours: float, pairs: int) -> dict[str, Any]:
        """The mean difference that a change makes of all levels, with its interval. Raises ``UsageError``."""
        return self._asked("what-if", {"change": dict(change), "hours": hours, "pairs": pairs}, patience=LONG)

    def _asked(self, what: str, body: Mapping[str, Any] | None = None, patience: float = SHORT) -> dict[str, Any]:
        """The answer of the twin's own REST, which is only asked on this computer, with the token of its folder."""
        address = _ADDRESS.fullmatch(_small_text(self.path / ADDRESS))
        token = _small_text(self.path / TOKEN)
        if address is None or not _TOKEN.fullmatch(token):
            raise UsageError(
                f"no twin answers for {self.name}: 'twin live … --folder {self.name} --rest PORT' on this computer is one, with its token in the folder"
            )
        connection = http.client.HTTPConnection(address[1].strip("[]"), int(address[2]), timeout=patience)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        try:
            connection.request("GET" if body is None else "POST", f"/{what}", None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read(LARGEST_ANSWER)
        except TimeoutError:
            raise UsageError(f"the twin of {self.name} did not answer within {patience:g} s; ask for less, or later") from None
        except (OSError, http.client.HTTPException, OverflowError):
            raise UsageError(f"no twin answers for {self.name}: is 'twin live … --rest PORT' still running?") from None
        finally:
            connection.close()
        return _answered(answer.status, content, self.name)


def _answered(status: int, content: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"what answers for {name} is no twin: {status} without a JSON object")
    if status == 200:
        return found
    said = found.get("detail", "")
    if status == 401:
        raise UsageError(f"the twin of {name} has another token than the one in its folder: was it started with --token-from?")
    raise UsageError(said[:2000] if isinstance(said, str) and said else f"the twin of {name} refused with {status}")


def scenario_of(desk: Desk, folder: Folder, sha256: str) -> str:
    """The scenario file of the folder that a twin follows, "" where it is not here."""
    for listed in folder.scenarios()[:20]:
        try:
            if desk.base(Draft(listed.file, {})).sha256 == sha256:
                return listed.file
        except (ScenarioError, TwinError):
            continue
    return ""


def read_question(given: Mapping[str, Any]) -> tuple[float, int]:
    """Hours and pairs of a question. Raises ``UsageError``."""
    hours, pairs = given.get("hours", 24), given.get("pairs", 30)
    if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0.0 < hours <= 168.0:
        raise UsageError(f"hours: more than 0 and at most 168 (got {shown(hours)})")
    if isinstance(pairs, bool) or not isinstance(pairs, int) or not 2 <= pairs <= 200:
        raise UsageError(f"pairs of futures: from 2 to 200 (got {shown(pairs)})")
    return float(hours), pairs


def differences(found: Mapping[str, Any], words: Language) -> list[dict[str, Any]]:
    """The answer to what a change would do, level by level, as people read it; ``sure``: whether the interval leaves out 0."""
    rows = []
    for name, row in found["difference"].items():
        numbers = [row[key] for key in ("mean", "low", "high")]
        known = all(isinstance(value, (int, float)) for value in numbers)
        texts = [words.amount(format_quantity(float(value), "kg")) for value in numbers] if known else []
        rows.append({"name": name, "texts": texts, "sure": known and not numbers[1] <= 0.0 <= numbers[2]})
    return rows


def _events(rows: list[dict[str, Any]]) -> list[Alarm]:
    """What happened, in order of when it was first told: each once, with the cause that was found out for it since.

    Of an event that was told before the end of the file that is read, the row that joins it stands for it. Alarms of before events had numbers stand apart.
    """
    events: dict[object, Alarm] = {}
    for place, row in enumerate(rows):
        found = row.get("alarm", row.get("joins"))
        if isinstance(found, dict):
            alarm = Alarm(**{name: value for name, value in found.items() if name in Alarm._fields})
            event = alarm.event or ("row", place)
            events[event] = events[event].joined(alarm) if event in events else alarm
    return list(events.values())


def _estimates(rows: Mapping[str, Any], capacities: Mapping[str, float], measured: Any) -> list[dict[str, Any]]:
    found = []
    for name, (mean, low, high) in rows.items():
        unit = "kg" if name.startswith("level.") else ""
        texts = [format_quantity(float(value), unit) if unit else f"{float(value):.4g}" for value in (mean, low, high)]
        row = {"name": name, "mean": float(mean), "low": float(low), "high": float(high), "texts": texts, "measured": name in measured}
        found.append(row | {"capacity": capacities.get(name)})
    return found


def _past(windows: list[dict[str, Any]], name: str) -> list[list[float]]:
    """[time, mean, low, high] of each window."""
    return [[float(row["time"]), *(float(value) for value in row["levels"][name])] for row in windows if name in row["levels"]]


def _last_fan(row: Mapping[str, Any]) -> dict[str, Any]:
    """Of a forecast that was kept: [low, median, high] of each quantity at each lead."""
    import numpy as np

    from twin.live.ensemble.estimate import between

    said = row["forecast"]
    fans = {}
    for name, leads in zip(said["quantities"], said["values"], strict=True):
        values = [np.array(lead, dtype=float) for lead in leads]
        fans[str(name)] = [[between(one)[0], float(np.median(one)), between(one)[1]] for one in values]
    return {"time": float(row["time"]), "leads": [float(lead) for lead in said["leads"]], "fan": fans}


def _head_and_rows(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The first line of a file and the objects of its last lines; half a line at its end is left to the next time."""
    with _opened(path) as file:
        head = _object(file.readline(LONGEST_HEAD))
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        lines = file.read(TAIL).split(b"\n")[1 if size > TAIL else 0 : -1]
    if head is None or head.get("estimates") != 1:
        raise FileError(f"{path.parent.name}/{path.name} is not what a twin said: its first line must hold 'estimates': 1")
    return head, [row for line in lines if (row := _object(line)) is not None]


def _notes(path: Path) -> list[dict[str, Any]]:
    """The last lines of the log, the newest first."""
    if not _is_regular(path):
        return []
    with _opened(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 100_000))
        rows = [row for line in file.read(100_000).split(b"\n") if (row := _object(line)) is not None]
    kept = []
    for row in rows[-MOST_NOTES:][::-1]:
        words = (str(row.get(key, "")) for key in ("kind", "subject", "text"))
        kept.append({"time": float(row["time"]), "text": ": ".join(word for word in words if word)[:500]})
    return kept


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _opened(path: Path) -> Any:
    """A regular file, opened to be read, and no link. Raises ``FileError``."""
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise FileError(f"{path.parent.name}/{path.name} is no file")
    except OSError as error:
        raise FileError(f"{path.parent.name}/{path.name} cannot be read: {error.strerror}") from None
    return os.fdopen(number, "rb")


def _small_text(path: Path) -> str:
    """A line of a small file, "" where there is none."""
    if not _is_regular(path):
        return ""
    with _opened(path) as file:
        return str(file.read(1000).decode("utf-8", "replace").strip())
