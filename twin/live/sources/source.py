"""What all sources have in common: a thread, a state, and patience that grows while what they listen to is away."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Literal

from twin.live.sources.inbox import Inbox

State = Literal["starting", "up", "lost", "refused", "stopped"]
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0


@dataclass
class Health:
    """How a source is. ``last``: when its last reading came (our clock, s since 1970), nan where none has; ``losses``: how often it was lost."""

    name: str
    state: State = "starting"
    text: str = ""
    last: float = float("nan")
    received: int = 0
    losses: int = 0


class Source:
    """A source in a thread. One that is there goes on until it is stopped; a failure is told, and it tries again after a while."""

    def __init__(self, name: str, inbox: Inbox) -> None:
        self.name, self.inbox = name, inbox
        self.health = Health(name)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"twin-source-{name}", daemon=True)
        self._wait = FIRST_WAIT

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Stop listening."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        self.health.state = "stopped"

    def listen(self) -> None:
        """Listen until :attr:`stopping`; raises where that is not possible (any more)."""
        raise NotImplementedError

    @property
    def stopping(self) -> bool:
        """Whether it is to stop."""
        return self._stop.is_set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.listen()
            except Exception as error:  # noqa: BLE001  whatever a network or a server does, the twin goes on, and tells it
                self.lost(f"{type(error).__name__}: {error}")
                self._stop.wait(self._wait)
                self._wait = min(2.0 * self._wait, LONGEST_WAIT)

    def up(self) -> None:
        """It is there."""
        if self.health.state != "up":
            self.inbox.note("source up", self.name, f"after {self.health.losses} losses" if self.health.losses else "")
        self.health.state, self.health.text, self._wait = "up", "", FIRST_WAIT

    def lost(self, text: str) -> None:
        """It is away; told once for each loss."""
        text = text.replace("\n", " ")[:500]
        if self.health.state in ("up", "starting") or self.health.text != text:
            self.inbox.note("source lost", self.name, text)
        self.health.losses += self.health.state == "up"
        self.health.state, self.health.text = "lost", text

    def came(self, many: int) -> None:
        """Readings came."""
        self.health.received += many
        self.health.last = time.time()
