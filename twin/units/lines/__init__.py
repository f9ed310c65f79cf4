"""Lines and what stops, feeds and empties them: machines that run, wait and stop as one, and the belts between them."""
