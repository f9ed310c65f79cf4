"""What is read at most of a file that somebody sent."""

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of a file."""
MOST_UNPACKED = 256 * 1024 * 1024
"""Bytes of a workbook or a Parquet file when unpacked."""
MOST_ROWS = 200_000
"""Rows of a table, as many as a scenario reads."""
MOST_COLUMNS = 1000
MOST_FAULTS = 20
"""Faults that are shown."""
