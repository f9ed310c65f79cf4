"""Cases that the simulator is held against: what is expected, by whom, and what it gives. ``make validate`` writes them all on one page."""
