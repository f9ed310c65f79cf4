"""A history as Parquet: a file that other programs read, and that is a fifth of the size."""

from __future__ import annotations

import math
import os
from itertools import islice
from pathlib import Path

from twin.errors import FileError, UsageError
from twin.live.history.reader import HistoryReader
from twin.results.replace import Mark, replacing

_BLOCK = 100_000


def archive(history: str | os.PathLike[str], out: str | os.PathLike[str], begin: float = 0.0, end: float = math.inf) -> int:
    """Write the readings from ``begin`` to before ``end`` (s since 1970, the plant's clock) to a new Parquet file, in order of time; returns how many.

    Columns: number, signal, time (s since 1970), value (null where it was no number), good, sequence, received. Raises ``UsageError`` without pyarrow,
    ``FileError`` for a file that exists.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError("an archive needs pyarrow: pip install 'twin[data]'") from None
    path = Path(out)
    types = [
        ("number", "int64"),
        ("signal", "string"),
        ("time", "double"),
        ("value", "double"),
        ("good", "bool_"),
        ("sequence", "int64"),
        ("received", "double"),
    ]
    schema = pyarrow.schema([(name, getattr(pyarrow, "float64" if kind == "double" else kind)()) for name, kind in types], metadata={"twin_history": "1"})
    count = 0
    try:
        with HistoryReader(history) as reader, replacing(path, Mark("an archive")) as temporary, parquet.ParquetWriter(temporary, schema) as writer:
            rows = reader.between(begin, end)
            while block := list(islice(rows, _BLOCK)):
                readings = [row.reading for row in block]
                columns = [
                    [row.number for row in block],
                    [reading.signal for reading in readings],
                    [reading.time for reading in readings],
                    [None if math.isnan(reading.value) else reading.value for reading in readings],
                    [reading.good for reading in readings],
                    [reading.sequence for reading in readings],
                    [row.received for row in block],
                ]
                writer.write_table(pyarrow.table(columns, schema=schema))
                count += len(block)
    except OSError as error:
        raise FileError(f"{path}: the archive cannot be written ({error.strerror or error})") from None
    return count
