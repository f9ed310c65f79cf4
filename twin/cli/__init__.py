"""The command line. Tables go to stdout, progress and messages to stderr.

Exit codes: 0 done; 1 a run failed or did not close, or stdout took no more; 2 wrong input or usage; 130 interrupted by Ctrl-C, 143 by SIGTERM.
"""

from twin.cli.parser import main

__all__ = ["main"]
