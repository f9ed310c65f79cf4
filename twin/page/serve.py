"""Starts and ends the page."""

from __future__ import annotations

import contextlib
import errno
import functools
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import FileError, UsageError

if TYPE_CHECKING:
    from twin.page.answers import Answers

PORT = 8765


def serve(path: Path, port: int | None, say: Callable[[str], None], *, browser: bool = True) -> None:
    """Serve the page of a folder until Ctrl-C. ``say`` is given what to tell at the terminal. Raises ``UsageError``, ``FileError``."""
    try:
        import uvicorn
        import websockets  # noqa: F401 - uvicorn takes it for sockets

        from twin.page.guard import Guard
    except ImportError as error:
        raise UsageError("the page needs starlette, uvicorn and websockets: pip install 'twin[page]'") from error
    from twin.page.app import Hub, application
    from twin.page.folder import Folder
    from twin.page.queue import Queue

    folder, hub = Folder(path), Hub()
    with _listening(port) as listening:
        own, token = listening.getsockname()[1], secrets.token_urlsafe(24)
        queue = Queue(folder, hub.tell)

        @functools.cache
        def answers() -> Answers:  # scenarios and drawings take a second to import: the browser starts meanwhile
            from twin.page.answers import Answers

            return Answers(folder, queue)

        guarded = Guard(application(answers, queue, hub), own, token)
        config = uvicorn.Config(
            guarded,
            log_level="critical",
            access_log=False,
            ws="websockets-sansio",
            lifespan="off",
            timeout_graceful_shutdown=1,
            server_header=False,
            ws_max_size=10_000,
        )
        address = f"http://127.0.0.1:{own}/?token={token}"
        say(f"twin page of {folder.path}: {address}")
        say("Ctrl-C ends it")
        if browser:
            threading.Thread(target=_open, args=(address,), daemon=True).start()
        queue.start()
        threading.Thread(target=answers, name="first imports", daemon=True).start()
        try:
            with contextlib.suppress(KeyboardInterrupt):
                uvicorn.Server(config).run(sockets=[listening])
        finally:
            queue.close()
    say("twin page has ended")


def _open(address: str) -> None:
    with contextlib.suppress(webbrowser.Error, OSError):
        webbrowser.open(address)


def _listening(port: int | None) -> socket.socket:
    """A socket of this computer alone; without a port the usual one, or another where that is taken."""
    wanted = PORT if port is None else port
    for tried in (wanted, 0) if port is None else (wanted,):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if sys.platform != "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind(("127.0.0.1", tried))
            made.listen(128)
        except (OSError, OverflowError) as error:
            made.close()
            if isinstance(error, OverflowError):
                raise UsageError(f"a port is a number from 0 to 65535 (got {tried})") from None
            if error.errno == errno.EADDRINUSE:
                if port is None:
                    continue
                raise UsageError(f"port {tried} is in use, by another page perhaps: give another with --port, or 0 for any that is free") from None
            raise FileError(f"cannot listen at port {tried}: {error.strerror}; give another with --port") from None
        return made
    raise FileError("cannot listen at any port of 127.0.0.1")
