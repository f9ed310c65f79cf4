"""The command line. Tables go to stdout, progress and messages to stderr.

Exit codes: 0 done; 1 a run failed or did not close; 2 wrong input or usage; 130 interrupted.
"""

from twin.cli.parser import main

__all__ = ["main"]
