"""The file of a history: its tables, and what SQLite's errors mean to who runs the twin.

In WAL mode a reader in another process sees whole blocks and never holds the writer up; with synchronous FULL a block is on disk when it is acknowledged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twin.errors import FileError

APPLICATION = 0x7477696E  # "twin"
VERSION = 1
TABLES = """
create table signals(id integer primary key, name text not null unique) strict;
create table readings(
  number integer primary key autoincrement, signal integer not null, time real not null, value real, good integer not null,
  sequence integer not null, era integer not null, received real not null) strict;
create index by_time on readings(signal, time);
create unique index by_time_alone on readings(signal, time) where sequence < 0;
create unique index by_sequence on readings(signal, era, sequence) where sequence >= 0;
create index by_when on readings(time);
create table notes(number integer primary key autoincrement, time real not null, kind text not null, subject text not null, text text not null) strict;
create table counts(what text primary key, count integer not null) strict;
"""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into :class:`~twin.errors.FileError` with the file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise FileError(f"{path}: {_meaning(error)}") from None


def _meaning(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return {
        sqlite3.SQLITE_FULL: "the disk is full; nothing of this block was stored: make room, the twin holds what came and tries again",
        sqlite3.SQLITE_BUSY: "the history is locked by another program; close what writes to it",
        sqlite3.SQLITE_LOCKED: "the history is locked by another program; close what writes to it",
        sqlite3.SQLITE_READONLY: "the history cannot be written; check the rights of the file and of its folder",
        sqlite3.SQLITE_CANTOPEN: "the history cannot be opened; check that its folder is there and may be used",
        sqlite3.SQLITE_NOTADB: "this is no history (no SQLite file, or a damaged one); give another file, or restore a copy",
        sqlite3.SQLITE_CORRUPT: "the history is damaged; restore a copy, or move it away and begin a new one",
        sqlite3.SQLITE_IOERR: "the disk does not answer (input or output failed); nothing of this block was stored",
    }.get(code, f"the history cannot be used ({error})")


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """Open a history; ``write``: make it where there is none. Raises ``FileError``."""
    if not write and not path.is_file():
        raise FileError(f"{path}: there is no such history")
    if write and path.exists() and not path.is_file():
        raise FileError(f"{path}: is no regular file, and so no history; give another name")
    with told(path):
        address = f"{path.resolve().as_uri()}?mode={'rwc' if write else 'ro'}"
        connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=5.0, check_same_thread=False)
    try:
        with told(path):
            _prepare(connection, path, write)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, write: bool) -> None:
    application = connection.execute("pragma application_id").fetchone()[0]
    version = connection.execute("pragma user_version").fetchone()[0]
    empty = connection.execute("select count(*) from sqlite_master").fetchone()[0] == 0
    if not (write and empty) and application != APPLICATION:
        raise FileError(f"{path}: is a database of another program, not a history of twin; give another name")
    if not empty and version != VERSION:
        raise FileError(f"{path}: is a history of layout {version}; this twin knows layout {VERSION}: use the twin that wrote it, or begin a new history")
    if not write:
        return
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    connection.execute("pragma journal_size_limit=67108864")
    if empty:
        connection.executescript(f"begin immediate; {TABLES} pragma application_id={APPLICATION}; pragma user_version={VERSION}; commit;")
