"""Parameters of a scenario found from what its plant was measured to do."""
