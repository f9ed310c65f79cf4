"""Parquet to a grid: columns have types, so nothing is guessed."""

from __future__ import annotations

import io
from typing import Any

from twin.errors import TableError, UsageError
from twin.fit.tables.cells import Row, typed
from twin.fit.tables.limits import MOST_COLUMNS, MOST_ROWS, MOST_UNPACKED


def rows_of(content: bytes, name: str) -> list[Row]:
    """Return the rows of a Parquet file, its column names first. Raises ``TableError``, ``UsageError``."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError(f"{name}: Parquet needs pyarrow: pip install 'twin[data]'; or save the table as CSV") from None
    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        _check(file, name)
        table = file.read()
        columns = [[typed(value) for value in column.to_pylist()] for column in table.columns]
        names = [str(field) for field in table.column_names]
    except (TableError, UsageError):
        raise
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, TypeError, KeyError) as error:
        raise TableError([f"{name}: is no Parquet file that can be read ({str(error)[:100]})"]) from None
    return [Row(1, tuple(names)), *(Row(line, cells) for line, cells in enumerate(zip(*columns, strict=True), start=2))]


def _check(file: Any, name: str) -> None:
    from pyarrow import types

    found = file.metadata
    unpacked = sum(found.row_group(index).total_byte_size for index in range(found.num_row_groups))
    if found.num_rows > MOST_ROWS or len(file.schema_arrow.names) > MOST_COLUMNS or unpacked > MOST_UNPACKED:
        size = f"{found.num_rows} rows, {len(file.schema_arrow.names)} columns, {unpacked} bytes"
        raise TableError([f"{name}: is too large ({size}; at most {MOST_ROWS}, {MOST_COLUMNS}, {MOST_UNPACKED} are read)"])
    nested = [field.name for field in file.schema_arrow if types.is_nested(field.type) or types.is_binary(field.type)]
    if nested:
        raise TableError([f"{name}: the column {nested[0]!r} holds lists, records or bytes, not one value in a row: leave it out of the file"])
