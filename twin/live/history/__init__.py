"""The history: every reading that came, in one database file that only grows."""

from __future__ import annotations

from twin.live.history.reader import HistoryReader, Note, Row
from twin.live.history.writer import History, Stored

__all__ = ["History", "HistoryReader", "Note", "Row", "Stored"]
